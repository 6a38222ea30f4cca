"""Rows corrupted by hand, one kind at a time: the audit names every one, and nothing where nothing is wrong."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, models, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.audit import CHECKS, run_audit
from config.relay import run_until_idle
from config.timetable import SWEEPS
from notifications.models import Notification
from orders.actions.approval import grant_approval
from orders.actions.cancel import request_cancellation
from orders.actions.checkout import give_up
from orders.actions.quarantine import set_aside
from orders.models import (
    Cancellation,
    IncomingEvent,
    Order,
    OrderLine,
    ShipmentLine,
    WorkItem,
)
from shop.models import Product
from suppliers.actions.breaker import close_breaker
from suppliers.actions.contract import COUNTERS
from suppliers.actions.parcels import take_shipment_copy
from suppliers.actions.send import note_placed
from suppliers.actions.track import take_order_copy
from suppliers.models import (
    Supplier,
    SupplierCall,
    SupplierCancellation,
    SupplierInvoice,
    SupplierOrder,
    SupplierOrderLine,
)
from suppliers.states import SupplierOrderStatus, move_supplier_order
from support.models import Choice, Ticket
from support.returning.asking import Wanted, ask_return
from support.returning.decide import Verdict, decide
from tests.corruptions import HOUR, KINDS, World
from tests.factories import make_code, make_order, make_paid_order, make_person, make_supplier, make_variant
from tests.paying_back import pay_back, wish

pytestmark = pytest.mark.django_db


# --- a shop in which everything has happened


def told(line: SupplierOrderLine, **counts: int) -> dict[str, object]:
    numbers = dict.fromkeys(COUNTERS, 0) | counts
    (asked,) = (one for one in line.supplier_order.request["lines"] if one["line_id"] == line.line_id)
    return asked | {f"quantity_{name}": count for name, count in numbers.items()}


def take(row: SupplierOrder, version: int, status: str, *lines: dict[str, object]) -> None:
    copy = {
        "reference": row.reference,
        "supplier_order_id": f"S-{row.pk}",
        "currency": row.request["currency"],
        "version": version,
        "status": status,
        "lines": list(lines),
    }
    row.refresh_from_db()
    if row.status == SupplierOrderStatus.READY:
        move_supplier_order(row, SupplierOrderStatus.SENDING, by=None)
        note_placed(row, copy)
    else:
        assert take_order_copy(row, copy)


def build() -> World:
    # One that is asked about returns by its API; a person who has to ask would explain much of the order.
    supplier = make_supplier(capabilities=["returns"])
    variants = [make_variant(supplier) for _number in range(3)]
    Product.objects.filter(pk=variants[2].product_id).update(gate="prescription")
    variants[2].product.refresh_from_db()
    order = make_paid_order((variants[0], 2), (variants[1], 1), (variants[2], 1))
    goods, lost, gated = (order.lines.get(variant=variant) for variant in variants)
    run_until_idle()
    grant_approval(gated, 1, by=make_person(role="Pharmacists"))
    run_until_idle()
    deliver(supplier)
    case = complain(order, goods)
    # Of an order of its own: what a person is asked about one explains much of it.
    settle_with_supplier(make_paid_order((variants[0], 1)), supplier)
    other = make_paid_order((variants[0], 1))
    make_code("TENOFF")
    waiting, expired = make_order((variants[0], 1), code="TENOFF"), make_order((variants[1], 1))
    give_up(expired)
    change_their_mind(make_paid_order((variants[0], 1)), gated)
    SupplierCall.objects.create(supplier=supplier, order=order, method="GET", path="/v1/orders", milliseconds=1)
    body = {"data": {"object": {"client_reference_id": order.number}}}
    IncomingEvent.objects.create(
        source="stripe", event_id="evt_1", kind="checkout.session.completed", body=body, done_at=timezone.now()
    )
    run_until_idle()
    # Somebody has to ask about a cancellation; what is wrong with its order's returns is not explained by that here.
    WorkItem.objects.filter(reason="cancellation_by_hand").update(order=None)
    # So many calls have failed by now that nothing more of its supplier's would be due.
    close_breaker(supplier)
    for row in (order, goods, lost, gated, waiting, expired, other, case):
        row.refresh_from_db()
    return World(order, goods, lost, gated, waiting, expired, other, case)


def deliver(supplier: Supplier) -> None:
    """Let the supplier deliver the goods, have nothing of the lost ones, and owe the gated ones."""
    first, second = SupplierOrder.objects.order_by("pk")
    sent, gone = first.lines.order_by("order_line")
    take(first, 1, "partly_accepted", told(sent, accepted=2), told(gone, rejected=1))
    take(second, 1, "backordered", told(second.lines.get(), backordered=1))
    run_until_idle()
    parcel = {"reference": first.reference, "shipment_id": "P-1", "lines": [{"line_id": sent.line_id, "quantity": 2}]}
    assert take_shipment_copy(supplier, parcel | {"version": 1, "status": "in_transit", "tracking_number": "NR-ONE"})
    run_until_idle()
    assert take_shipment_copy(supplier, parcel | {"version": 2, "status": "in_transit", "tracking_number": "NR-TWO"})
    run_until_idle()
    assert take_shipment_copy(supplier, parcel | {"version": 3, "status": "delivered", "tracking_number": "NR-TWO"})
    take(first, 2, "delivered", told(sent, accepted=2, shipped=2, delivered=2), told(gone, rejected=1))
    run_until_idle()


def complain(order: Order, line: OrderLine) -> Ticket:
    """Send goods back: one unit is replaced, of the other a little money goes back."""
    agent = make_person(is_superuser=True)
    (first,) = ask_return(order, Wanted({line.pk: 1}, "defective", "replacement"), form_key=uuid.uuid4())
    decide(first, Verdict(Choice.REPLACEMENT, goods_back=False), form_key=uuid.uuid4(), by=agent)
    (second,) = ask_return(order, Wanted({line.pk: 1}, "damaged", "keep"), form_key=uuid.uuid4())
    decide(second, Verdict(Choice.PART_REFUND, amount_minor=100), form_key=uuid.uuid4(), by=agent)
    assert order.lines.get(replaces=line).forwarded == 1
    return first.ticket


def settle_with_supplier(order: Order, supplier: Supplier) -> None:
    """Ask for a refund above an agent's cap; note a paper that gives credit."""
    pay_back(order, wish("goodwill", money={order.lines.first(): 300}), by=make_person(), key="above the cap")
    SupplierInvoice.objects.create(
        supplier=supplier, number="GS-1", dated_on=timezone.localdate(), amount_minor=1000, currency="EUR"
    )


