"""A customer's own case: how it stands in words, their thread and nothing else, decisions, the end of it, one question."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notifications.models import Notification
from orders.models import Event
from shop.words import day, moment
from support.actions.ticket import REOPEN_DAYS, open_ticket, tell_thread
from support.models import Attachment, Rating, Return, Ticket, TicketMessage, Topic
from support.return_states import ReturnStatus
from support.returning.asking import Wanted, ask_return
from support.words import RETURN_WORDS
from tests.accounts import make_customer
from tests.factories import make_paid_order, make_person, make_supplier, make_variant
from tests.letters import a_pdf, a_picture
from tests.paying_back import preview
from tests.sending_back import make_sent_order

pytestmark = pytest.mark.django_db
Thread, Author = TicketMessage.Thread, TicketMessage.Author


@pytest.fixture
def order():
    return make_paid_order((make_variant(make_supplier(), name="Oak board"), 3))


@pytest.fixture
def ticket(order):
    return a_case(order)


@pytest.fixture
def agent():
    return make_person("ada@example.com", role="Support agents", name="Ada Agent")


def a_case(order, **fields: object) -> Ticket:
    return open_ticket(
        order=order, email="alex@example.com", name="Alex Byrne", topic=Topic.DEFECTIVE, subject="Faulty: Oak board",
        body="It has a crack.", form_key=uuid.uuid4(), **fields,
    )  # fmt: skip


def put(ticket: Ticket, **fields: object) -> Ticket:
    Ticket.objects.filter(pk=ticket.pk).update(**fields)
    ticket.refresh_from_db()
    return ticket


def say(ticket: Ticket, body: str, *, by=None, thread=Thread.CUSTOMER, **fields: object) -> TicketMessage:
    return TicketMessage.objects.create(ticket=ticket, thread=thread, author=Author.AGENT, user=by, body=body, **fields)


def page_of(client, ticket: Ticket) -> str:
    answer = client.get(ticket.get_absolute_url())
    assert answer["X-Robots-Tag"] == "noindex"
    return answer.content.decode()


def test_the_page_says_what_a_case_waits_for(client, ticket):
    assert f"We answer by {moment(ticket.answer_due_at)}" in page_of(client, ticket)
    until = timezone.now() + timedelta(days=2)
    put(ticket, status="waiting_supplier", waiting_until=until)
    assert f"We asked one of our suppliers, answer expected {day(timezone.localdate(until))}." in page_of(
        client, ticket
    )
    put(ticket, waiting_until=timezone.now() - timedelta(days=1))
    page = page_of(client, ticket)
    assert "We asked one of our suppliers, and tell you as soon as they answer." in page
    assert "answer expected" not in page
    put(ticket, status="waiting_customer", waiting_until=None)
    assert "We have answered." in page_of(client, ticket)
    put(ticket, status="solved")
    assert "Solved." in page_of(client, ticket)


def test_messages_stand_in_order_with_first_name_and_shop_and_nothing_else_leaks(client, ticket, agent):
    say(ticket, "We send a new one.", by=agent)
    say(ticket, "SECRET note", by=agent, thread=Thread.INTERNAL)
    say(ticket, "SECRET ask", by=agent, thread=Thread.SUPPLIER)
    say(ticket, "SECRET not yet", by=agent, held_until=timezone.now() + timedelta(seconds=10))
    tell_thread(ticket, Thread.SUPPLIER, "SECRET answer", author=Author.SUPPLIER)
    page = page_of(client, ticket)
    assert page.index("It has a crack.") < page.index("We send a new one.")
    assert "Ada, Larkfield" in page
    assert "SECRET" not in page
    assert "Agent" not in page
    assert "ada@example.com" not in page
    TicketMessage.objects.filter(body="SECRET not yet").update(held_until=None)
    assert "SECRET not yet" in page_of(client, ticket)


def test_files_of_other_threads_are_not_given_out(client, ticket):
    note = say(ticket, "x", thread=Thread.INTERNAL)
    file = Attachment.objects.create(message=note, original_name="x.jpg", content_type="image/jpeg", size_bytes=1)
    for path in (f"/support/files/{file.token}/", f"/support/files/{file.token}/small/"):
        assert client.get(path).status_code == 404


def test_a_reply_takes_photos_and_pdfs_and_names_what_it_cannot(client, ticket):
    files = [
        SimpleUploadedFile("crack.jpg", a_picture(), "image/jpeg"),
        SimpleUploadedFile("receipt.pdf", a_pdf(), "application/pdf"),
    ]
    assert client.post(ticket.get_absolute_url(), {"message": "Here.", "photos": files}).status_code == 302
    page = page_of(client, ticket)
    assert "crack.jpg" in page
    assert "receipt.pdf" in page
    wrong = SimpleUploadedFile("all.zip", b"PK\x03\x04", "application/zip")
    answer = client.post(ticket.get_absolute_url(), {"message": "And this.", "photos": wrong})
    assert answer.status_code == 422
    assert "all.zip is not a photo we can read" in answer.content.decode()
    assert "And this." in answer.content.decode()


def test_order_and_decision_stand_on_the_page(client, ticket, order, agent):
    order.lines.update(shipped=3, delivered=3)
    client.force_login(agent)
    line = order.lines.get()
    url = f"/desk/tickets/{ticket.pk}/lines/{line.pk}/refund/"
    confirmed = preview(client, url, {f"units_{line.pk}": "1", f"money_{line.pk}": "12,50", "reason": "defective"})
    client.post(url, confirmed)
    client.logout()
    page = page_of(client, ticket)
    assert f"Order {order.number}: Delivered" in page
    assert '<b class="decision-amount">€12.50</b>' in page
    assert f"Paid back on {day(timezone.localdate())} to the card ending in 4242." in page
    # A case about other goods does not show it.
    elsewhere = a_case(make_paid_order((make_variant(make_supplier("quay")), 1)))
    assert "decision-amount" not in page_of(client, elsewhere)


def test_a_return_is_told_in_the_customers_words_with_a_link_to_its_page(client):
    order = make_sent_order((make_variant(make_supplier(capabilities=["returns"]), name="Oak board"), 3))
    wanted = Wanted({order.lines.get().pk: 2}, reason="does_not_fit")
    (row,) = ask_return(order, wanted, form_key=uuid.uuid4())
    page = page_of(client, row.ticket)
    assert f'href="{row.get_absolute_url()}">Return {row.number}</a>' in page
    assert "2 × Oak board" in page
    assert "Accepted" in page
    for status, words in (("requested", "Asked for"), ("received", "Received"), ("review", "Being checked by us")):
        Return.objects.update(status=status)
        assert words in page_of(client, row.ticket)
    assert set(ReturnStatus.values) == set(RETURN_WORDS)


def test_solved_thank_you_closes_it_once_and_a_message_opens_it_again(client, ticket, relay, mailbox):
    put(ticket, status="waiting_customer", waiting_until=timezone.now())
    for _time in range(2):
        assert client.post(ticket.get_absolute_url(), {"message": " ", "solved": "1"}).status_code == 302
    ticket.refresh_from_db()
    assert (ticket.status, ticket.answer_due_at, ticket.waiting_until) == ("solved", None, None)
    assert ticket.solved_at is not None
    assert Event.objects.filter(kind="ticket.solved").count() == 1
    relay.run_until_idle()
    # Who closes it knows that it is closed.
    assert not Notification.objects.filter(kind="ticket-solved").exists()
    page = page_of(client, ticket)
    assert "Solved, thank you" not in page
    client.post(ticket.get_absolute_url(), {"message": "It broke again."})
    ticket.refresh_from_db()
    assert ticket.status == "open"


def test_last_words_beside_solved_are_kept_and_then_it_is_solved(client, ticket):
    answer = client.post(ticket.get_absolute_url(), {"message": "Thanks, please send the invoice.", "solved": "1"})
    assert answer.status_code == 302
    ticket.refresh_from_db()
    assert ticket.status == "solved"
    assert ticket.messages.filter(author="customer", body="Thanks, please send the invoice.").count() == 1


def test_what_is_wrong_with_last_words_is_said_and_nothing_is_closed(client, ticket):
    answer = client.post(ticket.get_absolute_url(), {"message": "x" * 20_000, "solved": "1"})
    assert answer.status_code == 422
    assert "x" * 20_000 in answer.content.decode()
    ticket.refresh_from_db()
    assert ticket.status == "new"


def test_a_message_that_fails_in_a_case_that_is_over_is_still_there(client, ticket):
    put(ticket, status="solved", status_changed_at=timezone.now() - timedelta(days=REOPEN_DAYS, hours=1))
    answer = client.post(ticket.get_absolute_url(), {"message": "y" * 20_000})
    assert answer.status_code == 422
    assert "y" * 20_000 in answer.content.decode()


def test_after_the_days_to_reopen_a_new_case_begins_that_is_linked(client, ticket):
    put(ticket, status="solved", status_changed_at=timezone.now() - timedelta(days=REOPEN_DAYS, hours=1))
    page = page_of(client, ticket)
    assert "Write to us anew" in page
    assert "<textarea" not in page[page.index("This case was closed") :]
    # A page that was open for long sends all the same.
    key = str(uuid.uuid4())
    places = {
        client.post(ticket.get_absolute_url(), {"message": "Late.", "form_key": key})["Location"] for _ in range(2)
    }
    made = Ticket.objects.exclude(pk=ticket.pk).get()
    assert places == {made.get_absolute_url()}
    assert (made.order, list(made.linked.all())) == (ticket.order, [ticket])
    ticket.refresh_from_db()
    assert ticket.status == "solved"


def test_an_agents_closing_asks_one_question_and_no_scanner_answers_it(client, ticket, agent, relay, mailbox):
    client.force_login(agent)
    client.post(f"/desk/tickets/{ticket.pk}/close/")
    client.logout()
    relay.run_until_idle()
    mail = mailbox()[-1]
    assert mail["Subject"].startswith("Solved: Faulty: Oak board")
    links = re.findall(
        r"http://testserver(/support/tickets/\S+/rating/\?answer=\w+)", mail.get_body(("plain",)).get_content()
    )
    assert len(links) == 2
    for link in links:
        # As programs do that look at every link of a mail.
        scanned = Client().get(link)
        assert scanned.status_code == 200
        Client().head(link)
    assert Rating.objects.count() == 0
    page = client.get(links[0]).content.decode()
    assert re.search(r'value="good"[^>]*checked', page)
    assert client.post(links[0], {"answer": "good", "comment": "Quick."})["Location"] == ticket.get_absolute_url()
    client.post(f"{ticket.get_absolute_url()}rating/", {"answer": "bad"})
    rating = Rating.objects.get()
    assert (rating.is_good, rating.comment) == (False, "")
    assert "did not solve it well" in page_of(client, ticket)


def test_the_question_is_optional_and_asked_of_what_is_over(client, ticket):
    assert client.get(f"{ticket.get_absolute_url()}rating/").status_code == 302
    put(ticket, status="solved")
    assert "Did we solve it well?" in page_of(client, ticket)
    answer = client.post(f"{ticket.get_absolute_url()}rating/", {"comment": "No answer chosen"})
    assert answer.status_code == 422
    assert "Choose one of the two." in answer.content.decode()
    assert "No answer chosen" in answer.content.decode()
    assert client.get("/support/tickets/guessed/rating/").status_code == 404


def test_a_mail_of_a_closed_case_that_is_open_again_is_not_sent(client, ticket, agent, relay):
    client.force_login(agent)
    client.post(f"/desk/tickets/{ticket.pk}/close/")
    client.logout()
    client.post(ticket.get_absolute_url(), {"message": "Wait."})
    relay.run_until_idle()
    assert not Notification.objects.filter(kind="ticket-solved").exists()


def test_the_first_mail_is_useful_at_once(client, order, relay, mailbox):
    client.post(f"/orders/{order.token}/help/?topic=not_arrived", {"topic": "not_arrived", "message": "Where is it?"})
    relay.run_until_idle()
    ticket = Ticket.objects.get()
    text = mailbox()[-1].get_body(("plain",)).get_content()
    assert ticket.number in text
    assert f"answers by {moment(ticket.answer_due_at)}" in text
    assert f"Your order {order.number} now: Paid." in text
    assert "Parcel 1 of 1" in text
    assert "Arrives" in text
    assert "3 × Oak board" in text
    assert "http://testserver/help/where-is-my-order/" in text
    assert "Where is it?" in text


def test_a_german_case_gets_german_articles(client, order, relay, mailbox):
    client.post(f"/de/orders/{order.token}/help/?topic=not_arrived", {"topic": "not_arrived", "message": "Wo ist es?"})
    relay.run_until_idle()
    text = mailbox()[-1].get_body(("plain",)).get_content()
    assert "http://testserver/de/help/where-is-my-order/" in text
    assert "Wo ist meine Bestellung?" in text


def test_the_account_shows_open_cases_and_marks_news_until_they_were_seen(client, agent):
    user = make_customer()
    mine = make_paid_order((make_variant(make_supplier("meridian")), 1), user=user)
    ticket = a_case(mine)
    theirs = a_case(make_paid_order((make_variant(make_supplier("quay")), 1), user=make_customer("b@example.com")))
    client.force_login(user)
    page = client.get("/account/").content.decode()
    assert ticket.number in page
    assert theirs.number not in page
    assert "New answer" not in page
    say(ticket, "Note", by=agent, thread=Thread.INTERNAL)
    say(ticket, "Soon", by=agent, held_until=timezone.now() + timedelta(minutes=1))
    assert "New answer" not in client.get("/account/").content.decode()
    put(ticket, status="solved")
    assert ticket.number not in client.get("/account/").content.decode()
    say(ticket, "Solved, we think.", by=agent)
    put(ticket, last_message_at=timezone.now())
    assert "New answer" in client.get("/account/").content.decode()
    client.get(ticket.get_absolute_url())
    assert ticket.number not in client.get("/account/").content.decode()
    say(ticket, "One more.", by=agent)
    assert "New answer" in client.get("/account/").content.decode()
    staff = Client()
    staff.force_login(agent)
    staff.get(ticket.get_absolute_url())
    assert "New answer" in client.get("/account/").content.decode()


def test_the_account_costs_the_same_for_few_and_many_cases(client):
    user = make_customer()
    client.force_login(user)
    order = make_paid_order((make_variant(make_supplier()), 1), user=user)
    counts = []
    for number in (1, 12):
        for _one in range(number):
            a_case(order)
        client.get("/account/")
        with CaptureQueriesContext(connection) as queries:
            client.get("/account/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_case_page_costs_the_same_for_few_and_many_messages(client, ticket, agent):
    counts = []
    for number in (1, 15):
        for _one in range(number):
            message = say(ticket, "x", by=agent)
            Attachment.objects.create(message=message, original_name="x.jpg", content_type="image/jpeg", size_bytes=1)
        client.get(ticket.get_absolute_url())
        with CaptureQueriesContext(connection) as queries:
            client.get(ticket.get_absolute_url())
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[1] <= 22


def test_how_many_of_a_line_is_said_where_it_is_chosen(client, order):
    url = f"/orders/{order.token}/help/?topic=defective"
    line = order.lines.get()
    page = client.get(url).content.decode()
    assert "How many of Oak board?" in page
    data = {"topic": "defective", "lines": str(line.pk), "message": "Two are cracked.", f"units_{line.pk}": "2"}
    for wrong in ("4", "0", "x"):
        answer = client.post(url, data | {f"units_{line.pk}": wrong})
        assert answer.status_code == 422
        assert "You ordered 3 of it." in answer.content.decode()
    assert client.post(url, data).status_code == 302
    assert Ticket.objects.get().lines.get().quantity == 2


def test_changing_the_address_is_answered_in_place(client, order):
    page = client.get(f"/orders/{order.token}/help/?topic=address").content.decode()
    assert f'href="/orders/{order.token}/address/"' in page
    assert "/help/change-the-address/" in page
    client.post(f"/orders/{order.token}/help/?topic=address", {"topic": "question", "message": "To 5 Quay."})
    assert Ticket.objects.get().topic == Topic.QUESTION


def test_a_case_that_was_merged_leads_to_the_other_and_takes_no_more(client, ticket, order):
    other = a_case(order)
    put(ticket, status="solved", merged_into=other)
    assert client.get(ticket.get_absolute_url())["Location"] == other.get_absolute_url()
    client.post(ticket.get_absolute_url(), {"message": "From an old page."})
    assert other.messages.filter(body="From an old page.").exists()
