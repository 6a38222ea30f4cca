"""What tests of promises share: sold goods, days in their life, and what their customers were told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta

import time_machine
from django.utils import timezone

from notifications.models import Notification
from orders.actions.estimates import record_estimate
from orders.actions.watch import watch_deliveries
from orders.models import ArrivalNotice, Estimate, Order, OrderDelivery, OrderLine, WorkItem
from suppliers.models import Supplier, SupplierOrder, SupplierOrderLine
from tests.factories import make_paid_order, make_supplier, make_variant

# A Tuesday before the cut-off; the usual way takes one or two days, so by Friday 27 November.
SOLD = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SOURCE = Estimate.Source


@contextmanager
def on(day: str | date, hour: int = 9) -> Iterator[None]:
    """Be at an hour of a day; time stands still."""
    moment = datetime.combine(date.fromisoformat(str(day)), time(hour), UTC)
    with time_machine.travel(moment, tick=False):
        yield


def sell(*slugs: str, quantity: int = 2) -> Order:
    """Sell something of each supplier at SOLD."""
    with time_machine.travel(SOLD, tick=False):
        goods = [(make_variant(_supplier(slug), price_minor=2500), quantity) for slug in slugs or ("harbour",)]
        return make_paid_order(*goods)


def _supplier(slug: str) -> Supplier:
    return Supplier.objects.filter(slug=slug).first() or make_supplier(slug)


def hand_over(order: Order, *, confirmed: bool = True, **fields: object) -> list[SupplierOrder]:
    """Let suppliers have an order, and have confirmed it unless told otherwise; without a call."""
    made: dict[int, SupplierOrder] = {}
    facts = {"status": "placed", "placed_at": SOLD, "version": 1, "due_at": None} | fields
    for line in order.lines.select_related("delivery"):
        supplier = Supplier.objects.get(delivery_profile=line.delivery.profile_id)
        row, _new = SupplierOrder.objects.update_or_create(
            order=order,
            supplier=supplier,
            defaults=facts,
            create_defaults={"reference": f"R-{order.pk}-{supplier.slug}", **facts},
        )
        counts = {"accepted": line.quantity, "pending": 0} if confirmed else {"accepted": 0, "pending": line.quantity}
        sold = {"offer": supplier.offers.get(variant=line.variant_id), "supplier_sku": line.sku, "unit_cost": 1}
        SupplierOrderLine.objects.update_or_create(
            supplier_order=row,
            order_line=line,
            defaults=counts,
            create_defaults={"line_id": f"L{line.pk}", "quantity": line.quantity, **sold, **counts},
        )
        OrderLine.objects.filter(pk=line.pk).update(
            forwarded=line.quantity, confirmed=line.quantity if confirmed else 0
        )
        made[row.pk] = row
    return list(made.values())


def slip(
    order: Order, latest: str | date, *, source: Estimate.Source = SOURCE.SUPPLIER, slug: str = "", **word: str
) -> bool:
    """Let a new last day be named for one delivery of an order."""
    deliveries = order.deliveries.filter(profile__code=slug) if slug else order.deliveries.all()
    delivery, day = deliveries.first(), date.fromisoformat(str(latest))
    return record_estimate(delivery, None, earliest_on=day, latest_on=day, source=source, **word)


def watch(*, everything: bool = False) -> int:
    """Look at what is due now; at everything, if so told."""
    if everything:
        OrderDelivery.objects.filter(watch_at__isnull=False).update(watch_at=timezone.now())
    return watch_deliveries(now=timezone.now())


def hurry_news(relay) -> None:
    """Let an hour be over since customers were written to, and work everything off.

    The engine's leases go by the database's clock, which tests do not move.
    """
    ArrivalNotice.objects.filter(due_at__isnull=False).update(due_at=SOLD - timedelta(days=30), lease_until=None)
    relay.run_until_idle()


def told(order: Order) -> list[str]:
    """Return the kinds of the order's messages about days, in order."""
    rows = Notification.objects.filter(order=order, kind__startswith="arrival-").order_by("pk")
    return [row.kind for row in rows]


def late_work(order: Order) -> list[str]:
    """Return the open work about an order's late goods, in words."""
    rows = WorkItem.objects.filter(order=order, reason="late", closed_at=None).order_by("pk")
    return list(rows.values_list("summary", flat=True))