def change_their_mind(whole: Order, late: OrderLine) -> None:
    """Cancel an order that no supplier has been sent yet, and goods whose supplier does not answer."""
    run_until_idle()
    request_cancellation(whole, key="whole", by=None)
    request_cancellation(late.order, {late.pk: 1}, key="late", by=None)
    run_until_idle()


@contextmanager
def rolled_back() -> Iterator[None]:
    """Undo at the end whatever is written within; a test's own transaction, as Django's TestCase has it."""
    outer = transaction.atomic()
    outer._from_testcase = True
    with outer:
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def shop(django_db_setup, django_db_blocker):
    """Build the shop once: its refunds wait for a payment provider that is away, which takes seconds."""
    with django_db_blocker.unblock(), rolled_back():
        yield build()


@pytest.fixture
def world(shop) -> Iterator[World]:
    with rolled_back():
        # On a slow machine the first rows are due, and overdue, before the last test asks.
        now = timezone.now()
        for sweep in SWEEPS:
            sweep.rows().model.objects.filter(due_at__lt=now).update(due_at=now)
        yield shop


def broken() -> dict[str, list[str]]:
    return {finding.check.name: finding.violations for finding in run_audit() if finding.violations}


def without_constraints(*kinds: type[models.Model]) -> None:
    """Put a copy without any constraint in front of a table, until the test is rolled back."""
    with connection.cursor() as cursor:
        for model in kinds:
            table = model._meta.db_table
            source = f"main.{table}" if connection.vendor == "sqlite" else f"public.{table}"
            cursor.execute(f"CREATE TEMPORARY TABLE {table} AS SELECT * FROM {source}")


