"""The one door to Stripe: our words in and out, every answer classified, never inside a transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import uuid4

import stripe
from django.conf import settings
from django.db import connection

from orders.providers.base import Fee, IntentFacts, RefundFacts, Refused, Unclear
from orders.stripe_amounts import from_stripe, to_stripe
from orders.stripe_facts import (
    DisputeFacts,
    EventFacts,
    Page,
    SessionFacts,
    TaxFacts,
    TaxItem,
    charge_of,
    dispute_of,
    event_of,
    fee_of,
    intent_of,
    listed_intent_of,
    rate_of,
    refund_of,
    session_of,
)
from shop.places import Place

# The longest page that Stripe's lists give.
PAGE = 100


class NotSigned(Exception):
    """The body was not signed by Stripe, or too long ago."""


class StripeUnclear(Unclear):
    """It may have happened (time-out, cut answer, 5xx): repeat with the same key, or look up."""


class StripeKeptFailure(StripeUnclear):
    """Stripe repeats the 5xx of an earlier try with this key, and will for a day: that try is over."""


class StripeRefused(Refused):
    """Nothing happened, and repeating will not help. ``code`` is Stripe's."""


class InTransaction(Exception):
    """A call was tried while a transaction was open."""


def _client() -> stripe.StripeClient:
    # As atomic(durable=True) judges: a test case's own outermost block does not count.
    if connection.atomic_blocks and not connection.atomic_blocks[-1]._from_testcase:
        raise InTransaction
    return _client_for(
        settings.STRIPE_SECRET_KEY,
        settings.STRIPE_API_BASE,
        settings.STRIPE_TIMEOUT_SECONDS,
        settings.STRIPE_API_VERSION,
    )


@cache
def _client_for(key: str, base: str, timeout: float, version: str) -> stripe.StripeClient:
    # Kept, because each thread's connection is kept in it: a new handshake per call costs more than the call.
    return stripe.StripeClient(
        key,
        base_addresses={"api": base} if base else {},  # type: ignore[arg-type]
        stripe_version=version,
        # Repeating is ours to decide: the row has a due time, and a web worker has none to lose.
        max_network_retries=0,
        http_client=stripe.RequestsClient(timeout=timeout),
    )


def read_in() -> None:
    """Have the library read what a payment needs: it imports each part when it is first asked for, in every process."""
    _sessions = _client().v1.checkout.sessions
    _kinds = (stripe.checkout.Session, stripe.PaymentIntent, stripe.Charge, stripe.Event, stripe.ListObject)


def _asked(call: Any, *args: Any, **kwargs: Any) -> Any:
    try:
        return call(*args, **kwargs)
    except (stripe.APIConnectionError, stripe.RateLimitError) as error:
        raise StripeUnclear(type(error).__name__) from error
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        # A key that was changed says nothing about the request; with the right one it may go through.
        raise StripeUnclear(type(error).__name__) from error
    except stripe.StripeError as error:
        if error.http_status is None or error.http_status >= 500 or error.http_status == 409:
            is_kept = "Idempotent-Replayed" in (error.headers or {})
            raise (StripeKeptFailure if is_kept else StripeUnclear)(f"{error.http_status}") from error
        raise StripeRefused(str(error.code or error.http_status), str(error.user_message or "")[:200]) from error


def create_session(params: Mapping[str, Any], *, key: str) -> SessionFacts:
    """Open a Checkout Session; safe to repeat with the same key and parameters.

    Raises StripeUnclear (StripeKeptFailure: not with this key any more) or StripeRefused.
    """
    return session_of(_asked(_client().v1.checkout.sessions.create, dict(params), {"idempotency_key": key}).to_dict())


def read_session(session_id: str) -> SessionFacts:
    """Read a Checkout Session with its payment. Raises StripeUnclear or StripeRefused."""
    params = {"expand": ["payment_intent.latest_charge"]}
    return session_of(_asked(_client().v1.checkout.sessions.retrieve, session_id, params).to_dict())


def expire_session(session_id: str) -> bool:
    """End an open session so that it can no longer be paid; False if it was no longer open."""
    expire = _client().v1.checkout.sessions.expire
    try:
        try:
            _asked(expire, session_id, {}, {"idempotency_key": f"expire-{session_id}"})
        except StripeKeptFailure:
            # An end is an end, however often it is asked for: any other key will do.
            _asked(expire, session_id, {}, {"idempotency_key": f"expire-{uuid4().hex}"})
    except StripeRefused:
        return False
    return True


