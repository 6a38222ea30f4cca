"""The end of a case by its customer: solved, how it went, and what comes after."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from shop.languages import speaking
from support.actions.ticket import REOPEN_DAYS, MailFacts, customer_writes, open_ticket, opening_key, survivor_of
from support.models import Rating, Ticket, TicketMessage, Topic
from support.states import TicketStatus, move_ticket
from support.uploads import Photo


def may_reopen(ticket: Ticket, *, now: datetime) -> bool:
    """True for a case that is open, or was solved no longer than REOPEN_DAYS ago."""
    is_solved = ticket.status == TicketStatus.SOLVED
    return not is_solved or ticket.status_changed_at > now - timedelta(days=REOPEN_DAYS)


def customer_goes_on(
    ticket: Ticket,
    body: str,
    *,
    form_key: UUID,
    photos: Sequence[Photo] = (),
    mail: MailFacts | None = None,
) -> tuple[Ticket, bool]:
    """Write a customer's message into their case, or into a new one linked to it where it was solved long ago.

    Returns the case it stands in, and whether it is new there: the same ``form_key`` is one message.
    """
    ticket = survivor_of(ticket)
    if may_reopen(ticket, now=timezone.now()):
        return ticket, customer_writes(ticket, body, form_key=form_key, photos=photos, mail=mail)
    key = opening_key(form_key, ticket.order, ticket.email, by_mail=mail is not None)
    known = TicketMessage.objects.filter(form_key=key).select_related("ticket").first()
    if known is not None:
        return known.ticket, False
    with transaction.atomic(), speaking(ticket.language):
        made = open_ticket(
            order=ticket.order,
            email=ticket.email,
            name=ticket.name,
            topic=Topic(ticket.topic),
            subject=ticket.subject,
            body=body,
            form_key=form_key,
            user=ticket.user,
            photos=photos,
            source=Ticket.Source.MAIL if mail else Ticket.Source.PAGE,
            mail=mail,
        )
        made.linked.add(ticket)
    return made, True


def customer_solves(ticket: Ticket) -> bool:
    """Close a case because its customer says that it is solved; False if it was."""
    ticket.refresh_from_db()
    if ticket.status == TicketStatus.SOLVED:
        return False
    with transaction.atomic():
        return move_ticket(ticket, TicketStatus.SOLVED, by=None, by_customer=True)


def rate(ticket: Ticket, *, is_good: bool, comment: str) -> Rating:
    """Keep what a customer says of how their case went; said again, it takes the place of what was said before."""
    fields = {"is_good": is_good, "comment": comment[:1000], "at": timezone.now()}
    made, _new = Rating.objects.update_or_create(ticket=ticket, defaults=fields)
    return made
