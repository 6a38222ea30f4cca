"""What an entry of the table of deadlines says (``config/deadlines.py``), and the times that all parts of it share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Model, Q

from orders.models import WorkItem

AT_ONCE = timedelta(0)
# A supplier, Stripe or the mail server may be away for a while; the tries go on all the time.
AWAY = timedelta(hours=1)
A_DAY = timedelta(days=1)
# The audit runs every night; one night may fail and be made up for.
TWO_NIGHTS = timedelta(days=2)
ALWAYS = Q()


@dataclass(frozen=True, slots=True)
class Wait:
    """One way in which rows of a model wait.

    ``states`` are values of the machine's column that it covers (none: the model has no machine);
    ``cause`` restricts them further. All columns ``since`` must be older than ``after``; only the first
    must be known. ``says`` is the sentence for staff, of the ``row``. ``money`` names a column of the
    row, or counts it; empty: the order's total. With ``until_news`` younger news ends the waiting, otherwise only
    another state does. ``sticks``: whoever closes the work by hand has dealt with it for good. Without
    ``opens`` somebody else asks the person, and the entry says only how long the cause is there.
    """

    name: str
    model: type[Model]
    states: tuple[str, ...]
    reason: WorkItem.Reason
    since: tuple[str, ...]
    after: timedelta
    says: str
    cause: Q = ALWAYS
    money: str | Callable[[Any], int] = ""
    related: tuple[str, ...] = ("order",)
    until_news: bool = False
    sticks: bool = False
    opens: bool = True


def column_of(model: type[Model]) -> str:
    """Return the name of the column that holds a model's state."""
    names = {field.name for field in model._meta.get_fields()}
    return "status" if "status" in names else "state"
