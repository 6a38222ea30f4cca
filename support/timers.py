"""The clocks of a case: by when we answer and solve it. The only place that sets those times.

They run while it is our turn, by the service level of the case. While it waits for the customer or a supplier they
stand still, and afterwards go on with what was left. A case that is opened again begins anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import F
from django.db.models.functions import Coalesce

from support.hours import rounded_up
from support.levels import Level, level_of

OUR_TURN = ("new", "open")
WAITING = ("waiting_customer", "waiting_supplier")
SOLVED = "solved"
# What a move must know of a case.
COLUMNS = ("status", "topic", "priority", "answer_due_at", "solve_due_at", "answer_left_seconds", "solve_left_seconds")


def answer_due(now: datetime, topic: str = "question", priority: str = "normal") -> datetime:
    """Return by when we answer what is written now."""
    level = level_of(topic, priority)
    return level.due(now, level.first_answer)


def opening_times(topic: str, priority: str, *, now: datetime) -> dict[str, datetime]:
    """Return the columns of a case that is opened now."""
    level = level_of(topic, priority)
    return {"answer_due_at": level.due(now, level.first_answer), "solve_due_at": level.due(now, level.solve)}


def changes_of_move(row: Mapping[str, Any], to: str, *, now: datetime) -> dict[str, object]:
    """Return the columns that change with a move to the state ``to``. ``row`` has COLUMNS as they are before it."""
    before, level = row["status"], level_of(row["topic"], row["priority"])
    if to == SOLVED:
        return _stopped() | {"waiting_until": None, "solved_at": now}
    if to in WAITING:
        return {} if before in WAITING else _paused(row, level, now)
    if before in WAITING:
        return _resumed(row, level, now)
    return _begun_anew(level, now) if before == SOLVED else {}


def _stopped() -> dict[str, object]:
    return dict.fromkeys(("answer_due_at", "solve_due_at", "answer_left_seconds", "solve_left_seconds"))


def _paused(row: Mapping[str, Any], level: Level, now: datetime) -> dict[str, object]:
    def left(due: datetime | None) -> int | None:
        return None if due is None else int(level.hours.between(now, due))

    return _stopped() | {
        "answer_left_seconds": left(row["answer_due_at"]),
        "solve_left_seconds": left(row["solve_due_at"]),
    }


def _resumed(row: Mapping[str, Any], level: Level, now: datetime) -> dict[str, object]:
    def due(left: int | None, otherwise: int) -> datetime:
        return level.due(now, otherwise) if left is None else rounded_up(level.hours.add(now, left))

    return _stopped() | {
        "waiting_until": None,
        # Nothing was owed: then what has just come is to be answered.
        "answer_due_at": due(row["answer_left_seconds"], level.next_answer),
        "solve_due_at": due(row["solve_left_seconds"], level.solve),
    }


def _begun_anew(level: Level, now: datetime) -> dict[str, object]:
    return _stopped() | {
        "answer_due_at": level.due(now, level.next_answer),
        "solve_due_at": level.due(now, level.solve),
        "solved_at": None,
        "escalated_at": None,
        "reopened": F("reopened") + 1,
    }


def owe_answer(ticket: models.Model, *, now: datetime) -> None:
    """Start the clock for an answer, unless it runs. For what a customer writes while it is our turn; safe to repeat."""
    level = level_of(ticket.topic, ticket.priority)  # type: ignore[attr-defined]
    due = level.due(now, level.next_answer)
    mine = type(ticket)._default_manager.filter(pk=ticket.pk, status__in=OUR_TURN, answer_due_at=None)
    mine.update(answer_due_at=due)


def note_answered(ticket: models.Model, *, now: datetime) -> None:
    """Stop the clock for an answer: the customer has one. Call it before the case moves on; safe to repeat."""
    type(ticket)._default_manager.filter(pk=ticket.pk).update(
        answer_due_at=None, answer_left_seconds=None, first_answered_at=Coalesce("first_answered_at", now)
    )


def hurried(row: Mapping[str, Any], priority: str, *, now: datetime) -> dict[str, datetime]:
    """Return the times of a case that gets another priority: never later than they were."""
    level = level_of(row["topic"], priority)
    terms = {"answer_due_at": level.next_answer, "solve_due_at": level.solve}
    return {name: min(row[name], level.due(now, minutes)) for name, minutes in terms.items() if row[name]}
