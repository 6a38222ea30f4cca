"""A case's own things: owner, topic, tags, checks; merging, splitting, linking; and its history."""

from __future__ import annotations

import re
import uuid

import pytest

from notifications.models import Notification
from orders.models import Order
from support.actions.ticket import Author, add_note, customer_writes, tell_thread
from support.models import Tick, Ticket
from tests.casework import Thread, composer, make_agent, make_case, said
from tests.factories import make_paid_order, make_person, make_supplier, make_variant

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


def post(client, ticket, what: str, **data):
    return client.post(f"/desk/tickets/{ticket.pk}/{what}/", data, follow=True)


# --- owner, priority, topic, tags


def test_owner_priority_topic_and_tags_are_changed_and_told_in_the_history(client, agent, ticket):
    ben = make_agent("Ben Agent")
    data = {"owner": ben.pk, "priority": "high", "topic": "damaged", "tags": " Fragile, oak ,fragile"}
    for _time in range(2):
        assert post(client, ticket, "change", **data).status_code == 200
    ticket.refresh_from_db()
    assert (ticket.owner, ticket.priority, ticket.topic) == (ben, "high", "damaged")
    assert [tag.name for tag in ticket.tags.all()] == ["fragile", "oak"]
    page = client.get(f"/desk/tickets/{ticket.pk}/details/").content.decode()
    history = re.search(r'<ul class="history">(.*?)</ul>', page, re.S).group(1)
    assert history.count("priority: normal → high") == 1
    for words in (
        "agent: – → Ben",
        "tags: – → fragile, oak",
        "topic: Has not arrived → Arrived damaged",
        "Mia",
        "Opened",
    ):
        assert words in history, words


def test_only_people_of_the_desk_can_be_given_a_case(client, agent, ticket):
    stranger = make_person("other@example.com")
    refused = post(client, ticket, "change", owner=stranger.pk, priority="high", topic="damaged", tags="")
    assert refused.status_code == 422
    ticket.refresh_from_db()
    assert ticket.priority == "normal"


def test_one_press_makes_it_my_case(client, agent, ticket):
    post(client, ticket, "take")
    ticket.refresh_from_db()
    assert ticket.owner == agent


# --- checks


def test_checks_of_the_topic_are_kept_with_who_and_when(client, agent, ticket):
    Ticket.objects.update(topic="defective")
    page = client.get(f"/desk/tickets/{ticket.pk}/").content.decode()
    for words in ("The photos show it", "Batch or serial number", "within 30 days"):
        assert words in page
    post(client, ticket, "checks", tick=["photos", "batch", "of-another-topic"])
    client.force_login(make_agent("Ben Agent"))
    page = post(client, ticket, "checks", tick=["photos"]).content.decode()
    (tick,) = Tick.objects.all()
    assert (tick.key, tick.by) == ("photos", agent)
    assert re.search(r'value="photos" checked> <span>The photos show it <span class="meta">Mia, ', page)


# --- merge


def test_merging_moves_everything_and_the_customers_link_leads_on(client, agent, ticket, order):
    other = make_case(order, subject="Again", body="Hello? Anybody?")
    add_note(other, "A note", by=agent, form_key=uuid.uuid4())
    for _time in range(2):
        post(client, ticket, "merge", **{"merge-number": other.number.lower()})
    other.refresh_from_db()
    assert (other.status, other.merged_into) == ("solved", ticket)
    assert said(ticket) == ["Where is my parcel?", "Hello? Anybody?"]
    assert other.messages.count() == 0
    page = client.get(f"/desk/tickets/{other.pk}/").content.decode()
    assert "it goes on in" in page
    assert 'class="composer' not in page
    client.logout()
    assert client.get(other.get_absolute_url())["Location"] == ticket.get_absolute_url()


def test_who_answers_an_old_mail_of_a_merged_case_writes_into_the_one_that_is_left(client, agent, ticket, order):
    other = make_case(order)
    post(client, ticket, "merge", **{"merge-number": other.number})
    other.refresh_from_db()
    customer_writes(other, "By the way", form_key=uuid.uuid4())
    tell_thread(other, Thread.CUSTOMER, "Paid back.", author=Author.SYSTEM)
    assert said(ticket)[-2:] == ["By the way", "Paid back."]
    ticket.refresh_from_db()
    other.refresh_from_db()
    assert (ticket.answer_due_at is not None, other.status) == (True, "solved")


def test_a_draft_for_a_case_that_was_merged_meanwhile_goes_along(client, agent, ticket, order):
    other = make_case(order)
    data = composer(client, other) | {"message": "Half done", "send": "stay"}
    post(client, ticket, "merge", **{"merge-number": other.number})
    page = client.post(f"/desk/tickets/{other.pk}/reply/", data, follow=True).content.decode()
    assert "was merged meanwhile" in page
    assert composer(client, ticket)["message"] == "Half done"
    assert "Half done" not in said(ticket)


def test_cases_of_two_customers_are_never_merged(client, agent, ticket):
    other = make_case(None, email="thief@example.com", body="SECRET OF ANOTHER")
    refused = post(client, ticket, "merge", **{"merge-number": other.number})
    assert refused.status_code == 422
    assert "belongs to another customer (thief@example.com, not alex@example.com)" in refused.content.decode()
    other.refresh_from_db()
    assert other.merged_into is None
    assert "SECRET OF ANOTHER" not in said(ticket)


def test_merging_says_what_is_wrong_with_a_number(client, agent, ticket, order):
    for typed, words in (("", "Type the number"), ("T-1", "There is no case"), (ticket.number, "this very case")):
        refused = post(client, ticket, "merge", **{"merge-number": typed})
        assert refused.status_code == 422
        assert words in refused.content.decode(), typed
    third, other = make_case(order), make_case(order)
    post(client, third, "merge", **{"merge-number": other.number})
    refused = post(client, ticket, "merge", **{"merge-number": other.number})
    assert f"is part of {third.number} already" in refused.content.decode()


