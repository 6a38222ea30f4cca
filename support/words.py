"""A case in words: how it stands and what it waits for, for its customer; its terms, for agents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy, pgettext_lazy

from orders.words import Word
from shop.words import day, moment
from support.models import Ticket
from support.return_states import ReturnStatus
from support.states import TicketStatus

WAITING = {TicketStatus.WAITING_CUSTOMER, TicketStatus.WAITING_SUPPLIER}
_S = ReturnStatus
# What a supplier says of a return, as its customer reads it.
RETURN_WORDS: Mapping[str, Word] = {
    _S.REQUESTED: Word(pgettext_lazy("of a return", "Asked for"), "waiting"),
    _S.ACCEPTED: Word(gettext_lazy("Accepted"), "half"),
    _S.READY: Word(gettext_lazy("To be handed in"), "waiting"),
    _S.IN_TRANSIT: Word(gettext_lazy("On its way back"), "half"),
    _S.RECEIVED: Word(gettext_lazy("Received"), "half"),
    _S.INSPECTED: Word(gettext_lazy("Received"), "half"),
    _S.REVIEW: Word(gettext_lazy("Being checked by us"), "waiting"),
    _S.RESOLVED: Word(gettext_lazy("Done"), "done"),
    _S.DECLINED: Word(gettext_lazy("Declined"), "problem"),
    _S.CANCELLED: Word(gettext_lazy("Cancelled"), "done"),
    _S.EXPIRED: Word(gettext_lazy("Not sent back in time"), "problem"),
}


def waiting_sentence(ticket: Ticket) -> str:
    """Say whom a case waits for, and until when; empty where it waits for nobody but us."""
    if ticket.status != TicketStatus.WAITING_SUPPLIER:
        return ""
    until = ticket.waiting_until
    if until is None or until <= timezone.now():
        return _("We asked one of our suppliers, and tell you as soon as they answer.")
    return _("We asked one of our suppliers, answer expected %(day)s.") % {"day": day(timezone.localdate(until))}


def state_words(ticket: Ticket) -> str:
    """Say how a case stands, in the customer's words."""
    if ticket.status == TicketStatus.WAITING_CUSTOMER:
        return _("We have answered. Write below if something is still open.")
    if ticket.status == TicketStatus.SOLVED:
        return _("Solved.")
    if ticket.status == TicketStatus.WAITING_SUPPLIER:
        return waiting_sentence(ticket)
    if ticket.answer_due_at and ticket.answer_due_at > timezone.now():
        return _("With us. We answer by %(when)s.") % {"when": moment(ticket.answer_due_at)}
    return _("With us. We answer by mail and on this page.")


@dataclass(frozen=True, slots=True)
class Clock:
    """One term of a case: what, when, and how it stands (``soon``, ``late``, ``paused``, ``done``, or nothing)."""

    text: str
    kind: str


def clocks_of(ticket: Ticket) -> list[Clock]:
    """Say when the customer must have an answer, and when it must be over; paused while it is not our turn."""
    now = timezone.now()
    if ticket.status == TicketStatus.SOLVED:
        return []
    told = []
    if ticket.first_answered_at:
        told.append(Clock(_("First answered %(when)s") % {"when": moment(ticket.first_answered_at)}, "done"))
    if ticket.answer_due_at:
        text = _("Answer due %(when)s") if ticket.first_answered_at else _("First answer due %(when)s")
        told.append(Clock(text % {"when": moment(ticket.answer_due_at)}, _kind(ticket.answer_due_at, now)))
    if ticket.status in WAITING:
        told.append(Clock(_paused(ticket), "paused"))
    if ticket.solve_due_at:
        text = _("To be solved by %(when)s") % {"when": moment(ticket.solve_due_at)}
        told.append(Clock(text, _kind(ticket.solve_due_at, now)))
    return told


def _paused(ticket: Ticket) -> str:
    if ticket.status == TicketStatus.WAITING_CUSTOMER:
        return _("Paused: waiting for the customer since %(when)s") % {"when": moment(ticket.status_changed_at)}
    if ticket.waiting_until:
        return _("Paused: waiting for the supplier until %(when)s") % {"when": moment(ticket.waiting_until)}
    return _("Paused: waiting for the supplier since %(when)s") % {"when": moment(ticket.status_changed_at)}


def _kind(due: datetime, now: datetime) -> str:
    if due < now:
        return "late"
    return "soon" if (due - now).total_seconds() < 2 * 3600 else ""
