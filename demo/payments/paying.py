"""What happens when a customer pays, by whatever way; never through the API, always on the hosted page's side."""

from __future__ import annotations

import time

from demo.payments.bookings import book, charge_fee
from demo.payments.capturing import VALID_SECONDS
from demo.payments.cards import BANK_REFUSED, NOT_AUTHENTICATED, Card, Decline
from demo.payments.checkout import found_session
from demo.payments.disputes import open_dispute
from demo.payments.errors import Refused
from demo.payments.ledger import new_id
from demo.payments.sandbox import Sandbox

BANK = {"type": "sepa_debit", "sepa_debit": {"bank_code": "370400440", "country": "DE", "last4": "3000"}}


def pay_by_card(
    sandbox: Sandbox, session_id: str, card: Card, *, email: str | None, is_authenticated: bool | None = None
) -> str:
    """Try to pay an open session by card: ``paid``, ``declined`` or ``authenticate`` (3-D Secure comes first).

    ``is_authenticated`` is the answer of 3-D Secure; None if it was not asked yet. ``email`` counts where the
    shop gave none. Raises Refused if the session is no longer open.
    """
    with sandbox.ledger.change():
        session = _open_session(sandbox, session_id)
        intent = _intent_of(sandbox, session)
        decline = card.decline
        if card.asks_3ds and decline is None:
            if is_authenticated is None:
                _ask_3ds(sandbox, session, intent)
                return "authenticate"
            decline = None if is_authenticated else NOT_AUTHENTICATED
        method = _card_details(card)
        if decline:
            _decline(sandbox, intent, decline, method)
            return "declined"
        known = email_of(session, email)
        charge = _succeed(sandbox, intent, method, refunds=card.refunds, email=known)
        is_taken = intent["status"] == "succeeded"
        _complete(sandbox, session, email=email, payment_status="paid" if is_taken else "unpaid")
        if card.is_disputed and is_taken:
            open_dispute(sandbox, charge, amount_minor=charge["amount"], reason="fraudulent")
    return "paid"


def pay_by_bank(
    sandbox: Sandbox, session_id: str, *, email: str | None, succeeds: bool, seconds: float | None = None
) -> str:
    """Promise to pay an open session by bank; the money comes, or fails to, after ``seconds``.

    None means the time the sandbox was started with. Raises Refused if the session is no longer open.
    """
    with sandbox.ledger.change():
        session = _open_session(sandbox, session_id)
        if "sepa_debit" not in session["payment_method_types"]:
            raise Refused("This Checkout Session takes cards only.")
        intent = _intent_of(sandbox, session)
        intent |= {"status": "processing", "payment_method": new_id("pm"), "next_action": None}
        sandbox.ledger.save(intent)
        _complete(sandbox, session, email=email, payment_status="unpaid")
        wait = sandbox.options.settle_seconds if seconds is None else seconds
        sandbox.ledger.schedule("settle_payment", session_id, due_at=time.time() + wait, succeeds=succeeds)
    return "processing"


def settle_payment(sandbox: Sandbox, session_id: str, *, succeeds: bool) -> None:
    """Let the bank's answer arrive for a session that was completed unpaid."""
    session = found_session(sandbox, session_id)
    intent = sandbox.ledger.find("payment_intent", session["payment_intent"])
    if succeeds:
        email = session["customer_details"]["email"]
        _succeed(sandbox, intent, BANK, refunds="succeeded", email=email)
        sandbox.ledger.save(session | {"payment_status": "paid"})
        sandbox.record("checkout.session.async_payment_succeeded", session | {"payment_status": "paid"})
    else:
        _decline(sandbox, intent, BANK_REFUSED, BANK)
        sandbox.record("checkout.session.async_payment_failed", session)


def _open_session(sandbox: Sandbox, session_id: str) -> dict:
    session = found_session(sandbox, session_id)
    if session["status"] != "open":
        raise Refused(f"This Checkout Session has a status of `{session['status']}` and can no longer be paid.")
    if session["expires_at"] <= time.time():
        raise Refused("This Checkout Session has expired.")
    return session


def _intent_of(sandbox: Sandbox, session: dict) -> dict:
    if session["payment_intent"]:
        return sandbox.ledger.find("payment_intent", session["payment_intent"])
    asked = sandbox.ledger.private(session["id"])["intent"]
    identifier = new_id("pi")
    intent = {
        "id": identifier,
        "object": "payment_intent",
        "amount": session["amount_total"],
        "amount_capturable": 0,
        "amount_received": 0,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": asked.get("capture_method", "automatic_async"),
        "client_secret": new_id(f"{identifier}_secret"),
        "confirmation_method": "automatic",
        "created": int(time.time()),
        "currency": session["currency"],
        "customer": session["customer"],
        "description": asked.get("description"),
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": asked.get("metadata", {}),
        "next_action": None,
        "payment_method": None,
        "payment_method_types": session["payment_method_types"],
        "receipt_email": asked.get("receipt_email"),
        "setup_future_usage": None,
        "shipping": asked.get("shipping"),
        "statement_descriptor_suffix": asked.get("statement_descriptor_suffix"),
        "status": "requires_payment_method",
        "transfer_group": None,
    }
    sandbox.ledger.add(intent, parent=session["id"])
    session["payment_intent"] = identifier
    sandbox.ledger.save(session)
    return intent


