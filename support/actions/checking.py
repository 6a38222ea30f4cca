"""Tick the points of a case's checklist."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction

from shop.models import User
from support.checklists import points_of
from support.models import Tick, Ticket


def set_ticks(ticket: Ticket, keys: Collection[str], *, by: User) -> None:
    """Let exactly these points of the topic's list be ticked; who ticked one first, and when, stays. Safe to repeat."""
    known = {point.key for point in points_of(ticket)}
    wanted = known & set(keys)
    with transaction.atomic():
        Tick.objects.filter(ticket=ticket, key__in=known - wanted).delete()
        rows = [Tick(ticket=ticket, key=key, by=by) for key in sorted(wanted)]
        Tick.objects.bulk_create(rows, ignore_conflicts=True)
