"""Lease and fence: how many workers share rows that are due, and none does work twice.

A row of work says when it is due (``due_at``; None: nothing to do). The relay hands due rows
to Celery and moves ``due_at`` on, so that a message that is lost is sent again. A worker takes
the row by one conditional UPDATE with a lease end and an attempt number, both by the
database's clock, and writes its result only if the attempt number is still its own.
"""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TypeVar

from django.conf import settings
from django.db import models
from django.db.models import ExpressionWrapper, F, Q, Value
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

W = TypeVar("W", bound="DueWork")


def db_now_plus(seconds: float) -> ExpressionWrapper:
    """Return the database's time plus so many seconds, as an expression."""
    return ExpressionWrapper(Now() + Value(timedelta(seconds=seconds)), output_field=models.DateTimeField())


def is_free() -> Q:
    """Rows that no worker holds at the moment."""
    return Q(lease_until=None) | Q(lease_until__lt=Now())


class DueWork(models.Model):
    """A row that may need work: fields of the lease."""

    due_at = models.DateTimeField(
        _("due at"), null=True, blank=True, db_index=True, help_text=_("Empty: nothing to do.")
    )
    lease_until = models.DateTimeField(_("taken until"), null=True, blank=True)
    attempt = models.PositiveIntegerField(
        _("attempt"), default=0, help_text=_("Counts how often it was taken; the fence.")
    )
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    last_error = models.TextField(_("last error"), blank=True)

    class Meta:
        abstract = True


def due(rows: models.QuerySet[W]) -> models.QuerySet[W]:
    """Keep the rows that are due and that nobody holds, oldest first."""
    return rows.filter(is_free(), due_at__lte=Now()).order_by("due_at", "pk")


def hand_over(rows: models.QuerySet[W], pk: int) -> bool:
    """Note that a row was offered to a worker; it is offered again after HAND_OVER_SECONDS.

    Returns False if another relay was faster.
    """
    return bool(due(rows).order_by().filter(pk=pk).update(due_at=db_now_plus(settings.HAND_OVER_SECONDS)))


def take(rows: models.QuerySet[W], pk: int, *, seconds: float | None = None) -> W | None:
    """Take a row for work for LEASE_SECONDS, or return None if it is not to be had.

    ``rows`` are the rows that may be taken at all (by state); whether ``due_at`` has come is
    not asked again, but a row without one has nothing to do. The row returned carries the
    attempt number that ``finish`` compares. A worker that dies lets the lease run out, and the
    row, due again by then, goes to another.
    """
    lease = settings.LEASE_SECONDS if seconds is None else seconds
    free = rows.filter(is_free(), pk=pk).exclude(due_at=None)
    taken = free.update(lease_until=db_now_plus(lease), due_at=db_now_plus(lease), attempt=F("attempt") + 1)
    return rows.model._default_manager.get(pk=pk) if taken else None


def finish(row: DueWork, *, due_in: float | None = None, **fields: object) -> bool:
    """Give a taken row back, with further columns to write, if the attempt is still ours.

    ``due_in`` seconds from now it is due again; None: nothing more to do. Returns False, and
    writes nothing, if the lease ran out and another worker took the row meanwhile.
    """
    changes: dict[str, object] = {"failures": 0, "last_error": ""}
    changes |= fields
    changes |= {"lease_until": None, "due_at": None if due_in is None else db_now_plus(due_in)}
    mine = type(row)._default_manager.filter(pk=row.pk, attempt=row.attempt)
    return bool(mine.update(**changes))


def fail(row: DueWork, error: str, *, retry_after: float | None = None, **fields: object) -> bool:
    """Give a taken row back to be tried again after a growing pause, with the reason.

    ``retry_after`` (seconds) is the pause the other side asked for; it is never undercut.
    ``error`` must hold no personal data. Returns False as ``finish`` does.
    """
    pause = max(pause_after(row.failures + 1), retry_after or 0)
    return finish(row, due_in=pause, failures=row.failures + 1, last_error=error[:2000], **fields)


def pause_after(failures: int) -> float:
    """Return how many seconds to wait after so many failures in a row: doubling, with full jitter."""
    longest = min(settings.RETRY_MAX_SECONDS, settings.RETRY_SECONDS * 2 ** min(failures - 1, 20))
    # At least half of the pause is kept, so that a row never comes back at once.
    return longest / 2 + random.uniform(0, longest / 2)  # noqa: S311  (jitter, not a secret)