def calculate_tax(
    items: Sequence[TaxItem], *, delivery_minor: int, place: Place, currency: str, is_included: bool
) -> TaxFacts:
    """Ask Stripe Tax what tax some lines and their delivery bear at an address; it books nothing.

    ``is_included``: the amounts hold the tax, else it comes on top. Raises StripeUnclear or StripeRefused
    (as for an address that does not say enough).
    """
    behaviour = "inclusive" if is_included else "exclusive"
    address = {"state": place.region, "postal_code": place.postcode, "city": place.city, "line1": place.line1}
    # What costs nothing bears nothing; but Stripe wants to be told of one line at least.
    asked = [number for number, item in enumerate(items) if item.amount_minor] or [0]
    params: dict[str, Any] = {
        "currency": currency.lower(),
        "customer_details": {
            "address": {"country": place.country, **{name: value for name, value in address.items() if value}},
            "address_source": "shipping",
        },
        "line_items": [
            {
                "amount": to_stripe(items[number].amount_minor, currency),
                "reference": f"L{number}",
                "tax_behavior": behaviour,
                "tax_code": items[number].tax_code,
            }
            for number in asked
        ],
        "expand": ["line_items", "line_items.data.tax_breakdown"],
    }
    if delivery_minor:
        params["shipping_cost"] = {"amount": to_stripe(delivery_minor, currency), "tax_behavior": behaviour}
    plain = _asked(_client().v1.tax.calculations.create, params).to_dict()
    rows = plain["line_items"]["data"]
    told = {one["reference"]: (rate_of(one), from_stripe(one["amount_tax"], currency)) for one in rows}
    delivery = plain.get("shipping_cost") or {}
    lines = tuple(told.get(f"L{number}", (0, 0)) for number in range(len(items)))
    return TaxFacts(lines, from_stripe(delivery.get("amount_tax"), currency))


def create_customer(*, email: str, name: str, reference: str, key: str) -> str:
    """Make a customer, and return its id (``cus_…``); safe to repeat with the same key for a day.

    Raises StripeUnclear or StripeRefused.
    """
    params: Any = {"email": email, "metadata": {"account": reference}} | ({"name": name} if name else {})
    return str(_asked(_client().v1.customers.create, params, {"idempotency_key": key})["id"])


def delete_customer(customer_id: str) -> bool:
    """Delete a customer with what Stripe keeps for it; payments stay. False if it is gone already.

    Safe to repeat. Raises StripeUnclear or StripeRefused.
    """
    try:
        _asked(_client().v1.customers.delete, customer_id)
    except StripeRefused as error:
        if error.code == "resource_missing":
            return False
        raise
    return True


def find_customer(*, email: str, reference: str) -> str:
    """Return the id of the customer that an earlier try has made; empty if there is none."""
    for one in _pages(_client().v1.customers.list, {"email": email}):
        if (one.get("metadata") or {}).get("account") == reference:
            return str(one["id"])
    return ""


def read_intent(intent_id: str) -> IntentFacts:
    """Read a payment as it stands now. Raises StripeUnclear or StripeRefused."""
    return intent_of(_asked(_client().v1.payment_intents.retrieve, intent_id).to_dict())


def capture_intent(intent_id: str, *, amount_minor: int, currency: str, key: str) -> IntentFacts:
    """Take so much of what a bank keeps for us, once and for all; what is left over is let go.

    Raises StripeUnclear (StripeKeptFailure: not with this key any more) or StripeRefused.
    """
    params: Any = {"amount_to_capture": to_stripe(amount_minor, currency)}
    return intent_of(
        _asked(_client().v1.payment_intents.capture, intent_id, params, {"idempotency_key": key}).to_dict()
    )


def cancel_intent(intent_id: str, *, key: str) -> IntentFacts:
    """Let go what a bank keeps for us. Raises as ``capture_intent`` does."""
    return intent_of(_asked(_client().v1.payment_intents.cancel, intent_id, {}, {"idempotency_key": key}).to_dict())


def read_fee(intent_id: str) -> Fee | None:
    """Return what Stripe keeps for a payment, its refunds and its disputes; None if it does not know yet.

    Raises StripeUnclear or StripeRefused.
    """
    params: Any = {"expand": ["latest_charge.balance_transaction"]}
    intent = _asked(_client().v1.payment_intents.retrieve, intent_id, params).to_dict()
    booked = [(intent.get("latest_charge") or {}).get("balance_transaction")]
    by_intent = {"payment_intent": intent_id, "expand": ["data.balance_transaction"]}
    booked += [one.get("balance_transaction") for one in _pages(_client().v1.refunds.list, by_intent)]
    for dispute in _pages(_client().v1.disputes.list, {"payment_intent": intent_id}):
        booked += dispute.get("balance_transactions") or []
    return fee_of(booked) if isinstance(booked[0], dict) else None


