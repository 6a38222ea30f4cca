"""Several orders go to one supplier together: cheaper than alone, and nobody pays for a neighbour."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orders.models import Event, Order, OrderLine, Reaction, WorkItem
from suppliers.actions import placed, together
from suppliers.actions.forward import forward_orders
from suppliers.actions.lanes import Lanes
from suppliers.actions.together import send_in_turn
from suppliers.actions.track import take_order_copy
from suppliers.adapters import ADAPTERS
from suppliers.adapters.base import Doubt
from suppliers.adapters.rest import RestAdapter
from suppliers.models import Supplier, SupplierOrder
from tests.demo.supplier_process import API_KEY
from tests.dialogue import ask
from tests.factories import make_paid_order, make_supplier, make_variant

pytestmark = pytest.mark.django_db
# With time running fast, what was just placed may be delivered by now.
TAKEN = {"placed", "closed"}


class Watched(RestAdapter):
    """The contract's adapter; a test may look at, or break, what happens between two orders."""

    before = staticmethod(lambda reference: None)
    after = staticmethod(lambda copy: None)

    def place(self, request, *, key):
        self.before(request["reference"])
        copy = super().place(request, key=key)
        self.after(copy)
        return copy


class Unasked(Watched):
    """It knows no keys, and cannot be asked."""

    doubt = Doubt.BLIND


@pytest.fixture
def supplier(harbour, monkeypatch, settings) -> Supplier:
    """Return a supplier that is known to answer fast, and forget it afterwards; a slow machine has time enough."""
    settings.TOGETHER_SECONDS = 60
    monkeypatch.setitem(ADAPTERS, "watched", Watched)
    monkeypatch.setitem(ADAPTERS, "unasked", Unasked)
    supplier = make_supplier(base_url=harbour.base + "/v1", api_key=API_KEY, adapter="watched", uses_polling=False)
    known = Lanes()
    known.note(supplier.pk, 0.01)
    monkeypatch.setattr(together, "lanes", known)
    return supplier


def paid(supplier: Supplier, *skus: str) -> list[Order]:
    known = {offer.supplier_sku: offer.variant for offer in supplier.offers.select_related("variant")}
    variants = {
        sku: known.get(sku) or make_variant(supplier, sku=sku, price_minor=2500, stock=None)
        for sku in dict.fromkeys(skus)
    }
    return [make_paid_order((variants[sku], 1)) for sku in skus]


def ready(supplier: Supplier, *skus: str) -> list[SupplierOrder]:
    """Have one order paid and forwarded for each SKU; nothing is sent."""
    made = forward_orders(paid(supplier, *skus))
    Reaction.objects.update(done_at=timezone.now(), due_at=None)
    Event.objects.update(delivered_at=timezone.now())
    return made


def send(supplier: Supplier, rows: list[SupplierOrder]) -> list[SupplierOrder]:
    send_in_turn(supplier.pk, [row.pk for row in rows])
    return fresh(rows)


def fresh(rows: list[SupplierOrder]) -> list[SupplierOrder]:
    return [SupplierOrder.objects.get(pk=row.pk) for row in rows]


def posts(process) -> list[str]:
    """Return the key of each order that was sent, as the supplier noted them."""
    return [row["key"] for row in process.books()["requests"] if (row["method"], row["path"]) == ("POST", "/v1/orders")]


def effects(process) -> list[int]:
    return [row["effects"] for row in process.books()["orders"]]


def statements(act) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        act()
    return len(captured)


# --- cheaper


def test_twenty_paid_orders_are_split_with_as_many_statements_as_two(supplier):
    few, many = paid(supplier, *["TEST-OK"] * 2), paid(supplier, *["TEST-OK"] * 20)
    assert statements(lambda: forward_orders(many)) == statements(lambda: forward_orders(few))
    assert SupplierOrder.objects.count() == 22


def test_one_order_more_costs_two_statements_at_most(supplier, harbour):
    few, many = ready(supplier, *["TEST-OK"] * 3), ready(supplier, *["TEST-OK"] * 12)
    cost_of_few = statements(lambda: send(supplier, few))
    assert statements(lambda: send(supplier, many)) <= cost_of_few + 2 * 9
    assert {row.status for row in fresh(few + many)} <= TAKEN
    assert effects(harbour) == [1] * 15


def test_what_went_together_is_written_down_as_if_it_had_gone_alone(supplier):
    one, *others = ready(supplier, "TEST-OK", "TEST-OK", "TEST-OK")
    send(supplier, [one])
    send(supplier, others)

    def told_of(row):
        line = row.lines.get()
        kinds = Event.objects.filter(order=row.order).values_list("kind", flat=True).order_by("pk")
        return (
            {name: getattr(row, name) is None for name in ("lease_until", "due_at", "placed_at", "first_sent_at")},
            (row.attempt, row.failures, row.deaths, row.last_error, row.supplier_status, row.version),
            (line.pending, line.accepted, line.rejected, line.reason_code),
            OrderLine.objects.values_list("forwarded", "confirmed", "backordered").get(order=row.order),
            list(kinds),
        )

    alone, *together_ = [told_of(row) for row in fresh([one, *others])]
    assert together_ == [alone, alone]


