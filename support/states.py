"""The state machines of a support case and of what suppliers are asked in it."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.states import move_row
from shop.models import User
from support import timers


class TicketStatus(models.TextChoices):
    """Whose turn it is."""

    NEW = "new", _("new")
    OPEN = "open", _("open")
    WAITING_CUSTOMER = "waiting_customer", _("waiting for the customer")
    WAITING_SUPPLIER = "waiting_supplier", _("waiting for the supplier")
    SOLVED = "solved", _("solved")


_T = TicketStatus
_ACTIVE = frozenset({_T.OPEN, _T.WAITING_CUSTOMER, _T.WAITING_SUPPLIER, _T.SOLVED})
MOVES: Mapping[str, frozenset[str]] = {
    _T.NEW: _ACTIVE,
    _T.OPEN: _ACTIVE - {_T.OPEN},
    _T.WAITING_CUSTOMER: _ACTIVE - {_T.WAITING_CUSTOMER},
    _T.WAITING_SUPPLIER: _ACTIVE - {_T.WAITING_SUPPLIER},
    # A later answer of the customer or the supplier opens it again.
    _T.SOLVED: frozenset({_T.OPEN}),
}


def move_ticket(ticket: models.Model, to: TicketStatus, *, by: User | None, **facts: object) -> bool:
    """Move a ticket to ``to`` and record ``ticket.<to>``, with its clocks; see ``orders.states.move_row``.

    A case that was solved and is opened again is counted; its event says ``again``.
    """
    before = type(ticket)._default_manager.filter(pk=ticket.pk).values(*timers.COLUMNS).get()
    changes = timers.changes_of_move(before, to, now=timezone.now())
    if before["status"] == TicketStatus.SOLVED:
        facts["again"] = True
    return move_row(ticket, to, moves=MOVES, kind=f"ticket.{to}", by=by, fields=changes, **facts)


class QuestionStatus(models.TextChoices):
    """What became of a question to a supplier."""

    ASKED = "asked", _("asked")
    REMINDED = "reminded", _("reminded")
    ANSWERED = "answered", _("answered")
    OVERDUE = "overdue", _("not answered")
    CLOSED = "closed", _("not needed any more")


_Q = QuestionStatus
# An answer is still wanted.
OPEN_QUESTIONS = (_Q.ASKED, _Q.REMINDED, _Q.OVERDUE)
# Somebody still waits for it without doing anything.
WAITING_QUESTIONS = (_Q.ASKED, _Q.REMINDED)
QUESTION_MOVES: Mapping[str, frozenset[str]] = {
    _Q.ASKED: frozenset({_Q.REMINDED, _Q.ANSWERED, _Q.CLOSED}),
    _Q.REMINDED: frozenset({_Q.OVERDUE, _Q.ANSWERED, _Q.CLOSED}),
    # Late, and welcome all the same.
    _Q.OVERDUE: frozenset({_Q.ANSWERED, _Q.CLOSED}),
    _Q.ANSWERED: frozenset(),
    _Q.CLOSED: frozenset(),
}


def move_question(
    question: models.Model,
    to: QuestionStatus,
    *,
    by: User | None,
    fields: Mapping[str, object] | None = None,
    **facts: object,
) -> bool:
    """Move a question to ``to`` and record ``supplier_question.<to>``; see ``orders.states.move_row``."""
    return move_row(question, to, moves=QUESTION_MOVES, kind=f"supplier_question.{to}", by=by, fields=fields, **facts)
