"""Photos stay chosen: a form that must be sent once more brings along what was sent with it before."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from django.conf import settings
from django.core import signing
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from support import kept_files
from support.models import Attachment, Return, Ticket
from support.tasks import forget_kept_files
from support.uploads import Photo
from tests.factories import make_supplier, make_variant
from tests.letters import a_picture
from tests.sending_back import fields_of, make_sent_order, words_of

pytestmark = pytest.mark.django_db
WORD = re.compile(r'name="photos_kept" value="([^"]+)"')


@pytest.fixture
def order():
    return make_sent_order((make_variant(make_supplier(), name="Oak board", price_minor=2500), 3))


def photo(name: str = "crack.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, a_picture(), "image/jpeg")


def words_kept(answer) -> list[str]:
    """Return the words of the files that a page would send along."""
    return [unescape(word) for word in WORD.findall(answer.content.decode())]


def complain(client, order, **typed):
    data = {"lines": str(order.lines.get().pk), "topic": "defective", "message": "It has a crack."} | typed
    return client.post(f"/orders/{order.token}/help/", data)


def waiting() -> list[Path]:
    return list((Path(settings.PRIVATE_ROOT) / "kept").glob("*"))


def test_a_photo_is_sent_along_when_the_message_was_missing(client, order):
    again = complain(client, order, message="", photos=[photo()])
    assert again.status_code == 422
    assert "crack.jpg is sent along" in words_of(again)
    assert complain(client, order, photos_kept=words_kept(again)).status_code == 302
    kept = Attachment.objects.get()
    assert (kept.original_name, kept.content_type) == ("crack.jpg", "image/jpeg")
    with kept.file as stored:
        assert stored.read() == waiting()[0].read_bytes()


def test_what_is_left_out_is_not_sent(client, order):
    complain(client, order, message="", photos=[photo()])
    assert complain(client, order).status_code == 302
    assert not Attachment.objects.exists()


def test_a_kept_photo_and_a_new_one_go_together_and_no_more_than_five(client, order):
    again = complain(client, order, message="", photos=[photo(f"{number}.jpg") for number in range(4)])
    words = words_kept(again)
    too_many = complain(client, order, photos_kept=words, photos=[photo("new.jpg"), photo("newer.jpg")])
    assert too_many.status_code == 422
    assert "at most 5" in words_of(too_many)
    assert complain(client, order, photos_kept=words, photos=[photo("new.jpg")]).status_code == 302
    assert set(Attachment.objects.values_list("original_name", flat=True)) == {
        *[f"{n}.jpg" for n in range(4)],
        "new.jpg",
    }


def test_the_good_one_of_two_is_kept_and_the_other_is_named(client, order):
    bad = SimpleUploadedFile("notes.jpg", b"no picture", "image/jpeg")
    again = complain(client, order, photos=[photo(), bad])
    assert "notes.jpg is not a photo we can read" in words_of(again)
    assert len(words_kept(again)) == len(waiting()) == 1


@pytest.mark.parametrize("word", ["", "nonsense", "signed for something else"])
def test_a_word_that_is_none_of_ours_brings_nothing_and_the_form_says_so(client, order, word):
    if word.startswith("signed"):
        word = signing.dumps(["../../secret", "x", "y"], salt="another")  # of this second: no name of a test
    again = complain(client, order, photos_kept=[word])
    assert again.status_code == 422
    assert "no longer here. Please choose it once more" in words_of(again)
    assert not words_kept(again)
    assert not Ticket.objects.exists()


def test_a_file_waits_for_a_day_and_is_then_deleted(client, order, time_machine):
    word = words_kept(complain(client, order, message="", photos=[photo()]))
    forget_kept_files()
    assert len(waiting()) == 1
    time_machine.move_to(timezone.now() + timedelta(days=1, minutes=1))
    assert "Please choose it once more" in words_of(complain(client, order, photos_kept=word))
    forget_kept_files()
    assert waiting() == []


def test_somebody_who_sends_wrong_forms_on_purpose_cannot_fill_the_disk(client, order, monkeypatch):
    monkeypatch.setattr(kept_files, "MOST", 2)
    again = complain(client, order, message="", photos=[photo(f"{number}.jpg") for number in range(4)])
    assert len(words_kept(again)) == len(waiting()) == 2


def test_photos_survive_a_change_of_mind_between_the_two_steps_of_a_return(client, order):
    url = f"/orders/{order.token}/returns/new/"
    first = client.get(url)
    typed = fields_of(first.content.decode()) | {"reason": "defective", "solution": "refund"}
    check = client.post(url, typed)
    # Both photos were chosen, then something is changed after all.
    back = client.post(url, fields_of(check.content.decode()) | {"change": "1", "photos": [photo(), photo("box.jpg")]})
    words = words_kept(back)
    assert len(words) == 2
    check = client.post(url, typed | {"solution": "replacement", "photos_kept": words})
    assert words_kept(check) == words
    client.post(url, fields_of(check.content.decode()) | {"send": "1", "photos_kept": words})
    assert Return.objects.get().solution == "replacement"
    assert set(Attachment.objects.values_list("original_name", flat=True)) == {"crack.jpg", "box.jpg"}


def test_photos_survive_goods_that_have_moved_meanwhile(client, order):
    url = f"/orders/{order.token}/returns/new/"
    typed = fields_of(client.get(url).content.decode()) | {"reason": "defective", "solution": "refund"}
    check = client.post(url, typed)
    other = client.post(
        url, fields_of(client.get(url).content.decode()) | {"reason": "defective", "solution": "refund"}
    )
    late = fields_of(check.content.decode()) | {"send": "1", "photos": [photo()]}
    one = {f"units_{order.lines.get().pk}": "1"}
    client.post(
        url, fields_of(client.post(url, fields_of(other.content.decode()) | one).content.decode()) | {"send": "1"}
    )
    assert Return.objects.count() == 1
    again = client.post(url, late)
    assert again.status_code == 422
    assert len(words_kept(again)) == 1


def test_of_seven_photos_five_are_kept_and_the_others_are_named(client, order):
    url = f"/orders/{order.token}/returns/new/"
    typed = fields_of(client.get(url).content.decode()) | {"reason": "defective", "solution": "refund"}
    check = fields_of(client.post(url, typed).content.decode())
    back = client.post(url, check | {"change": "1", "photos": [photo(f"{number}.jpg") for number in range(7)]})
    assert len(words_kept(back)) == len(waiting()) == 5
    for name in ("5.jpg", "6.jpg"):
        assert f"{name} is not sent along. Please choose it once more." in words_of(back)


def test_photos_stay_where_the_reason_is_none_for_photos_and_can_be_left_out(client, order):
    url = f"/orders/{order.token}/returns/new/"
    typed = fields_of(client.get(url).content.decode()) | {"reason": "defective", "solution": "refund"}
    check = fields_of(client.post(url, typed).content.decode())
    words = words_kept(client.post(url, check | {"change": "1", "photos": [photo()]}))
    check = client.post(url, typed | {"reason": "changed_mind", "photos_kept": words})
    assert words_kept(check) == words
    assert 'type="file"' not in check.content.decode()


def test_a_full_disk_loses_the_photo_and_nothing_else(client, order, monkeypatch):
    def full(_self, _name, _content):
        raise OSError("No space left on device")

    monkeypatch.setattr(FileSystemStorage, "_save", full)
    again = complain(client, order, topic="nonsense", photos=[photo()])
    assert again.status_code == 422
    assert "crack.jpg is not sent along. Please choose it once more." in words_of(again)
    assert "It has a crack." in again.content.decode()


def test_a_file_that_is_forgotten_while_it_is_counted_is_no_error_page(client, order, monkeypatch):
    complain(client, order, message="", photos=[photo()])
    monkeypatch.setattr(kept_files, "_waiting", lambda: ["kept/gone"])
    assert complain(client, order, message="", photos=[photo()]).status_code == 422


def test_a_pdf_that_was_kept_elsewhere_is_no_photo(client, order):
    word = kept_files.keep(Photo("bill.pdf", b"%PDF-", "application/pdf"))
    assert "Please choose it once more" in words_of(complain(client, order, photos_kept=[word]))


def test_a_word_is_nothing_that_somebody_typed(client, order):
    strict = Client(enforce_csrf_checks=True, headers={"origin": "http://testserver"})
    page = strict.post(f"/orders/{order.token}/help/", {"message": "It has a crack.", "photos_kept": "WyJrZXB0"})
    assert page.status_code == 403
    assert "It has a crack." in page.content.decode()
    assert "WyJrZXB0" not in page.content.decode()
