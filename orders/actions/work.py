"""Open and close work for a person."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import models
from django.utils import timezone

from orders.events import key_of
from orders.models import Order, WorkItem


def open_work(
    reason: WorkItem.Reason,
    about: models.Model,
    *,
    order: Order | None,
    summary: str,
    money_minor: int = 0,
    deadline_at: datetime | None = None,
) -> bool:
    """Ask for a person, once per reason and subject; return False if it is open already.

    ``summary`` is one sentence for staff, without personal data. ``money_minor`` is what is at
    stake, in minor units of the shop's currency. Safe to repeat.
    """
    _item, new = WorkItem.objects.get_or_create(
        reason=reason,
        subject_key=key_of(about),
        closed_at=None,
        defaults={"order": order, "summary": summary[:300], "money_minor": money_minor, "deadline_at": deadline_at},
    )
    return new


def close_work(reason: WorkItem.Reason, about: models.Model) -> bool:
    """Close the work whose cause is gone; return False if none was open. Safe to repeat."""
    found = WorkItem.objects.filter(reason=reason, subject_key=key_of(about), closed_at=None)
    return bool(found.update(closed_at=timezone.now()))


def close_work_about(reason: WorkItem.Reason, subjects: Iterable[models.Model]) -> int:
    """Close the work of one reason about several subjects; return how much was open. Safe to repeat.

    One query where none was, as nearly always.
    """
    by_key = {key_of(subject): subject for subject in subjects}
    keys = WorkItem.objects.filter(reason=reason, subject_key__in=by_key, closed_at=None)
    return sum(close_work(reason, by_key[key]) for key in keys.values_list("subject_key", flat=True))
