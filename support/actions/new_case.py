"""Open a case for a customer: with a first message to them, or with a note for colleagues only."""

from __future__ import annotations

import secrets
from uuid import UUID

from django.db import IntegrityError, transaction

from orders import events
from orders.models import Order
from shop.languages import current_language, speaking
from shop.models import User
from support.actions.ticket import Author, Thread, answer_due, opening_key
from support.models import Ticket, TicketMessage, Topic
from support.states import TicketStatus, move_ticket


def open_for_customer(
    *,
    order: Order | None,
    email: str,
    name: str,
    topic: Topic,
    subject: str,
    body: str,
    is_note: bool,
    by: User,
    form_key: UUID,
) -> Ticket:
    """Open a case that an agent begins and has; the same ``form_key`` is one case.

    A message goes to the customer by mail, and it is their turn then. A note is for colleagues: the case is open, and
    the customer hears nothing of it. A case about an order goes to its address and speaks its language.
    """
    key = opening_key(form_key, order, order.email if order else email)
    known = TicketMessage.objects.filter(form_key=key).select_related("ticket").first()
    if known is not None:
        return known.ticket
    thread = Thread.INTERNAL if is_note else Thread.CUSTOMER
    try:
        with transaction.atomic(), speaking(order.language if order else current_language()):
            ticket = Ticket.objects.create(
                number=f"T-{secrets.randbelow(900_000) + 100_000}-{secrets.randbelow(90) + 10}",
                order=order,
                email=order.email if order else email,
                name=(order.name if order else name)[:100],
                language=current_language(),
                topic=topic,
                subject=subject[:200],
                source=Ticket.Source.STAFF,
                owner=by,
            )
            message = TicketMessage.objects.create(
                ticket=ticket, thread=thread, author=Author.AGENT, user=by, body=body, form_key=key
            )
            events.record("ticket.opened", ticket, by=by, message=message.pk)
            if is_note:
                move_ticket(ticket, TicketStatus.OPEN, by=by)
                Ticket.objects.filter(pk=ticket.pk).update(answer_due_at=answer_due(message.at))
            else:
                move_ticket(ticket, TicketStatus.WAITING_CUSTOMER, by=by)
                Ticket.objects.filter(pk=ticket.pk).update(first_answered_at=message.at)
                events.record("ticket.answered", ticket, by=by, message=message.pk)
    except IntegrityError:
        # The second of two clicks: the first one's case is the one.
        return TicketMessage.objects.select_related("ticket").get(form_key=key).ticket
    return ticket
