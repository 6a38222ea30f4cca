"""New goods that a supplier sends itself: a shop in which it does, and what tests ask of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from notifications.models import Notification
from orders.models import OrderLine, WorkItem
from suppliers.actions.parcels import take_shipment_copy
from suppliers.models import (
    Supplier,
    SupplierOrder,
)
from support.models import Choice, Return
from tests.supplier_shop import DECIDED, Shop

R = WorkItem.Reason


@pytest.fixture(name="shop")
def shop_fixture(harbour, relay):
    shop = Shop(harbour, relay)
    Supplier.objects.update(replaces_itself=True)
    return shop


def replace(shop: Shop, units: int = 1, **more) -> Return:
    """Decide that so many units are replaced; below 15.00 of cost the supplier wants nothing back, one unit is."""
    return shop.ask(units, choice=Choice.REPLACEMENT, solution="replacement", goods_back=units > 1, **more)


def new_line() -> OrderLine:
    return OrderLine.objects.get(replaces__isnull=False)


def made() -> SupplierOrder:
    return SupplierOrder.objects.get(for_return__isnull=False)


def orders_placed(shop: Shop) -> int:
    return len(shop.process.books()["orders"])


def told(shop: Shop, kind: str) -> int:
    return Notification.objects.filter(order=shop.order, kind=kind).count()


def work(reason: WorkItem.Reason) -> list[WorkItem]:
    return list(WorkItem.objects.filter(reason=reason, closed_at=None))


def parcel(shop: Shop) -> dict:
    """Return the supplier's own copy of the parcel of new goods."""
    (order,) = [one for one in shop.process.books()["orders"] if one["returns"]]
    return next(one for one in order["shipments"] if one["kind"] == "replacement")


def back_copy(shop: Shop) -> dict:
    (order,) = [one for one in shop.process.books()["orders"] if one["returns"]]
    return order["returns"][0]


def is_silent(row: Return, relay) -> None:
    """Let a supplier's time be over."""
    Return.objects.filter(pk=row.pk).update(due_at=timezone.now() - timedelta(seconds=1), lease_until=None)
    relay.run_until_idle()


def parcels_of_new(shop: Shop) -> int:
    return sum(one["kind"] == "replacement" for order in shop.process.books()["orders"] for one in order["shipments"])


def with_new_goods(shop: Shop) -> dict:
    """Let the supplier say that it sends one unit itself, and return the copy of its parcel, whose label is printed."""
    replace(shop)
    shop.turn(DECIDED)
    return parcel(shop)


def tell(shop: Shop, copy: dict, version: int, **changes) -> None:
    assert take_shipment_copy(shop.supplier, copy | {"version": version} | changes)
    shop.relay.run_until_idle()
