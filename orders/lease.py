"""Lease and fence: how many workers share rows that are due, and none does work twice.

A row of work says when it is due (``due_at``; None: nothing to do). The relay hands due rows
to Celery and moves ``due_at`` on, so that a message that is lost is sent again. A worker takes
the row by one conditional UPDATE with a lease end and an attempt number, both by the
database's clock, and writes its result only if the attempt number is still its own.

A lease that runs out without a result is a death, whatever killed the worker. After MOST_DEATHS
in a row the row is poisoned: nobody can take it any more, and the relay sets it aside
(``orders.actions.quarantine``) until a person lets it be tried again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import models, transaction
from django.db.models import Case, ExpressionWrapper, F, Q, Value, When
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from shop.prepared import PreparedRows, PreparedUpdate

W = TypeVar("W", bound="DueWork")
# How rows are taken, by the rows: what is asked for again and again goes with whoever asks.
_TAKING: WeakKeyDictionary[models.QuerySet[Any], dict[float, Callable[[int], int]]] = WeakKeyDictionary()
# So many workers may die over one row, one after the other, before it is left alone.
MOST_DEATHS = 3
# Rows that may be worked on together: free, and nobody died over them.
IS_FRESH = Q(lease_until=None, deaths=0)


def db_now_plus(seconds: float) -> ExpressionWrapper:
    """Return the database's time plus so many seconds, as an expression."""
    return ExpressionWrapper(Now() + Value(timedelta(seconds=seconds)), output_field=models.DateTimeField())


def is_free() -> Q:
    """Rows that no worker holds at the moment."""
    return Q(lease_until=None) | Q(lease_until__lt=Now())


def is_poisoned() -> Q:
    """Rows whose last MOST_DEATHS takers have all died; the last death shows only in the lease that ran out."""
    return Q(lease_until__lt=Now(), deaths__gte=MOST_DEATHS - 1)


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
    deaths = models.PositiveSmallIntegerField(
        _("deaths in a row"), default=0, help_text=_("How often a worker took it and never gave it back.")
    )
    quarantined_at = models.DateTimeField(
        _("set aside"), null=True, blank=True, help_text=_("Not tried again until a person says so.")
    )

    class Meta:
        abstract = True

    # Work that never ends and that others wait for, as reading a supplier: it is never set aside.
    is_duty = False

    @property
    def is_poisoned(self) -> bool:
        """True for a row that is due and free although its last MOST_DEATHS takers never gave it back."""
        return self.lease_until is not None and self.deaths >= MOST_DEATHS - 1


# What the relay has to know of a row to hand it out.
COLUMNS = ("lease_until", "attempt", "deaths")


def due(rows: models.QuerySet[W]) -> models.QuerySet[W]:
    """Keep the rows that are due and that nobody holds, oldest first; poisoned ones are among them."""
    return rows.filter(is_free(), due_at__lte=Now()).order_by("due_at", "pk")


def hand_over(rows: models.QuerySet[W], most: int) -> list[W]:
    """Return at most so many due rows to be offered to workers, oldest first, and note that they were.

    They are due again after HAND_OVER_SECONDS, should nobody take them. Of several relays each row
    goes to one: what another looks at right now is passed over (SQLite has one writer at a time).
    """
    if most < 1:
        return []
    with transaction.atomic():
        # "of": rows may be chosen by what stands in other tables, which nobody must wait for.
        found = list(due(rows).select_for_update(skip_locked=True, of=("self",), no_key=True)[:most])
        if found:
            mine = rows.model._default_manager.filter(pk__in=[row.pk for row in found])
            mine.update(due_at=db_now_plus(settings.HAND_OVER_SECONDS))
    return found


def take(rows: models.QuerySet[W], pk: int, *, seconds: float | None = None) -> W | None:
    """Take a row for work for LEASE_SECONDS, or return None if it is not to be had.

    ``rows`` are the rows that may be taken at all (by state; joins are not allowed, for only the
    row's own columns are looked at again when two take at once); whether ``due_at`` has come is not
    asked again, but a row without one has nothing to do. The row returned carries the attempt number
    that ``finish`` compares, and what ``rows`` selects with it. A worker that dies lets the lease run
    out, and the row, due again by then, goes to another.
    """
    if not _taking(rows, settings.LEASE_SECONDS if seconds is None else seconds)(pk):
        return None
    # None as well if it was deleted by somebody in between, whom the lease does not bind.
    return next(iter(_reading(rows.model, _as_key(rows.query.select_related))(pk)), None)


