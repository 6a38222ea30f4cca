"""A supplier that sends new goods itself: with and without the old ones, in any order of news, or not at all."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from orders.models import Event, WorkItem
from shop.markets import MARKETS
from shop.models import Market, Variant
from suppliers.actions.parcels import take_shipment_copy
from suppliers.actions.track import take_return_copy
from suppliers.models import (
    Supplier,
    SupplierCredit,
    SupplierReturn,
)
from support.models import Choice, Replacement
from support.returning.decide import Verdict, decide
from support.returning.flow import SUPPLIER_PATIENCE, cancel_return, hand_in
from tests.dialogue import refunded, turn, unexplained
from tests.factories import make_variant
from tests.new_goods import (
    back_copy,
    is_silent,
    made,
    new_line,
    orders_placed,
    parcel,
    parcels_of_new,
    replace,
    shop_fixture,  # noqa: F401
    told,
    work,
)
from tests.passing import sweep
from tests.supplier_shop import DECIDED, MOVED, states

pytestmark = pytest.mark.django_db
R = WorkItem.Reason


def test_nothing_comes_back_and_the_supplier_sends_new_goods_itself(shop):
    row = replace(shop)
    assert row.supplier_return.request["resolution_requested"] == "replacement"
    assert (states(row), row.goods_back) == (("requested", "accepted"), False)
    assert not Replacement.objects.exists()
    assert told(shop, "return-kept") == 1

    shop.turn(DECIDED)
    row, line = shop.again(row), new_line()
    assert states(row) == ("resolved", "resolved")
    assert (line.quantity, line.unit_cost, line.line_minor, line.forwarded, line.open) == (1, 0, 0, 1, 0)
    assert (made().status, made().first_sent_at, made().due_at, made().version) == ("placed", None, None, 0)
    assert (Replacement.objects.get().status, row.lines.get().settled) == ("ordered", 1)
    assert told(shop, "return-kept") == 2
    assert unexplained() == []

    shop.turn(400)
    line = new_line()
    assert (line.shipped, line.delivered, made().status) == (1, 1, "closed")
    assert Replacement.objects.get().status == "delivered"
    assert line.delivery.shipments.get().kind == "outbound"
    assert (told(shop, "parcel-sent"), told(shop, "parcel-delivered")) == (2, 2)
    # Made good in kind: nothing was ordered, paid back or claimed.
    assert (orders_placed(shop), refunded(shop.order), shop.credits()) == (1, [], [])
    assert (shop.line.in_returns, shop.line.shipped, shop.line.delivered) == (1, 4, 4)
    assert unexplained() == []


def test_the_goods_come_back_first(shop):
    row = replace(shop, 2)
    shop.turn(DECIDED)
    assert (states(shop.again(row)), told(shop, "return-ready")) == (("approved", "ready"), 1)
    shop.turn(MOVED)
    shop.turn(MOVED)
    row = shop.again(row)
    assert states(row) == ("received", "inspected")
    assert row.due_at is not None
    assert (Replacement.objects.exists(), told(shop, "return-arrived")) == (False, 1)
    assert unexplained() == []

    shop.turn(MOVED)
    assert states(shop.again(row)) == ("resolved", "resolved")
    shop.turn(400)
    assert (new_line().delivered, Replacement.objects.get().status) == (2, "delivered")
    assert (orders_placed(shop), refunded(shop.order), shop.credits()) == (1, [], [])
    assert told(shop, "return-resolved") == 1
    assert unexplained() == []


def test_where_a_scan_pays_it_gives_nothing_that_the_supplier_is_to_send(shop):
    Market.objects.update(refunds_at_handover=True)
    MARKETS.forget()
    row = replace(shop, 2)
    shop.turn(DECIDED)
    for _time in range(3):
        hand_in(shop.again(row))
    assert (shop.again(row).status, Replacement.objects.exists(), refunded(shop.order)) == ("in_transit", False, [])
    assert not Event.objects.filter(kind="return.scanned").exists()


@pytest.mark.parametrize("first", ["parcel", "return"])
def test_parcel_and_resolution_in_any_order_and_told_again_and_again(shop, first):
    row = replace(shop)
    turn(shop.process, DECIDED)
    early_parcel, resolved = parcel(shop), back_copy(shop)
    turn(shop.process, 400)
    late_parcel = parcel(shop)
    assert (early_parcel["status"], late_parcel["status"]) == ("label_created", "delivered")

    def tell_parcel() -> None:
        for copy in (late_parcel, early_parcel, late_parcel):
            take_shipment_copy(shop.supplier, copy)
        shop.relay.run_until_idle()

    def tell_return() -> None:
        for _time in range(2):
            take_return_copy(shop.supplier, resolved)
        shop.relay.run_until_idle()

    for tell in (tell_parcel, tell_return) if first == "parcel" else (tell_return, tell_parcel):
        tell()
        assert unexplained() == []
    for _time in range(2):
        tell_return()
        tell_parcel()

    line = new_line()
    assert (line.shipped, line.delivered, line.quantity) == (1, 1, 1)
    assert (Replacement.objects.get().status, made().status) == ("delivered", "closed")
    assert shop.order.shipments.filter(kind="replacement").count() == 0
    assert shop.order.shipments.count() == 2
    assert told(shop, "parcel-sent") == 2
    assert (shop.line.delivered, row.lines.get().settled) == (4, 1)
    assert (work(R.COMES_TWICE), work(R.PARCEL_GARBAGE)) == ([], [])
    assert unexplained() == []


def test_a_supplier_that_says_no_and_we_order_anew_once(shop):
    row = replace(shop, outcome="reject")
    shop.turn(DECIDED)

    row = shop.again(row)
    assert states(row) == ("rejected", "resolved")
    assert not row.supplier_return.awaits_replacement
    assert (Replacement.objects.count(), new_line().unit_cost, orders_placed(shop)) == (1, 100_000, 2)
    assert [status for status, *_rest in shop.credits()] == ["disputed"]
    take_return_copy(shop.supplier, back_copy(shop))
    shop.turn(400)
    assert (Replacement.objects.get().status, orders_placed(shop)) == ("delivered", 2)
    assert (shop.again(row).lines.get().settled, refunded(shop.order)) == (1, [])
    assert unexplained() == []


def test_a_supplier_that_gives_credit_instead_and_we_order_anew(shop):
    row = replace(shop)
    shop.process.control("stock", {"sku": "TEST-OK", "quantity": 0})
    turn(shop.process, DECIDED)
    shop.process.control("stock", {"sku": "TEST-OK", "quantity": 50})
    shop.turn(1)

    row = shop.again(row)
    assert row.supplier_return.last_copy["resolution"]["type"] == "credit"
    assert (states(row), orders_placed(shop)) == (("resolved", "resolved"), 2)
    assert [status for status, *_rest in shop.credits()] == ["credited"]
    shop.turn(400)
    assert (Replacement.objects.get().status, refunded(shop.order)) == ("delivered", [])
    assert unexplained() == []


def test_the_supplier_wants_goods_back_that_the_customer_was_told_to_keep(shop):
    row = shop.ask(2, choice=Choice.REPLACEMENT, solution="replacement", goods_back=False)
    shop.turn(DECIDED)

    row = shop.again(row)
    assert (states(row)[1], orders_placed(shop), new_line().quantity) == ("resolved", 2, 2)
    assert "told to keep" in shop.told(row)
    assert unexplained() == []


def test_refused_after_receipt_and_a_person_decides(shop):
    row = replace(shop, 2, outcome="refuse")
    for seconds in (DECIDED, MOVED, MOVED, MOVED):
        shop.turn(seconds)

    row = shop.again(row)
    assert states(row) == ("resolved", "review")
    assert not Replacement.objects.exists()
    assert len(work(R.RETURN_DECISION)) == 1
    decide(row, Verdict(Choice.REPLACEMENT), form_key=uuid.uuid4(), by=shop.agent)
    shop.turn(400)
    assert (shop.again(row).status, orders_placed(shop)) == ("resolved", 2)
    assert unexplained() == []


def test_expired_at_the_supplier_and_the_customer_keeps_their_own_time(shop):
    row = replace(shop, 2, outcome="expire")
    shop.turn(DECIDED)
    shop.turn(MOVED)

    row = shop.again(row)
    assert states(row) == ("expired", "ready")
    assert not row.supplier_return.awaits_replacement
    assert unexplained() == []


def test_silence_and_a_person_decides_who_never_asks_the_supplier_again(shop):
    row = replace(shop)
    assert timedelta(0) < row.due_at - row.decided_at <= SUPPLIER_PATIENCE + timedelta(seconds=5)
    is_silent(row, shop.relay)
    row = shop.again(row)
    assert row.status == "review"
    (item,) = work(R.RETURN_DECISION)
    assert "has not said" in item.summary
    assert (Replacement.objects.exists(), told(shop, "return-review")) == (False, 1)
    assert unexplained() == []

    decide(row, Verdict(Choice.REPLACEMENT, goods_back=False), form_key=uuid.uuid4(), by=shop.agent)
    shop.relay.run_until_idle()
    row = shop.again(row)
    assert (row.status, orders_placed(shop), row.supplier_return.status) == ("resolved", 2, "cancelled")
    assert SupplierReturn.objects.count() == 1
    shop.turn(400)
    assert (Replacement.objects.get().status, parcels_of_new(shop)) == ("delivered", 0)
    assert unexplained() == []


def test_silence_after_the_goods_came_back(shop):
    row = replace(shop, 2)
    for seconds in (DECIDED, MOVED, MOVED):
        shop.turn(seconds)
    assert shop.again(row).status == "inspected"
    is_silent(row, shop.relay)

    assert (shop.again(row).status, sweep().opened) == ("review", 0)
    decide(shop.again(row), Verdict(Choice.REFUND_AFTER), form_key=uuid.uuid4(), by=shop.agent)
    shop.relay.run_until_idle()
    assert (shop.again(row).status, len(refunded(shop.order))) == ("resolved", 1)
    # It sends new goods all the same: that may be once too often, and a person is asked, once.
    shop.turn(MOVED)
    shop.turn(400)
    shop.turn(1)
    (item,) = work(R.COMES_TWICE)
    assert row.number in item.summary
    assert shop.order.shipments.filter(kind="replacement").count() == 1
    assert not Replacement.objects.exists()
    item.closed_at = timezone.now()
    item.save()
    take_shipment_copy(shop.supplier, parcel(shop) | {"version": 99})
    assert work(R.COMES_TWICE) == []
    assert unexplained() == []


def test_an_answer_that_comes_while_a_person_is_asked_counts(shop):
    row = replace(shop)
    is_silent(row, shop.relay)
    shop.turn(DECIDED)

    assert states(shop.again(row)) == ("resolved", "resolved")
    assert (work(R.RETURN_DECISION), Replacement.objects.count(), orders_placed(shop)) == ([], 1, 1)
    assert unexplained() == []


def test_taken_back_by_the_customer_and_nothing_is_sent(shop):
    row = replace(shop)
    assert cancel_return(row, by=None)
    shop.relay.run_until_idle()
    shop.turn(DECIDED)
    shop.turn(400)

    assert states(shop.again(row)) == ("cancelled", "cancelled")
    assert (parcels_of_new(shop), shop.line.in_returns, Replacement.objects.exists()) == (0, 0, False)
    assert unexplained() == []


def test_an_exchange_is_ordered_anew_as_ever(shop):
    old = shop.line.variant
    other = make_variant(shop.supplier, sku="TEST-DELAY", price_minor=old.price_minor, stock=None)
    Variant.objects.filter(pk=other.pk).update(product=old.product)
    other.refresh_from_db()
    row = shop.ask(1, choice=Choice.REPLACEMENT, solution="exchange", goods_back=False, exchange_for=other)

    assert row.supplier_return.request["resolution_requested"] == "credit"
    assert (row.status, orders_placed(shop)) == ("resolved", 2)


def test_a_supplier_that_does_not_replace_itself_is_asked_for_credit(shop):
    Supplier.objects.update(replaces_itself=False)
    row = replace(shop)

    assert row.supplier_return.request["resolution_requested"] == "credit"
    assert (row.status, orders_placed(shop)) == ("resolved", 2)
    assert SupplierCredit.objects.count() == 1
    assert unexplained() == []
