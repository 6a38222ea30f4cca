"""Answers that wait a moment: they go out when their time has come, unless their agent takes them back."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from orders import lease
from shop.models import User
from support.actions.drafts import keep_draft
from support.actions.ticket import answer_goes_out
from support.models import Audience, HeldAnswer, Ticket, TicketMessage


def release_answer(held_id: int) -> bool:
    """Let an answer go out whose time has come; False if it was taken back or has gone. Safe to repeat."""
    row = lease.take(HeldAnswer.objects.select_related("macro"), held_id)
    if row is None:
        return False
    with transaction.atomic():
        _lock(row.message_id)
        is_mine = _decide(TicketMessage.objects.filter(pk=row.message_id), at=timezone.now())
        if is_mine:
            answer_goes_out(TicketMessage.objects.select_related("user").get(pk=row.message_id), row.macro)
        HeldAnswer.objects.filter(pk=row.pk).delete()
    return is_mine


def take_back(message_id: int, *, by: User) -> Ticket | None:
    """Take an answer back into its draft; return its case, or None where it is somebody else's or has gone out."""
    with transaction.atomic():
        _lock(message_id)
        held = HeldAnswer.objects.filter(message=message_id).select_related("macro").first()
        if held is None or not _decide(TicketMessage.objects.filter(pk=message_id, user=by)):
            return None
        message = TicketMessage.objects.select_related("ticket").get(pk=message_id)
        ticket = message.ticket
        keep_draft(ticket, by, Audience.CUSTOMER, message.body, macro=held.macro, is_added=True)
        message.delete()
        last = ticket.messages.aggregate(at=Max("at"))["at"]
        Ticket.objects.filter(pk=ticket.pk).update(last_message_at=last or ticket.opened_at)
    return ticket


def _lock(message_id: int) -> None:
    # The case first, as everybody does who writes into it, so that nobody waits in a circle.
    rows = Ticket.objects.select_for_update(no_key=True, of=("self",)).filter(messages=message_id)
    rows.values_list("pk").first()


def _decide(rows, **fields: object) -> bool:
    """Take an answer out of its waiting: of all who want that, the one conditional UPDATE lets one win."""
    return bool(rows.filter(held_until__isnull=False).update(held_until=None, **fields))
