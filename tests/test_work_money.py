"""Work about money: what is owed goes back once, however often a button is pressed."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from config.waiting import keep_deadlines
from orders.actions.holds import place_hold
from orders.models import Order, Payment, Refund, Shipment, ShipmentLine, WorkItem
from suppliers.models import SupplierOrder
from support.models import Choice
from support.returning.decide import Verdict, decide
from tests import waiting
from tests.passing import put
from tests.returning import ask as back, make_desk, sent_order
from tests.work import is_closed, press, staff_fixture, work_of  # noqa: F401

pytestmark = pytest.mark.django_db


def test_refused_goods_can_be_cancelled_and_paid_back_in_one_act(client, staff, relay):
    row = put(waiting.a_supplier_order(), status="refused")
    item = work_of(row, "supplier_refused")

    press(client, item, "cancel-refused")
    relay.run_until_idle()

    line = row.order.lines.get()
    assert (line.cancelled, line.forwarded, line.open) == (2, 0, 0)
    assert Refund.objects.get().amount_minor == row.order.total_minor
    assert is_closed(item)
    assert SupplierOrder.objects.count() == 1


def test_an_unexpected_payment_is_refunded_by_its_button(client, staff):
    order = waiting.paid_order()
    second = Payment.objects.create(order=order, stripe_id="pi_second", captured_minor=900, currency="EUR")
    item = work_of(second, "payment_unexpected", money_minor=900)

    page = press(client, item, "refund-payment").content.decode()

    assert "€9.00 goes back." in page
    refund = Refund.objects.get()
    assert (refund.payment, refund.amount_minor, refund.requested_by) == (second, 900, staff)
    assert is_closed(item)


def failed_refund() -> Refund:
    from orders.actions.refund import RefundPart, _fail, request_refund

    order = waiting.paid_order()
    line = order.lines.get()
    parts = [RefundPart(line, 1, 1250)]
    refund = request_refund(order, parts, reason=Refund.Reason.GOODWILL, by=None, key="first")
    _fail(refund, "account closed")
    return refund


def test_a_failed_refund_is_tried_again_with_a_key_of_its_own_and_once(client, staff):
    refund = failed_refund()
    item = WorkItem.objects.get(reason="refund_failed")

    press(client, item, "refund-again")
    press(client, item, "refund-again")

    again = Refund.objects.exclude(pk=refund.pk).get()
    assert again.idempotency_key == "first-again"
    assert (again.status, again.amount_minor, again.requested_by) == ("requested", 1250, staff)
    assert [(part.quantity, part.amount_minor) for part in again.lines.all()] == [(1, 1250)]
    line, payment = refund.order.lines.get(), refund.payment
    payment.refresh_from_db()
    assert (line.refunded, line.refunded_minor, payment.refunded_minor) == (1, 1250, 1250)
    assert is_closed(item)


def test_a_refund_that_has_not_failed_is_never_asked_with_a_second_key():
    from orders.actions.again import ask_refund_again

    refund = waiting.a_refund()

    assert ask_refund_again(refund, by=None) is None
    assert Refund.objects.count() == 1


def test_a_failed_refund_of_a_whole_payment_is_tried_again(client, staff):
    from orders.actions.refund import _fail, refund_everything

    order = waiting.paid_order()
    refund = refund_everything(order.payments.get(), reason=Refund.Reason.LATE_PAYMENT, by=None)
    _fail(refund, "account closed")

    press(client, WorkItem.objects.get(reason="refund_failed"), "refund-again")

    again = Refund.objects.exclude(pk=refund.pk).get()
    payment = order.payments.get()
    assert (again.amount_minor, payment.refunded_minor) == (order.total_minor, order.total_minor)


def test_a_second_try_after_the_money_went_another_way_is_refused(client, staff):
    refund = failed_refund()
    Payment.objects.update(refunded_minor=refund.payment.captured_minor)

    page = press(client, WorkItem.objects.get(reason="refund_failed"), "refund-again").content.decode()

    assert "So much is not left" in page
    assert Refund.objects.count() == 1


def test_units_without_a_supplier_are_cancelled_and_refunded_by_the_button(client, staff):
    line = waiting.paid_order().lines.get()
    item = work_of(line, "no_offer")

    press(client, item, "cancel-line")

    line.refresh_from_db()
    assert (line.cancelled, line.open) == (2, 0)
    assert Refund.objects.get().amount_minor == line.order.total_minor
    assert is_closed(item)


def test_a_parcel_that_came_back_is_refunded_once(client, staff):
    parcel = put(waiting.a_parcel(), status="returned")
    item = work_of(parcel, "parcel_back")

    press(client, item, "refund-parcel")

    refund = Refund.objects.get()
    assert (refund.amount_minor, refund.reason) == (parcel.order.total_minor // 2, "returned")
    assert parcel.order.lines.get().refunded == 1
    assert is_closed(item)


def test_new_goods_that_are_lost_bring_what_those_cost_that_they_replace(client, staff):
    order = sent_order(2)
    row = back(order, {order.lines.get().pk: 1})
    decide(row, Verdict(Choice.REPLACEMENT, goods_back=False), form_key=uuid.uuid4(), by=make_desk())
    new = order.lines.get(replaces__isnull=False)
    parcel = Shipment.objects.create(order=order, status="returned", delivery=new.delivery)
    ShipmentLine.objects.create(shipment=parcel, line=new, quantity=1)

    press(client, work_of(parcel, "parcel_back"), "refund-parcel")

    refund = Refund.objects.get()
    assert [(part.line.pk, part.quantity) for part in refund.lines.all()] == [(new.replaces_id, 1)]
    assert refund.amount_minor == order.total_minor // 2


def test_how_a_dispute_stands_is_read_again_at_once(client, staff):
    dispute = put(waiting.a_dispute(), status="open", due_at=timezone.now() + timedelta(hours=6))
    item = work_of(dispute, "dispute")

    page = press(client, item, "read-dispute").content.decode()

    dispute.refresh_from_db()
    assert "Stripe is asked in a moment" in page
    assert dispute.due_at <= timezone.now()


def test_an_authorised_order_is_accepted_or_refused_by_its_buttons(client, staff):
    accepted = waiting.an_authorisation()
    place_hold(accepted.order, "payment_review", by=None)
    item = work_of(accepted, "decide_payment")

    press(client, item, "take-payment")
    again = press(client, item, "let-go").content.decode()

    accepted.refresh_from_db()
    assert (accepted.status, accepted.capture_minor, accepted.decided_by) == ("capturing", 1640, staff)
    assert is_closed(item)
    assert "Refused" not in again


def test_an_order_nobody_can_pay_any_more_is_given_up(client, staff):
    session = put(waiting.a_session(), state="expired")
    item = work_of(session.order, "payment_stuck")

    press(client, item, "ask-stripe")

    assert Order.objects.get().status == "expired"
    keep_deadlines(now=timezone.now())
    assert is_closed(item)


def test_a_parcel_whose_refund_failed_is_not_called_paid_back(client, staff):
    from orders.actions.refund import _fail

    parcel = put(waiting.a_parcel(), status="returned")
    press(client, work_of(parcel, "parcel_back"), "refund-parcel")
    _fail(Refund.objects.get(), "account closed")

    page = press(client, work_of(parcel, "parcel_back"), "refund-parcel").content.decode()

    assert "Its refund has failed" in page
    assert "parcel_back" in WorkItem.objects.filter(closed_at=None).values_list("reason", flat=True)