# --- nobody pays for a neighbour


@pytest.mark.parametrize("sku", ["TEST-OOS", "TEST-PRICE", "TEST-BACKORDER", "TEST-PENDING", "TEST-HOLD"])
def test_an_order_that_its_supplier_takes_otherwise_than_asked_has_the_same_end_in_company(supplier, sku):
    """Rejected, dearer, backordered, undecided, held: each is looked at alone, and the others are placed."""
    alone, *company = ready(supplier, sku, "TEST-OK", sku, "TEST-OK")

    def told_of(row):
        line = row.lines.get()
        work = WorkItem.objects.filter(subject_key=f"supplierorder:{row.pk}").values_list("reason", flat=True)
        return (row.status, line.pending, line.accepted, line.backordered, line.rejected, line.reason_code, list(work))

    (only,) = send(supplier, [alone])
    first, odd, last = send(supplier, company)
    assert told_of(odd) == told_of(only)
    assert {first.status, last.status} <= TAKEN


def test_when_an_answer_is_lost_the_rest_waits_and_nothing_is_held_against_it(supplier, harbour, relay):
    rows = ready(supplier, *["TEST-OK"] * 4)
    harbour.control("faults", [{"match": "POST /v1/orders", "kind": "accept_then_drop", "times": 1}])
    lost, *rest = send(supplier, rows)
    assert (lost.status, lost.failures) == ("unknown", 1)
    assert {(row.status, row.failures, row.deaths, row.lease_until) for row in rest} == {("ready", 0, 0, None)}
    assert all(row.due_at <= timezone.now() for row in rest)

    SupplierOrder.objects.exclude(due_at=None).update(due_at=timezone.now() - timedelta(seconds=1))
    relay.run_until_idle()
    assert {row.status for row in fresh(rows)} <= TAKEN
    assert effects(harbour) == [1] * 4
    assert len(set(posts(harbour))) == 4


def test_an_order_that_somebody_wants_back_stays_behind(supplier, harbour):
    first, unwanted, last = ready(supplier, *["TEST-OK"] * 3)
    ask(unwanted.order)
    first, unwanted, last = send(supplier, [first, unwanted, last])
    assert {first.status, last.status} <= TAKEN
    assert (unwanted.status, unwanted.first_sent_at) == ("ready", None)
    assert len(effects(harbour)) == 2


def test_an_order_over_which_a_worker_died_goes_alone_and_after_the_others(supplier, monkeypatch):
    deadly, *rows = ready(supplier, *["TEST-OK"] * 3)
    SupplierOrder.objects.filter(pk=deadly.pk).update(deaths=1)
    seen = []

    def look(reference):
        under_way = SupplierOrder.objects.filter(status="sending").values_list("reference", flat=True)
        seen.append((reference, set(under_way)))

    monkeypatch.setattr(Watched, "before", staticmethod(look))
    send(supplier, [deadly, *rows])
    assert seen[-1] == (deadly.reference, {deadly.reference})
    assert seen[0][1] == {row.reference for row in rows}


def test_of_a_supplier_that_cannot_be_asked_one_order_is_under_way_at_a_time(supplier, monkeypatch):
    Supplier.objects.update(adapter="unasked")
    under_way = []
    monkeypatch.setattr(
        Watched,
        "before",
        staticmethod(lambda reference: under_way.append(SupplierOrder.objects.filter(status="sending").count())),
    )
    rows = send(supplier, ready(supplier, *["TEST-OK"] * 3))
    assert {row.status for row in rows} <= TAKEN
    assert under_way == [1, 1, 1]


def test_news_that_are_faster_than_the_answer_are_not_undone_by_it(supplier, monkeypatch):
    rows = ready(supplier, *["TEST-OK"] * 3)

    def webhook(copy):
        row = SupplierOrder.objects.get(reference=copy["reference"])
        if row.pk == rows[1].pk:
            newer = copy | {"version": copy["version"] + 1, "status": "processing"}
            assert take_order_copy(row, newer)

    monkeypatch.setattr(Watched, "after", staticmethod(webhook))
    _first, told, _last = done = send(supplier, rows)
    assert {row.status for row in done} <= TAKEN
    assert (told.version, told.supplier_status) == (2, "processing")
    assert told.lease_until is None
    assert Event.objects.filter(kind="supplier_order.placed", order=told.order).count() == 1


# --- whoever dies, and whoever is slow


def test_a_worker_that_is_told_to_end_writes_down_what_was_placed_and_gives_the_rest_back(supplier, monkeypatch):
    rows = ready(supplier, *["TEST-OK"] * 4)

    def end(reference):
        if reference == rows[2].reference:
            raise SystemExit

    monkeypatch.setattr(Watched, "before", staticmethod(end))
    with pytest.raises(SystemExit):
        send(supplier, rows)
    first, second, in_hand, last = fresh(rows)
    assert {first.status, second.status} <= TAKEN
    # Whether it has left nobody knows: its lease ends, and it is sent again under the same key.
    assert in_hand.status == "sending"
    assert (last.status, last.deaths, last.lease_until) == ("ready", 0, None)


