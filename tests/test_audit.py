"""The audit holds over a healthy shop, and names each fault that is planted."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db.models import F
from django.utils import timezone

from config.audit import run_audit
from notifications.models import Notification
from orders.models import Event, Order, OrderLine, Payment, Refund
from shop.models import Variant
from suppliers.models import SupplierOrder, SupplierOrderLine
from tests.demo.supplier_process import API_KEY
from tests.factories import make_order, make_paid_order, make_supplier, make_variant
from tests.test_forwarding import until

pytestmark = pytest.mark.django_db
LONG_AGO = timezone.now() - timedelta(hours=1)


@pytest.fixture
def order(relay):
    made = make_paid_order((make_variant(make_supplier()), 2))
    relay.run_until_idle()
    return made


def broken() -> set[str]:
    return {finding.check.name for finding in run_audit() if finding.violations}


def test_a_healthy_shop_has_nothing_unexplained(order):
    make_order((make_variant(make_supplier()), 1))
    assert broken() == set()


@pytest.mark.parametrize(("sku", "goods"), [("TEST-OK", "delivered"), ("TEST-OOS", "cancelled")])
def test_what_a_real_supplier_did_leaves_nothing_unexplained(harbour, sandbox, relay, sku, goods):
    supplier = make_supplier(base_url=harbour.base + "/v1", api_key=API_KEY)
    order = make_paid_order((make_variant(supplier, sku=sku, price_minor=2500, stock=None), 1))
    relay.run_until_idle()
    until(lambda: getattr(order.lines.get(), goods) == 1, supplier, relay)
    relay.run_until_idle()
    assert broken() == set()


PLANTED = {
    "V02 paid": lambda order: Payment.objects.update(captured_minor=1),
    "V03 refunds": lambda order: Payment.objects.update(refunded_minor=5),
    "V04 totals": lambda order: OrderLine.objects.update(tax_minor=F("tax_minor") + 1),
    "V05 units": lambda order: SupplierOrderLine.objects.update(quantity=1, pending=1),
    "V05 parcels": lambda order: OrderLine.objects.update(shipped=1),
    "V06 unpaid": lambda order: Order.objects.update(paid_at=None),
    "V07 dialogue": lambda order: SupplierOrder.objects.update(due_at=None),
    "V09 given up": lambda order: Notification.objects.update(status="failed"),
    "V10 backlog": lambda order: Event.objects.update(delivered_at=None, at=LONG_AGO),
    "V11 reserved": lambda order: Variant.objects.update(reserved=7),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found(order, name):
    PLANTED[name](order)
    assert name in broken()


def test_a_customer_who_was_not_told_is_found(order):
    Notification.objects.all().delete()
    Order.objects.update(paid_at=LONG_AGO)
    assert "V08 told" in broken()


def test_units_that_are_nowhere_are_found(order):
    SupplierOrderLine.objects.all().delete()
    OrderLine.objects.update(forwarded=0)
    Order.objects.update(forward_after=LONG_AGO)
    assert "V05 units" in broken()


def test_a_failed_refund_nobody_was_asked_about_is_found(order):
    payment = order.payments.get()
    Refund.objects.create(
        payment=payment,
        order=order,
        amount_minor=1,
        currency="EUR",
        reason="goodwill",
        idempotency_key="x",
        status="failed",
    )
    assert "V09 given up" in broken()


def test_the_command_prints_and_fails_if_something_is_broken(order, capsys):
    call_command("audit")
    assert "unexplained: 0" in capsys.readouterr().out
    Variant.objects.update(reserved=7)
    with pytest.raises(SystemExit) as ended:
        call_command("audit")
    assert ended.value.code == 1
    assert "unexplained: 1" in capsys.readouterr().out


def test_the_export_has_one_record_per_order_with_the_documented_members(order, capsys):
    call_command("audit", "--export")
    (record,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert set(record) == {
        "number", "state", "currency", "total_minor", "lines", "supplier_orders", "shipments", "payments", "refunds",
        "returns", "notifications", "work_items",
    }  # fmt: skip
    assert record["lines"] == [
        {
            "sku": record["lines"][0]["sku"],
            "ordered": 2,
            "forwarded": 2,
            "cancelled": 0,
            "shipped": 0,
            "delivered": 0,
            "refunded": 0,
            "replaces": "",
        }
    ]
    assert set(record["supplier_orders"][0]["lines"][0]) == {
        "supplier_sku", "quantity", "accepted", "backordered", "rejected", "cancelled", "shipped",
    }  # fmt: skip
