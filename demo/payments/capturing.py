"""Money that is authorised first: taken in whole or in part, let go, or lapsed."""

from __future__ import annotations

import time

from demo.payments import forms
from demo.payments.amounts import MAXIMUM_MINOR, check_whole, spoken
from demo.payments.bookings import book, charge_fee
from demo.payments.errors import Invalid, Refused
from demo.payments.refunds import found_charge, found_intent
from demo.payments.sandbox import Sandbox

# How long cards keep what a customer authorised online ("Place a hold on a payment method", read in November 2026).
VALID_SECONDS = 7 * 24 * 60 * 60
CAPTURE = forms.mapping({"amount_to_capture": forms.integer(least=1, most=MAXIMUM_MINOR), "metadata": forms.metadata})
CANCEL = forms.mapping(
    {"cancellation_reason": forms.choice("abandoned", "duplicate", "fraudulent", "requested_by_customer")}
)
CANCELABLE = {"requires_payment_method", "requires_confirmation", "requires_action", "requires_capture"}


def capture_intent(sandbox: Sandbox, raw: dict, identifier: str) -> dict:
    asked = CAPTURE(raw, "")
    intent = found_intent(sandbox, identifier)
    if intent["status"] != "requires_capture":
        raise Refused(
            "This PaymentIntent could not be captured because it has a status of "
            f"{intent['status']}. Only a PaymentIntent with one of the following statuses may be captured: "
            "requires_capture.",
            code="payment_intent_unexpected_state",
        )
    amount = asked.get("amount_to_capture", intent["amount_capturable"])
    if amount > intent["amount_capturable"]:
        raise Invalid(
            f"The `amount_to_capture` ({spoken(amount, intent['currency'])}) is greater than the amount that can be "
            f"captured ({spoken(intent['amount_capturable'], intent['currency'])}).",
            code="amount_too_large",
            param="amount_to_capture",
        )
    check_whole(amount, intent["currency"], param="amount_to_capture")
    return _take(sandbox, intent, amount)


def _take(sandbox: Sandbox, intent: dict, amount: int) -> dict:
    charge = found_charge(sandbox, intent["latest_charge"])
    booking = book(sandbox, charge, kind="charge", amount_minor=amount, fee_minor=charge_fee(amount))
    charge |= {"captured": True, "amount_captured": amount, "balance_transaction": booking["id"]}
    sandbox.ledger.save(charge)
    intent |= {"status": "succeeded", "amount_received": amount, "amount_capturable": 0}
    sandbox.ledger.save(intent)
    session = _session_of(sandbox, intent)
    if session is not None:
        sandbox.ledger.save(session | {"payment_status": "paid"})
    sandbox.record("charge.captured", charge)
    sandbox.record("payment_intent.succeeded", intent)
    return intent


def cancel_intent(sandbox: Sandbox, raw: dict, identifier: str) -> dict:
    asked = CANCEL(raw, "")
    intent = found_intent(sandbox, identifier)
    session = _session_of(sandbox, intent)
    if session is not None and session["status"] == "open":
        raise Refused(
            "You cannot cancel the PaymentIntent for a Checkout Session. Expire the Checkout Session instead."
        )
    if intent["status"] not in CANCELABLE:
        raise Refused(
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}.",
            code="payment_intent_unexpected_state",
        )
    return _let_go(sandbox, intent, asked.get("cancellation_reason"))


def lapse(sandbox: Sandbox, intent_id: str) -> None:
    """Let an authorisation run out, if it was not taken: the bank keeps the money no more."""
    intent = found_intent(sandbox, intent_id)
    if intent["status"] == "requires_capture":
        _let_go(sandbox, intent, "automatic")


def _let_go(sandbox: Sandbox, intent: dict, reason: str | None) -> dict:
    if intent["status"] == "requires_capture":
        charge = found_charge(sandbox, intent["latest_charge"])
        # Stripe shows what was never captured as refunded, though no refund is made.
        sandbox.ledger.save(charge | {"refunded": True, "amount_refunded": charge["amount"]})
    intent |= {
        "status": "canceled",
        "canceled_at": int(time.time()),
        "cancellation_reason": reason,
        "amount_capturable": 0,
        "next_action": None,
    }
    sandbox.ledger.save(intent)
    sandbox.record("payment_intent.canceled", intent)
    return intent


def _session_of(sandbox: Sandbox, intent: dict) -> dict | None:
    rows = sandbox.ledger.run("SELECT parent FROM objects WHERE id = ?", intent["id"])
    return sandbox.ledger.find("checkout.session", rows[0]["parent"] or "") if rows else None
