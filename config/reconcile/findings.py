"""Differences, written down once each, and closed when nothing differs any more."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from config.models import MoneyFinding
from orders.actions.work import close_item, open_work
from orders.events import key_of
from orders.models import Order, WorkItem
from shop.models import User
from shop.money import Money

Kind = MoneyFinding.Kind
R = WorkItem.Reason
# Whoever has been asked about an order's money in one of these ways need not be asked again.
ASKED_ALREADY = (R.PAYMENT_UNEXPECTED, R.PAYMENT_STUCK, R.REFUND_FAILED, R.REFUND_STUCK, R.DISPUTE)
ASKED_ALREADY += (R.OVERPAID, R.REFUND_BY_HAND)


def note(kind: Kind, key: str, *, says: str, money: Money, order: Order | None, now: datetime) -> bool:
    """Write a difference down and ask for a person; False if it was known and open. Safe to repeat.

    What a person has explained stays explained as long as it is about the same amount.
    """
    facts = {"says": says[:300], "amount_minor": max(0, money.minor), "currency": money.currency, "order": order}
    with transaction.atomic():
        row, new = MoneyFinding.objects.select_for_update().get_or_create(
            kind=kind, key=key[:120], defaults=facts | {"found_at": now, "seen_at": now}
        )
        if not new:
            if row.explained_by_id and row.amount_minor == facts["amount_minor"]:
                MoneyFinding.objects.filter(pk=row.pk).update(seen_at=now)
                return False
            new = row.explained_at is not None
            again = {"found_at": now, "explained_at": None, "explained_by": None} if new else {}
            MoneyFinding.objects.filter(pk=row.pk).update(seen_at=now, **facts, **again)
            row.refresh_from_db()
        _ask(row, says, facts["amount_minor"], order)
    return new


def _ask(row: MoneyFinding, says: str, amount_minor: int, order: Order | None) -> None:
    if order is not None and order.work_items.filter(reason__in=ASKED_ALREADY, closed_at=None).exists():
        return
    closed_by_hand = WorkItem.objects.filter(reason=R.MONEY_FINDING, subject_key=key_of(row)).exclude(closed_by=None)
    if closed_by_hand.filter(closed_at__gte=row.found_at).exists():
        # Somebody has it in hand; it stays on the page until it is explained.
        return
    open_work(R.MONEY_FINDING, row, order=order, summary=says, money_minor=amount_minor)


def explain(kind: Kind, keys: Iterable[str], *, now: datetime) -> int:
    """Close what is open about some subjects, for it was found to be right; return how much. Safe to repeat."""
    return _close(MoneyFinding.objects.filter(kind=kind, key__in=list(keys), explained_at=None), now, by=None)


def explain_unseen(kind: Kind, *, since: datetime, now: datetime) -> int:
    """Close what a run that looked at everything of a kind has not found again; it began at ``since``."""
    return _close(MoneyFinding.objects.filter(kind=kind, explained_at=None, seen_at__lt=since), now, by=None)


def explain_by_hand(row: MoneyFinding, *, by: User, now: datetime) -> bool:
    """Note that a person knows what a difference is; False if it was explained before."""
    return bool(_close(MoneyFinding.objects.filter(pk=row.pk, explained_at=None), now, by=by))


def _close(rows: QuerySet[MoneyFinding], now: datetime, *, by: User | None) -> int:
    with transaction.atomic():
        found = list(rows)
        if not found:
            return 0
        rows.filter(pk__in=[row.pk for row in found]).update(explained_at=now, explained_by=by)
        items = WorkItem.objects.filter(
            reason=R.MONEY_FINDING, subject_key__in=[key_of(row) for row in found], closed_at=None
        )
        for item in items:
            close_item(item, by=by)
    return len(found)
