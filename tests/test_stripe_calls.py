"""What we tell Stripe with each call: the customer, the version, a key; and what its fees are, told afterwards."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from orders.actions.opening import open_session
from orders.actions.payment import record_payment, settle
from orders.actions.refund import RefundPart, request_refund
from orders.models import CheckoutSession, IncomingEvent, Payment, ProviderCustomer, Refund
from tests.factories import make_order, make_person, make_supplier, make_variant
from tests.money import open_work, pay, tell

pytestmark = pytest.mark.django_db


def buy(user=None):
    return make_order((make_variant(make_supplier(), stock=9), 2), user=user)


def session_at(sandbox) -> dict:
    return sandbox.control("ledger")["sessions"][0]


def test_a_guest_is_told_by_the_address_and_an_account_by_its_customer(sandbox):
    open_session(buy().sessions.get())
    guest = session_at(sandbox)
    user = make_person("ann@example.com", name="Ann")
    open_session(buy(user).sessions.get())

    (customer,) = sandbox.control("ledger")["customers"]
    assert (guest["customer"], guest["customer_email"]) == (None, "alex@example.com")
    assert (session_at(sandbox)["customer"], session_at(sandbox)["customer_email"]) == (customer["id"], None)
    assert (customer["email"], customer["name"]) == ("ann@example.com", "Ann")


def test_an_account_is_one_customer_however_often_it_buys(sandbox):
    user = make_person()
    sandbox.control("faults", [{"match": "POST /v1/customers", "kind": "drop_after"}])
    for _time in range(3):
        open_session(buy(user).sessions.get())

    assert len(sandbox.control("ledger")["customers"]) == 1
    assert ProviderCustomer.objects.get().user == user


def test_nobody_waits_for_their_customer_to_be_made(sandbox):
    sandbox.control("faults", [{"match": "POST /v1/customers", "kind": "error_500_before", "times": 9}])
    order = buy(make_person())

    session = open_session(order.sessions.get())

    assert (session.state, session.customer) == ("open", "")
    assert session_at(sandbox)["customer_email"] == order.email


def test_a_customer_whose_key_is_forgotten_is_looked_up_and_not_made_twice(sandbox):
    user = make_person()
    sandbox.control("faults", [{"match": "POST /v1/customers", "kind": "drop_after"}])
    open_session(buy(user).sessions.get())
    ProviderCustomer.objects.update(created_at=timezone.now() - timedelta(hours=25))
    sandbox.control("forget_keys")
    open_session(buy(user).sessions.get())

    (customer,) = sandbox.control("ledger")["customers"]
    assert session_at(sandbox)["customer"] == customer["id"]


def test_a_customer_deleted_in_the_dashboard_stops_no_sale(sandbox):
    user = make_person()
    open_session(buy(user).sessions.get())
    sandbox.client().v1.customers.delete(ProviderCustomer.objects.get().stripe_id)

    session = open_session(buy(user).sessions.get())
    assert (session.state, session_at(sandbox)["customer_email"]) == ("open", "alex@example.com")
    assert ProviderCustomer.objects.count() == 0
    open_session(buy(user).sessions.get())
    assert session_at(sandbox)["customer"] == ProviderCustomer.objects.get().stripe_id


def test_the_page_ends_before_our_reservation_does(sandbox):
    order = buy()
    session = open_session(order.sessions.get())

    ends = session_at(sandbox)["expires_at"]
    assert ends == int(session.expires_at.timestamp())
    assert ends + 290 < order.reservations.get().expires_at.timestamp() < ends + 310


def test_every_call_names_the_version_and_every_change_has_a_key(sandbox, relay, settings):
    user = make_person()
    order = buy(user)
    pay(sandbox, order)
    settle(order.sessions.get())
    line = order.lines.get()
    request_refund(order, [RefundPart(line, 0, 100)], reason=Refund.Reason.GOODWILL, by=None, key="r")
    relay.run_until_idle()
    other = buy()
    open_session(other.sessions.get())
    CheckoutSession.objects.filter(order=other).update(state="ending", due_at=timezone.now())
    relay.run_until_idle()

    requests = sandbox.control("ledger")["requests"]
    changes = [row for row in requests if row["method"] == "POST"]
    assert {row["stripe_version"] for row in requests} == {settings.STRIPE_API_VERSION}
    assert {re.sub(r"cs_\w+", "*", row["path"]) for row in changes} == {
        "/v1/customers", "/v1/checkout/sessions", "/v1/refunds", "/v1/checkout/sessions/*/expire",
    }  # fmt: skip
    assert all(row["idempotency_key"] for row in changes)


def test_a_webhook_in_another_version_is_taken_in_and_staff_are_told_once(sandbox, relay, settings):
    order = buy()
    pay(sandbox, order)
    settings.STRIPE_API_VERSION = "2026-09-30.endive"
    tell(sandbox, settings)
    relay.run_until_idle()
    order.refresh_from_db()
    assert (order.status, open_work()) == ("paid", ["api_version"])

    settings.STRIPE_API_VERSION = "2026-10-28.endive"
    IncomingEvent.objects.update(done_at=None, due_at=timezone.now())
    relay.run_until_idle()
    assert open_work() == []


def fees_are_due(relay) -> Payment:
    Payment.objects.update(due_at=timezone.now())
    relay.run_until_idle()
    return Payment.objects.get()


def test_fees_are_read_after_the_payment_and_again_after_a_dispute(sandbox, relay):
    order = buy()
    pay(sandbox, order)
    settle(order.sessions.get())
    assert Payment.objects.get().fee_minor is None

    payment = fees_are_due(relay)
    # 1.5 % of 28.90 and 25 cents.
    assert (payment.fee_minor, payment.fee_currency, payment.due_at) == (68, "EUR", None)

    sandbox.control("disputes", {"charge": sandbox.control("ledger")["charges"][0]["id"], "amount": 500})
    assert fees_are_due(relay).fee_minor == 68 + 2000


def test_fees_that_stripe_does_not_know_yet_are_asked_for_later_and_hold_nothing_up(sandbox, relay, settings):
    settings.RETRY_SECONDS = settings.RETRY_MAX_SECONDS = 600
    order = buy()
    pay(sandbox, order)
    settle(order.sessions.get())
    sandbox.control("faults", [{"match": "GET /v1/payment_intents/*", "kind": "error_500_before"}])

    payment = fees_are_due(relay)
    order.refresh_from_db()
    assert (payment.fee_minor, order.status) == (None, "paid")
    assert payment.due_at > timezone.now()
    assert fees_are_due(relay).fee_minor == 68


def test_a_payment_that_stripe_does_not_know_is_asked_about_once(sandbox, relay):
    order = buy()
    record_payment(order, stripe_id="pi_nobody_knows_it", paid=order.total)

    payment = fees_are_due(relay)
    assert (payment.fee_minor, payment.due_at) == (None, None)
    assert "resource_missing" in payment.last_error


# --- delayed methods and 3-D Secure, told by webhooks


@pytest.mark.parametrize(("answer", "state"), [("succeed", "paid"), ("fail", "placed")])
def test_what_a_bank_decides_later_is_told_by_webhook_twice_and_in_any_order(
    sandbox, relay, settings, client, answer, state
):
    order = buy()
    pay(sandbox, order, bank=answer, seconds=900)
    tell(sandbox, settings)
    relay.run_until_idle()
    assert "We are waiting for your bank" in client.get(order.get_absolute_url()).content.decode()

    sandbox.control("jobs", {"subject": order.sessions.get().stripe_id})
    tell(sandbox, settings, times=2, order_of="any")
    relay.run_until_idle()
    order.refresh_from_db()
    assert order.status == state
    assert order.events.filter(kind="payment.pending").count() == 1
    assert order.events.filter(kind="payment.failed").exists() == (answer == "fail")


def test_three_d_secure_that_fails_leaves_the_page_open_and_then_pays(sandbox, relay, settings):
    order = buy()
    pay(sandbox, order, card="4000002760003184", authenticated=False)
    tell(sandbox, settings)
    relay.run_until_idle()
    order.refresh_from_db()
    assert (order.status, order.events.filter(kind="payment.failed").count()) == ("placed", 1)

    pay(sandbox, order, card="4000002760003184", authenticated=True)
    tell(sandbox, settings)
    relay.run_until_idle()
    order.refresh_from_db()
    assert order.status == "paid"
