"""When a case is due, in a word, a shape and a colour, and how long that is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from support.models import Ticket
from support.states import TicketStatus
from support.timers import OUR_TURN

MINUTE, HOUR, DAY = 60, 3600, 86_400


@dataclass(frozen=True, slots=True)
class Due:
    """What a list says of a case: ``kind`` in a word, ``shape`` of the badge, ``tone`` of its colour, ``when`` in words."""

    kind: str
    word: str | Promise
    shape: str
    tone: str
    when: str
    at: datetime | None


# The four kinds, and what is said where it is not our turn.
KINDS: dict[str, tuple[str | Promise, str, str]] = {
    "new": (gettext_lazy("New"), "waiting", "info"),
    "answered": (gettext_lazy("Customer answered"), "half", "accent"),
    "first_late": (gettext_lazy("First answer late"), "problem", "danger"),
    "solve_late": (gettext_lazy("Solution late"), "late", "warn"),
    "ours": (gettext_lazy("In work"), "half", "quiet"),
    "waiting": (gettext_lazy("Waiting"), "waiting", "quiet"),
    "solved": (gettext_lazy("Solved"), "done", "ok"),
}


def span(seconds: float) -> str:
    """Write how long something takes, as “20 min”, “3 h” or “2 days”; what is under a minute is one."""
    if seconds < HOUR:
        return _("%(count)d min") % {"count": max(1, int(seconds // MINUTE))}
    if seconds < 2 * DAY:
        return _("%(count)d h") % {"count": int(seconds // HOUR)}
    days = int(seconds // DAY)
    return ngettext("%(count)d day", "%(count)d days", days) % {"count": days}


def due_words(when: datetime, now: datetime) -> str:
    """Write when something is due: “in 2 h”, or “3 h late”."""
    seconds = (when - now).total_seconds()
    if seconds < 0:
        return _("%(time)s late") % {"time": span(-seconds)}
    return _("in %(time)s") % {"time": span(seconds)}


def due_of(ticket: Ticket, now: datetime) -> Due:
    """Say when a case is due, and for what; reads nothing."""
    kind, when = _kind_of(ticket, now)
    word, shape, tone = KINDS[kind]
    words = due_words(when, now) if when else ""
    return Due(kind, word, shape, tone, words, when)


def _kind_of(ticket: Ticket, now: datetime) -> tuple[str, datetime | None]:
    if ticket.status == TicketStatus.SOLVED:
        return "solved", None
    if ticket.status not in OUR_TURN:
        return "waiting", ticket.waiting_until
    answer, solve = ticket.answer_due_at, ticket.solve_due_at
    first = min((due for due in (answer, solve) if due), default=None)
    if solve and solve < now and (answer is None or answer >= now):
        return "solve_late", solve
    if answer and ticket.first_answered_at is None:
        return ("first_late", answer) if answer < now else ("new", first)
    # An answer to what the customer has written since; or only the end is still owed.
    return ("answered", first) if answer else ("ours", first)


def soon() -> timedelta:
    """How long before its time a case counts as due soon."""
    return timedelta(hours=4)