def test_chains_of_merged_cases_lead_to_the_last(client, agent, ticket, order):
    second, third = make_case(order), make_case(order)
    post(client, second, "merge", **{"merge-number": third.number})
    post(client, ticket, "merge", **{"merge-number": second.number})
    client.logout()
    assert client.get(third.get_absolute_url())["Location"] == ticket.get_absolute_url()


def test_a_link_leads_into_no_case_of_somebody_else_even_if_an_address_was_changed(client, agent, ticket, order):
    other = make_case(order)
    post(client, ticket, "merge", **{"merge-number": other.number})
    Ticket.objects.filter(pk=ticket.pk).update(email="new@example.com")
    client.logout()
    page = client.get(other.get_absolute_url())
    assert page.status_code == 200
    assert "Where is my parcel?" not in page.content.decode()


# --- split and link


def test_chosen_messages_become_a_case_of_their_own_and_the_customer_gets_its_link(
    client, agent, ticket, relay, mailbox
):
    customer_writes(ticket, "And may I return the lamp?", form_key=uuid.uuid4())
    moved = ticket.messages.get(body="And may I return the lamp?")
    post(client, ticket, "split", **{"split-subject": "The lamp", "split-chosen": [moved.pk]})
    made = Ticket.objects.exclude(pk=ticket.pk).get()
    assert (made.email, made.order, made.subject) == (ticket.email, ticket.order, "The lamp")
    assert said(made) == ["And may I return the lamp?"]
    assert said(ticket)[0] == "Where is my parcel?"
    assert made.number in said(ticket)[-1]
    assert list(ticket.linked.all()) == [made]
    relay.run_until_idle()
    mails = [mail for mail in mailbox() if made.number in mail["Subject"]]
    assert len(mails) == 1
    assert made.token in mails[0].get_body(("plain",)).get_content()


def test_splitting_needs_some_and_not_all(client, agent, ticket):
    first = ticket.messages.get().pk
    for chosen, words in (
        ([], "Tick the messages"),
        ([first], "At least one message stays"),
        ([999_999], "not in this case"),
    ):
        refused = post(client, ticket, "split", **{"split-subject": "x", "split-chosen": chosen})
        assert refused.status_code == 422
        assert words in refused.content.decode(), chosen
    assert Ticket.objects.count() == 1


def test_linked_cases_show_each_other_to_colleagues_only(client, agent, ticket):
    other = make_case(None, email="b@example.com", subject="Same batch")
    for _time in range(2):
        post(client, ticket, "link", **{"link-number": other.number})
    assert "Same batch" in client.get(f"/desk/tickets/{ticket.pk}/").content.decode()
    assert ticket.subject in client.get(f"/desk/tickets/{other.pk}/").content.decode()
    assert "Same batch" not in client.get(ticket.get_absolute_url()).content.decode()
    post(client, ticket, f"unlink/{other.pk}")
    assert "Same batch" not in client.get(f"/desk/tickets/{ticket.pk}/").content.decode()


# --- the order's address, and its mails


def test_the_address_is_changed_from_the_case_once_with_line_timeline_and_mail(
    client, agent, ticket, order, relay, mailbox
):
    url = f"/desk/tickets/{ticket.pk}/address/"
    typed = {"name": "Alex Byrne", "line1": "7 New Road", "city": "Dublin", "postcode": "D02 X285"}
    for _time in range(2):
        assert client.post(url, typed).status_code == 302
    assert Order.objects.get(pk=order.pk).line1 == "7 New Road"
    assert len([line for line in said(ticket) if "7 New Road" in line]) == 1
    assert order.events.filter(kind="order.address_changed").count() == 1
    relay.run_until_idle()
    assert Notification.objects.filter(kind="address-changed", order=order).count() == 1
    assert len([mail for mail in mailbox() if "address" in mail["Subject"]]) == 1


def test_an_address_that_a_supplier_has_is_not_changed(client, agent, ticket, order):
    from suppliers.actions.forward import forward_order

    forward_order(order)
    Order.objects.filter(pk=order.pk).update(address_fixed_at=order.placed_at)
    assert (
        "A supplier has this address already"
        in client.get(f"/desk/tickets/{ticket.pk}/address/", follow=True).content.decode()
    )
    assert "Change address" not in client.get(f"/desk/tickets/{ticket.pk}/").content.decode()


def test_a_mail_is_sent_again_once_with_a_note_and_a_line_in_the_timeline(client, agent, ticket, order, relay, mailbox):
    relay.run_until_idle()
    row = Notification.objects.filter(order=order, kind="order-confirmed").get()
    before = len(mailbox())
    page = client.get(f"/desk/tickets/{ticket.pk}/mails/").content.decode()
    assert row.subject in page
    data = {"mail": row.pk, "form_key": str(uuid.uuid4())}
    for _time in range(2):
        client.post(f"/desk/tickets/{ticket.pk}/mails/", data)
    relay.run_until_idle()
    assert len(mailbox()) == before + 1
    assert len(said(ticket, Thread.INTERNAL)) == 1
    assert order.events.filter(kind="message.sent_again").count() == 1


def test_mails_of_another_order_are_not_sent_from_a_case(client, agent, ticket, relay, mailbox):
    other = make_paid_order((make_variant(make_supplier("meridian")), 1))
    relay.run_until_idle()
    before = len(mailbox())
    row = Notification.objects.filter(order=other).first()
    client.post(f"/desk/tickets/{ticket.pk}/mails/", {"mail": row.pk})
    relay.run_until_idle()
    assert len(mailbox()) == before
