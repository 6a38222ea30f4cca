"""Checkout Sessions: made, read and expired through the API."""

from __future__ import annotations

import time

from demo.payments import forms
from demo.payments.amounts import MAXIMUM_MINOR, MINIMUM_MINOR, check_whole, spoken
from demo.payments.customers import found_customer
from demo.payments.errors import Invalid, Refused, missing
from demo.payments.ledger import new_id
from demo.payments.reading import page_of
from demo.payments.sandbox import Sandbox

DAY_SECONDS = 24 * 60 * 60
# A shop asks for "30 minutes from now", and its clock and the way here cost a moment.
CLOCK_SKEW_SECONDS = 5

ADDRESS = forms.mapping(
    {
        "city": forms.text(),
        "country": forms.text(2),
        "line1": forms.text(),
        "line2": forms.text(),
        "postal_code": forms.text(),
        "state": forms.text(),
    }
)
PRODUCT = forms.mapping(
    {
        "name": forms.text(250),
        "description": forms.text(),
        "images": forms.sequence(forms.url, longest=8),
        "metadata": forms.metadata,
    },
    required=("name",),
)
PRICE = forms.mapping(
    {
        "currency": forms.text(3),
        "unit_amount": forms.integer(least=0, most=MAXIMUM_MINOR),
        "product_data": PRODUCT,
        "tax_behavior": forms.choice("exclusive", "inclusive", "unspecified"),
    },
    required=("currency", "unit_amount", "product_data"),
)
LINE = forms.mapping(
    {"price_data": PRICE, "quantity": forms.integer(least=1, most=999_999)}, required=("price_data", "quantity")
)
SHIPPING = forms.mapping(
    {
        "address": ADDRESS,
        "name": forms.text(),
        "carrier": forms.text(),
        "phone": forms.text(),
        "tracking_number": forms.text(),
    },
    required=("address", "name"),
)
INTENT = forms.mapping(
    {
        "capture_method": forms.choice("automatic", "automatic_async", "manual"),
        "description": forms.text(1000),
        "metadata": forms.metadata,
        "receipt_email": forms.email,
        "shipping": SHIPPING,
        "statement_descriptor_suffix": forms.text(22),
    }
)
SESSION = forms.mapping(
    {
        "billing_address_collection": forms.choice("auto", "required"),
        "cancel_url": forms.url,
        "client_reference_id": forms.text(200),
        "customer": forms.text(255),
        "customer_email": forms.email,
        "expires_at": forms.integer(least=0),
        "line_items": forms.sequence(LINE),
        "locale": forms.text(10),
        "metadata": forms.metadata,
        "mode": forms.choice("payment"),
        "payment_intent_data": INTENT,
        "payment_method_types": forms.sequence(forms.choice("card", "sepa_debit")),
        "submit_type": forms.choice("auto", "book", "donate", "pay"),
        "success_url": forms.url,
    },
    required=("line_items", "mode", "success_url"),
)
NOTHING = forms.mapping({})
SESSION_LIST = forms.listing(payment_intent=forms.text(255), status=forms.choice("complete", "expired", "open"))


def create_session(sandbox: Sandbox, raw: dict) -> dict:
    asked = SESSION(raw, "")
    now = int(time.time())
    customer = _customer(sandbox, asked)
    expires_at = _expiry(sandbox, asked.get("expires_at"), now)
    lines = _lines(asked["line_items"])
    currency = lines[0]["currency"]
    total = sum(line["amount_total"] for line in lines)
    if total < MINIMUM_MINOR[currency]:
        raise Invalid(
            "The Checkout Session's total amount due must add up to at least "
            f"{spoken(MINIMUM_MINOR[currency], currency)} {currency}",
            code="amount_too_small",
            param="line_items",
        )
    session = (
        _session(sandbox, asked, now)
        | customer
        | {
            "amount_subtotal": total,
            "amount_total": total,
            "currency": currency,
            "expires_at": expires_at,
        }
    )
    private = {"lines": lines, "intent": asked.get("payment_intent_data", {})}
    sandbox.ledger.add(session, private=private)
    sandbox.ledger.schedule("expire_session", session["id"], due_at=expires_at)
    return session


def _customer(sandbox: Sandbox, asked: dict) -> dict:
    if "customer" not in asked:
        return {}
    if "customer_email" in asked:
        raise Invalid("You may only specify one of these parameters: customer, customer_email.", param="customer")
    known = found_customer(sandbox, asked["customer"], param="customer")
    details = {"address": None, "email": known["email"], "name": known["name"], "phone": None}
    return {"customer": known["id"], "customer_details": details | {"tax_exempt": "none", "tax_ids": []}}


def _methods(asked: dict) -> list[str]:
    """Return what the page offers: banks cannot keep money for a merchant, so with manual capture only cards."""
    is_manual = asked.get("payment_intent_data", {}).get("capture_method") == "manual"
    wanted = asked.get("payment_method_types")
    if is_manual and wanted and set(wanted) - {"card"}:
        raise Invalid("The payment method `sepa_debit` does not support manual capture.", param="payment_method_types")
    return wanted or (["card"] if is_manual else ["card", "sepa_debit"])


