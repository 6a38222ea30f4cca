"""What tests of a dialogue with a real simulated supplier share."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

import pytest
from django.db import connections
from django.utils import timezone

from config.audit import run_audit
from notifications.models import Notification
from orders.actions.cancel import request_cancellation
from orders.models import Cancellation, Order, Refund
from suppliers.actions.poll import poll_supplier
from suppliers.models import Supplier, SupplierCancellation, SupplierOrder
from tests.demo.supplier_process import API_KEY
from tests.factories import make_paid_order, make_supplier, make_variant

CAN = ["cancel", "returns"]
# As the fixture starts it; its timetable is in seconds before this divides them.
SPEED = 200


@pytest.fixture(name="still")
def still_fixture(harbour):
    """The supplier, its clock stopped: nothing is packed or sent unless a test turns it on."""
    harbour.control("pause", {"paused": True})
    return harbour


def connected(process, slug: str = "harbour", **fields: object) -> Supplier:
    """Connect a running simulated supplier that takes cancellations."""
    return make_supplier(slug, base_url=process.base + "/v1", api_key=API_KEY, **{"capabilities": CAN} | fields)


def order_of(supplier: Supplier, sku: str = "TEST-OK", quantity: int = 2) -> Order:
    """Sell so many of one thing for 25.00 each, delivery 3.90 below 50.00."""
    return make_paid_order((make_variant(supplier, sku=sku, price_minor=2500, stock=None), quantity))


def placed(supplier: Supplier, relay, **options) -> Order:
    """Sell something, and let the supplier take the order."""
    order = order_of(supplier, **options)
    relay.run_until_idle()
    assert SupplierOrder.objects.get(order=order).status == "placed"
    return order


def ask(order: Order, units: int | None = None, *, key: str = "", by=None) -> Cancellation:
    """Ask to cancel so many units of the order's first line, or everything."""
    wanted = None if units is None else {order.lines.first().pk: units}
    return request_cancellation(order, wanted, key=key or uuid.uuid4().hex, by=by)


def turn(process, seconds: float) -> None:
    """Let so many seconds of the supplier's timetable pass, and all that falls into them happen."""
    process.control("advance", {"seconds": seconds / SPEED})


def hurry(relay) -> None:
    """Let whatever waits for a later time be due now, and work it off."""
    now = timezone.now()
    for model in (SupplierCancellation, SupplierOrder, Supplier):
        model.objects.filter(due_at__gt=now).update(due_at=now, lease_until=None)
    Supplier.objects.update(closed_until=None)
    relay.run_until_idle()


def read_news(supplier: Supplier, relay) -> None:
    """Read the supplier's orders and parcels as polling does, and let everything follow."""
    Supplier.objects.filter(pk=supplier.pk).update(due_at=timezone.now(), lease_until=None, closed_until=None)
    poll_supplier(supplier.pk)
    relay.run_until_idle()


def until(question: Callable[[], object], step: Callable[[], object], seconds: float = 60) -> None:
    """Take a step as often as it needs until the answer is true."""
    deadline = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
        step()


def books(process) -> dict[str, int]:
    """Return what the supplier's own books say of the only line of its only order."""
    (order,) = process.books()["orders"]
    (line,) = order["lines"]
    return {name: line[f"quantity_{name}"] for name in ("accepted", "cancelled", "cancel_requested", "shipped")}


def units_of(order: Order) -> tuple[int, int, int, int]:
    """Return how many units of the order's first line are forwarded, cancelled, shipped and refunded."""
    line = order.lines.first()
    return line.forwarded, line.cancelled, line.shipped, line.refunded


def refunded(order: Order) -> list[int]:
    """Return the amounts of the order's refunds, in order."""
    return list(Refund.objects.filter(order=order).order_by("pk").values_list("amount_minor", flat=True))


def mails(order: Order) -> list[str]:
    """Return the kinds of the order's messages about cancelling, in order."""
    rows = Notification.objects.filter(order=order, kind__contains="cancel").order_by("pk")
    return list(rows.values_list("kind", flat=True))


def unexplained() -> list[str]:
    """Return every violation that the audit names."""
    return [f"{finding.check.name}: {what}" for finding in run_audit() for what in finding.violations]


def in_thread(work: Callable[[], object]) -> Callable[[], None]:
    """Return ``work`` for a thread of its own, which closes its database connection at the end."""

    def run() -> None:
        try:
            work()
        finally:
            connections.close_all()

    return run
