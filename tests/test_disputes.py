"""A bank takes a payment back: what is not sent stays here, a person is asked in time, and the books stay right."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from config.money_answers import read_dispute
from orders.actions.dispute import take_dispute
from orders.actions.payment import settle
from orders.actions.refund import RefundPart, TooMuch, refundable_minor, request_refund
from orders.actions.work import close_work
from orders.models import Dispute, Order, Refund, WorkItem
from suppliers.models import SupplierOrder
from tests.factories import make_order, make_supplier, make_variant
from tests.money import assert_it_adds_up, open_work, pay, tell, work_again

pytestmark = pytest.mark.django_db


@pytest.fixture(name="order")
def order_fixture(sandbox, relay, settings) -> Order:
    """Two things for 12.50 and 3.90 delivery, paid, and within the time to change one's mind."""
    order = make_order((make_variant(make_supplier(), stock=9), 2))
    pay(sandbox, order)
    settle(order.sessions.get())
    relay.run_until_idle()
    order.refresh_from_db()
    return order


def dispute(sandbox, **asked: object) -> str:
    if "dispute" not in asked:
        asked["charge"] = sandbox.control("ledger")["charges"][0]["id"]
    return sandbox.control("disputes", asked)["id"]


def take_in(sandbox, settings, relay, **how: object) -> None:
    tell(sandbox, settings, kinds="charge.dispute", **how)
    work_again()
    relay.run_until_idle()


def refund(order: Order, amount: int, key: str = "one") -> Refund:
    part = RefundPart(order.lines.get(), 0, amount)
    return request_refund(order, [part], reason=Refund.Reason.GOODWILL, by=None, key=key)


def test_an_open_dispute_holds_what_is_not_sent_and_asks_with_money_and_deadline(order, sandbox, relay, settings):
    dispute(sandbox, amount=2000)
    for _time in range(2):
        take_in(sandbox, settings, relay)

    row = Dispute.objects.get()
    item = WorkItem.objects.get(reason="dispute", closed_at=None)
    assert (row.status, row.order, row.amount_minor, row.fee_minor) == ("open", order, 2000, 2000)
    assert (item.money_minor, item.deadline_at) == (2000, row.evidence_by)
    assert timedelta(days=6) < row.evidence_by - timezone.now() <= timedelta(days=7)
    assert [hold.reason for hold in order.holds.filter(released_at=None)] == ["dispute"]
    assert SupplierOrder.objects.get().status == "held"
    assert_it_adds_up()


def test_a_won_dispute_lets_the_goods_go_out(order, sandbox, relay, settings):
    identifier = dispute(sandbox)
    take_in(sandbox, settings, relay)
    dispute(sandbox, dispute=identifier, status="under_review")
    take_in(sandbox, settings, relay)
    assert Dispute.objects.get().status == "review"
    dispute(sandbox, dispute=identifier, status="won")
    take_in(sandbox, settings, relay)

    assert Dispute.objects.get().status == "won"
    assert SupplierOrder.objects.get().status == "ready"
    assert (open_work(), order.holds.filter(released_at=None).count()) == ([], 0)
    assert order.payments.get().refunded_minor == 0
    assert_it_adds_up()


def test_a_lost_dispute_is_money_back_and_is_not_paid_back_twice(order, sandbox, relay, settings, mailbox):
    mails = len(mailbox())
    identifier = dispute(sandbox, amount=2000)
    dispute(sandbox, dispute=identifier, status="lost")
    for order_of in ("any", "newest first"):
        take_in(sandbox, settings, relay, times=2, order_of=order_of)

    row, line = Dispute.objects.get(), order.lines.get()
    assert (row.status, row.refund.status, row.refund.amount_minor) == ("lost", "succeeded", 2000)
    assert (order.payments.get().refunded_minor, refundable_minor(line)) == (2000, 890)
    with pytest.raises(TooMuch):
        refund(order, 891)
    assert len(mailbox()) == mails
    assert open_work() == ["dispute"]
    # No goods come back and nothing was agreed: the invoice stands as it is, however long ago that was.
    assert list(order.papers.values_list("kind", flat=True)) == ["invoice"]
    Refund.objects.update(status_changed_at=timezone.now() - timedelta(days=1))
    close_work(WorkItem.Reason.DISPUTE, row)
    assert_it_adds_up()


def test_an_order_whose_money_all_went_back_through_the_bank_is_not_sent(order, sandbox, relay, settings, client):
    identifier = dispute(sandbox)
    dispute(sandbox, dispute=identifier, status="lost")
    take_in(sandbox, settings, relay)

    order.refresh_from_db()
    line = order.lines.get()
    assert (order.status, line.cancelled, line.forwarded) == ("cancelled", 2, 0)
    assert order.refunds.get().reason == "dispute"
    assert "Went back through your bank" in client.get(order.get_absolute_url()).content.decode()
    assert_it_adds_up()


def test_a_dispute_after_a_refund_that_costs_more_than_was_paid_is_seen(order, sandbox, relay, settings):
    refund(order, 1000)
    relay.run_until_idle()
    identifier = dispute(sandbox)
    dispute(sandbox, dispute=identifier, status="lost")
    take_in(sandbox, settings, relay)

    payment = order.payments.get()
    assert payment.refunded_minor == payment.captured_minor
    item = WorkItem.objects.get(reason="refund_failed", closed_at=None)
    assert (item.subject_key, item.money_minor) == (f"payment:{payment.pk}", 1000)
    assert "and then through the bank" in item.summary


def test_a_decision_that_is_turned_over_takes_the_money_out_of_the_books_again(order, sandbox, relay, settings):
    identifier = dispute(sandbox, amount=2000)
    dispute(sandbox, dispute=identifier, status="lost")
    take_in(sandbox, settings, relay)
    sandbox.control("disputes", {"dispute": identifier, "status": "won", "overturned": True})
    take_in(sandbox, settings, relay)

    assert (Dispute.objects.get().status, order.payments.get().refunded_minor) == ("won", 0)
    assert refundable_minor(order.lines.get()) == 2890
    assert open_work() == []
    assert_it_adds_up()


def test_a_dispute_nobody_told_of_the_end_of_is_read_again(order, sandbox, relay):
    identifier = dispute(sandbox)
    take_dispute(identifier)
    dispute(sandbox, dispute=identifier, status="won")

    read_dispute(Dispute.objects.get(), by=None)
    relay.run_until_idle()

    row = Dispute.objects.get()
    assert (row.status, row.due_at) == ("won", None)


def test_a_dispute_that_is_told_before_its_payment_waits_for_it(sandbox, relay, settings):
    order = make_order((make_variant(make_supplier(), stock=9), 2))
    pay(sandbox, order)
    dispute(sandbox)
    tell(sandbox, settings, kinds="charge.dispute")
    relay.run_until_idle()
    assert Dispute.objects.count() == 0

    settle(order.sessions.get())
    work_again()
    relay.run_until_idle()
    assert Dispute.objects.get().order == order


def test_no_refund_is_made_while_a_bank_decides(order, sandbox, relay, settings):
    dispute(sandbox)
    take_in(sandbox, settings, relay)
    row = refund(order, 500)
    relay.run_until_idle()

    row.refresh_from_db()
    assert (row.status, sandbox.control("ledger")["refunds"]) == ("failed", [])
    assert order.payments.get().refunded_minor == 0
