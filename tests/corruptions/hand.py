"""The shop that is corrupted, and what a hand at the database does to its rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import models

from orders.models import Order, OrderLine
from support.models import Ticket

HOUR = timedelta(hours=1)


@dataclass
class World:
    """One order with goods delivered, goods that nobody had, and gated goods; and two unpaid ones."""

    order: Order
    goods: OrderLine
    lost: OrderLine
    gated: OrderLine
    waiting: Order
    expired: Order
    other: Order
    case: Ticket


def erase(rows: models.QuerySet) -> None:
    """Delete rows and nothing that hangs on them, as a hand at the database would."""
    assert rows._raw_delete(rows.db) != 0


def copy_row(row: models.Model, **changes: object) -> models.Model:
    """Write a second row like this one, but for some columns."""
    changes.setdefault("pk", None)
    for name, value in changes.items():
        setattr(row, name, value)
    row._state.adding = True
    models.Model.save(row, force_insert=True)
    return row


# The check that must name it, what is done, and the tables whose constraints would have refused it.
Corruption = tuple[str, Callable[[World], object], tuple[type[models.Model], ...]]


def kind(check: str, done: Callable[[World], object], *unguarded: type[models.Model]) -> Corruption:
    return check, done, unguarded
