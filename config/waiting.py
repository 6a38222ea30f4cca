"""The sweep over the table of deadlines: open work for what waits too long, close what has gone on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from django.db.models import CharField, DateField, Exists, Model, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from config.deadlines import RETRIES, WAITS, Retry
from config.promises import COVERED
from config.waits import Wait, column_of
from orders import events, lease
from orders.actions.work import close_item, open_work
from orders.lease import DueWork
from orders.models import Order, Reaction, WorkItem
from shop.prepared import any_of

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
    woken = sum(_wake(retry) for retry, has_any in ASLEEP if has_any())
    closed = _close_gone(now)
    opened = sum(_open(wait, now) for wait, has_any in OVERDUE if has_any(*_moments(wait, now)))
    return Swept(opened, closed, woken)


def _asleep(retry: Retry) -> QuerySet[DueWork]:
    """Return what is to be worked on, and has no due time; what was set aside waits for a person."""
    return retry.model._default_manager.filter(retry.which, lease.is_free(), due_at=None, quarantined_at=None)


def _wake(retry: Retry) -> int:
    # By their keys: a condition over a join is no condition of an UPDATE.
    asleep = _asleep(retry).values("pk")
    rows = retry.model._default_manager.filter(pk__in=asleep, due_at=None, quarantined_at=None)
    return rows.update(due_at=lease.Now())


def waiting(wait: Wait) -> QuerySet[Model]:
    """Return the rows that wait in this way, however long."""
    rows = wait.model._default_manager.filter(wait.cause)
    return rows.filter(**{f"{column_of(wait.model)}__in": wait.states}) if wait.states else rows


def overdue(wait: Wait, *, now: datetime) -> QuerySet[Model]:
    """Return the rows that have waited in this way for too long."""
    return _older(wait, _limits(wait, now))


def _limits(wait: Wait, now: datetime) -> list[date]:
    """Return before when each of the columns has to be."""
    limit = now - wait.after
    field = wait.model._meta.get_field(wait.since[0]) if "__" not in wait.since[0] else None
    return [limit.date() if type(field) is DateField else limit, *[limit for _other in wait.since[1:]]]


def _older(wait: Wait, limits: list[date]) -> QuerySet[Model]:
    rows = waiting(wait).filter(**{f"{wait.since[0]}__lt": limits[0]})
    for name, limit in zip(wait.since[1:], limits[1:], strict=True):
        rows = rows.filter(Q(**{f"{name}__lt": limit}) | Q(**{name: None}))
    return rows


def _moments(wait: Wait, now: datetime) -> list[date]:
    """Return what decides whether a row is to become work: the limits, and since when nobody was asked."""
    return [*_limits(wait, now), *([] if wait.sticks else [now - SNOOZE])]


def _to_ask(wait: Wait, *moments: date) -> QuerySet[Model]:
    """Return the rows that wait for too long and that nobody has been asked about."""
    key = Concat(Value(f"{wait.model._meta.model_name}:"), Cast(OuterRef("pk"), CharField()), output_field=CharField())
    about = WorkItem.objects.filter(subject_key=key)
    count = len(wait.since)
    recently = Q() if wait.sticks else Q(closed_at__gt=moments[count])
    by_hand = Q(reason=wait.reason, closed_by__isnull=False) & recently
    # One row, one question: where a person is asked about it already, for whatever reason, that is enough.
    rows = _older(wait, [*moments[:count]]).filter(~Exists(about.filter(Q(closed_at=None) | by_hand)))
    if wait.reason in COVERED.get(wait.model, ()):
        late = WorkItem.objects.filter(reason=WorkItem.Reason.LATE, order=OuterRef("order"), closed_at=None)
        rows = rows.filter(~Exists(late))
    return rows


def _open(wait: Wait, now: datetime) -> int:
    rows = _to_ask(wait, *_moments(wait, now)).select_related(*wait.related).order_by(wait.since[0])
    return sum(_ask(wait, row) for row in rows[:MOST_OPENED])


# Hardly ever there is any, and to write the questions takes longer than to ask them: they are written once.
OVERDUE = [(wait, any_of(partial(_to_ask, wait))) for wait in WAITS if wait.opens]
ASLEEP = [(retry, any_of(partial(_asleep, retry))) for retry in RETRIES]


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