def _taking(rows: models.QuerySet[W], seconds: float) -> Callable[[int], int]:
    """Return how one of some rows is taken: written once for rows that are named once and for all."""
    known = _TAKING.setdefault(rows, {})
    if seconds not in known:
        until, among = db_now_plus(seconds), takeable(rows.all())
        died = Case(When(lease_until=None, then=F("deaths")), default=F("deaths") + 1)
        changes = {"lease_until": until, "due_at": until, "attempt": F("attempt") + 1, "deaths": died}
        known[seconds] = _update_of(rows.model, lambda pk: (among.filter(pk=pk), changes))
    return known[seconds]


def _update_of(model: type[W], build: Callable[..., Any]) -> Callable[..., int]:
    def plainly(*values: Any) -> int:
        rows, changes = build(*values)
        return rows.update(**changes)

    # Of the one row of a table the key is a small number of its own, for which there is no stand-in.
    return PreparedUpdate(build) if model._meta.auto_field else plainly


@cache
def _finishing(model: type[W], names: tuple[str, ...]) -> Callable[..., int]:
    """Return how a row is given back with nothing more to do, and now in these columns."""
    changes = returned() | dict.fromkeys(names, Now())
    return _update_of(model, lambda pk, attempt: (model._default_manager.filter(pk=pk, attempt=attempt), changes))


@cache
def _reading(model: type[W], joined: tuple[object, ...] | bool) -> Callable[[int], Iterable[W]]:
    """Return how a row is read by its key. Each of our tasks begins with it, and most of its time went into the SQL."""

    def build(pk: int) -> models.QuerySet[W]:
        chosen = model._default_manager.filter(pk=pk).order_by()
        # Only what the caller wants joined is kept: the state may be another by now, the row is ours all the same.
        chosen.query.select_related = _from_key(joined)
        return chosen

    return PreparedRows(build) if model._meta.auto_field else build


def _as_key(joined: Mapping[str, Any] | bool) -> tuple[object, ...] | bool:
    return joined if isinstance(joined, bool) else tuple((name, _as_key(inner)) for name, inner in joined.items())


def _from_key(joined: tuple[Any, ...] | bool) -> dict[str, Any] | bool:
    return joined if isinstance(joined, bool) else {name: _from_key(inner) for name, inner in joined}


def keep(row: DueWork) -> bool:
    """Hold on to a taken row for LEASE_SECONDS from now, while long work on it goes on; False if it is ours no more."""
    until = db_now_plus(settings.LEASE_SECONDS)
    mine = type(row)._default_manager.filter(pk=row.pk, attempt=row.attempt)
    return bool(mine.update(lease_until=until, due_at=until))


def take_together(rows: models.QuerySet[W], pks: Sequence[int]) -> list[W]:
    """Take those of several rows that can be worked on in one go, for LEASE_SECONDS; the others are left.

    Left are rows that are not to be had, and rows over which a worker died before: they could take
    their neighbours with them, so they are taken one at a time. ``rows`` as in ``take``. The rows
    returned carry the attempt numbers that ``finish_together`` compares.
    """
    with transaction.atomic():
        fresh = takeable(rows).filter(IS_FRESH, pk__in=pks).order_by("pk")
        found = list(fresh.select_for_update(skip_locked=True, of=("self",), no_key=True))
        if found:
            rows.model._default_manager.filter(pk__in=[row.pk for row in found]).update(**claim_fresh())
    for row in found:
        row.attempt += 1
    return found


def takeable(rows: models.QuerySet[W]) -> models.QuerySet[W]:
    """Keep the rows that have something to do and that a worker may take now."""
    return rows.filter(is_free()).exclude(due_at=None).exclude(is_poisoned())


