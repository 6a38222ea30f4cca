"""Pass cases up that come too late."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from orders import events
from orders.actions.work import open_work
from orders.models import WorkItem
from support.agents import on_duty
from support.inbox import overdue
from support.models import Ticket

# So many in one sweep; the next one goes on.
MOST_ESCALATED = 200
_P = Ticket.Priority
NEXT_PRIORITY = {_P.LOW: _P.NORMAL, _P.NORMAL: _P.HIGH, _P.HIGH: _P.URGENT, _P.URGENT: _P.URGENT}


def escalate_overdue(*, now: datetime) -> int:
    """Pass up, once each, the cases that are too late; return how many. Safe to repeat and to run twice at once."""
    late = (
        Ticket.objects.filter(overdue(now), escalated_at=None).select_related("order").order_by("answer_due_at", "pk")
    )
    found = list(late[:MOST_ESCALATED])
    told = [shift.user_id for shift in on_duty(now)] if found else []
    return sum(_escalate(ticket, told, now) for ticket in found)


def _escalate(ticket: Ticket, told: list[int], now: datetime) -> bool:
    was, priority = ticket.priority, NEXT_PRIORITY[_P(ticket.priority)]
    with transaction.atomic():
        mine = Ticket.objects.filter(overdue(now), pk=ticket.pk, escalated_at=None, priority=was)
        if not mine.update(escalated_at=now, priority=priority):
            return False
        events.record("ticket.escalated", ticket, by=None, priority=str(priority), was=was, told=told)
        # The table of deadlines asks for the same, and closes it when the case is answered.
        says = f"Case {ticket.number} is late, and is {priority} now."
        open_work(WorkItem.Reason.CASE_LATE, ticket, order=ticket.order, summary=says)
    return True