def _card_details(card: Card) -> dict:
    return {
        "type": "card",
        "card": {
            "brand": card.brand,
            "country": "US",
            "exp_month": 12,
            "exp_year": 2034,
            "funding": "credit",
            "last4": card.last4,
            "network": card.brand,
            "three_d_secure": {"result": "authenticated", "version": "2.2.0"} if card.asks_3ds else None,
            "wallet": None,
        },
    }


def _ask_3ds(sandbox: Sandbox, session: dict, intent: dict) -> None:
    address = f"{sandbox.options.public_base}/pay/{session['id']}/authenticate"
    action = {"type": "redirect_to_url", "redirect_to_url": {"url": address, "return_url": session["success_url"]}}
    sandbox.ledger.save(intent | {"status": "requires_action", "next_action": action})


def _decline(sandbox: Sandbox, intent: dict, decline: Decline, method: dict) -> None:
    charge = _charge(intent, method, decline=decline)
    sandbox.ledger.add(charge, parent=intent["id"])
    error = {
        "type": "card_error",
        "code": decline.code,
        "decline_code": decline.reason,
        "message": decline.message,
        "charge": charge["id"],
        "payment_method": {"id": charge["payment_method"], "object": "payment_method", **method},
    }
    intent |= {
        "status": "requires_payment_method",
        "last_payment_error": error,
        "latest_charge": charge["id"],
        "next_action": None,
        "payment_method": None,
    }
    sandbox.ledger.save(intent)
    sandbox.record("payment_intent.payment_failed", intent)


def _succeed(sandbox: Sandbox, intent: dict, method: dict, *, refunds: str, email: str | None) -> dict:
    charge = _charge(intent, method, decline=None)
    charge["billing_details"]["email"] = email
    is_manual = intent["capture_method"] == "manual"
    if is_manual:
        _keep(charge, method)
    else:
        fee = charge_fee(charge["amount"])
        booking = book(sandbox, charge, kind="charge", amount_minor=charge["amount"], fee_minor=fee)
        charge["balance_transaction"] = booking["id"]
    sandbox.ledger.add(charge, parent=intent["id"], private={"refunds": refunds})
    intent |= {
        "status": "requires_capture" if is_manual else "succeeded",
        "amount_capturable": intent["amount"] if is_manual else 0,
        "amount_received": 0 if is_manual else intent["amount"],
        "last_payment_error": None,
        "latest_charge": charge["id"],
        "next_action": None,
        "payment_method": charge["payment_method"],
    }
    sandbox.ledger.save(intent)
    if is_manual:
        sandbox.ledger.schedule("lapse", intent["id"], due_at=time.time() + VALID_SECONDS)
    sandbox.record("payment_intent.amount_capturable_updated" if is_manual else "payment_intent.succeeded", intent)
    return charge


def _keep(charge: dict, method: dict) -> None:
    # Until then the bank keeps the money; nothing is booked before it is taken.
    card = method["card"] | {"capture_before": int(time.time()) + VALID_SECONDS}
    charge |= {
        "captured": False,
        "amount_captured": 0,
        "payment_method_details": method | {"card": card},
    }


def _charge(intent: dict, method: dict, *, decline: Decline | None) -> dict:
    return {
        "id": new_id("ch"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0 if decline else intent["amount"],
        "amount_refunded": 0,
        # Stripe books after it takes: in its webhooks, too, this may still be null.
        "balance_transaction": None,
        "billing_details": {"address": None, "email": None, "name": None, "phone": None},
        "captured": decline is None,
        "created": int(time.time()),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_code": decline.code if decline else None,
        "failure_message": decline.message if decline else None,
        "livemode": False,
        "metadata": intent["metadata"],
        "outcome": _outcome(decline),
        "paid": decline is None,
        "payment_intent": intent["id"],
        "payment_method": new_id("pm"),
        "payment_method_details": method,
        "receipt_email": intent["receipt_email"],
        "receipt_url": None,
        "refunded": False,
        "shipping": intent["shipping"],
        "status": "failed" if decline else "succeeded",
    }


def _outcome(decline: Decline | None) -> dict:
    return {
        "network_status": "declined_by_network" if decline else "approved_by_network",
        "reason": decline.reason if decline else None,
        "risk_level": "normal",
        "seller_message": "The bank refused the payment." if decline else "Payment complete.",
        "type": "issuer_declined" if decline else "authorized",
    }


def email_of(session: dict, typed: str | None = None) -> str | None:
    """Return the address the page knows already, from the shop or from the customer; else what was typed."""
    return session["customer_email"] or (session["customer_details"] or {}).get("email") or typed


def _complete(sandbox: Sandbox, session: dict, *, email: str | None, payment_status: str) -> None:
    details = {
        "address": None,
        "email": email_of(session, email),
        "name": (session["customer_details"] or {}).get("name"),
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }
    session |= {"status": "complete", "payment_status": payment_status, "customer_details": details, "url": None}
    sandbox.ledger.save(session)
    sandbox.record("checkout.session.completed", session)
