"""Money in and money back, against the payment sandbox: told once, twice, late, or by nobody."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from orders.actions.cancel import cancel_units
from orders.actions.checkout import give_up, place_order
from orders.actions.opening import open_session
from orders.actions.payment import record_payment, settle
from orders.actions.refund import RefundPart, TooMuch, refundable_minor, request_refund
from orders.models import Order, Payment, Refund, WorkItem
from orders.stripe_client import InTransaction, create_session
from shop.models import BasketLine
from shop.money import Money
from tests.comparing import reconcile
from tests.factories import ADDRESS, make_order, make_paid_order, make_supplier, make_variant

pytestmark = pytest.mark.django_db


def pay(sandbox, order: Order, card: str = "4242424242424242") -> None:
    session = open_session(order.sessions.get(state__in=["new", "open"]))
    sandbox.control(f"sessions/{session.stripe_id}/pay", {"card": card})


def paid_at_sandbox(sandbox, **options) -> Order:
    order = make_order((make_variant(make_supplier(), stock=9), 2))
    pay(sandbox, order, **options)
    settle(order.sessions.get())
    order.refresh_from_db()
    return order


def test_the_return_page_notes_the_payment_thanks_and_empties_the_basket(client, sandbox):
    client.post("/basket/add/", {"variant": make_variant(make_supplier()).sku})
    typed = {
        "email": "a@example.com",
        "name": "Al",
        "line1": "1 St",
        "city": "Cork",
        "country": "IE",
        "postcode": "T12 W5XY",
    }
    client.post("/checkout/", typed)
    order = Order.objects.get()
    pay(sandbox, order)
    session = order.sessions.get().stripe_id
    page = client.get(f"/checkout/return/{order.token}/?session={session}", follow=True).content.decode()
    assert "Thank you, Al." in page
    assert "Visa card ending in 4242" in page
    assert BasketLine.objects.count() == 0


def test_return_page_webhook_and_sweep_together_note_one_payment(sandbox, relay):
    order = paid_at_sandbox(sandbox)
    session = order.sessions.get()
    for _time in range(3):
        settle(session)
    past = timezone.now() - timedelta(minutes=1)
    order.sessions.update(due_at=past, state="open")
    relay.run_until_idle()
    assert Payment.objects.count() == 1
    assert order.events.filter(kind="order.paid").count() == 1


def test_the_sweep_alone_finds_a_payment_nobody_told_of(sandbox, relay):
    order = make_order((make_variant(make_supplier()), 1))
    pay(sandbox, order)
    order.sessions.update(due_at=timezone.now() - timedelta(seconds=1))
    relay.run_until_idle()
    order.refresh_from_db()
    assert order.status == "paid"


def test_money_that_comes_after_the_order_ran_out_goes_on_if_the_goods_are_there(sandbox, relay):
    order = make_order((make_variant(make_supplier(), stock=5), 1))
    pay(sandbox, order)
    Order.objects.filter(pk=order.pk).update(status="expired")
    order.reservations.all().delete()
    order.lines.get().variant.__class__.objects.update(reserved=0)
    settle(order.sessions.get())
    order.refresh_from_db()
    assert order.status == "late_paid"
    relay.run_until_idle()
    order.refresh_from_db()
    assert order.status == "paid"
    assert order.lines.get().forwarded == 1


def test_money_that_comes_too_late_for_the_goods_goes_back_in_full(sandbox, relay):
    variant = make_variant(make_supplier(), stock=1)
    order = make_order((variant, 1))
    pay(sandbox, order)
    order.reservations.all().delete()
    Order.objects.filter(pk=order.pk).update(status="expired")
    variant.__class__.objects.update(reserved=0)
    make_paid_order((variant, 1))
    settle(order.sessions.get())
    relay.run_until_idle()
    order.refresh_from_db()
    refund = order.refunds.get()
    assert order.status == "cancelled"
    assert (refund.amount_minor, refund.status, refund.reason) == (order.total_minor, "succeeded", "late_payment")


def test_late_money_of_an_order_whose_goods_are_all_cancelled_goes_back(sandbox, relay):
    order = make_order((make_variant(make_supplier(), stock=5), 1))
    pay(sandbox, order)
    give_up(order)
    settle(order.sessions.get())
    order.refresh_from_db()
    assert order.status == "late_paid"

    cancel_units(order, {order.lines.get().pk: 1}, reason=Refund.Reason.CANCELLED, by=None, key="agent")
    relay.run_until_idle()

    order.refresh_from_db()
    assert (order.status, order.refunds.get().amount_minor) == ("cancelled", order.total_minor)


def order_again(first: Order) -> Order:
    """Change the basket of an order and check out once more; the first pay page stays open in its tab."""
    line = BasketLine.objects.get(basket=first.basket)
    BasketLine.objects.filter(pk=line.pk).update(quantity=line.quantity + 1)
    return place_order(first.basket, ADDRESS, user=None, now=timezone.now())


def test_money_paid_in_an_old_tab_goes_back_and_the_newer_order_stays_to_be_paid(sandbox, relay):
    old = make_order((make_variant(make_supplier(), stock=9), 1))
    page = open_session(old.sessions.get())
    new = order_again(old)
    sandbox.control(f"sessions/{page.stripe_id}/pay", {"card": "4242424242424242"})

    settle(old.sessions.get())
    relay.run_until_idle()

    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.status, new.status) == ("cancelled", "placed")
    assert old.refunds.get().amount_minor == old.total_minor
    assert old.lines.get().forwarded == 0
    assert new.reservations.filter(state="held").count() == 1


def test_whoever_pays_both_tabs_gets_one_order_and_the_other_money_back(sandbox, relay):
    old = make_order((make_variant(make_supplier(), stock=9), 1))
    page = open_session(old.sessions.get())
    new = order_again(old)
    pay(sandbox, new)
    settle(new.sessions.get())
    sandbox.control(f"sessions/{page.stripe_id}/pay", {"card": "4242424242424242"})

    settle(old.sessions.get())
    relay.run_until_idle()

    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.status, new.status) == ("cancelled", "paid")
    assert old.refunds.get().amount_minor == old.total_minor
    assert new.refunds.count() == 0


def test_a_payment_of_another_amount_is_noted_and_a_person_is_asked():
    order = make_order((make_variant(make_supplier()), 1))
    assert record_payment(order, stripe_id="pi_odd", paid=Money(1, "EUR"))
    order.refresh_from_db()
    assert order.status == "placed"
    assert WorkItem.objects.get(closed_at=None).reason == "payment_unexpected"


def test_a_refund_is_asked_once_with_one_key_and_arrives(sandbox, relay):
    order = paid_at_sandbox(sandbox)
    line = order.lines.get()
    for _time in range(2):
        request_refund(order, [RefundPart(line, 1, 1250)], reason=Refund.Reason.DEFECTIVE, by=None, key="one-intention")
    relay.run_until_idle()
    refund = Refund.objects.get()
    assert (refund.status, refund.amount_minor) == ("succeeded", 1250)
    assert [row["amount"] for row in sandbox.control("ledger")["refunds"]] == [1250]
    line.refresh_from_db()
    assert (line.refunded, line.refunded_minor) == (1, 1250)


def test_never_more_goes_back_than_was_paid(sandbox):
    order = paid_at_sandbox(sandbox)
    line = order.lines.get()
    whole = refundable_minor(line)
    request_refund(order, [RefundPart(line, 2, whole)], reason=Refund.Reason.GOODWILL, by=None, key="all")
    with pytest.raises(TooMuch):
        request_refund(order, [RefundPart(line, 0, 1)], reason=Refund.Reason.GOODWILL, by=None, key="more")
    assert order.payments.get().refunded_minor == order.total_minor
    assert Refund.objects.count() == 1


def test_a_refund_that_fails_gives_the_money_back_to_the_ledger_and_asks_a_person(sandbox, relay):
    order = paid_at_sandbox(sandbox, card="4000000000005126")
    line = order.lines.get()
    request_refund(order, [RefundPart(line, 1, 500)], reason=Refund.Reason.GOODWILL, by=None, key="fails")
    relay.run_until_idle()
    Refund.objects.filter(status="pending").update(due_at=timezone.now())
    relay.run_until_idle()
    # The card network turns it down a moment after it looked good; the reconciliation sees that.
    sandbox.control("jobs", {})
    assert reconcile() > 0
    relay.run_until_idle()
    refund = Refund.objects.get()
    line.refresh_from_db()
    assert refund.status == "failed"
    assert (line.refunded_minor, order.payments.get().refunded_minor) == (0, 0)
    assert WorkItem.objects.filter(reason="refund_failed", closed_at=None).count() == 1


def test_no_call_to_the_provider_is_made_inside_a_transaction(sandbox):
    with pytest.raises(InTransaction), transaction.atomic():
        create_session({}, key=uuid.uuid4().hex)


def test_a_bank_that_takes_its_time_is_waited_for_and_then_the_goods_are_ordered(client, sandbox, relay, mailbox):
    order = make_order((make_variant(make_supplier()), 1))
    session = open_session(order.sessions.get())
    sandbox.control(f"sessions/{session.stripe_id}/pay", {"bank": "succeed", "seconds": 3600})
    settle(session)
    relay.run_until_idle()
    assert "We are waiting for your bank" in client.get(order.get_absolute_url()).content.decode()
    assert [message["Subject"].strip().split(" (")[0] for message in mailbox()] == ["Waiting for your bank"]
    assert order.lines.get().forwarded == 0

    sandbox.control("jobs", {"subject": session.stripe_id})
    order.sessions.update(due_at=timezone.now())
    relay.run_until_idle()
    order.refresh_from_db()
    assert order.status == "paid"
    assert order.lines.get().forwarded == 1


def test_a_bank_that_refuses_later_leaves_the_order_open_to_be_paid_in_another_way(client, sandbox, relay, mailbox):
    variant = make_variant(make_supplier(), stock=1)
    order = make_order((variant, 1))
    session = open_session(order.sessions.get())
    sandbox.control(f"sessions/{session.stripe_id}/pay", {"bank": "fail", "seconds": 3600})
    settle(session)
    sandbox.control("jobs", {"subject": session.stripe_id})
    for _time in range(2):
        settle(session)
    relay.run_until_idle()
    order.refresh_from_db()
    assert order.status == "placed"
    assert order.events.filter(kind="payment.failed").count() == 1
    assert "Pay €16.40" in client.get(order.get_absolute_url()).content.decode()
    assert [message["Subject"].strip().split(" (")[0] for message in mailbox()][-1] == "Payment did not go through"

    answer = client.post(f"/orders/{order.token}/pay/")
    assert answer.status_code == 303
    pay(sandbox, order)
    settle(order.sessions.get(state="open"))
    order.refresh_from_db()
    assert order.status == "paid"
    variant.refresh_from_db()
    assert variant.reserved == 1


def test_a_refund_whose_worker_died_after_the_good_news_is_not_offered_for_ever(sandbox, relay):
    order = paid_at_sandbox(sandbox)
    line = order.lines.get()
    refund = request_refund(order, [RefundPart(line, 1, 100)], reason=Refund.Reason.GOODWILL, by=None, key="r-1")
    relay.run_until_idle()
    past = timezone.now() - timedelta(minutes=1)
    Refund.objects.filter(pk=refund.pk).update(due_at=past, lease_until=past)

    relay.run_until_idle()

    refund.refresh_from_db()
    assert (refund.status, refund.due_at, refund.lease_until) == ("succeeded", None, None)
