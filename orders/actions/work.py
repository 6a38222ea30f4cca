"""Open and close work for a person."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from django.apps import apps
from django.db import models, transaction
from django.utils import timezone

from orders import events
from orders.events import key_of
from orders.models import Order, WorkItem
from orders.models.work import ACT_WITHIN, ACT_WITHIN_OTHERWISE
from shop.models import User
from shop.prepared import PreparedRows

# Whose rows work may be about.
OUR_APPS = ("orders", "suppliers", "support", "notifications", "shop", "config")


def open_work(
    reason: WorkItem.Reason,
    about: models.Model,
    *,
    order: Order | None,
    summary: str,
    money_minor: int = 0,
    deadline_at: datetime | None = None,
    part: str = "",
) -> bool:
    """Ask for a person, once per reason, subject and part of it; return False if it is open already.

    ``summary`` is one sentence for staff, without personal data. ``money_minor`` is what is at
    stake, in minor units of the shop's currency. ``deadline_at`` is until when somebody should have
    acted; None: as soon as the reason asks for. Safe to repeat.
    """
    until = deadline_at or timezone.now() + ACT_WITHIN.get(reason, ACT_WITHIN_OTHERWISE)
    with transaction.atomic():
        item, new = WorkItem.objects.get_or_create(
            reason=reason,
            subject_key=key_of(about),
            part=part,
            closed_at=None,
            defaults={"order": order, "summary": summary[:300], "money_minor": money_minor, "deadline_at": until},
        )
        if new:
            events.record("work.opened", item, by=None, reason=str(reason), about=item.subject_key)
    return new


def open_work_together(
    reason: WorkItem.Reason, wanted: Sequence[tuple[models.Model, Order, str, int]], *, deadline_at: datetime
) -> None:
    """Do as ``open_work`` for several subjects, each with its order, sentence and money; of what is open, say it anew.

    Five statements at most, however many there are. Call it inside a transaction; safe to repeat.
    """
    keys = {key_of(about): summary[:300] for about, _order, summary, _money in wanted}
    of_them = WorkItem.objects.filter(reason=reason, subject_key__in=keys, part="", closed_at=None)
    known = {item.subject_key: item for item in of_them}
    for item in known.values():
        item.summary = keys[item.subject_key]
    WorkItem.objects.bulk_update(known.values(), ["summary"])
    WorkItem.objects.bulk_create(
        [
            WorkItem(
                reason=reason,
                subject_key=key_of(about),
                order=order,
                summary=keys[key_of(about)],
                money_minor=money,
                deadline_at=deadline_at,
            )
            for about, order, _summary, money in wanted
            if key_of(about) not in known
        ],
        ignore_conflicts=True,
    )
    new = list(of_them.exclude(pk__in=[item.pk for item in known.values()]))
    events.record_together("work.opened", new, [{"reason": str(reason), "about": item.subject_key} for item in new])


# By the index of open work: a subject hardly ever has any.
_open_items = PreparedRows(
    lambda reason, key: WorkItem.objects.filter(reason=reason, subject_key=key, closed_at=None).order_by()
)


def close_work(reason: WorkItem.Reason, about: models.Model, *, by: User | None = None, part: str = "") -> bool:
    """Close the work whose cause is gone; return False if none was open. Safe to repeat.

    ``by`` is who solved it; None: it solved itself.
    """
    items = _open_items(str(reason), key_of(about))
    return any(close_item(item, by=by) for item in items if item.part == part)


def close_parts(reason: WorkItem.Reason, about: models.Model, parts: Collection[str]) -> int:
    """Close the work of one reason about some parts of a subject; return how much was open. One query where none was."""
    items = _open_items(str(reason), key_of(about))
    return sum(close_item(item, by=None) for item in items if item.part in parts)


def close_work_about(reasons: Collection[WorkItem.Reason], subjects: Iterable[models.Model]) -> int:
    """Close the work of some reasons about several subjects; return how much was open. Safe to repeat.

    One query where none was, as nearly always.
    """
    keys = [key_of(subject) for subject in subjects]
    items = WorkItem.objects.filter(reason__in=reasons, subject_key__in=keys, closed_at=None)
    return sum(close_item(item, by=None) for item in items)


def close_item(item: WorkItem, *, by: User | None) -> bool:
    """Close one piece of work; return False if it was closed. Safe to repeat."""
    with transaction.atomic():
        mine = WorkItem.objects.filter(pk=item.pk, closed_at=None)
        if not mine.update(closed_at=timezone.now(), closed_by=by):
            return False
        events.record("work.closed", item, by=by, reason=item.reason, about=item.subject_key)
    item.refresh_from_db()
    return True


def subject_of(item: WorkItem) -> models.Model | None:
    """Return the row a piece of work is about; None if it is gone. One query."""
    name, _colon, pk = item.subject_key.rpartition(":")
    for app in OUR_APPS:
        model = apps.get_app_config(app).models.get(name)
        if model is not None:
            return model._default_manager.filter(pk=pk).first()
    return None
