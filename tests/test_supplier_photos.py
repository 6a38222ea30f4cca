"""Which of a customer's photos a supplier sees, and for how long."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from suppliers.models import SupplierReturn
from support.actions.closing import customer_goes_on
from support.models import Attachment, Choice, Return
from support.return_links import return_path
from support.returning.decide import Verdict, decide
from support.returning.words import photo_of
from support.uploads import Photo
from tests.casework import make_case
from tests.factories import make_person
from tests.photos import photo
from tests.returning import ask, make_desk, no_right_to_withdraw, sent_order

pytestmark = pytest.mark.django_db


def picture(name: str) -> Photo:
    return Photo(name, photo(), "image/jpeg")


def accept(row: Return) -> SupplierReturn:
    boss = make_person(is_superuser=True)
    decide(row, Verdict(Choice.REFUND_AFTER, goods_back=True), form_key=uuid.uuid4(), by=boss)
    row.refresh_from_db()
    return row.supplier_return


def names(asked: SupplierReturn) -> list[str]:
    """Return the names of the photos whose links went out."""
    links = asked.request["lines"][0].get("photo_urls", [])
    return [photo_of(link.split("/")[-2]).original_name for link in links]


def on_page(client, asked: SupplierReturn) -> list[str]:
    SupplierReturn.objects.update(channel="mail", status="requested")
    page = client.get(return_path(asked)).content.decode()
    return re.findall(r'href="[^"]*(/support/photos/[^"]+)"', page)


def test_of_an_old_case_a_supplier_sees_only_what_belongs_to_the_return(client):
    agent = make_desk()
    client.force_login(agent)
    order = sent_order(1)
    case = make_case(order, photos=[picture("face.jpg")])
    pk = order.lines.get().pk
    data = {"reason": "defective", "solution": "refund", f"units_{pk}": "1", "form_key": str(uuid.uuid4())}
    crack = SimpleUploadedFile("crack.jpg", photo(), "image/jpeg")
    assert client.post(f"/desk/tickets/{case.pk}/return/", data | {"photos": crack}).status_code == 302
    customer_goes_on(case, "My new kitchen", form_key=uuid.uuid4(), photos=[picture("kitchen.jpg")])

    asked = accept(Return.objects.get())

    assert Attachment.objects.count() == 3
    assert names(asked) == ["crack.jpg"]
    assert len(on_page(client, asked)) == 1


def test_a_photo_that_was_sent_on_later_goes_along_and_one_sent_after_that_does_not(client):
    row = ask(sent_order(1), photos=[picture("crack.jpg")])
    customer_goes_on(row.ticket, "Closer", form_key=uuid.uuid4(), photos=[picture("closer.jpg")])
    asked = accept(row)
    customer_goes_on(row.ticket, "What I paid", form_key=uuid.uuid4(), photos=[picture("receipt.jpg")])

    assert names(asked) == ["crack.jpg", "closer.jpg"]
    assert len(on_page(client, asked)) == 2


def test_the_pages_pictures_can_be_seen_as_long_as_the_page(client):
    row = ask(sent_order(1), photos=[picture("crack.jpg")])
    asked = accept(row)
    with time_machine.travel(timezone.now() + timedelta(days=40), tick=True):
        (path,) = on_page(client, asked)
        assert client.get(path).status_code == 200
        sent = asked.request["lines"][0]["photo_urls"][0].removeprefix("http://testserver")
        assert client.get(sent).status_code == 200
        SupplierReturn.objects.update(status="rejected")
        assert client.get(path).status_code == 404
        assert client.get(sent).status_code == 404


def test_no_photos_go_out_where_no_fault_is_claimed():
    no_right_to_withdraw()
    row = ask(sent_order(1), reason="changed_mind", photos=[picture("face.jpg")])
    assert names(accept(row)) == []