def test_a_shop_in_which_everything_has_happened_has_nothing_unexplained(world):
    assert world.order.refunds.count() == 2
    assert not WorkItem.objects.filter(order=world.order, closed_at=None).exists()
    assert (world.goods.delivered, world.lost.cancelled, world.gated.backordered) == (2, 1, 1)
    assert Notification.objects.filter(order=world.order).count() >= 8
    assert list(Cancellation.objects.order_by("pk").values_list("status", flat=True)) == ["accepted", "requested"]
    assert SupplierCancellation.objects.get().status == "to_ask"
    assert not SupplierOrder.objects.filter(status="closed", version=0, last_copy={}).get().due_at
    assert broken() == {}


@pytest.mark.parametrize("name", list(KINDS))
def test_what_was_corrupted_is_named(world, name):
    check, done, unguarded = KINDS[name]
    without_constraints(*unguarded)
    done(world)
    # This one alone: all of them for every kind of corruption took a minute of the suite.
    found = [text for one in CHECKS if one.name == check for text in one.find()]
    assert found
    assert all(isinstance(text, str) and text for text in found)


def test_cancelled_goods_that_left_are_explained_as_long_as_a_person_is_asked(world):
    without_constraints(OrderLine)
    OrderLine.objects.filter(pk=world.goods.pk).update(cancelled=1)
    WorkItem.objects.create(reason="cancelled_sent", subject_key="supplierorder:1", order=world.order)
    assert "V05 parcels" not in broken()
    ShipmentLine.objects.update(quantity=3)
    assert "V05 parcels" in broken()
    ShipmentLine.objects.update(quantity=2)
    WorkItem.objects.update(closed_at=timezone.now())
    assert "V05 parcels" in broken()


def test_what_is_set_aside_is_explained_as_long_as_a_person_is_asked(world):
    row = SupplierOrder.objects.get(order=world.other)
    assert set_aside(row, "a test says so")
    IncomingEvent.objects.update(done_at=None, due_at=timezone.now(), received_at=timezone.now() - HOUR * 2)
    assert set_aside(IncomingEvent.objects.get(), "a test says so")
    assert broken() == {}
    WorkItem.objects.filter(reason="quarantined").update(closed_at=timezone.now())
    assert len(broken()["V09 given up"]) == 2


def test_rows_of_a_supplier_that_is_left_alone_are_not_overdue(world):
    rows = SupplierOrder.objects.filter(order=world.other)
    rows.update(due_at=timezone.now() - HOUR)
    assert "V10 backlog" in broken()
    for left_alone in (
        {"opened_at": timezone.now()},
        {"closed_until": timezone.now() + HOUR},
        # Over for a moment only: the relay is about to look.
        {"closed_until": timezone.now() - timedelta(seconds=30)},
    ):
        Supplier.objects.update(**{"opened_at": None, "closed_until": None} | left_alone)
        assert broken() == {}
    Supplier.objects.update(opened_at=None, closed_until=timezone.now() - HOUR)
    assert "V10 backlog" in broken()


def test_every_check_is_shown_to_bite():
    assert {check for check, _done, _tables in KINDS.values()} == {check.name for check in CHECKS}
    assert len(KINDS) >= 20


def test_the_audit_asks_no_more_for_many_orders_than_for_few(world):
    with CaptureQueriesContext(connection) as few:
        run_audit()
    variant = make_variant(Supplier.objects.get(), stock=99)
    for _number in range(5):
        make_paid_order((variant, 1))
    with CaptureQueriesContext(connection) as many:
        run_audit()
    assert len(many) == len(few)
