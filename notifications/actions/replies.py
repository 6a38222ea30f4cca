"""Let what a customer answers to a mail of ours be a message in their case."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import NAMESPACE_URL, uuid5

from django.utils.translation import gettext as _

from notifications.replies import subject_of
from orders.models import IncomingEvent, Order
from shop.languages import speaking
from support.actions.ticket import customer_writes, open_ticket, tell_thread
from support.models import Ticket, TicketMessage, Topic
from support.states import TicketStatus


def take_in_reply(incoming: IncomingEvent, told: Mapping[str, str]) -> str:
    """Write an answer into its case: the order's open one, or a new one; return what was done. Safe to repeat.

    Answers of machines open nothing, or two of them would write to each other for ever.
    """
    about = subject_of(told["to"])
    if about is None:
        return "about nothing of ours"
    if told["automatic"]:
        return "an automatic answer"
    if not told["text"]:
        return "without words"
    key = uuid5(NAMESPACE_URL, f"reply:{incoming.event_id}")
    ticket = _case_of(about)
    if ticket is None:
        with speaking(about.language):
            ticket = open_ticket(
                order=about, email=about.email, name=about.name, topic=Topic.QUESTION,
                subject=told["subject"] or _("Order %(number)s") % {"number": about.number}, body=told["text"],
                form_key=key,
            )  # fmt: skip
    elif not customer_writes(ticket, told["text"], form_key=key):
        return f"known: {ticket.number}"
    _note(ticket, told)
    return f"written into {ticket.number}"


def _case_of(about: Order | Ticket) -> Ticket | None:
    if isinstance(about, Ticket):
        return about
    return Ticket.objects.filter(order=about).exclude(status=TicketStatus.SOLVED).order_by("-pk").first()


def _note(ticket: Ticket, told: Mapping[str, str]) -> None:
    """Tell agents what they cannot see of it; no customer sees this."""
    said = []
    if told["from"].lower() != ticket.email.lower():
        said.append(f"It came by mail from {told['from']}, not from the customer's address.")
    if told["attachments"]:
        said.append(f"{told['attachments']} files were attached and not taken over: ask for them on the case's page.")
    if said:
        system, internal = TicketMessage.Author.SYSTEM, TicketMessage.Thread.INTERNAL
        tell_thread(ticket, internal, " ".join(said), author=system)
