"""Asking a supplier in the same case: its answer moves the case by itself, and so does its silence."""

from __future__ import annotations

import re
import time
import uuid
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from notifications.models import Notification
from notifications.replies import reply_address, subject_of
from orders.models import Event, WorkItem
from support.actions.ask_supplier import ask_supplier, close_question, supplier_answers
from support.actions.ticket import close_ticket
from support.models import Attachment, SupplierQuestion, TicketMessage
from support.question_links import question_path
from support.uploads import Photo, store_photos
from tests.asking import MAIL, a_case, asked, by_mail, let_pass
from tests.delays import hand_over, sell
from tests.demo.supplier_checks import write_profile
from tests.demo.supplier_process import SupplierProcess
from tests.dialogue import connected, placed
from tests.factories import make_paid_order, make_person, make_supplier, make_variant
from tests.test_support import photo

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket(relay):
    order = sell()
    hand_over(order)
    by_mail()
    made = a_case(order)
    relay.run_until_idle()
    return made


def thread(ticket, which: str) -> list[str]:
    return list(ticket.messages.filter(thread=which).order_by("pk").values_list("body", flat=True))


def mails() -> list[Notification]:
    return list(Notification.objects.filter(kind="supplier-question").order_by("pk"))


def page_of(question: SupplierQuestion) -> str:
    return question_path(question)


def test_a_question_goes_out_by_mail_once_and_the_case_waits_for_it(ticket, relay, mailbox):
    before, key = len(mailbox()), uuid.uuid4()
    ada = make_person(role="Support agents")
    for _time in range(2):
        question = asked(ticket, by=ada, form_key=key)
    relay.run_until_idle()
    relay.run_until_idle()

    ticket.refresh_from_db()
    question.refresh_from_db()
    assert SupplierQuestion.objects.count() == 1
    assert (ticket.status, ticket.owner, ticket.answer_due_at) == ("waiting_supplier", ada, None)
    assert ticket.waiting_until == question.answer_by
    assert thread(ticket, "supplier") == ["Can you send the lid?"]
    assert (question.status, question.channel) == ("asked", "mail")
    (mail,) = mailbox()[before:]
    assert mail["To"] == MAIL
    text = mail.get_body(("plain",)).get_content()
    assert "Can you send the lid?" in text
    assert question.supplier_order.reference in mail["Subject"]
    for secret in (ticket.email, ticket.name, ticket.order.number + "\n", ticket.token, "The lid is missing."):
        assert secret not in text, secret
    assert Event.objects.filter(kind="supplier_question.asked", order=ticket.order).count() == 1


def test_an_answer_on_the_signed_page_opens_the_case_again_with_a_time_to_answer(ticket, client, relay, mailbox):
    question = asked(ticket)
    relay.run_until_idle()
    text = mailbox()[-1].get_body(("plain",)).get_content()
    path = re.search(r"http://testserver(/supplier/\S+/)", text).group(1)
    page = client.get(path)
    assert (page.status_code, page["X-Robots-Tag"], page["Cache-Control"]) == (
        200,
        "noindex, nofollow",
        "private, no-store",
    )
    assert "script-src" in page["Content-Security-Policy"]
    shown = page.content.decode()
    assert question.text in shown
    assert question.supplier_order.reference in shown
    for secret in (ticket.email, ticket.name, ticket.order.line1, "The lid is missing.", "25.00", ticket.order.token):
        assert secret not in shown, secret

    day = timezone.localdate() + timedelta(days=3)
    data = {"message": "It leaves on Thursday.", "new_day": day.isoformat(), "photos": photo()}
    answer = client.post(path, data)

    assert (answer.status_code, answer["Location"]) == (302, path)
    ticket.refresh_from_db()
    question.refresh_from_db()
    assert (ticket.status, question.status, question.new_day) == ("open", "answered", day)
    assert (ticket.waiting_until, ticket.answer_due_at > timezone.now()) == (None, True)
    assert thread(ticket, "supplier")[1].startswith("It leaves on Thursday.")
    assert Attachment.objects.get().message.author == "supplier"
    assert "Thank you, your answer is with us." in client.get(path).content.decode()
    assert Event.objects.filter(kind="supplier_question.answered").count() == 1


