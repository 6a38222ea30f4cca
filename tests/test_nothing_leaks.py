"""No internal note and no word between us and a supplier is in any byte that a customer or another system receives."""

from __future__ import annotations

import re
import uuid

import pytest
from django.test import Client

from notifications.payload import OFFERED, body_of
from orders.models import Event
from support.actions.ticket import add_note, agent_answers, tell_thread
from support.models import Basis, Return, TicketMessage
from support.returning.words import photo_links
from support.uploads import Photo, store_photos
from tests.accounts import make_customer, prove
from tests.casework import Thread, composer, make_agent, make_case
from tests.factories import make_paid_order, make_supplier, make_variant
from tests.parcels import delivered_parcel
from tests.photos import photo

pytestmark = pytest.mark.django_db
NOTE, DEAL, HELD, DRAFT = "N0TE-2f9c", "DE4L-7b1e", "HE1D-93aa", "DR4FT-c04d"
MARKS = [mark.encode() for mark in (NOTE, DEAL, HELD, DRAFT)]
LINK = re.compile(rb'(?:href|action)="(/[^"#]*)"')
MOST_PAGES = 150
# Leaving the account, or the shop, is no reading.
NOT_FOLLOWED = re.compile(r"^/(static|media|account/logout|dev|admin|desk)")


def walk(client: Client, *begin: str) -> dict[str, bytes]:
    """Return every page that can be reached by links from some, with what was received."""
    found: dict[str, bytes] = {}
    waiting = list(begin)
    while waiting and len(found) < MOST_PAGES:
        path = waiting.pop(0)
        if path in found or NOT_FOLLOWED.match(path):
            continue
        answer = client.get(path)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        found[path] = body + repr(dict(answer.headers)).encode()
        waiting += [link.decode().replace("&amp;", "&") for link in LINK.findall(body)]
        if answer.status_code in {301, 302, 303}:
            waiting.insert(0, answer["Location"])
    return found


@pytest.fixture
def customer():
    return make_customer()


@pytest.fixture
def case(client, customer, settings):
    """A case with everything in it that is not for its customer."""
    order = make_paid_order((make_variant(make_supplier()), 1), user=customer)
    delivered_parcel(order)
    ticket, agent = make_case(order, user=customer), make_agent()
    add_note(ticket, NOTE, by=agent, form_key=uuid.uuid4())
    tell_thread(ticket, Thread.SUPPLIER, DEAL, author=TicketMessage.Author.SUPPLIER)
    other = make_case(order, user=customer, subject="Second")
    add_note(other, NOTE, by=agent, form_key=uuid.uuid4())
    client.force_login(agent)
    client.post(f"/desk/tickets/{ticket.pk}/merge/", {"merge-number": other.number})
    agent_answers(ticket, "A real answer", by=agent, form_key=uuid.uuid4())
    settings.UNDO_SECONDS = 10
    agent_answers(ticket, HELD, by=agent, form_key=uuid.uuid4())
    client.post(
        f"/desk/tickets/{ticket.pk}/draft/", composer(client, ticket) | {"audience": "customer", "message": DRAFT}
    )
    desk = client.get(f"/desk/tickets/{ticket.pk}/").content
    # What is looked for is there, for those whom it is for.
    assert [mark for mark in MARKS if mark not in desk] == []
    client.logout()
    return ticket


def test_no_page_of_a_guest_or_of_the_account_has_it(client, case, customer, relay):
    relay.run_until_idle()
    order = case.order
    for who in ("guest", "account"):
        begin = [order.get_absolute_url(), case.get_absolute_url(), f"/orders/{order.token}/help/", "/support/"]
        if who == "account":
            client.force_login(customer)
            begin += ["/account/", "/account/details/"]
        pages = walk(client, *begin)
        assert any(b"A real answer" in body for body in pages.values()), who
        assert len(pages) > 20
        leaks = [path for path, body in pages.items() for mark in MARKS if mark in body]
        assert leaks == [], who


def test_no_mail_has_it(case, relay, mailbox):
    relay.run_until_idle()
    mails = mailbox()
    texts = [part.get_content() for mail in mails for part in mail.walk() if part.get_content_maintype() == "text"]
    assert any("A real answer" in text for text in texts)
    sent = "\n".join([mail.as_string() for mail in mails] + texts).encode()
    assert [mark for mark in MARKS if mark in sent] == []


def test_the_file_of_ones_own_data_has_it_not(client, case, customer):
    prove(client, customer)
    text = b"".join(client.get("/account/data/").streaming_content).decode()
    assert "A real answer" in text
    assert [mark for mark in MARKS if mark.decode() in text] == []


def test_no_other_system_is_told_it(case, relay):
    relay.run_until_idle()
    events = list(Event.objects.select_related("order"))
    assert {event.kind for event in events} & set(OFFERED)
    told = "\n".join(body_of(event) for event in events if event.kind in OFFERED).encode()
    assert [mark for mark in MARKS if mark in told] == []
    # Nor would it be, if more kinds were offered one day.
    facts = repr([event.facts for event in events]).encode()
    assert [mark for mark in MARKS if mark in facts] == []


def test_the_photo_links_of_suppliers_lead_to_what_customers_sent_only(case):
    for message in case.messages.exclude(author=TicketMessage.Author.CUSTOMER):
        store_photos(message, [Photo("a.jpg", photo(), "image/jpeg")])
    row = Return(number="RT-1", order=case.order, ticket=case, request_key=uuid.uuid4(), basis=Basis.FAULT)
    assert photo_links(row) == []
    case.merged.update(merged_into=None, status="open")
    assert photo_links(row) == []
