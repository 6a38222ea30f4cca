"""Cases, and what agents do with them, through the pages of the desk."""

from __future__ import annotations

import re
import uuid
from html import unescape

from django.test import Client

from orders.models import Order
from shop.models import User
from support.actions.ticket import open_ticket
from support.models import Ticket, TicketMessage, Topic
from tests.factories import make_person

Thread = TicketMessage.Thread


def make_case(order: Order | None = None, **changes: object) -> Ticket:
    """Open a case as its customer does."""
    facts = {"email": "alex@example.com", "name": "Alex Byrne", "topic": Topic.NOT_ARRIVED, "subject": "Where is it?"}
    facts |= {"body": "Where is my parcel?", "form_key": uuid.uuid4()} | changes
    if order is not None:
        facts["email"] = changes.get("email", order.email)
    return open_ticket(order=order, **facts)


def make_agent(name: str = "Mia Agent") -> User:
    """Make somebody who works at the desk."""
    return make_person(role="Support agents", name=name)


def composer(client: Client, ticket: Ticket, to: str = "customer", **query: str) -> dict[str, str]:
    """Open a case and return what its composer would send: hidden fields and the text in the box."""
    page = client.get(f"/desk/tickets/{ticket.pk}/", {"to": to, **query}).content.decode()
    return fields_of(page)


def fields_of(page: str) -> dict[str, str]:
    """Return what the composer of a page would send."""
    form = re.search(r'<form class="composer.*?</form>', page, re.S).group()
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)"(?: value="([^"]*)")?', form))
    box = re.search(r"<textarea[^>]*>\r?\n?(.*?)</textarea>", form, re.S).group(1)
    hidden.pop("csrfmiddlewaretoken", None)
    return hidden | {"message": unescape(box)}


def answer(client: Client, ticket: Ticket, text: str, **more: str):
    """Open a case, type an answer and send it."""
    data = composer(client, ticket) | {"message": text, "send": "stay"} | more
    return client.post(f"/desk/tickets/{ticket.pk}/reply/", data)


def said(ticket: Ticket, thread: str = Thread.CUSTOMER) -> list[str]:
    """Return what stands in one thread of a case."""
    return list(ticket.messages.filter(thread=thread).values_list("body", flat=True))
