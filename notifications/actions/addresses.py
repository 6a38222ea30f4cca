"""Note that an address takes no mail, and lift that again: what is told of it, and what is sent after all."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.utils import timezone

from notifications.models import Notification, NotificationStatus, Suppression
from orders import events
from orders.actions.work import close_work, open_work
from orders.models import Order, WorkItem
from orders.models.order import is_under_way
from shop.models import User

# What was not sent for so long is old news, and stays unsent when an address is written to again.
STILL_NEWS = timedelta(days=14)


def is_suppressed(address: str) -> bool:
    """True for an address or number that is not written to. One query."""
    return Suppression.objects.filter(address=address.lower(), lifted_at=None).exists()


def suppress(
    address: str,
    reason: Suppression.Reason,
    *,
    source: str,
    detail: str = "",
    at: datetime | None = None,
    by: User | None,
) -> bool:
    """Do not write to an address any more; return False if that was noted before, or is older than its lifting.

    ``at`` is when it happened, by the clock of whoever tells it. Safe to repeat; news of it may come late.
    """
    address = address.strip().lower()
    with transaction.atomic():
        known = Suppression.objects.filter(address=address)
        if at is not None and known.filter(lifted_at__gt=at).exists():
            return False
        facts = {"reason": reason, "source": source[:60], "detail": detail[:300], "noted_by": by}
        _row, new = known.get_or_create(address=address, lifted_at=None, defaults=facts)
        mark_orders(address)
    return new


def mark_orders(address: str) -> None:
    """Let each open order of an address that takes no mail show that, and ask one person about it. Safe to repeat."""
    for order in _orders_of(address).filter(is_under_way()):
        with transaction.atomic():
            fresh = Order.objects.filter(pk=order.pk, email=order.email, email_failed_at=None)
            if not fresh.update(email_failed_at=timezone.now()):
                continue
            events.record("order.email_failed", order, by=None)
            summary = f"The customer of {order.number} does not get our mails: the address takes none."
            open_work(WorkItem.Reason.UNREACHABLE, order, order=order, summary=summary, money_minor=order.total_minor)


def lift_suppression(row: Suppression, *, why: str, by: User) -> bool:
    """Write to an address again, and send what was not sent lately; False if it was lifted before."""
    with transaction.atomic():
        mine = Suppression.objects.filter(pk=row.pk, lifted_at=None)
        if not mine.update(lifted_at=timezone.now(), lifted_by=by, lifted_why=why[:200]):
            return False
        for order in _orders_of(row.address).exclude(email_failed_at=None):
            Order.objects.filter(pk=order.pk).update(email_failed_at=None)
            close_work(WorkItem.Reason.UNREACHABLE, order, by=by)
        lately = Q(created_at__gt=timezone.now() - STILL_NEWS) & (
            Q(order=None) | Q(order__in=_open_orders(row.address))
        )
        unsent = Notification.objects.to(row.address).filter(lately, status=NotificationStatus.SUPPRESSED)
        # By their keys: a condition over a join is no condition of an UPDATE.
        waiting = Notification.objects.filter(pk__in=list(unsent.exclude(kind="mail").values_list("pk", flat=True)))
        waiting.update(status=NotificationStatus.QUEUED, due_at=timezone.now(), failures=0)
    row.refresh_from_db()
    return True


def _orders_of(address: str) -> QuerySet[Order]:
    return Order.objects.alias(lower_email=Lower("email")).filter(lower_email=address.lower())


def _open_orders(address: str) -> QuerySet[Order]:
    return _orders_of(address).filter(is_under_way())