def create_refund(intent_id: str, *, amount_minor: int, currency: str, reference: str, key: str) -> RefundFacts:
    """Pay back part of a payment; safe to repeat with the same key for a day.

    Raises StripeUnclear or StripeRefused.
    """
    amount = to_stripe(amount_minor, currency)
    params: Any = {"payment_intent": intent_id, "amount": amount, "metadata": {"refund": reference}}
    return refund_of(_asked(_client().v1.refunds.create, params, {"idempotency_key": key}).to_dict())


def read_refund(refund_id: str) -> RefundFacts:
    """Read one refund. Raises StripeUnclear or StripeRefused."""
    return refund_of(_asked(_client().v1.refunds.retrieve, refund_id).to_dict())


def list_refunds(intent_id: str) -> dict[str, tuple[RefundFacts, str]]:
    """Return all refunds of a payment by id, each with our reference (empty: made elsewhere)."""
    found = _pages(_client().v1.refunds.list, {"payment_intent": intent_id})
    return {one["id"]: (refund_of(one), str((one.get("metadata") or {}).get("refund", ""))) for one in found}


def read_dispute(dispute_id: str) -> DisputeFacts:
    """Read one dispute as it stands now. Raises StripeUnclear or StripeRefused."""
    return dispute_of(_asked(_client().v1.disputes.retrieve, dispute_id).to_dict())


def page_of_events(*, since: datetime, kinds: Sequence[str], after: str) -> Page:
    """Return a page of what happened at Stripe since then (it keeps 30 days), as EventFacts.

    This and its sisters raise StripeUnclear or StripeRefused.
    """
    params = {"types": list(kinds)}
    return _page(_client().v1.events.list, since, None, after, event_of, params)


def page_of_intents(*, since: datetime | None, until: datetime, after: str) -> Page:
    """Return a page of the payments begun in a time, as ListedIntent; with ``since`` None, from the beginning."""
    params = {"expand": ["data.latest_charge"]}
    return _page(_client().v1.payment_intents.list, since, until, after, listed_intent_of, params)


def page_of_charges(*, since: datetime | None, until: datetime, after: str) -> Page:
    """Return a page of charges, as ChargeFacts."""
    return _page(_client().v1.charges.list, since, until, after, charge_of)


def page_of_refunds(*, since: datetime | None, until: datetime, after: str) -> Page:
    """Return a page of refunds, as RefundFacts."""
    return _page(_client().v1.refunds.list, since, until, after, refund_of)


def page_of_disputes(*, since: datetime | None, until: datetime, after: str) -> Page:
    """Return a page of disputes, as DisputeFacts."""
    return _page(_client().v1.disputes.list, since, until, after, dispute_of)


def session_paid_by(intent_id: str) -> dict[str, Any] | None:
    """Return the Checkout Session of a payment, as an event would show it; None if it has none."""
    found = _asked(_client().v1.checkout.sessions.list, {"payment_intent": intent_id, "limit": 1}).to_dict()["data"]
    return found[0] if found else None


def _page(
    call: Any,
    since: datetime | None,
    until: datetime | None,
    after: str,
    read: Callable[[dict[str, Any]], Any],
    params: Mapping[str, Any] | None = None,
) -> Page:
    bounds = {"gte": since, "lte": until}
    created = {name: int(moment.timestamp()) for name, moment in bounds.items() if moment is not None}
    more = ({"created": created} if created else {}) | ({"starting_after": after} if after else {})
    page = _asked(call, {"limit": PAGE, **(params or {}), **more}).to_dict()
    rows = page["data"]
    return Page([read(row) for row in rows], rows[-1]["id"] if rows and page.get("has_more") else "")


def _pages(call: Any, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    after: dict[str, str] = {}
    while True:
        page = _asked(call, {**params, "limit": PAGE, **after}).to_dict()
        yield from page["data"]
        if not page.get("has_more") or not page["data"]:
            return
        after = {"starting_after": page["data"][-1]["id"]}


def verified_event(body: bytes, signature: str) -> EventFacts:
    """Prove that Stripe sent a body, on its raw bytes, and return it. Raises NotSigned."""
    try:
        event = stripe.Webhook.construct_event(body, signature, settings.STRIPE_WEBHOOK_SECRET)
        return event_of(event.to_dict())
    except (stripe.SignatureVerificationError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise NotSigned(type(error).__name__) from error
