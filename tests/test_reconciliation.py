"""Our books against Stripe's: what was told in vain, what nobody asked for, what differs, and who is asked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from config.models import Comparison, MoneyFinding
from orders.actions.cancel import cancel_units
from orders.actions.capture import work_on_authorisation
from orders.actions.holds import release_holds
from orders.actions.transfer import record_transfer
from orders.models import Hold, Order, OrderLine, Payment, Refund, WorkItem
from tests.comparing import (  # noqa: F401  (fixtures)
    as_shipped_fixture,
    found,
    noted,
    open_work,
    paid_there,
    reconcile,
    strangers_payment,
    variant_fixture,
)
from tests.factories import make_order, make_paid_order, make_person

pytestmark = pytest.mark.django_db


# --- what is taken in


def test_a_shop_that_was_told_everything_has_nothing_unexplained(sandbox, variant):
    order = noted(sandbox, variant)
    reconcile()
    reconcile("full")
    assert found() == []
    assert open_work() == []
    assert Payment.objects.get(order=order).compared_at is not None
    row = Comparison.objects.get(kind="full")
    assert (row.part, row.due_at, row.failed_since) == ("", None, None)
    assert row.last_counts["payment_intents"] == {"seen": 1, "taken_in": 0}


@pytest.mark.parametrize("kind", ["recent", "full"])
def test_with_all_webhooks_lost_the_order_is_paid_within_one_comparison(sandbox, variant, kind):
    orders = [paid_there(sandbox, variant) for _number in range(3)]
    reconcile(kind)
    assert set(Order.objects.values_list("status", flat=True)) == {"paid"}
    assert Payment.objects.count() == len(orders)
    assert found() == []
    assert Comparison.objects.get(kind=kind).last_counts["payment_intents"]["taken_in"] == 3


def test_a_refund_made_in_the_dashboard_appears(sandbox, variant):
    order = noted(sandbox, variant)
    sandbox.control("refunds", {"payment_intent": order.payments.get().stripe_id, "amount": 300})
    reconcile()
    refund = Refund.objects.get()
    assert (refund.amount_minor, refund.reason, refund.status) == (300, "outside", "succeeded")
    assert found() == []


def test_a_dispute_nobody_told_of_is_taken_in_once(sandbox, variant):
    order = noted(sandbox, variant)
    sandbox.control("disputes", {"payment_intent": order.payments.get().stripe_id})
    reconcile("full")
    reconcile("full")
    assert open_work() == ["dispute"]
    assert order.events.filter(kind="dispute.opened").count() == 1
    assert found() == []


def test_what_a_bank_transfer_brings_is_not_looked_for_at_stripe(sandbox, variant):
    order = make_order((variant, 2))
    Order.objects.filter(pk=order.pk).update(pay_with="bank_transfer")
    record_transfer(order, received=order.total, key="statement-7", by=None)
    order.refresh_from_db()
    assert order.is_paid
    reconcile()
    reconcile("full")
    assert found() == []


def test_what_was_cancelled_before_its_money_was_taken_is_no_difference(sandbox, variant, settings):
    settings.REVIEW_ABOVE_MINOR = 1
    order = noted(sandbox, variant)
    assert order.status == "authorised"
    cancel_units(order, {order.lines.get().pk: 1}, reason=Refund.Reason.CANCELLED, by=None, key="one")
    release_holds(order, by=None)
    work_on_authorisation(order.authorisations.get().pk)
    order.refresh_from_db()
    assert (order.status, Payment.objects.get().captured_minor < order.total_minor) == ("paid", True)
    assert Refund.objects.get().reason == "not_taken"
    reconcile()
    reconcile("full")
    assert found() == []


def test_what_a_lost_dispute_took_is_no_difference(sandbox, variant):
    order = noted(sandbox, variant)
    dispute = sandbox.control("disputes", {"payment_intent": order.payments.get().stripe_id})["id"]
    sandbox.control("disputes", {"dispute": dispute, "status": "lost"})
    reconcile("full")
    assert Refund.objects.get().reason == "dispute"
    reconcile("full")
    assert found() == []


# --- what is found


def test_money_the_shop_never_heard_of_is_a_row_and_one_question(sandbox, variant):
    intent = strangers_payment(sandbox)
    reconcile()
    reconcile()
    reconcile("full")
    assert found() == [("stray_payment", intent)]
    finding, item = MoneyFinding.objects.get(), WorkItem.objects.get()
    assert (finding.amount_minor, finding.currency, finding.order) == (7450, "EUR", None)
    assert (item.reason, item.money_minor) == ("money_finding", 7450)
    assert intent in item.summary

    # Paid back at Stripe, it needs nobody any more.
    sandbox.control("refunds", {"payment_intent": intent})
    reconcile()
    assert found() == []
    assert open_work() == []


def test_money_that_bears_an_orders_number_and_no_page_of_its_is_offered_to_that_order(sandbox, variant, client):
    order = make_order((variant, 2))
    metadata = {"order": order.number}
    intent = strangers_payment(sandbox, metadata=metadata, payment_intent_data={"metadata": metadata})
    reconcile()
    assert found() == [("stray_payment", intent)]
    finding = MoneyFinding.objects.get()
    assert finding.order == order

    item = WorkItem.objects.get(reason="money_finding")
    client.force_login(make_person(role="Store staff"))
    page = client.get("/admin/reconciliation/").content.decode()
    assert "unexplained: 1" in page
    assert order.number in page
    client.post(f"/admin/orders/workitem/{item.pk}/act/note-payment/")

    payment = order.payments.get()
    assert (payment.stripe_id, payment.captured_minor) == (intent, 7450)
    reconcile()
    # It is in the books, and is not what the order asks for: that question was asked with the payment.
    assert found() == [("misfit", f"order:{order.pk}")]
    assert open_work() == ["payment_unexpected"]


def test_another_amount_than_in_our_books_is_found_and_closes_when_it_is_right(sandbox, variant):
    order = noted(sandbox, variant)
    payment = order.payments.get()
    Payment.objects.filter(pk=payment.pk).update(captured_minor=payment.captured_minor - 100)
    reconcile()
    assert ("amount", payment.stripe_id) in found()
    assert "money_finding" in open_work()
    Payment.objects.filter(pk=payment.pk).update(captured_minor=payment.captured_minor)
    reconcile()
    assert found() == []
    assert open_work() == []


def test_another_currency_is_another_amount(sandbox, variant):
    order = noted(sandbox, variant)
    order.payments.update(currency="GBP")
    reconcile()
    assert ("amount", order.payments.get().stripe_id) in found()


def test_a_payment_of_another_amount_than_asked_and_a_late_one_do_not_fit(sandbox, variant):
    order = make_paid_order((variant, 1))
    Payment.objects.filter(order=order).update(captured_minor=order.total_minor + 500)
    late = make_paid_order((variant, 1))
    hour = timezone.now() - timedelta(hours=1)
    Order.objects.filter(pk=late.pk).update(status="late_paid", paid_at=None, status_changed_at=hour)
    reconcile()
    assert found() == [("misfit", f"order:{order.pk}"), ("misfit", f"order:{late.pk}")]


def test_a_payment_that_stripe_does_not_know_is_found_by_the_whole_comparison(sandbox, variant):
    order = make_paid_order((variant, 1))
    reconcile()
    assert found() == []
    reconcile("full")
    assert found() == [("not_at_stripe", f"pi_{order.number}")]
    assert "Stripe does not know it" in WorkItem.objects.get(reason="money_finding").summary


def test_a_refund_that_stands_otherwise_at_stripe_is_found(sandbox, variant):
    order = noted(sandbox, variant)
    sandbox.control("refunds", {"payment_intent": order.payments.get().stripe_id, "amount": 300})
    reconcile()
    Refund.objects.update(amount_minor=200)
    reconcile()
    assert {kind for kind, _key in found()} == {"refund"}
    Refund.objects.update(amount_minor=300)
    reconcile()
    assert found() == []


def test_a_dispute_about_money_that_is_not_ours_is_found_and_stops_nothing(sandbox, variant):
    intent = strangers_payment(sandbox)
    dispute = sandbox.control("disputes", {"payment_intent": intent})["id"]
    order = paid_there(sandbox, variant)
    reconcile()
    assert found() == [("dispute", dispute), ("stray_payment", intent)]
    order.refresh_from_db()
    assert order.status == "paid"


def test_paid_units_that_are_nowhere_are_found_by_night_and_only_once_asked_about(sandbox, variant, relay):
    order = make_paid_order((variant, 2))
    relay.run_until_idle()
    reconcile("full")
    assert "unit" not in {kind for kind, _key in found()}

    OrderLine.objects.filter(order=order).update(forwarded=1, cancelled=1)
    reconcile("full")
    reconcile("full")
    line = order.lines.get()
    assert ("unit", f"line:{line.pk}") in found()
    assert WorkItem.objects.filter(subject_key__startswith="moneyfinding", summary__contains=line.sku).count() == 1


def test_a_unit_that_waits_with_a_reason_is_no_finding(sandbox, variant):
    order = make_paid_order((variant, 1))
    Order.objects.filter(pk=order.pk).update(forward_after=timezone.now() - timedelta(hours=1))
    reconcile("full")
    assert ("unit", f"line:{order.lines.get().pk}") in found()
    Hold.objects.create(order=order, reason="manual")
    reconcile("full")
    assert "unit" not in {kind for kind, _key in found()}


def test_what_a_person_has_explained_stays_explained_until_its_amount_changes(sandbox, client):
    intent = strangers_payment(sandbox)
    reconcile()
    item = WorkItem.objects.get()
    client.force_login(make_person(role="Store staff"))
    client.post(f"/admin/orders/workitem/{item.pk}/act/not-ours/")
    reconcile()
    assert found() == []
    assert open_work() == []
    assert MoneyFinding.objects.get().explained_by is not None
    sandbox.control("refunds", {"payment_intent": intent, "amount": 50})
    reconcile()
    assert found() == [("stray_payment", intent)]
    assert open_work() == ["money_finding"]