@pytest.mark.django_db(transaction=True)
def test_a_database_that_goes_away_loses_nothing_of_what_the_supplier_has(supplier, harbour, relay, monkeypatch):
    rows = ready(supplier, *["TEST-OK"] * 4)
    failing = []

    def execute_or_fail(execute, sql, params, many, context):
        if failing:
            failing.pop()
            raise OperationalError("the database went away")
        return execute(sql, params, many, context)

    def last_is_taken(copy):
        if copy["reference"] == rows[3].reference:
            # Writing all down fails, and then the first alone.
            failing.extend([1, 1])

    monkeypatch.setattr(Watched, "after", staticmethod(last_is_taken))
    with connection.execute_wrapper(execute_or_fail):
        first, *others = send(supplier, rows)
    assert (first.status, first.deaths) == ("unknown", 0)
    assert {row.status for row in others} <= TAKEN

    SupplierOrder.objects.exclude(due_at=None).update(due_at=timezone.now() - timedelta(seconds=1))
    relay.run_until_idle()
    assert {row.status for row in fresh(rows)} <= TAKEN
    assert effects(harbour) == [1] * 4


def test_when_writing_all_down_fails_at_its_end_each_is_written_down_whole(supplier, monkeypatch):
    rows = ready(supplier, *["TEST-OK"] * 3)

    def fail(_rows):
        raise DatabaseError

    monkeypatch.setattr(placed, "take_order_estimates", fail)
    done = send(supplier, rows)
    assert {(row.status in TAKEN, row.version > 0, row.deaths) for row in done} == {(True, True, 0)}
    assert [row.lines.get().accepted for row in done] == [1, 1, 1]
    assert set(OrderLine.objects.values_list("confirmed", flat=True)) == {1}


@pytest.mark.django_db(transaction=True)
def test_a_database_that_goes_away_holds_nothing_against_what_was_not_sent(supplier, harbour, monkeypatch):
    rows = ready(supplier, *["TEST-OK"] * 4)
    harbour.control("faults", [{"match": "POST /v1/orders", "kind": "accept_then_drop", "times": 1}])
    give_back, failing = together.move_supplier_orders, [1]

    def fail_once(*args, **kwargs):
        if failing and args[1] == "ready":
            failing.pop()
            raise OperationalError("the database went away")
        give_back(*args, **kwargs)

    monkeypatch.setattr(together, "move_supplier_orders", fail_once)
    _lost, *rest = send(supplier, rows)
    assert {(row.status, row.failures, row.deaths, row.lease_until) for row in rest} == {("ready", 0, 0, None)}


def test_when_a_worker_dies_over_several_each_is_sent_again_alone_under_its_own_key(supplier, harbour, relay):
    rows = ready(supplier, *["TEST-OK"] * 4)
    taken = together._set_out(supplier.pk, [row.pk for row in rows])
    adapter = ADAPTERS["watched"](supplier)
    # Two had left when it was killed.
    for row in taken[:2]:
        adapter.place(row.request, key=f"waybill-order-{row.reference}")
    past = timezone.now() - timedelta(seconds=1)
    SupplierOrder.objects.update(lease_until=past, due_at=past)
    relay.run_until_idle()
    assert {(row.status in TAKEN, row.deaths) for row in fresh(rows)} == {(True, 0)}
    assert effects(harbour) == [1] * 4
    assert len(posts(harbour)) == 6
    assert len(set(posts(harbour))) == 4


def test_of_a_supplier_too_slow_for_all_of_them_the_rest_is_due_at_once_for_another_thread(
    supplier, settings, monkeypatch
):
    slow = Lanes()
    slow.note(supplier.pk, 0.9)
    monkeypatch.setattr(together, "lanes", slow)
    settings.TOGETHER_SECONDS = 2
    rows = ready(supplier, *["TEST-OK"] * 5)
    SupplierOrder.objects.update(due_at=timezone.now() + timedelta(seconds=30))
    done = send(supplier, rows)
    assert [row.status in TAKEN for row in done] == [True, True, False, False, False]
    assert {(row.status, row.attempt, row.lease_until) for row in done[2:]} == {("ready", 0, None)}
    assert all(row.due_at <= timezone.now() for row in done[2:])


def test_when_the_time_is_over_what_was_not_sent_is_given_back(supplier, settings, harbour):
    settings.TOGETHER_SECONDS = 0.5
    harbour.control("faults", [{"match": "POST /v1/orders", "kind": "delay", "times": 9, "seconds": 0.3}])
    done = send(supplier, ready(supplier, *["TEST-OK"] * 5))
    placed = [row for row in done if row.status in TAKEN]
    given_back = [row for row in done if row.status == "ready"]
    assert len(placed) + len(given_back) == 5
    assert placed
    assert given_back
    assert {(row.failures, row.deaths, row.lease_until) for row in given_back} == {(0, 0, None)}
    assert all(row.due_at <= timezone.now() for row in given_back)
