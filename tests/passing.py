"""Let time pass over rows, as the clock would, and see whom the sweep asks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import models
from django.utils import timezone

from config.waiting import Swept, keep_deadlines
from orders.events import key_of
from orders.models import (
    WorkItem,
)

LONG = timedelta(days=400)
FLOORS = ("shop", "orders", "suppliers", "support", "notifications")
# Columns named "status" that are no machine: facts written once, or what a supplier says of its list.
FACTS = {"TrackingEvent": "a scan is a fact", "Offer": "whether a supplier sells it; no one waits"}


def put(row: models.Model, **fields: Any) -> models.Model:
    """Write columns of a row past every machine, as a fault would."""
    type(row)._default_manager.filter(pk=row.pk).update(**fields)
    row.refresh_from_db()
    return row


def let_time_pass(row: models.Model) -> models.Model:
    """Make every moment that a row and its order know so old that no deadline is left, and its due time none."""
    for aged in {row, getattr(row, "order", None)} - {None}:
        _age(aged)
    row.refresh_from_db()
    return row


def _age(row: models.Model) -> None:
    keep = {"due_at", "lease_until", "closed_at", "released_at", "delivered_at", "done_at", "sent_at"}
    for field in row._meta.concrete_fields:
        value = getattr(row, field.name)
        if isinstance(field, models.DateField) and field.name not in keep and value is not None:
            setattr_of = {field.name: value - LONG}
            type(row)._default_manager.filter(pk=row.pk).update(**setattr_of)
    if any(field.name == "lease_until" for field in row._meta.concrete_fields):
        type(row)._default_manager.filter(pk=row.pk).update(due_at=None, lease_until=None)


def sweep() -> Swept:
    """Look once for whatever has waited too long."""
    return keep_deadlines(now=timezone.now())


def work_about(row) -> list[WorkItem]:
    """Return what persons are asked about a row."""
    return list(WorkItem.objects.filter(subject_key=key_of(row), closed_at=None))
