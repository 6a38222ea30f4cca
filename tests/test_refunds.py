"""Money on its way back: through doubt, from two sides, never twice, and to the cent."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connections
from django.utils import timezone

from orders import stripe_client
from orders.actions.cancel import cancel_units
from orders.actions.opening import open_session
from orders.actions.payment import record_payment, settle
from orders.actions.refund import RefundPart, TooMuch, refund_everything, refundable_minor, request_refund
from orders.models import IncomingEvent, Order, Refund, RelayBeat, WorkItem
from shop.money import Money
from tests.comparing import reconcile
from tests.factories import make_order, make_paid_order, make_supplier, make_variant

pytestmark = pytest.mark.django_db
CREATE = "POST /v1/refunds"


def paid(sandbox, *, units: int = 3, is_noted: bool = True) -> Order:
    """Buy 3 things for 12.50 and 3.90 delivery, paid at the sandbox: 41.40."""
    order = make_order((make_variant(make_supplier(), stock=9), units))
    session = open_session(order.sessions.get())
    sandbox.control(f"sessions/{session.stripe_id}/pay", {})
    if is_noted:
        settle(session)
    order.refresh_from_db()
    return order


def ask(order: Order, amount: int, *, units: int = 0, key: str = "one") -> Refund:
    part = RefundPart(order.lines.get(), units, amount)
    return request_refund(order, [part], reason=Refund.Reason.GOODWILL, by=None, key=key)


def refund_outside(sandbox, amount: int) -> None:
    sandbox.control("refunds", {"charge": sandbox.control("ledger")["charges"][0]["id"], "amount": amount})


def at_the_sandbox(sandbox) -> list[int]:
    return sorted(row["amount"] for row in sandbox.control("ledger")["refunds"])


def due_again() -> None:
    Refund.objects.exclude(due_at=None).update(due_at=timezone.now(), lease_until=None)


def take_in(relay) -> None:
    reconcile()
    relay.run_until_idle()


@pytest.mark.parametrize("fault", ["drop_after", "error_500_before", "error_500_after"])
def test_whatever_stripe_answers_a_refund_is_made_once(sandbox, relay, fault):
    order = paid(sandbox)
    sandbox.control("faults", [{"match": CREATE, "kind": fault}])
    refund = ask(order, 700)
    for _time in range(3):
        relay.run_until_idle()
        due_again()

    refund.refresh_from_db()
    assert (refund.status, at_the_sandbox(sandbox)) == ("succeeded", [700])


@pytest.mark.parametrize("fault", ["error_500_before", "error_500_after"])
def test_errors_that_stripe_repeats_for_a_day_hold_up_no_refund_and_double_none(sandbox, relay, fault):
    order = paid(sandbox)
    sandbox.control("faults", [{"match": CREATE, "kind": fault, "times": 4}])
    refund = ask(order, 700)
    for _time in range(10):
        relay.run_until_idle()
        due_again()

    refund.refresh_from_db()
    assert (refund.status, at_the_sandbox(sandbox)) == ("succeeded", [700])


def test_a_refund_whose_key_stripe_has_forgotten_is_looked_up_and_not_repeated(sandbox, relay):
    order = paid(sandbox)
    sandbox.control("faults", [{"match": CREATE, "kind": "drop_after"}])
    refund = ask(order, 700)
    relay.run_until_idle()
    # Its worker died without a note of the failure; a day later the key is worth nothing.
    Refund.objects.update(requested_at=timezone.now() - timedelta(hours=25), failures=0)
    sandbox.control("forget_keys")
    due_again()
    relay.run_until_idle()

    refund.refresh_from_db()
    assert (refund.status, at_the_sandbox(sandbox)) == ("succeeded", [700])


def test_a_changed_api_key_fails_no_refund_for_good(sandbox, relay, settings):
    order = paid(sandbox)
    refund = ask(order, 700)
    right, settings.STRIPE_SECRET_KEY = settings.STRIPE_SECRET_KEY, "sk_test_sandbox_old"
    relay.run_until_idle()
    refund.refresh_from_db()
    assert refund.status == "requested"

    settings.STRIPE_SECRET_KEY = right
    due_again()
    relay.run_until_idle()
    refund.refresh_from_db()
    assert refund.status == "succeeded"


def test_a_refund_made_in_the_dashboard_leaves_less_to_be_refunded_of_the_lines(sandbox, relay):
    order = paid(sandbox)
    refund_outside(sandbox, 1001)
    take_in(relay)

    line, payment = order.lines.get(), order.payments.get()
    assert (payment.refunded_minor, refundable_minor(line)) == (1001, 4140 - 1001)
    with pytest.raises(TooMuch):
        ask(order, 4140 - 1000)
    ask(order, 4140 - 1001, units=3)
    relay.run_until_idle()
    assert at_the_sandbox(sandbox) == [1001, 3139]


def test_more_refunded_in_the_dashboard_than_we_thought_was_left_ends_with_equal_books(sandbox, relay):
    order = paid(sandbox)
    ours = ask(order, 3000)
    refund_outside(sandbox, 3000)
    reconcile()
    Refund.objects.filter(pk=ours.pk).update(due_at=timezone.now() + timedelta(hours=1))
    relay.run_until_idle()
    payment = order.payments.get()
    assert payment.refunded_minor == payment.captured_minor
    assert WorkItem.objects.get(closed_at=None).subject_key == f"payment:{payment.pk}"

    due_again()
    relay.run_until_idle()
    ours.refresh_from_db()
    payment.refresh_from_db()
    assert (ours.status, payment.refunded_minor, at_the_sandbox(sandbox)) == ("failed", 3000, [3000])
    assert WorkItem.objects.get(closed_at=None).subject_key == f"refund:{ours.pk}"
    # What the lines still offer is what is left of the payment.
    assert refundable_minor(order.lines.get()) == 1140


def test_refunds_older_than_our_knowledge_of_the_payment_are_taken_in_with_it(sandbox, relay):
    order = paid(sandbox, is_noted=False)
    refund_outside(sandbox, 900)
    settle(order.sessions.get())

    order.refresh_from_db()
    assert (order.status, order.payments.get().refunded_minor) == ("paid", 900)
    take_in(relay)
    assert order.refunds.count() == 1


def test_paying_everything_back_leaves_no_line_that_offers_money():
    order = make_paid_order((make_variant(make_supplier()), 3))
    ask(order, 1250, units=1)
    refund = refund_everything(order.payments.get(), reason=Refund.Reason.LATE_PAYMENT, by=None)

    line = order.lines.get()
    assert (refund.amount_minor, refund.lines.get().amount_minor) == (2890, 2890)
    assert (refundable_minor(line), order.payments.get().refunded_minor) == (0, 4140)


def test_paying_back_a_payment_that_does_not_belong_leaves_the_lines_alone():
    order = make_paid_order((make_variant(make_supplier()), 3))
    record_payment(order, stripe_id="pi_again", paid=order.total)
    assert WorkItem.objects.filter(reason="payment_unexpected", closed_at=None).count() == 1
    refund_everything(order.payments.get(stripe_id="pi_again"), reason=Refund.Reason.LATE_PAYMENT, by=None)

    assert refundable_minor(order.lines.get()) == order.total_minor


def test_units_paid_back_in_part_before_can_still_be_cancelled_and_cost_nothing_twice():
    order = make_paid_order((make_variant(make_supplier()), 3))
    line = order.lines.get()
    ask(order, 1000, units=3)
    amounts = [
        cancel_units(
            order, {line.pk: units}, reason=Refund.Reason.CANCELLED, by=None, key=f"cancel {units}"
        ).amount_minor
        for units in (1, 2)
    ]

    line.refresh_from_db()
    assert amounts == [1380, 4140 - 1000 - 1380]
    assert (line.cancelled, line.refunded, refundable_minor(line)) == (3, 3, 0)
    told = [event.facts["lines"][0]["quantity"] for event in order.events.filter(kind="lines.cancelled")]
    assert sorted(told) == [1, 2]


def test_a_line_is_never_paid_back_from_money_of_another_currency():
    order = make_order((make_variant(make_supplier()), 1))
    record_payment(order, stripe_id="pi_yen", paid=Money(999_999, "JPY"))
    with pytest.raises(TooMuch):
        ask(order, 100)
    assert Refund.objects.count() == 0


def test_a_dispute_is_work_for_a_person_until_it_is_over_and_nothing_goes_back_twice(sandbox, relay):
    order = paid(sandbox)
    charge = sandbox.control("ledger")["charges"][0]["id"]
    dispute = sandbox.control("disputes", {"charge": charge, "amount": 2000})["id"]
    for _time in range(2):
        take_in(relay)
        IncomingEvent.objects.update(done_at=None, due_at=timezone.now())
    item = WorkItem.objects.get(reason="dispute", closed_at=None)
    assert (item.money_minor, item.order) == (2000, order)
    assert item.deadline_at > timezone.now() + timedelta(days=6)

    refund = ask(order, 500)
    relay.run_until_idle()
    refund.refresh_from_db()
    assert (refund.status, order.payments.get().refunded_minor, at_the_sandbox(sandbox)) == ("failed", 0, [])

    sandbox.control("disputes", {"dispute": dispute, "status": "won"})
    take_in(relay)
    assert not WorkItem.objects.filter(reason="dispute", closed_at=None).exists()
    assert order.events.filter(kind__startswith="dispute.").count() == 3


def test_reconciling_reads_every_page_and_goes_on_after_a_hiccup(sandbox, monkeypatch):
    monkeypatch.setattr(stripe_client, "PAGE", 2)
    order = paid(sandbox, is_noted=False)
    for amount in (1, 2, 3):
        refund_outside(sandbox, amount)
    # Session, payment, and three refunds, each of which the charge tells as well.
    wanted = 8
    hiccup = {"match": "GET /v1/events", "kind": "error_500_before"}
    sandbox.control("faults", [{"match": "GET /v1/events", "kind": "latency", "seconds": 0}, hiccup])

    assert reconcile() == 2
    assert RelayBeat.objects.get().stripe_read_until is None
    assert reconcile() == wanted - 2
    assert reconcile() == 0
    assert RelayBeat.objects.get().stripe_read_until is not None
    # Its events are worked on later; what the list of payments shows is noted at once.
    assert order.payments.count() == 1


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_eight_agents_who_pay_back_the_rest_at_once_pay_it_back_once():
    order = make_paid_order((make_variant(make_supplier()), 2), (make_variant(make_supplier("meridian")), 2))
    parts = [RefundPart(line, 2, refundable_minor(line)) for line in order.lines.all()]
    barrier, outcomes = Barrier(8), []

    def pay_back(number: int) -> None:
        try:
            barrier.wait(timeout=20)
            # Half of them begin with the other line: nobody may wait in a circle.
            mine = parts if number % 2 else parts[::-1]
            request_refund(order, mine, reason=Refund.Reason.GOODWILL, by=None, key=f"agent {number}")
            outcomes.append("paid back")
        except TooMuch:
            outcomes.append("too much")
        finally:
            connections.close_all()

    threads = [Thread(target=pay_back, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert sorted(outcomes) == ["paid back"] + ["too much"] * 7
    assert order.payments.get().refunded_minor == order.total_minor == Refund.objects.get().amount_minor