def claim(row: DueWork) -> dict[str, object]:
    """Return the columns that make a free row, as just read, one's own for LEASE_SECONDS.

    For whoever takes a row and changes its state in one UPDATE, which must hold on to ``still(row)``.
    """
    until = db_now_plus(settings.LEASE_SECONDS)
    died = row.deaths + (row.lease_until is not None)
    return {"lease_until": until, "due_at": until, "attempt": row.attempt + 1, "deaths": died}


def claim_fresh() -> dict[str, object]:
    """Return the columns that make free rows over which nobody died one's own for LEASE_SECONDS."""
    until = db_now_plus(settings.LEASE_SECONDS)
    return {"lease_until": until, "due_at": until, "attempt": F("attempt") + 1}


def still(row: DueWork) -> Q:
    """The condition that a row is free, and that nobody has taken it since it was read."""
    return is_free() & Q(attempt=row.attempt)


def held(rows: Sequence[DueWork]) -> Q:
    """The condition that rows are some of these, each with the attempt at which it was taken: still ours."""
    pks_by_attempt: dict[int, list[int]] = {}
    for row in rows:
        pks_by_attempt.setdefault(row.attempt, []).append(row.pk)
    condition = Q()
    for attempt, pks in pks_by_attempt.items():
        condition |= Q(pk__in=pks, attempt=attempt)
    return condition


def returned() -> dict[str, object]:
    """Return the columns that end a lease with success and nothing more to do."""
    return {"lease_until": None, "due_at": None, "failures": 0, "deaths": 0, "last_error": ""}


def finish(row: DueWork, *, due_in: float | None = None, **fields: object) -> bool:
    """Give a taken row back, with further columns to write, if the attempt is still ours.

    ``due_in`` seconds from now it is due again; None: nothing more to do. Returns False, and
    writes nothing, if the lease ran out and another worker took the row meanwhile.
    """
    if due_in is None and all(type(value) is Now for value in fields.values()):
        return bool(_finishing(type(row), tuple(sorted(fields)))(row.pk, row.attempt))
    changes = returned() | fields | {"due_at": None if due_in is None else db_now_plus(due_in)}
    mine = type(row)._default_manager.filter(pk=row.pk, attempt=row.attempt)
    return bool(mine.update(**changes))


def finish_together(rows: Sequence[DueWork], **fields: object) -> bool:
    """Give rows back with nothing more to do, if all their attempts are still ours.

    Returns False if one is not; some may be written all the same, so undo the transaction then.
    """
    manager = type(rows[0])._default_manager
    return manager.filter(held(rows)).update(**returned() | fields) == len(rows)


def fail(row: DueWork, error: str, *, retry_after: float | None = None, **fields: object) -> bool:
    """Give a taken row back to be tried again after a growing pause, with the reason.

    ``retry_after`` (seconds) is the pause the other side asked for; it is never undercut.
    ``error`` must hold no personal data. Returns False as ``finish`` does.
    """
    pause = max(pause_after(row.failures + 1), retry_after or 0)
    return finish(row, due_in=pause, failures=row.failures + 1, last_error=error[:2000], **fields)


def put_off(row: DueWork, seconds: float) -> bool:
    """Give a taken row back untried, to be due again in so many seconds: neither a failure nor a success.

    Returns False as ``finish`` does.
    """
    kept = {"failures": row.failures, "last_error": row.last_error, "deaths": row.deaths}
    return finish(row, due_in=seconds, **kept)


def begin_anew(row: DueWork, why: str) -> bool:
    """Let a duty over which workers died be taken again after a pause; its deaths count as failures.

    Returns False if a worker has it, or had it since it was read.
    """
    failures = row.failures + MOST_DEATHS
    mine = type(row)._default_manager.filter(still(row), pk=row.pk)
    due_at = db_now_plus(pause_after(failures))
    return bool(mine.update(lease_until=None, deaths=0, failures=failures, due_at=due_at, last_error=why[:2000]))


def pause_after(failures: int) -> float:
    """Return how many seconds to wait after so many failures in a row: doubling, with full jitter."""
    longest = min(settings.RETRY_MAX_SECONDS, settings.RETRY_SECONDS * 2 ** min(failures - 1, 20))
    # At least half of the pause is kept, so that a row never comes back at once.
    return longest / 2 + random.uniform(0, longest / 2)  # noqa: S311  (jitter, not a secret)
