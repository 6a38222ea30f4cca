"""The sweep over the table of deadlines: open work for what waits too long, close what has gone on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import CharField, DateField, Exists, Model, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from config.deadlines import RETRIES, WAITS
from config.promises import COVERED
from config.waits import Wait, column_of
from orders import events, lease
from orders.actions.work import close_item, open_work
from orders.lease import DueWork
from orders.models import Order, Reaction, WorkItem

# What opens in one sweep; the next one goes on.
MOST_OPENED = 200
CHUNK = 500
# Whoever closed work by hand is not asked about the same wait again for so long.
SNOOZE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep did."""

    opened: int
    closed: int
    woken: int


def keep_deadlines(*, now: datetime) -> Swept:
    """Go once over everything that waits. Safe to repeat and to run twice at once.

    A fixed number of queries, whatever waits; more only for what opens or closes, and for that a bounded one.
    """
    woken = sum(_wake(retry.model, retry.which) for retry in RETRIES)
    closed = _close_gone(now)
    opened = sum(_open(wait, now) for wait in WAITS if wait.opens)
    return Swept(opened, closed, woken)


def _wake(model: type[DueWork], which: Q) -> int:
    """Make due what is to be worked on, and has no due time; what was set aside waits for a person."""
    asleep = model._default_manager.filter(which, lease.is_free(), due_at=None, quarantined_at=None)
    # By their keys: a condition over a join is no condition of an UPDATE.
    rows = model._default_manager.filter(pk__in=asleep.values("pk"), due_at=None, quarantined_at=None)
    return rows.update(due_at=lease.Now())


def waiting(wait: Wait) -> QuerySet[Model]:
    """Return the rows that wait in this way, however long."""
    rows = wait.model._default_manager.filter(wait.cause)
    return rows.filter(**{f"{column_of(wait.model)}__in": wait.states}) if wait.states else rows


def overdue(wait: Wait, *, now: datetime) -> QuerySet[Model]:
    """Return the rows that have waited in this way for too long."""
    limit = now - wait.after
    first, *others = wait.since
    field = wait.model._meta.get_field(first) if "__" not in first else None
    is_day = type(field) is DateField
    rows = waiting(wait).filter(**{f"{first}__lt": limit.date() if is_day else limit})
    for name in others:
        rows = rows.filter(Q(**{f"{name}__lt": limit}) | Q(**{name: None}))
    return rows


def _open(wait: Wait, now: datetime) -> int:
    key = Concat(Value(f"{wait.model._meta.model_name}:"), Cast(OuterRef("pk"), CharField()), output_field=CharField())
    about = WorkItem.objects.filter(subject_key=key)
    by_hand = Q(reason=wait.reason, closed_by__isnull=False) & (Q() if wait.sticks else Q(closed_at__gt=now - SNOOZE))
    # One row, one question: where a person is asked about it already, for whatever reason, that is enough.
    rows = overdue(wait, now=now).filter(~Exists(about.filter(Q(closed_at=None) | by_hand)))
    if wait.reason in COVERED.get(wait.model, ()):
        late = WorkItem.objects.filter(reason=WorkItem.Reason.LATE, order=OuterRef("order"), closed_at=None)
        rows = rows.filter(~Exists(late))
    return sum(_ask(wait, row) for row in rows.select_related(*wait.related).order_by(wait.since[0])[:MOST_OPENED])


def _ask(wait: Wait, row: Model) -> bool:
    order = _order_of(row)
    if callable(wait.money):
        money = wait.money(row)
    else:
        money = getattr(row, wait.money) if wait.money else order.total_minor if order else 0
    return open_work(wait.reason, row, order=order, summary=wait.says.format(row=row), money_minor=max(0, money))


def _order_of(row: Model) -> Order | None:
    return row.event.order if isinstance(row, Reaction) else events.order_of(row)


def _close_gone(now: datetime) -> int:
    """Close the open work about rows that wait no more."""
    closed, last = 0, 0
    kinds = {(wait.reason.value, wait.model._meta.model_name): wait.model for wait in WAITS}
    reasons = {reason for reason, _model in kinds}
    while True:
        items = WorkItem.objects.filter(closed_at=None, reason__in=reasons, pk__gt=last).order_by("pk")[:CHUNK]
        groups: dict[tuple[str, str], list[WorkItem]] = defaultdict(list)
        for item in items:
            last = item.pk
            kind = (item.reason, item.subject_key.partition(":")[0])
            if kind in kinds:
                groups[kind].append(item)
        for (reason, _name), group in groups.items():
            closed += _close_of(kinds[reason, _name], reason, group, now)
        if len(items) < CHUNK:
            return closed


def _close_of(model: type[Model], reason: str, items: Iterable[WorkItem], now: datetime) -> int:
    by_pk = {int(item.subject_key.partition(":")[2]): item for item in items}
    still: set[int] = set()
    for wait in WAITS:
        if wait.model is model and wait.reason == reason:
            rows = overdue(wait, now=now) if wait.until_news else waiting(wait)
            still |= set(rows.filter(pk__in=by_pk).values_list("pk", flat=True))
    return sum(close_item(item, by=None) for pk, item in by_pk.items() if pk not in still)