def test_answering_twice_is_refused_kindly_and_writes_nothing(ticket, client, relay):
    path = page_of(asked(ticket))
    client.post(path, {"message": "Yes."})
    again = client.post(path, {"message": "No, after all."}, follow=True)
    assert "was answered or closed before" in again.content.decode()
    assert thread(ticket, "supplier") == ["Can you send the lid?", "Yes."]


def test_a_form_sent_twice_is_one_answer(ticket, client):
    question = asked(ticket)
    key = uuid.uuid4()
    assert supplier_answers(question, "Yes.", form_key=key)
    assert not supplier_answers(question, "Yes.", form_key=key)
    assert len(thread(ticket, "supplier")) == 2


def test_what_is_typed_wrongly_is_kept_and_said(ticket, client):
    path = page_of(asked(ticket))
    far = (timezone.localdate() + timedelta(days=900)).isoformat()
    for data, words in (
        ({"message": ""}, "Type your answer"),
        ({"message": "Soon.", "new_day": "soon"}, "A day looks like"),
        ({"message": "Soon.", "new_day": far}, "Choose a day within a year"),
        ({"message": "Soon.", "photos": SimpleUploadedFile("x.exe", b"MZ")}, "is not a photo we can read"),
    ):
        answer = client.post(path, data)
        assert answer.status_code == 422, data
        assert words in answer.content.decode()
        assert data["message"] in answer.content.decode()
    assert len(thread(ticket, "supplier")) == 1


def test_links_that_are_forged_or_lapsed_lead_nowhere(ticket, client, monkeypatch):
    question = asked(ticket)
    path = page_of(question)
    assert client.get(path[:-4] + "xyz/").status_code == 404
    assert client.get(f"/supplier/{question.token}/").status_code == 404
    other = signing.TimestampSigner(salt="support.photo").sign(question.token)
    assert client.get(f"/supplier/{other}/").status_code == 404
    now = signing.time.time()
    monkeypatch.setattr(signing.time, "time", lambda: now + 46 * 86_400)
    for answer in (client.get(path), client.post(path, {"message": "Late."})):
        assert answer.status_code == 410
        assert "This link has lapsed" in answer.content.decode()
        assert question.text not in answer.content.decode()
    assert len(thread(ticket, "supplier")) == 1


def test_a_supplier_sees_the_files_that_were_chosen_and_no_others_and_none_afterwards(ticket, client):
    message = ticket.messages.get()
    first, second = store_photos(message, [Photo(n, b"x", "image/png") for n in ("a.png", "b.png")])
    elsewhere = a_case(ticket.order, "Another case.")
    (theirs,) = store_photos(elsewhere.messages.get(), [Photo("c.png", b"x", "image/png")])
    question = asked(ticket, files=[first, theirs])
    path = page_of(question)
    assert client.get(f"{path}files/{first.token}/").status_code == 200
    for token in (second.token, theirs.token, "nothing"):
        assert client.get(f"{path}files/{token}/").status_code == 404, token
    client.post(path, {"message": "Seen."})
    assert client.get(f"{path}files/{first.token}/").status_code == 404


def test_it_is_reminded_chased_once_more_and_then_the_case_is_the_agents_again(ticket, relay, mailbox):
    question = asked(ticket)
    relay.run_until_idle()
    steps = []
    for days in (3, 1.5, 1.5):
        question.refresh_from_db()
        let_pass(question, days)
        relay.run_until_idle()
        relay.run_until_idle()
        question.refresh_from_db()
        steps.append((question.status, len(mails())))

    assert steps == [("reminded", 2), ("reminded", 3), ("overdue", 3)]
    assert [row.key.rpartition(":")[2] for row in mails()] == ["asked", "reminded", "chased"]
    ticket.refresh_from_db()
    assert (ticket.status, ticket.waiting_until) == ("open", None)
    assert ticket.answer_due_at is not None
    assert "has not answered" in thread(ticket, "internal")[0]
    item = WorkItem.objects.get(reason="supplier_silent", closed_at=None)
    assert (item.order, item.subject_key) == (ticket.order, f"supplierquestion:{question.pk}")
    assert Event.objects.filter(kind="supplier_question.overdue").count() == 1

    supplier_answers(question, "Sorry, here it is.", form_key=uuid.uuid4())
    question.refresh_from_db()
    item.refresh_from_db()
    assert question.status == "answered"
    assert item.closed_at is not None


