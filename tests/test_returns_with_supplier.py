"""What a real simulated supplier answers to returns, over HTTP, and what becomes of the customer's return."""

from __future__ import annotations

import uuid

import pytest
from django.utils import timezone

from orders.models import Refund
from suppliers.models import SupplierCredit, SupplierReturn
from support.models import Choice
from support.return_states import ReturnStatus
from support.returning.asking import Wanted, ask_return
from support.returning.decide import Verdict, decide
from support.returning.flow import cancel_return
from tests.dialogue import refunded, turn, unexplained
from tests.supplier_shop import DECIDED, MOVED, Shop, states

pytestmark = pytest.mark.django_db


@pytest.fixture(name="shop")
def shop_fixture(harbour, relay):
    return Shop(harbour, relay)


def test_approved_with_a_label_and_all_of_it_comes_back(shop):
    row = shop.ask()
    assert states(row) == ("requested", "accepted")

    shop.turn(DECIDED)
    row = shop.again(row)
    assert states(row) == ("approved", "ready")
    assert row.label_url.endswith(".pdf")
    assert row.return_to.count("\n") >= 2
    assert row.return_by > timezone.localdate()
    assert refunded(shop.order) == []

    shop.turn(MOVED)
    assert states(shop.again(row)) == ("in_transit", "in_transit")
    shop.turn(MOVED)
    row = shop.again(row)
    assert states(row) == ("received", "resolved")
    assert len(refunded(shop.order)) == 1
    assert (shop.line.in_returns, shop.line.refunded) == (2, 2)

    shop.turn(MOVED)
    row = shop.again(row)
    assert row.supplier_return.last_copy["resolution"]["type"] in {"refund", "credit"}
    ((status, reason, units, told),) = shop.credits()
    assert (status, reason, units) == ("credited", "defective", 2)
    assert told == SupplierCredit.objects.get().amount_minor
    assert unexplained() == []


def test_rejected_and_the_goods_go_to_the_address_on_file(shop):
    row = shop.ask(outcome="reject")
    shop.turn(DECIDED)

    row = shop.again(row)
    assert states(row) == ("rejected", "ready")
    assert row.return_to == shop.supplier.delivery_profile.return_address
    assert "does not agree" in shop.told(row)
    assert unexplained() == []


def test_refused_after_receipt_and_a_person_decides_again(shop):
    row = shop.ask(outcome="refuse")
    shop.turn(DECIDED)
    shop.turn(MOVED)
    shop.turn(MOVED)

    row = shop.again(row)
    assert states(row) == ("received", "review")
    assert row.lines.get().refused == 2
    assert refunded(shop.order) == []
    shop.turn(MOVED)
    assert shop.again(row).status == ReturnStatus.REVIEW
    decide(shop.again(row), Verdict(Choice.REFUND_AFTER), form_key=uuid.uuid4(), by=shop.agent)
    shop.relay.run_until_idle()
    assert shop.again(row).status == ReturnStatus.RESOLVED
    assert Refund.objects.get().lines.get().quantity == 2
    # The customer has their money; the supplier's no is a dispute of ours.
    assert [status for status, *_rest in shop.credits()] == ["disputed"]
    assert unexplained() == []


def test_expired_at_the_supplier_and_the_customer_keeps_their_own_time(shop):
    row = shop.ask(outcome="expire")
    shop.turn(DECIDED)
    shop.turn(MOVED)

    row = shop.again(row)
    assert states(row) == ("expired", "ready")
    assert "waits no longer" in shop.told(row)
    assert unexplained() == []


def test_withdrawn_before_it_is_handed_in(shop):
    row = shop.ask()
    shop.turn(DECIDED)
    assert cancel_return(shop.again(row), by=None)
    shop.relay.run_until_idle()

    row = shop.again(row)
    assert states(row) == ("cancelled", "cancelled")
    assert shop.line.in_returns == 0
    assert shop.process.books()["orders"][0]["returns"][0]["status"] == "cancelled"
    assert unexplained() == []


def test_withdrawn_too_late_and_goods_that_come_are_looked_at(shop):
    row = shop.ask()
    shop.turn(DECIDED)
    # On its way at the supplier, which we do not know yet.
    turn(shop.process, MOVED)
    assert cancel_return(shop.again(row), by=None)
    shop.relay.run_until_idle()

    row = shop.again(row)
    assert states(row) == ("in_transit", "cancelled")
    assert "did not withdraw" in shop.told(row)
    shop.turn(MOVED)
    row = shop.again(row)
    assert states(row) == ("received", "review")
    assert row.lines.get().received == 2
    assert shop.line.in_returns == 2
    assert unexplained() == []


def test_a_withdrawal_is_credited_once_the_supplier_has_the_goods(shop):
    from support.returning.withdrawing import withdraw

    (row,) = withdraw(shop.order, {shop.line.pk: 2}, form_key=uuid.uuid4()).returns
    shop.relay.run_until_idle()
    for seconds in (DECIDED, MOVED, MOVED, MOVED):
        shop.turn(seconds)

    row = shop.again(row)
    assert states(row) == ("resolved", "resolved")
    credit = SupplierCredit.objects.get()
    assert (credit.status, credit.reason, credit.units) == ("credited", "returned", 2)
    assert (credit.refund, credit.back, credit.told_minor) == (None, row.supplier_return, credit.amount_minor)
    assert unexplained() == []


def test_refund_without_return_is_credited_all_the_same(shop):
    asked = Wanted({shop.line.pk: 1}, reason="defective")
    (row,) = ask_return(shop.order, asked, form_key=uuid.uuid4())
    decide(row, Verdict(Choice.REFUND_KEEP), form_key=uuid.uuid4(), by=shop.agent)
    shop.relay.run_until_idle()
    row = shop.again(row)
    assert row.status == ReturnStatus.RESOLVED
    assert [status for status, *_rest in shop.credits()] == ["claimed"]

    shop.turn(DECIDED)
    assert [status for status, *_rest in shop.credits()][0] in {"accepted", "credited"}
    for _moment in range(3):
        shop.turn(MOVED)
    assert [status for status, *_rest in shop.credits()] == ["credited"]
    assert unexplained() == []


def test_asked_twice_for_the_same_units_the_second_has_none_left(shop):
    first, second = shop.ask(2), shop.ask(2, reason="damaged")

    shop.turn(DECIDED)

    assert [states(shop.again(row))[0] for row in (first, second)] == ["approved", "approved"]
    assert SupplierReturn.objects.count() == 2
    assert shop.line.in_returns == 4
    assert unexplained() == []
