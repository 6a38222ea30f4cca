"""Forwarding to a real simulated supplier, in doubt and in error."""

from __future__ import annotations

import time

import pytest
from django.utils import timezone

from orders.models import Refund, WorkItem
from shop.models import Product
from suppliers.actions.forward import give_up_refused
from suppliers.actions.poll import poll_supplier
from suppliers.models import Supplier, SupplierCall, SupplierOrder
from tests.demo.supplier_process import API_KEY
from tests.factories import add_offer, make_paid_order, make_supplier, make_variant

pytestmark = pytest.mark.django_db


def connected(process, **fields) -> Supplier:
    return make_supplier(base_url=process.base + "/v1", api_key=API_KEY, **fields)


def order_of(supplier: Supplier, sku: str, quantity: int = 1):
    return make_paid_order((make_variant(supplier, sku=sku, price_minor=2500, stock=None), quantity))


def news(supplier: Supplier, relay) -> None:
    Supplier.objects.filter(pk=supplier.pk).update(due_at=timezone.now())
    poll_supplier(supplier.pk)
    relay.run_until_idle()


def until(question, supplier, relay, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < deadline
        time.sleep(0.2)
        news(supplier, relay)


def test_a_paid_order_is_placed_with_what_is_needed_to_deliver_and_nothing_more(harbour, relay):
    supplier = connected(harbour)
    order = order_of(supplier, "TEST-OK")
    relay.run_until_idle()
    row = SupplierOrder.objects.get()
    assert row.status in {"placed", "closed"}
    assert row.reference.startswith(order.number)
    assert "email" not in str(row.request)
    assert order.email not in str(harbour.books())
    assert "2500" not in str(row.request)
    until(lambda: order.lines.get().delivered == 1, supplier, relay)
    shipment = order.shipments.get()
    assert shipment.status == "delivered"
    assert shipment.tracking_events.count() >= 3
    kinds = list(order.events.values_list("kind", flat=True))
    assert kinds.count("parcel.in_transit") == 1
    assert kinds.count("parcel.delivered") == 1


def test_personal_data_and_keys_stay_out_of_the_log_of_calls(harbour, relay):
    supplier = connected(harbour)
    order = order_of(supplier, "TEST-OK")
    relay.run_until_idle()
    log = " ".join(SupplierCall.objects.values_list("excerpt", flat=True))
    assert SupplierCall.objects.filter(method="POST").exists()
    for secret in (order.name, order.line1, API_KEY):
        assert secret not in log


@pytest.mark.parametrize(
    "kind",
    [
        "accept_then_drop",
        "accept_then_500",
        "accept_then_hang",
        "garbage_html",
        "nan",
        "reset",
        "error_500",
        "wrong_reference",
    ],
)
def test_whatever_becomes_of_the_answer_the_order_is_placed_once(harbour, relay, kind):
    supplier = connected(harbour)
    harbour.control("faults", [{"match": "POST /v1/orders", "kind": kind, "times": 2, "seconds": 3}])
    order = order_of(supplier, "TEST-OK")
    relay.run_until_idle()
    assert SupplierOrder.objects.get().status == "unknown"
    deadline = time.monotonic() + 20
    while SupplierOrder.objects.get().status not in {"placed", "closed"}:
        assert time.monotonic() < deadline
        SupplierOrder.objects.filter(status="unknown").update(due_at=timezone.now())
        Supplier.objects.update(closed_until=None)
        relay.run_until_idle()
    assert [row["effects"] for row in harbour.books()["orders"]] == [1]
    assert order.events.filter(kind="supplier_order.placed").count() == 1


def test_a_supplier_that_is_away_is_waited_for_and_never_in_doubt(relay):
    order = order_of(make_supplier(base_url="http://127.0.0.1:9/v1"), "TEST-OK")
    relay.run_until_idle()
    row = SupplierOrder.objects.get()
    assert row.status == "ready"
    assert row.due_at is not None
    assert "TryLater" in row.last_error
    assert order.lines.get().forwarded == 1


def test_rejected_units_without_another_supplier_are_cancelled_refunded_and_told(harbour, relay, mailbox):
    supplier = connected(harbour)
    order = order_of(supplier, "TEST-OOS")
    until(lambda: order.refunds.exists(), supplier, relay)
    refund, line = Refund.objects.get(), order.lines.get()
    assert (line.cancelled, line.forwarded) == (1, 0)
    assert refund.amount_minor == order.total_minor
    assert refund.reason == "supplier_cannot"
    relay.run_until_idle()
    subjects = [mail["Subject"].strip() for mail in mailbox()]
    assert len([subject for subject in subjects if subject.startswith("Cancelled: ")]) == 1
    assert not [subject for subject in subjects if subject.startswith("Refund of")]


def test_rejected_units_go_to_the_next_supplier_that_fits(harbour, relay):
    supplier = connected(harbour)
    other = make_supplier("meridian", base_url="http://127.0.0.1:9/v1")
    order = order_of(supplier, "TEST-OOS")
    offer = add_offer(other, order.lines.get().variant, price_minor=2500, stock=5)
    until(lambda: SupplierOrder.objects.filter(supplier=other).exists(), supplier, relay)
    line = order.lines.get()
    assert (line.forwarded, line.cancelled) == (1, 0)
    assert SupplierOrder.objects.get(supplier=other).lines.get().offer == offer
    assert line.delivery.sent_from == other.delivery_profile.sent_from
    assert not order.refunds.exists()


def test_a_refused_request_asks_a_person_who_can_give_it_up(harbour, relay):
    supplier = connected(harbour)
    order = order_of(supplier, "NO-SUCH-THING")
    SupplierOrder.objects.all()
    relay.run_until_idle()
    row = SupplierOrder.objects.get()
    if row.status != "refused":
        # This supplier decides about unknown goods per line.
        until(lambda: order.lines.get().cancelled == 1, supplier, relay)
        return
    assert WorkItem.objects.filter(reason="supplier_refused", closed_at=None).count() == 1
    assert give_up_refused(row, by=None)
    relay.run_until_idle()
    assert order.lines.get().cancelled == 1


def test_a_wrong_key_stops_nothing_else_and_asks_a_person(harbour, relay):
    supplier = connected(harbour)
    Supplier.objects.filter(pk=supplier.pk).update(api_key="wrong")
    order_of(Supplier.objects.get(pk=supplier.pk), "TEST-OK")
    Supplier.objects.get(pk=supplier.pk)
    row = SupplierOrder.objects.first()
    relay.run_until_idle()
    row = SupplierOrder.objects.get()
    assert row.status == "ready"
    assert WorkItem.objects.get(closed_at=None).reason == "supplier_key"


def test_gated_goods_are_never_forwarded_without_an_approval(relay):
    variant = make_variant(make_supplier())
    Product.objects.update(gate="prescription")
    order = make_paid_order((variant, 1))
    relay.run_until_idle()
    assert SupplierOrder.objects.count() == 0
    assert WorkItem.objects.get(order=order, closed_at=None).reason == "approval"


def test_an_unpaid_order_is_not_forwarded(relay):
    from suppliers.actions.forward import forward_order
    from tests.factories import make_order

    order = make_order((make_variant(make_supplier()), 1))
    assert forward_order(order) == []
    assert SupplierOrder.objects.count() == 0
