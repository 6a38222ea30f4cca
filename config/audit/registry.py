"""What a check is, the list of all of them, and the words they share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial, wraps
from itertools import islice
from typing import TypeVar

from django.db.models import CharField, Exists, F, Model, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Cast, Coalesce, Concat
from django.utils.functional import Promise

from orders.models import WorkItem
from shop.prepared import Prepared, any_of

# Work in hand may take so long before it counts as left lying.
GRACE = timedelta(minutes=5)
MOST_NAMED = 1000
CHUNK = 500
R = TypeVar("R", bound=Model)


@dataclass(frozen=True, slots=True)
class Check:
    """One invariant: its name, what it says, and the function that names each violation."""

    name: str
    says: str | Promise
    find: Callable[[], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One check and what violates it."""

    check: Check
    violations: list[str]


CHECKS: list[Check] = []


def check(name: str, says: str | Promise) -> Callable[[Callable[[], Iterable[str]]], Callable[[], Iterable[str]]]:
    """Put a function into the list of checks; ``name`` begins with the invariant's number (V01 to V17)."""

    def add(find: Callable[[], Iterable[str]]) -> Callable[[], Iterable[str]]:
        CHECKS.append(Check(name, says, find))
        CHECKS.sort(key=lambda one: one.name)
        return find

    return add


class _Collecting(threading.local):
    """The rows that a check would name, while its questions are being collected; otherwise nothing."""

    rows: list[QuerySet] | None = None


_collecting = _Collecting()


def written_once(find: Callable[[], Iterable[str]]) -> Callable[[], Iterable[str]]:
    """Write the questions of a check once, for all of its life; its rows are read where there are some.

    For a check that is nothing but ``named`` rows, whatever the time and the settings are.
    """
    questions: list[Prepared] = []

    @wraps(find)
    def asked() -> Iterator[str]:
        if not questions:
            _collecting.rows = []
            try:
                if list(find()):
                    raise ValueError(f"{find.__name__} names more than rows")
                questions.extend(any_of(partial(QuerySet.all, rows)) for rows in _collecting.rows)
            finally:
                _collecting.rows = None
        if any(question() for question in questions):
            yield from find()

    return asked


def run_audit() -> list[Finding]:
    """Run every check; a check without violations holds. Names at most MOST_NAMED violations of each."""
    return [Finding(one, list(islice(one.find(), MOST_NAMED))) for one in CHECKS]


def named(rows: QuerySet[R], says: str, *related: str) -> Iterator[str]:
    """Name each row and what is wrong with it; ``related`` are read along for the name."""
    if _collecting.rows is not None:
        _collecting.rows.append(rows)
        return iter(())
    found = rows.select_related(*related) if related else rows
    return (f"{row}: {says}" for row in found[:MOST_NAMED])


def total(rows: QuerySet, group: str, what: str) -> Coalesce:
    """Return the sum of ``what`` over rows of one group, as a sub-query that is 0 when there are none."""
    summed = rows.order_by().values(group).annotate(found=Sum(what)).values("found")
    return Coalesce(Subquery(summed), 0)


def row_key(model: type[Model], column: str = "pk") -> Concat:
    """Return the name of a row in events and work, as in ``order:12``, as an expression."""
    name = Value(f"{model._meta.model_name}:")
    return Concat(name, Cast(F(column), CharField()), output_field=CharField())


def asked(order: str = "pk") -> Exists:
    """True where a person has been asked about an order and has not answered; ``order`` is its column."""
    return Exists(WorkItem.objects.filter(order=OuterRef(order), closed_at=None))


def in_chunks(rows: QuerySet[R]) -> Iterator[list[R]]:
    """Walk over rows by their ids, in bounded memory and short queries."""
    last = 0
    while True:
        chunk = list(rows.filter(pk__gt=last).order_by("pk")[:CHUNK])
        if not chunk:
            return
        yield chunk
        last = chunk[-1].pk