def test_an_answer_in_time_is_followed_by_no_reminder(ticket, relay):
    question = asked(ticket)
    relay.run_until_idle()
    supplier_answers(question, "Yes.", form_key=uuid.uuid4())
    question.refresh_from_db()
    let_pass(question, 9)
    relay.run_until_idle()
    assert len(mails()) == 1


def test_a_supplier_without_any_address_is_work_for_a_person_who_notes_the_answer(ticket, client, relay):
    by_mail("")
    question = asked(ticket)
    relay.run_until_idle()
    question.refresh_from_db()
    item = WorkItem.objects.get(reason="supplier_silent", closed_at=None)
    assert (question.channel, mails()) == ("by_hand", [])
    assert "note its answer" in item.summary
    client.force_login(make_person(role="Support agents"))
    client.post(f"/desk/questions/{question.pk}/", {"message": "They will send it."})
    item.refresh_from_db()
    ticket.refresh_from_db()
    assert (ticket.status, item.closed_at is not None) == ("open", True)
    assert thread(ticket, "supplier")[-1] == "They will send it."


@pytest.fixture(scope="module")
def talker_process(tmp_path_factory):
    profile = write_profile(tmp_path_factory.mktemp("talker"), capabilities=["inquiries", "questions"])
    with SupplierProcess(profile, speed=200, sandbox=True) as running:
        yield running


@pytest.fixture
def talker(talker_process):
    """A simulated supplier that takes questions in words, its books empty."""
    talker_process.control("reset", {})
    return talker_process


LATER = time.time() + 3600


def test_the_api_of_a_supplier_that_takes_questions_in_words_is_told_once(talker, relay, monkeypatch):
    supplier = connected(talker, capabilities=["inquiries", "questions"])
    order = placed(supplier, relay)
    question = asked(a_case(order))
    for _time in range(2):
        # As if the worker had died before it could note that the question was there.
        SupplierQuestion.objects.update(sent_at=None, due_at=timezone.now())
        relay.run_until_idle()
        # A moment later a link that is signed anew would be another one.
        monkeypatch.setattr("django.core.signing.time", SimpleNamespace(time=lambda: LATER))

    (told,) = next(row for row in talker.books()["orders"] if row["questions"])["questions"]
    question.refresh_from_db()
    assert (told["text"], told["kind"], question.channel) == (question.text, "question", "api")
    assert told["answer_url"].startswith("http://testserver/supplier/")
    assert mails() == []


def test_what_its_api_refuses_goes_to_its_people_by_mail(harbour, relay):
    # Its account no longer takes questions in words, and we do not know it yet.
    supplier = connected(harbour, capabilities=["inquiries", "questions"], contact_email=MAIL)
    question = asked(a_case(placed(supplier, relay)))
    relay.run_until_idle()
    question.refresh_from_db()
    assert (question.channel, len(mails())) == ("mail", 1)


def test_the_customer_reads_until_when_we_wait_and_never_for_whom(ticket, client, relay):
    question = asked(ticket)
    page = client.get(ticket.get_absolute_url()).content.decode()
    assert "We asked one of our suppliers, answer expected" in page
    for secret in (question.supplier.name, question.text, MAIL, question.supplier_order.reference):
        assert secret not in page, secret


def test_a_case_that_is_solved_or_a_question_that_is_dropped_waits_for_nobody(ticket, relay, client):
    question, ada = asked(ticket), make_person(role="Support agents")
    assert close_question(question, by=ada)
    assert not close_question(question, by=ada)
    ticket.refresh_from_db()
    assert ticket.status == "open"
    path = page_of(question)
    assert "We do not need an answer any more." in client.get(path).content.decode()

    second = asked(ticket)
    close_ticket(ticket, by=ada)
    relay.run_until_idle()
    second.refresh_from_db()
    ticket.refresh_from_db()
    assert (second.status, ticket.status, mails()) == ("closed", "solved", [])


