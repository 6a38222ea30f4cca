"""Cancel while forwarding runs, two people at once, and suppliers that break their word (F29)."""

from __future__ import annotations

import random
from threading import Barrier, Event as Flag, Thread

import pytest
from django.db import connections, transaction
from django.utils import timezone

from config.relay import run_until_idle
from orders.actions.cancel import NothingToCancel, cancellable_units
from orders.actions.refund import RefundPart, request_refund
from orders.actions.work import close_work
from orders.models import Cancellation, Event, Order, OrderLine, Refund, WorkItem
from shop.money import format_cost
from suppliers.actions.by_hand import answer_by_hand
from suppliers.actions.cancel import pursue_cancellation
from suppliers.actions.forward import forward_order
from suppliers.actions.parcels import take_shipment_copy
from suppliers.actions.poll import take_order_of
from suppliers.actions.send import note_placed, send_supplier_order
from suppliers.actions.track import take_order_copy
from suppliers.models import SupplierCancellation, SupplierOrder
from suppliers.states import SupplierOrderStatus, move_supplier_order
from tests.demo.supplier_process import SupplierProcess
from tests.dialogue import ask, connected, hurry, in_thread, mails, refunded, unexplained, units_of, until
from tests.factories import make_paid_order, make_person, make_supplier, make_variant

ROUNDS = 6