def _session(sandbox: Sandbox, asked: dict, now: int) -> dict:
    identifier = new_id("cs_test", length=58)
    return {
        "id": identifier,
        "object": "checkout.session",
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": asked.get("billing_address_collection"),
        "cancel_url": asked.get("cancel_url"),
        "client_reference_id": asked.get("client_reference_id"),
        "created": now,
        "custom_fields": [],
        "customer": None,
        "customer_creation": "if_required",
        "customer_details": None,
        "customer_email": asked.get("customer_email"),
        "livemode": False,
        "locale": asked.get("locale"),
        "metadata": asked.get("metadata", {}),
        "mode": "payment",
        # A PaymentIntent comes with the first attempt to pay, as Stripe does it since version 2022-08-01.
        "payment_intent": None,
        "payment_method_collection": "if_required",
        "payment_method_types": _methods(asked),
        "payment_status": "unpaid",
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": asked.get("submit_type"),
        "success_url": asked["success_url"],
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted",
        "url": f"{sandbox.options.public_base}/pay/{identifier}",
    }


def _expiry(sandbox: Sandbox, asked: int | None, now: int) -> int:
    if asked is None:
        return now + DAY_SECONDS
    least = sandbox.options.min_expiry_seconds
    if asked < now + least - CLOCK_SKEW_SECONDS:
        raise Invalid(
            f"The `expires_at` timestamp must be at least {_duration(least)} from Checkout Session creation.",
            param="expires_at",
        )
    if asked > now + DAY_SECONDS + CLOCK_SKEW_SECONDS:
        raise Invalid(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.", param="expires_at"
        )
    return asked


def _duration(seconds: int) -> str:
    return f"{seconds // 60} minutes" if seconds >= 60 else f"{seconds} seconds"


def _lines(asked: list[dict]) -> list[dict]:
    if not asked:
        raise Invalid("Missing required param: line_items.", code="parameter_missing", param="line_items")
    lines = [_line(item, position) for position, item in enumerate(asked)]
    if len({line["currency"] for line in lines}) > 1:
        raise Invalid(
            "You can not combine currencies on a single session: all line items must have the same currency.",
            param="line_items",
        )
    return lines


def _line(item: dict, position: int) -> dict:
    price, quantity = item["price_data"], item["quantity"]
    currency = price["currency"].lower()
    if currency not in MINIMUM_MINOR:
        raise Invalid(
            f"Invalid currency: {currency}. Stripe currently supports these currencies: {', '.join(MINIMUM_MINOR)}",
            param=f"line_items[{position}][price_data][currency]",
        )
    check_whole(price["unit_amount"], currency, param=f"line_items[{position}][price_data][unit_amount]")
    amount = price["unit_amount"] * quantity
    return {
        "id": new_id("li"),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": currency,
        "description": price["product_data"]["name"],
        "price": {
            "id": new_id("price"),
            "object": "price",
            "active": False,
            "billing_scheme": "per_unit",
            "currency": currency,
            "livemode": False,
            "metadata": {},
            "product": new_id("prod"),
            "tax_behavior": price.get("tax_behavior", "unspecified"),
            "type": "one_time",
            "unit_amount": price["unit_amount"],
            "unit_amount_decimal": str(price["unit_amount"]),
        },
        "quantity": quantity,
    }


def retrieve_session(sandbox: Sandbox, raw: dict, identifier: str) -> dict:
    NOTHING(raw, "")
    return found_session(sandbox, identifier)


def found_session(sandbox: Sandbox, identifier: str) -> dict:
    """Read a session; raises Invalid (404) if there is none."""
    session = sandbox.ledger.find("checkout.session", identifier)
    if session is None:
        raise missing("checkout.session", identifier, param="session")
    return session


def expire_session(sandbox: Sandbox, raw: dict, identifier: str) -> dict:
    NOTHING(raw, "")
    session = found_session(sandbox, identifier)
    if session["status"] != "open":
        raise Refused(
            'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of `{session['status']}`."
        )
    return end_session(sandbox, session)


def end_session(sandbox: Sandbox, session: dict) -> dict:
    """Mark an open session expired, give up what was tried to pay it, and tell of it."""
    session |= {"status": "expired", "url": None}
    if session["payment_intent"]:
        intent = sandbox.ledger.find("payment_intent", session["payment_intent"])
        intent |= {"status": "canceled", "canceled_at": int(time.time()), "cancellation_reason": "abandoned"}
        sandbox.ledger.save(intent | {"next_action": None})
    sandbox.ledger.save(session)
    sandbox.record("checkout.session.expired", session)
    return session


def list_sessions(sandbox: Sandbox, raw: dict) -> dict:
    asked = SESSION_LIST(raw, "")
    filters = {name: asked[name] for name in ("payment_intent", "status") if name in asked}
    sessions = sandbox.ledger.newest("checkout.session")
    chosen = [one for one in sessions if all(one[name] == value for name, value in filters.items())]
    return page_of(chosen, asked, url="/v1/checkout/sessions")


def list_lines(sandbox: Sandbox, raw: dict, identifier: str) -> dict:
    asked = forms.listing()(raw, "")
    found_session(sandbox, identifier)
    lines = sandbox.ledger.private(identifier)["lines"]
    return page_of(lines, asked, url=f"/v1/checkout/sessions/{identifier}/line_items")