def test_an_answer_by_mail_goes_into_the_suppliers_thread(ticket, settings, relay):
    settings.REPLY_ADDRESS = "help@reply.shop.example"
    question = asked(ticket)
    relay.run_until_idle()
    address = mails()[0].headers["Reply-To"]
    assert address == reply_address(question)
    assert subject_of(address) == question
    supplier_answers(question, "By mail.", form_key=uuid.uuid4(), by_mail=MAIL)
    message = TicketMessage.objects.get(author="supplier")
    assert (message.thread, message.from_address) == ("supplier", MAIL)


def test_agents_ask_from_the_case_and_see_what_became_of_it(ticket, client):
    client.force_login(make_person(role="Support agents"))
    url = f"/desk/tickets/{ticket.pk}/ask/"
    page = client.get(url).content.decode()
    assert ticket.order.lines.get().delivery.profile.code.title() in page
    for wrong in ({"text": ""}, {"answer_by": "2020-01-01"}, {"answer_by": "x"}, {"supplier_order": "0"}):
        data = {"text": "Where is it?", "answer_by": timezone.localdate().isoformat()}
        data["supplier_order"] = str(SupplierQuestion.supplier_order.field.related_model.objects.get().pk)
        assert client.post(url, data | wrong).status_code == 422, wrong
    assert client.post(url, data).status_code == 302
    question = SupplierQuestion.objects.get()
    assert "Where is it?" in client.get(f"/desk/tickets/{ticket.pk}/").content.decode()
    assert "Where is it?" in client.get(f"/desk/questions/{question.pk}/").content.decode()
    assert client.post(f"/desk/questions/{question.pk}/close/").status_code == 302
    question.refresh_from_db()
    assert question.status == "closed"


def test_a_supplier_of_another_order_cannot_be_asked_from_a_case(ticket, client):
    other = make_paid_order((make_variant(make_supplier("meridian")), 1))
    (row,) = hand_over(other)
    client.force_login(make_person(role="Support agents"))
    data = {"text": "Hm?", "answer_by": timezone.localdate().isoformat(), "supplier_order": str(row.pk)}
    answer = client.post(f"/desk/tickets/{ticket.pk}/ask/", data)
    assert answer.status_code == 422
    assert "Choose one of the suppliers of this order." in answer.content.decode()
    with pytest.raises(ValueError, match="neither"):
        ask_supplier(ticket, None, "?", due_at=timezone.now(), by=make_person(), form_key=uuid.uuid4())


def test_asking_in_a_solved_case_opens_it_again(ticket):
    close_ticket(ticket, by=make_person(role="Support agents"))
    asked(ticket)
    ticket.refresh_from_db()
    assert ticket.status == "waiting_supplier"


def test_the_answer_to_a_question_of_a_merged_case_lands_where_that_goes_on(ticket, relay, client):
    question, other = asked(ticket), a_case(ticket.order, "The same again.")
    close_ticket(ticket, by=make_person(role="Support agents"))
    type(ticket).objects.filter(pk=ticket.pk).update(merged_into=other)
    relay.run_until_idle()
    client.post(page_of(question), {"message": "It is on its way."})
    assert thread(other, "supplier") == ["It is on its way."]
    question.refresh_from_db()
    assert (question.status, question.ticket) == ("answered", other)
    client.force_login(make_person(role="Support agents"))
    assert client.get(f"/desk/tickets/{ticket.pk}/ask/").status_code == 404


def test_staff_look_at_questions_and_the_list_costs_the_same_with_few_and_many(
    ticket, client, django_assert_max_num_queries
):
    client.force_login(make_person(role="Store staff"))
    question = asked(ticket)
    page = client.get(f"/admin/support/supplierquestion/{question.pk}/change/").content.decode()
    assert question.text in page
    assert question.token not in page
    client.get("/admin/support/supplierquestion/")
    for count in (1, 12):
        for _time in range(count):
            asked(ticket)
        with django_assert_max_num_queries(12):
            assert client.get("/admin/support/supplierquestion/").status_code == 200