def run_all(*works) -> None:
    threads = [Thread(target=in_thread(work)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    connections["default"].close_if_unusable_or_obsolete()


# --- races of real threads


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_cancel_while_forwarding_runs_never_ends_refunded_and_live(relay):
    with SupplierProcess("harbour", speed=200, sandbox=True) as process:
        process.control("pause", {"paused": True})
        supplier = connected(process)
        variant = make_variant(supplier, sku="TEST-OK", price_minor=2500, stock=None)
        chance = random.Random(29)
        for _round in range(ROUNDS):
            order = make_paid_order((variant, 2))
            (row,) = forward_order(order)
            process.control("faults", [{"match": "POST /v1/orders", "kind": "delay", "times": 1, "seconds": 0.1}])
            barrier = Barrier(2)
            wait = chance.uniform(0, 0.15)

            def send(barrier=barrier, row=row):
                barrier.wait(timeout=20)
                send_supplier_order(row.pk)

            def click(barrier=barrier, order=order, wait=wait):
                barrier.wait(timeout=20)
                # A moment of its own in each round: before, during and after the call.
                Flag().wait(timeout=wait)
                ask(Order.objects.get(pk=order.pk))

            run_all(send, click)
            relay.run_until_idle()
            until(lambda: not Cancellation.objects.waiting().exists(), lambda: hurry(relay))

        theirs = {order["reference"]: order for order in process.books()["orders"]}
        for row in SupplierOrder.objects.all():
            live = sum(
                line["quantity"] - line["quantity_cancelled"]
                for line in theirs.get(row.reference, {"lines": []})["lines"]
            )
            assert live == 0, row.reference
        for order in Order.objects.all():
            assert units_of(order) == (0, 2, 0, 2)
            assert refunded(order) == [order.total_minor]
            assert mails(order)[-1] == "cancellation-answered"
            assert mails(order).count("cancellation-answered") == 1
    assert unexplained() == []


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_two_people_at_once_one_asks_and_the_other_hears_so():
    order = make_paid_order((make_variant(make_supplier(), price_minor=2500), 2))
    agent = make_person(role="Support agents")
    barrier, answers = Barrier(2), []

    def person(by):
        barrier.wait(timeout=20)
        try:
            answers.append(ask(Order.objects.get(pk=order.pk), by=by).requested_by)
        except NothingToCancel:
            answers.append("nothing")

    run_all(lambda: person(None), lambda: person(agent))

    assert answers.count("nothing") == 1
    assert Cancellation.objects.count() == 1
    assert refunded(order) == [order.total_minor]
    assert units_of(order) == (0, 2, 0, 2)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_one_form_sent_by_eight_threads_is_one_request_and_one_refund():
    order = make_paid_order((make_variant(make_supplier(), price_minor=2500), 3))
    barrier, made = Barrier(8), []

    def click():
        barrier.wait(timeout=20)
        made.append(ask(Order.objects.get(pk=order.pk), 2, key="one form").pk)

    run_all(*[click] * 8)

    assert len(made) == 8
    assert len(set(made)) == 1
    assert Refund.objects.count() == 1
    assert units_of(order)[1] == 2


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_forwarding_and_cancelling_open_units_at_once_share_them_out():
    supplier = make_supplier(base_url="http://127.0.0.1:9/v1")
    order = make_paid_order((make_variant(supplier, price_minor=2500), 2))
    barrier = Barrier(2)

    def forward():
        barrier.wait(timeout=20)
        forward_order(Order.objects.get(pk=order.pk))

    def click():
        barrier.wait(timeout=20)
        ask(Order.objects.get(pk=order.pk))

    run_all(forward, click)

    line = order.lines.get()
    # Whoever was first has them all; what was forwarded waits for its answer and is not sent meanwhile.
    assert (line.forwarded, line.cancelled) in {(0, 2), (2, 0)}
    assert (line.forwarded == 2) == Cancellation.objects.waiting().exists()


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_the_suppliers_copy_taken_in_by_many_threads_pays_back_once():
    order, row = a_placed_order()
    ask_allocated(order, row, 2)
    copy = copy_of(row, version=2, cancelled=2)
    barrier = Barrier(6)

    def take():
        barrier.wait(timeout=20)
        take_order_copy(SupplierOrder.objects.get(pk=row.pk), copy)

    run_all(*[take] * 6)

    assert refunded(order) == [order.total_minor]
    assert units_of(order) == (0, 2, 0, 2)


# --- without threads: the supplier breaks its word


def a_placed_order():
    order = make_paid_order((make_variant(make_supplier(capabilities=["cancel"]), price_minor=2500), 2))
    run_until_idle()
    row = SupplierOrder.objects.get(order=order)
    if row.status == "ready":
        move_supplier_order(row, SupplierOrderStatus.SENDING, by=None, fields={"first_sent_at": timezone.now()})
    note_placed(row, copy_of(row, version=1))
    row.refresh_from_db()
    return order, row


def ask_allocated(order, row, units: int) -> SupplierCancellation:
    """Ask, and let the supplier's part be written down, but not asked yet."""
    ask(order, units)
    with transaction.atomic():
        pursue_cancellation(Event.objects.filter(kind="cancellation.requested").latest("pk"))
    return SupplierCancellation.objects.get(supplier_order=row)


def copy_of(
    row: SupplierOrder, *, version: int, cancelled: int = 0, rejected: int = 0, requested: int = 0, reason: str = ""
):
    line = row.lines.get()
    counts = {
        "pending": 0, "accepted": line.quantity - cancelled - rejected, "backordered": 0, "rejected": rejected,
        "cancelled": cancelled, "shipped": 0, "delivered": 0, "returned": 0, "cancel_requested": requested,
    }  # fmt: skip
    told = {f"quantity_{name}": units for name, units in counts.items()}
    cost = {"amount": format_cost(line.unit_cost), "currency": "EUR"}
    told |= {"line_id": line.line_id, "sku": line.supplier_sku, "quantity": line.quantity, "unit_cost": cost}
    told |= {"reason": {"code": reason} if reason else None}
    status = "cancelled" if cancelled == line.quantity else "accepted"
    facts = {"reference": row.reference, "supplier_order_id": f"S-{row.pk}", "currency": "EUR"}
    return facts | {"version": version, "status": status, "lines": [told]}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fate", "reason"),
    [("cancelled", "cancelled_by_platform"), ("cancelled", "cancelled_by_supplier"), ("rejected", "out_of_stock")],
)
def test_units_that_fall_away_while_we_ask_for_them_are_cancelled_whatever_the_reason(relay, fate, reason):
    order, row = a_placed_order()
    ask_allocated(order, row, 1)

    take_order_copy(row, copy_of(row, version=2, reason=reason, **{fate: 2}))
    relay.run_until_idle()

    # One was asked for; the other one the supplier took away by itself, and nobody else has it.
    assert Cancellation.objects.get().status == "accepted"
    assert sorted(Refund.objects.values_list("reason", "amount_minor")) == [
        ("cancelled", 2500),
        ("supplier_cannot", order.total_minor - 2500),
    ]
    assert order.events.get(kind="supplier_lines.rejected").facts["lines"][0]["quantity"] == 1


@pytest.mark.django_db
def test_goods_cancelled_before_anybody_looked_are_not_ordered_elsewhere(relay):
    order, row = a_placed_order()
    ask(order, 2)
    # The rejection is told, and repaired, before the cancellation is shared out.
    take_order_copy(row, copy_of(row, version=2, rejected=2, reason="out_of_stock"))

    relay.run_until_idle()

    assert SupplierOrder.objects.count() == 1
    assert Cancellation.objects.get().status == "accepted"
    assert refunded(order) == [order.total_minor]
    assert unexplained() == []


@pytest.mark.django_db
def test_a_cancelled_order_that_lives_again_in_the_suppliers_copy_asks_a_person(relay):
    order, row = a_placed_order()
    ask_allocated(order, row, 2)
    take_order_copy(row, copy_of(row, version=2, cancelled=2))

    assert not take_order_of(row.supplier, copy_of(row, version=3))

    row.refresh_from_db()
    assert (row.version, row.lines.get().cancelled) == (2, 2)
    (item,) = WorkItem.objects.filter(closed_at=None)
    assert item.reason == "supplier_garbage"
    assert "takes back what was said" in item.summary
    assert units_of(order)[:2] == (0, 2)


def parcel_of(row: SupplierOrder, units: int, *, status: str, version: int = 1, shipment: str = "S-1"):
    told = {"line_id": row.lines.get().line_id, "quantity": units}
    copy = {
        "reference": row.reference,
        "shipment_id": shipment,
        "version": version,
        "kind": "outbound",
        "lines": [told],
    }
    sent = status not in {"label_created", "pending", "cancelled"}
    return copy | {"status": status, "tracking_number": "IE9", "shipped_at": "2026-11-24T10:00:00Z" if sent else None}


@pytest.mark.django_db
def test_cancelled_goods_that_are_sent_all_the_same_ask_a_person_once(relay):
    order, row = a_placed_order()
    ask_allocated(order, row, 2)
    take_order_copy(row, copy_of(row, version=2, cancelled=2))

    for version in (1, 2):
        assert not take_shipment_copy(row.supplier, parcel_of(row, 2, status="in_transit", version=version))

    (item,) = WorkItem.objects.filter(closed_at=None)
    assert (item.reason, item.order) == ("cancelled_sent", order)
    assert order.lines.get().sku in item.summary
    assert refunded(order) == [order.total_minor]


@pytest.mark.django_db
def test_parcels_that_together_hold_more_than_is_left_ask_a_person(relay):
    order, row = a_placed_order()
    ask_allocated(order, row, 1)
    take_order_copy(row, copy_of(row, version=2, cancelled=1))

    assert take_shipment_copy(row.supplier, parcel_of(row, 1, status="in_transit"))
    assert WorkItem.objects.count() == 0
    assert not take_shipment_copy(row.supplier, parcel_of(row, 1, status="in_transit", shipment="S-2"))

    assert WorkItem.objects.get(closed_at=None).reason == "cancelled_sent"
    assert order.lines.get().shipped == 1


@pytest.mark.django_db
def test_a_label_that_was_void_before_we_heard_of_it_is_no_alarm(relay):
    order, row = a_placed_order()
    ask_allocated(order, row, 2)
    take_order_copy(row, copy_of(row, version=2, cancelled=2))

    take_shipment_copy(row.supplier, parcel_of(row, 2, status="label_created"))
    take_shipment_copy(row.supplier, parcel_of(row, 2, status="cancelled", version=2))

    assert WorkItem.objects.count() == 0
    assert list(order.shipments.values_list("status", flat=True)) == ["cancelled"]
    relay.run_until_idle()
    assert unexplained() == []


@pytest.mark.django_db
@pytest.mark.parametrize("stopped", [True, False])
def test_what_a_supplier_says_on_the_telephone_is_an_answer(relay, stopped):
    order, row = a_placed_order()
    asked = ask_allocated(order, row, 2)
    staff = make_person(role="Store staff")

    assert answer_by_hand(asked, stopped=stopped, by=staff)
    assert not answer_by_hand(asked, stopped=not stopped, by=staff)
    relay.run_until_idle()

    assert Cancellation.objects.get().status == ("accepted" if stopped else "refused")
    assert refunded(order) == ([order.total_minor] if stopped else [])
    assert units_of(order)[:2] == ((0, 2) if stopped else (2, 0))
    assert mails(order) == ["cancellation-answered"]
    if stopped:
        # Its own list does not know yet: that stays a case until it does.
        take_order_copy(row, copy_of(row, version=2))
        item = WorkItem.objects.get(closed_at=None)
        assert close_work(WorkItem.Reason.SUPPLIER_GARBAGE, row)
        assert item.reason == "supplier_garbage"


@pytest.mark.django_db
def test_goods_paid_back_before_are_cancelled_and_not_paid_back_again():
    order = make_paid_order((make_variant(make_supplier(), price_minor=2500), 2))
    request_refund(order, [RefundPart(order.lines.get(), 1, 2500)], reason=Refund.Reason.GOODWILL, by=None, key="desk")

    ask(order)

    assert units_of(order) == (0, 2, 0, 2)
    assert refunded(order) == [2500, order.total_minor - 2500]


@pytest.mark.django_db
def test_what_can_be_asked_for_counts_no_unit_twice():
    order, row = a_placed_order()
    line = order.lines.get()
    assert cancellable_units(order) == {line.pk: 2}
    ask(order, 1)
    assert cancellable_units(order) == {line.pk: 1}
    OrderLine.objects.update(shipped=1)
    assert cancellable_units(order) == {}
