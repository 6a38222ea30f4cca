"""The workspace of a case: whom one writes to, drafts, presence, taking back, and what stands beside the thread."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from orders.models import OrderDelivery
from support.actions.holding import release_answer
from support.actions.ticket import add_note, customer_writes, tell_thread
from support.models import Draft, HeldAnswer, Presence, Ticket, TicketMessage
from support.presence import note_presence
from tests.casework import Thread, answer, composer, fields_of, make_agent, make_case, said
from tests.factories import make_paid_order, make_supplier, make_variant

pytestmark = pytest.mark.django_db


@pytest.fixture
def order():
    return make_paid_order((make_variant(make_supplier(), name="Oak board"), 1))


@pytest.fixture
def ticket(order):
    return make_case(order)


@pytest.fixture
def agent(client):
    made = make_agent()
    client.force_login(made)
    return made


@pytest.fixture
def held(settings):
    settings.UNDO_SECONDS = 10


def page_of(client, ticket, **query) -> str:
    return client.get(f"/desk/tickets/{ticket.pk}/", query).content.decode()


# --- the thread


def test_each_side_of_a_thread_has_its_own_look_and_label(client, agent, ticket):
    answer(client, ticket, "It left today.")
    add_note(ticket, "Second delay.", by=agent, form_key=uuid.uuid4())
    tell_thread(ticket, Thread.SUPPLIER, "Left our house.", author=TicketMessage.Author.SUPPLIER)
    page = page_of(client, ticket)
    for look, label in (
        ("entry-customer", "Alex Byrne"),
        ("entry-agent", "Mia to the customer"),
        ("entry-note", "Internal note by Mia"),
        ("entry-supplier", "Supplier"),
    ):
        entry = re.search(rf'<article class="entry {look}".*?</article>', page, re.S)
        assert entry, look
        assert label in entry.group()


def test_a_mails_pictures_are_text_and_what_it_quotes_is_folded(client, agent, ticket):
    TicketMessage.objects.create(
        ticket=ticket, thread=Thread.CUSTOMER, author="customer", quoted="> OLD WORDS",
        body='Look: <img src="https://spy.example/pixel.png"> and ![x](https://spy.example/p.png)',
    )  # fmt: skip
    page = page_of(client, ticket)
    assert not re.search(r"<(img|link|iframe|script)[^>]+spy\.example", page)
    folded = re.search(r'<details class="details quoted">(.*?)</details>', page, re.S).group(1)
    assert "OLD WORDS" in folded
    assert " open" not in re.search(r"<details[^>]*quoted[^>]*>", page).group()


# --- the composer


@pytest.mark.parametrize(
    ("to", "label", "look"), [("customer", "Reply to customer", ""), ("note", "Internal note", "composer-note")]
)
def test_whom_one_writes_to_stands_above_the_text_and_colours_the_box(client, agent, ticket, to, label, look):
    page = page_of(client, ticket, to=to)
    form = re.search(r'<form class="composer.*?</form>', page, re.S).group()
    assert label in re.search(r'<p class="composer-to">(.*?)</p>', form, re.S).group(1)
    assert look in form[:80]
    assert page.count('<form class="composer') == 1


def test_another_audience_is_chosen_without_script_and_without_losing_the_text(client, agent, ticket):
    data = composer(client, ticket) | {"message": "For the customer", "switch": "note"}
    moved = client.post(f"/desk/tickets/{ticket.pk}/reply/", data)
    assert "to=note" in moved["Location"]
    assert composer(client, ticket, to="note")["message"] == ""
    assert composer(client, ticket)["message"] == "For the customer"
    assert said(ticket) == ["Where is my parcel?"]


def test_a_note_reaches_no_customer(client, agent, ticket, relay, mailbox):
    relay.run_until_idle()
    before = len(mailbox())
    data = composer(client, ticket, to="note") | {"message": "A thief?", "send": "stay"}
    client.post(f"/desk/tickets/{ticket.pk}/note/", data)
    relay.run_until_idle()
    assert said(ticket, Thread.INTERNAL) == ["A thief?"]
    assert len(mailbox()) == before


# --- drafts


def test_a_draft_is_kept_for_each_person_and_audience_and_is_there_again(client, agent, ticket):
    keep = f"/desk/tickets/{ticket.pk}/draft/"
    first = composer(client, ticket)
    assert client.post(keep, first | {"audience": "customer", "message": "Dear Alex,"}).json()["saved"]
    client.post(keep, composer(client, ticket, to="note") | {"audience": "note", "message": "Odd."})
    assert composer(client, ticket)["message"] == "Dear Alex,"
    assert composer(client, ticket, to="note")["message"] == "Odd."
    client.post(keep, first | {"audience": "customer", "message": "Dear Alex, it"})
    assert Draft.objects.count() == 2
    client.force_login(make_agent("Ben Agent"))
    assert composer(client, ticket)["message"] == ""


def test_without_script_a_button_keeps_the_draft(client, agent, ticket):
    data = composer(client, ticket) | {"message": "Half a sent", "keep": "1"}
    page = client.post(f"/desk/tickets/{ticket.pk}/reply/", data, follow=True).content.decode()
    assert "Your draft is kept" in page
    assert fields_of(page)["message"] == "Half a sent"
    assert said(ticket) == ["Where is my parcel?"]


def test_what_was_sent_is_no_draft_any_more_even_if_the_script_comes_late(client, agent, ticket):
    data = composer(client, ticket) | {"message": "It left today."}
    client.post(f"/desk/tickets/{ticket.pk}/reply/", data | {"send": "stay"})
    late = client.post(f"/desk/tickets/{ticket.pk}/draft/", data | {"audience": "customer"})
    assert late.json()["saved"] is False
    assert Draft.objects.count() == 0


def test_an_emptied_draft_is_gone(client, agent, ticket):
    data = composer(client, ticket) | {"audience": "customer"}
    client.post(f"/desk/tickets/{ticket.pk}/draft/", data | {"message": "x"})
    client.post(f"/desk/tickets/{ticket.pk}/draft/", data | {"message": " "})
    assert Draft.objects.count() == 0


# --- presence


def test_one_sees_who_else_is_in_a_case(client, agent, ticket):
    mia, ben = agent, make_agent("Ben Agent")
    page_of(client, ticket)
    client.post(
        f"/desk/tickets/{ticket.pk}/draft/", composer(client, ticket) | {"audience": "customer", "message": "x"}
    )
    client.force_login(ben)
    assert "Mia is writing" in page_of(client, ticket)
    note_presence(ticket, mia, is_writing=False)
    told = client.post(f"/desk/tickets/{ticket.pk}/presence/", {"writing": "1", "seen": "0"}).json()
    assert told["people"] == ["Mia is reading"]
    client.force_login(mia)
    assert "Ben is writing" in page_of(client, ticket)
    Presence.objects.update(seen_at=timezone.now() - timedelta(seconds=61))
    assert "is reading" not in page_of(client, ticket)
    assert Presence.objects.count() == 2


def test_the_page_hears_of_news_while_it_is_open(client, agent, ticket):
    seen = composer(client, ticket)["seen"]
    ask = f"/desk/tickets/{ticket.pk}/presence/"
    assert client.post(ask, {"seen": seen}).json()["news"] == ""
    customer_writes(ticket, "Still nothing!", form_key=uuid.uuid4())
    assert client.post(ask, {"seen": seen}).json()["news"] == "1 new message - show"
    for nonsense in ("", "x", "-1", "9" * 30):
        assert client.post(ask, {"seen": nonsense}).status_code == 200


# --- an answer that is out of date


def test_an_answer_is_not_sent_over_what_came_meanwhile_and_the_draft_is_kept(client, agent, ticket):
    data = composer(client, ticket) | {"message": "It comes tomorrow.", "send": "stay"}
    customer_writes(ticket, "It is here now, thank you.", form_key=uuid.uuid4())
    refused = client.post(f"/desk/tickets/{ticket.pk}/reply/", data)
    assert refused.status_code == 409
    page = refused.content.decode()
    assert "a message has come in since you opened this page" in page
    assert "<title>Error:" in page
    assert "It is here now, thank you." in page
    assert 'class="case-tag case-tag-new"' in page
    again = fields_of(page)
    assert again["message"] == "It comes tomorrow."
    assert composer(client, ticket)["message"] == "It comes tomorrow."
    assert said(ticket) == ["Where is my parcel?", "It is here now, thank you."]
    assert client.post(f"/desk/tickets/{ticket.pk}/reply/", again | {"send": "stay"}).status_code == 302
    assert said(ticket)[-1] == "It comes tomorrow."


def test_a_colleagues_note_stops_an_answer_and_ones_own_does_not(client, agent, ticket):
    data = composer(client, ticket) | {"message": "Sorry.", "send": "stay"}
    add_note(ticket, "Mine.", by=agent, form_key=uuid.uuid4())
    assert client.post(f"/desk/tickets/{ticket.pk}/reply/", data).status_code == 302
    data = composer(client, ticket) | {"message": "Sorry again.", "send": "stay"}
    add_note(ticket, "Ben's.", by=make_agent("Ben"), form_key=uuid.uuid4())
    assert client.post(f"/desk/tickets/{ticket.pk}/reply/", data).status_code == 409


# --- undo


def test_an_answer_waits_ten_seconds_in_which_nobody_has_it(client, agent, ticket, held, relay, mailbox):
    relay.run_until_idle()
    before = len(mailbox())
    answer(client, ticket, "THE ANSWER")
    relay.run_until_idle()
    assert len(mailbox()) == before
    page = page_of(client, ticket)
    assert "Nobody has it yet" in page
    assert "Take it back" in page
    ticket.refresh_from_db()
    assert ticket.status == "new"
    client.logout()
    assert "THE ANSWER" not in client.get(ticket.get_absolute_url()).content.decode()

    message = TicketMessage.objects.get(body="THE ANSWER")
    assert 9 < (message.held_until - message.at).total_seconds() <= 11
    HeldAnswer.objects.update(due_at=timezone.now())
    relay.run_until_idle()
    assert HeldAnswer.objects.count() == 0
    ticket.refresh_from_db()
    assert (ticket.status, ticket.answer_due_at) == ("waiting_customer", None)
    assert "THE ANSWER" in client.get(ticket.get_absolute_url()).content.decode()
    sent = [mail for mail in mailbox() if "THE ANSWER" in mail.get_body(("plain",)).get_content()]
    assert len(sent) == 1


def test_an_answer_taken_back_is_a_draft_and_never_was(client, agent, ticket, held, relay, mailbox):
    answer(client, ticket, "WRONG PERSON")
    message = TicketMessage.objects.get(body="WRONG PERSON")
    other = make_agent("Ben")
    client.force_login(other)
    assert "Too late" in client.post(f"/desk/tickets/{ticket.pk}/undo/{message.pk}/", follow=True).content.decode()
    client.force_login(agent)
    page = client.post(f"/desk/tickets/{ticket.pk}/undo/{message.pk}/", follow=True).content.decode()
    assert "Taken back" in page
    assert fields_of(page)["message"] == "WRONG PERSON"
    HeldAnswer.objects.update(due_at=timezone.now())
    relay.run_until_idle()
    assert said(ticket) == ["Where is my parcel?"]
    assert not [mail for mail in mailbox() if "WRONG PERSON" in mail.as_string()]
    assert "Too late" in client.post(f"/desk/tickets/{ticket.pk}/undo/{message.pk}/", follow=True).content.decode()


def test_what_is_typed_meanwhile_is_not_lost_to_what_is_taken_back(client, agent, ticket, held):
    answer(client, ticket, "FIRST")
    client.post(
        f"/desk/tickets/{ticket.pk}/draft/", composer(client, ticket) | {"audience": "customer", "message": "SECOND"}
    )
    message = TicketMessage.objects.get(body="FIRST")
    client.post(f"/desk/tickets/{ticket.pk}/undo/{message.pk}/")
    assert composer(client, ticket)["message"] == "FIRST\n\nSECOND"


def test_a_task_that_runs_twice_sends_an_answer_once(client, agent, ticket, held, relay, mailbox):
    answer(client, ticket, "ONCE")
    pk = HeldAnswer.objects.get().pk
    HeldAnswer.objects.update(due_at=timezone.now())
    assert [release_answer(pk), release_answer(pk)] == [True, False]
    relay.run_until_idle()
    assert len([mail for mail in mailbox() if "ONCE" in mail.get_body(("plain",)).get_content()]) == 1


def test_a_customer_who_writes_while_an_answer_waits_is_not_forgotten(client, agent, ticket, held, relay):
    answer(client, ticket, "It left.")
    customer_writes(ticket, "One more thing", form_key=uuid.uuid4())
    HeldAnswer.objects.update(due_at=timezone.now())
    relay.run_until_idle()
    ticket.refresh_from_db()
    assert ticket.status == "new"
    assert ticket.answer_due_at is not None


def test_send_and_next_leads_on_and_back_to_what_can_be_taken_back(client, agent, ticket, held):
    data = composer(client, ticket) | {"message": "Done.", "send": "next"}
    page = client.post(f"/desk/tickets/{ticket.pk}/reply/", data, follow=True).content.decode()
    assert f'href="/desk/tickets/{ticket.pk}/#held"' in page
    assert "goes out in a few seconds" in page


# --- beside the thread


def test_the_panel_has_all_that_is_known_of_the_order(client, agent, ticket, order):
    delivery = order.deliveries.get()
    later = delivery.promised_latest_on + timedelta(days=6)
    OrderDelivery.objects.update(expected_latest_on=later)
    older = make_paid_order((make_variant(make_supplier("meridian")), 1))
    second = make_case(order, subject="Another question")
    page = page_of(client, ticket)
    panel = page[page.index('<aside class="context"') :]
    assert panel.index("Paid") < panel.index("Ordered")
    for words in ("Promised", "Now", "Oak board", "Visa", "4242", "Parcel 1 of 1", older.number, "Change address"):
        assert words in panel, words
    assert second.subject in page
    assert "Refund" in panel
    assert "Cancel" in panel


def test_holds_and_disputes_of_the_customer_are_seen(client, agent, ticket, order):
    from orders.models import Hold

    assert "on hold" not in page_of(client, ticket)
    Hold.objects.create(order=order, reason=Hold.Reason.MANUAL)
    assert f"{order.number} is on hold" in page_of(client, ticket)


def test_the_clocks_say_what_is_due_and_when_it_is_paused(client, agent, ticket):
    assert "First answer due" in page_of(client, ticket)
    Ticket.objects.update(
        answer_due_at=timezone.now() - timedelta(hours=1), solve_due_at=timezone.now() + timedelta(days=2)
    )
    page = page_of(client, ticket)
    assert "due-late" in page
    assert "To be solved by" in page
    answer(client, ticket, "Could you look at the neighbours'?")
    page = page_of(client, ticket)
    assert "First answered" in page
    assert "Paused: waiting for the customer" in page


def test_the_customer_reads_until_when_we_wait_for_a_supplier(client, ticket):
    until = timezone.now() + timedelta(days=3)
    Ticket.objects.update(status="waiting_supplier", waiting_until=until)
    assert "answer expected" in client.get(ticket.get_absolute_url()).content.decode()
    Ticket.objects.update(waiting_until=timezone.now() - timedelta(days=1))
    page = client.get(ticket.get_absolute_url()).content.decode()
    assert "answer expected" not in page
    assert "We asked one of our suppliers" in page


def test_a_case_with_wrong_words_in_its_address_still_opens(client, agent, ticket):
    for query in ({"to": "nobody"}, {"to": "supplier"}, {"find": "x" * 500}):
        assert client.get(f"/desk/tickets/{ticket.pk}/", query).status_code == 200
    empty = client.post(f"/desk/tickets/{ticket.pk}/reply/", {"message": " ", "send": "stay"})
    assert empty.status_code == 422
    assert "Write something first" in empty.content.decode()
    long = client.post(f"/desk/tickets/{ticket.pk}/reply/", {"message": "x" * 4001, "send": "stay"})
    assert long.status_code == 422
    assert "x" * 4000 in long.content.decode()
