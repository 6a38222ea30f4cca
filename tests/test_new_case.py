"""A case that an agent opens for a customer: by order or address, with a message that goes out or a note that does not."""

from __future__ import annotations

import uuid

import pytest

from support.models import Ticket, TicketMessage
from tests.factories import make_paid_order, make_person, make_supplier, make_variant

pytestmark = pytest.mark.django_db


@pytest.fixture
def order():
    return make_paid_order((make_variant(make_supplier()), 1))


@pytest.fixture
def agent(client):
    made = make_person("ada@example.com", role="Support agents", name="Ada Agent")
    client.force_login(made)
    return made


def typed(whom: str, **changes: str) -> dict[str, str]:
    facts = {"whom": whom, "topic": "question", "subject": "Your lamp", "message": "It is late.", "is_note": "message"}
    return facts | {"form_key": str(uuid.uuid4())} | changes


def test_a_message_goes_to_the_orders_customer_once_and_nobody_thanks_for_it(client, agent, order, relay, mailbox):
    relay.run_until_idle()
    before = len(mailbox())
    data = typed(order.number.lower())
    for _time in range(2):
        assert client.post("/desk/new/", data).status_code == 302
    relay.run_until_idle()
    ticket = Ticket.objects.get()
    assert (ticket.order, ticket.email, ticket.owner, ticket.source) == (order, order.email, agent, "staff")
    assert (ticket.status, ticket.answer_due_at) == ("waiting_customer", None)
    (mail,) = mailbox()[before:]
    assert mail["To"] == order.email
    assert "Ada has written to you" in mail.get_body(("plain",)).get_content()
    assert "It is late." in mail.get_body(("plain",)).get_content()


def test_a_note_stays_among_colleagues_and_the_case_is_open(client, agent, relay, mailbox):
    client.post("/desk/new/", typed("zoe@example.org", is_note="note"))
    relay.run_until_idle()
    ticket = Ticket.objects.get()
    assert (ticket.order, ticket.email, ticket.status) == (None, "zoe@example.org", "open")
    assert ticket.answer_due_at is not None
    assert TicketMessage.objects.get().thread == "internal"
    assert mailbox() == []
    client.logout()
    assert "It is late." not in client.get(ticket.get_absolute_url()).content.decode()


def test_whom_is_an_order_or_an_address_and_what_was_typed_is_kept(client, agent):
    for wrong, says in (
        ("", "Type the number of the order"),
        ("LF-999999", "No order has the number LF-999999."),
        ("a@", "An e-mail address looks like name@example.com."),
    ):
        answer = client.post("/desk/new/", typed(wrong))
        assert answer.status_code == 422
        assert says in answer.content.decode()
        assert "It is late." in answer.content.decode()
    assert Ticket.objects.count() == 0


def test_only_agents_open_cases_for_others(client, order):
    assert client.post("/desk/new/", typed(order.number)).status_code == 302
    client.force_login(make_person("someone@example.com"))
    assert client.get("/desk/new/").status_code == 403
    assert client.post("/desk/new/", typed(order.number)).status_code == 403
    assert Ticket.objects.count() == 0


def test_the_desk_leads_to_it_and_an_orders_number_may_be_filled_in(client, agent, order):
    assert 'href="/desk/new/"' in client.get("/desk/").content.decode()
    assert f'value="{order.number}"' in client.get("/desk/new/", {"order": order.number}).content.decode()
