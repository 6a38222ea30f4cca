"""Currencies that Stripe writes in another way than we do: amounts both ways, and whole baskets to the last unit."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given, settings as chances, strategies as st

from orders.actions.cancel import request_cancellation
from orders.actions.holds import release_holds
from orders.models import Hold, Order, Refund
from orders.stripe_amounts import STRIPE_DIGITS, from_stripe, to_stripe
from orders.stripe_client import StripeRefused, create_refund
from orders.stripe_facts import charge_of, dispute_of, fee_of, intent_of, listed_intent_of, refund_of, session_of
from shop.money import MINOR_UNITS, Money, minor_units, payable_step
from tests.comparing import found, reconcile
from tests.factories import make_code, make_order, make_supplier, make_variant
from tests.money import assert_it_adds_up, intents, open_work, pay, tell
from tests.test_checkout import TYPED

ALL = [*MINOR_UNITS, "EUR", "GBP", "HUF", "TWD", "USD"]


@chances(max_examples=2_000, deadline=None)
@given(st.sampled_from(ALL), st.integers(0, 10**9))
def test_every_amount_comes_back_from_stripe_as_it_went(currency, minor):
    payable = minor * payable_step(currency)
    there = to_stripe(payable, currency)
    assert from_stripe(there, currency) == from_stripe(there, currency.lower()) == payable
    assert to_stripe(from_stripe(there, currency), currency) == there
    # What it is worth is the same on both sides.
    digits = STRIPE_DIGITS.get(currency, minor_units(currency))
    assert Money(payable, currency).decimal == Decimal(there).scaleb(-digits)
    assert there % {"ISK": 100, "UGX": 100}.get(currency, 1) == 0
    assert digits < 3 or there % 10 == 0


@pytest.mark.parametrize(
    ("currency", "minor", "there"),
    [
        ("EUR", 1234, 1234), ("JPY", 500, 500), ("ISK", 5, 500), ("UGX", 5, 500), ("KWD", 5120, 5120),
        ("HUF", 1045, 1045), ("TWD", 80045, 80045), ("MGA", 7, 7),
    ],
)  # fmt: skip
def test_amounts_are_as_stripes_documentation_has_them(currency, minor, there):
    assert (to_stripe(minor, currency), from_stripe(there, currency)) == (there, minor)


@pytest.mark.parametrize("currency", ALL)
def test_an_amount_is_shown_with_all_its_digits(currency):
    """Also where people leave them out in writing, as in Hungary, and a card is charged with them."""
    shown = re.sub(r"[^\d]", "", str(Money(123_457, currency)))
    assert shown == "123457"


def test_every_answer_of_stripe_is_read_in_our_units():
    charge = {"id": "ch_1", "amount_captured": 50_000, "amount_refunded": 20_000, "currency": "isk"}
    intent = {"id": "pi_1", "amount_received": 50_000, "amount_capturable": 700, "currency": "isk"}
    intent |= {"latest_charge": charge, "status": "succeeded"}
    session = session_of({"id": "cs_1", "amount_total": 50_000, "currency": "isk", "payment_intent": intent})
    assert (session.amount_minor, session.captured_minor, session.refunded_minor) == (500, 500, 200)
    assert session.capturable_minor == 7
    assert intent_of(intent).captured_minor == 500
    listed = listed_intent_of(intent)
    assert (listed.captured_minor, listed.refunded_minor) == (500, 200)
    assert (charge_of(charge).captured_minor, charge_of(charge).refunded_minor) == (500, 200)
    assert refund_of({"id": "re_1", "amount": 300, "currency": "ugx"}).amount_minor == 3
    assert dispute_of({"id": "dp_1", "amount": 300, "currency": "ugx"}).amount_minor == 3
    assert fee_of([{"fee": 300, "currency": "isk"}, {"fee": 200, "currency": "isk"}]).minor == 5


# --- whole baskets


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("currency", "price", "total", "there", "unit"),
    [
        ("JPY", 1482, 4391, 4391, 1463),
        ("KWD", 1515, 4490, 4490, 1490),
        ("ISK", 1482, 4391, 439_100, 1463),
        ("UGX", 14_820, 40_014, 4_001_400, 13_338),
    ],
)
def test_a_basket_is_bought_paid_back_in_parts_and_compared(
    settings, sandbox, client, relay, currency, price, total, there, unit
):
    settings.SHOP_CURRENCY = currency
    settings.LEASE_SECONDS, settings.FORWARD_GRACE_SECONDS, settings.REVIEW_ABOVE_MINOR = 75, 3600, 0
    make_code("TEN")
    variant = make_variant(make_supplier(), price_minor=price)
    client.post("/basket/add/", {"variant": variant.sku, "quantity": "3"})
    assert client.post("/checkout/", TYPED | {"code": "TEN", "shown": str(total)}).status_code == 303
    order = Order.objects.get()
    assert order.total == Money(total, currency)
    (session,) = sandbox.control("ledger")["sessions"]
    assert (session["amount_total"], session["currency"]) == (there, currency.lower())

    pay(sandbox, order)
    tell(sandbox, settings)
    relay.run_until_idle()
    order.refresh_from_db()
    assert (order.status, order.payments.get().captured) == ("paid", Money(total, currency))

    request_cancellation(order, {order.lines.get().pk: 1}, key="one", by=None)
    relay.run_until_idle()
    refund = Refund.objects.get()
    factor = there // total
    assert (refund.status, refund.amount_minor) == ("succeeded", unit)
    assert [row["amount"] for row in sandbox.control("ledger")["refunds"]] == [unit * factor]

    # Somebody pays ten more back in the dashboard.
    payment = order.payments.get()
    sandbox.control("refunds", {"payment_intent": payment.stripe_id, "amount": 10 * factor})
    reconcile()
    payment.refresh_from_db()
    assert payment.refunded_minor == unit + 10
    assert found() == []
    assert_it_adds_up()


@pytest.mark.django_db
@pytest.mark.parametrize(("currency", "wrong"), [("ISK", 150), ("KWD", 1001)])
def test_the_sandbox_refuses_what_stripe_refuses(settings, sandbox, currency, wrong):
    settings.SHOP_CURRENCY = currency
    order = make_order((make_variant(make_supplier(), price_minor=20_000), 1))
    pay(sandbox, order)
    (intent,) = sandbox.control("ledger")["payment_intents"]
    amounts = sandbox.client().v1.refunds
    with pytest.raises(Exception, match="multiple of"):
        amounts.create({"payment_intent": intent["id"], "amount": wrong})
    if currency == "KWD":
        with pytest.raises(StripeRefused):
            create_refund(intent["id"], amount_minor=wrong, currency=currency, reference="a", key="a")


@pytest.mark.django_db
def test_part_of_an_authorisation_is_taken_in_whole_krona(settings, sandbox, relay):
    settings.SHOP_CURRENCY, settings.REVIEW_ABOVE_MINOR, settings.FORWARD_GRACE_SECONDS = "ISK", 2_000, 3600
    order = make_order((make_variant(make_supplier(), price_minor=9_000), 2))
    pay(sandbox, order)
    tell(sandbox, settings)
    relay.run_until_idle()
    assert order.authorisations.get().amount_minor == order.total_minor == 18_000
    request_cancellation(order, {order.lines.get().pk: 1}, key="one", by=None)
    release_holds(order, list(Hold.Reason), by=None)
    relay.run_until_idle()
    tell(sandbox, settings)
    relay.run_until_idle()
    assert intents(sandbox) == [("succeeded", 900_000)]
    order.refresh_from_db()
    assert (order.status, order.payments.get().captured) == ("paid", Money(9_000, "ISK"))
    assert open_work() == []
    assert_it_adds_up()
