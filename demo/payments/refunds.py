"""Refunds, and the reading of intents and charges."""

from __future__ import annotations

import time

from demo.payments import forms
from demo.payments.amounts import MAXIMUM_MINOR, check_whole, spoken
from demo.payments.bookings import book
from demo.payments.errors import Invalid, Refused, missing
from demo.payments.ledger import new_id
from demo.payments.reading import page_of
from demo.payments.sandbox import Sandbox

REFUND = forms.mapping(
    {
        "amount": forms.integer(least=1, most=MAXIMUM_MINOR),
        "charge": forms.text(255),
        "metadata": forms.metadata,
        "payment_intent": forms.text(255),
        "reason": forms.choice("duplicate", "fraudulent", "requested_by_customer"),
    }
)
REFUND_LIST = forms.listing(charge=forms.text(255), payment_intent=forms.text(255))


def create_refund(sandbox: Sandbox, raw: dict) -> dict:
    asked = REFUND(raw, "")
    charge = _charge_to_refund(sandbox, asked)
    amount = _amount(charge, asked.get("amount"))
    behaviour = sandbox.ledger.private(charge["id"])["refunds"]
    refund = {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": int(time.time()),
        "currency": charge["currency"],
        "destination_details": {"type": charge["payment_method_details"]["type"]},
        "metadata": asked.get("metadata", {}),
        "payment_intent": charge["payment_intent"],
        "reason": asked.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "pending" if behaviour == "pending" else "succeeded",
        "transfer_reversal": None,
    }
    # What taking the money cost stays with Stripe: a refund brings no fee back.
    refund["balance_transaction"] = book(sandbox, refund, kind="refund", amount_minor=-amount)["id"]
    sandbox.ledger.add(refund, parent=charge["payment_intent"])
    _change_refunded(sandbox, charge, amount)
    sandbox.record("refund.created", refund)
    sandbox.record("charge.refunded", charge)
    if behaviour != "succeeded":
        due_at = time.time() + sandbox.options.settle_seconds
        sandbox.ledger.schedule("settle_refund", refund["id"], due_at=due_at, succeeds=behaviour == "pending")
    return refund


def _charge_to_refund(sandbox: Sandbox, asked: dict) -> dict:
    if ("charge" in asked) == ("payment_intent" in asked):
        if "charge" in asked:
            raise Invalid("You may only specify one of these parameters: charge, payment_intent.", param="charge")
        raise Invalid(
            "One of the following params should be provided for this request: payment_intent or charge.",
            code="parameter_missing",
            param="payment_intent",
        )
    charge = _charge_of_intent(sandbox, asked["payment_intent"]) if "payment_intent" in asked else None
    charge = charge or found_charge(sandbox, asked["charge"], param="charge")
    if not charge["captured"]:
        raise Refused(
            f"Charge {charge['id']} is not captured and has no funds to refund.", code="charge_not_refundable"
        )
    if charge["disputed"]:
        raise Refused(f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed")
    return charge


def _charge_of_intent(sandbox: Sandbox, intent_id: str) -> dict:
    intent = found_intent(sandbox, intent_id, param="payment_intent")
    if intent["status"] != "succeeded":
        raise Refused(
            f"This PaymentIntent ({intent_id}) does not have a successful charge to refund.",
            code="payment_intent_unexpected_state",
            param="payment_intent",
        )
    return found_charge(sandbox, intent["latest_charge"], param="charge")


def _amount(charge: dict, asked: int | None) -> int:
    rest = charge["amount_captured"] - charge["amount_refunded"]
    if rest == 0:
        raise Refused(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if asked is not None and asked > rest:
        raise Refused(
            f"Refund amount ({spoken(asked, charge['currency'])}) is greater than unrefunded amount on charge "
            f"({spoken(rest, charge['currency'])})",
            param="amount",
        )
    check_whole(rest if asked is None else asked, charge["currency"], param="amount")
    return rest if asked is None else asked


def _change_refunded(sandbox: Sandbox, charge: dict, by_minor: int) -> None:
    charge["amount_refunded"] += by_minor
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    sandbox.ledger.save(charge)


def settle_refund(sandbox: Sandbox, refund_id: str, *, succeeds: bool) -> None:
    """Let the card network's late answer to a refund arrive; a failed one gives the money back to the shop."""
    refund = sandbox.ledger.find("refund", refund_id)
    if succeeds:
        refund["status"] = "succeeded"
    else:
        back = book(sandbox, refund, kind="refund_failure", amount_minor=refund["amount"])
        refund |= {
            "status": "failed",
            "failure_reason": "expired_or_canceled_card",
            "failure_balance_transaction": back["id"],
        }
        _change_refunded(sandbox, found_charge(sandbox, refund["charge"]), -refund["amount"])
    sandbox.ledger.save(refund)
    sandbox.record("refund.updated", refund)
    if not succeeds:
        sandbox.record("refund.failed", refund)


def retrieve_refund(sandbox: Sandbox, raw: dict, identifier: str) -> dict:
    forms.mapping({})(raw, "")
    refund = sandbox.ledger.find("refund", identifier)
    if refund is None:
        raise missing("refund", identifier)
    return refund


def list_refunds(sandbox: Sandbox, raw: dict) -> dict:
    asked = REFUND_LIST(raw, "")
    refunds = sandbox.ledger.newest("refund", parent=asked.get("payment_intent"))
    if "charge" in asked:
        refunds = [refund for refund in refunds if refund["charge"] == asked["charge"]]
    return page_of(refunds, asked, url="/v1/refunds")


def found_charge(sandbox: Sandbox, identifier: str, *, param: str = "id") -> dict:
    """Read a charge; raises Invalid (404) if there is none."""
    charge = sandbox.ledger.find("charge", identifier)
    if charge is None:
        raise missing("charge", identifier, param=param)
    return charge


def found_intent(sandbox: Sandbox, identifier: str, *, param: str = "intent") -> dict:
    """Read a PaymentIntent; raises Invalid (404) if there is none."""
    intent = sandbox.ledger.find("payment_intent", identifier)
    if intent is None:
        raise missing("payment_intent", identifier, param=param)
    return intent
