"""The one door to Stripe: our words in and out, every answer classified, never inside a transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import uuid4

import stripe
from django.conf import settings
from django.db import connection

from orders.providers.base import Fee, IntentFacts, RefundFacts, Refused, Unclear

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


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """A Checkout Session as far as we care. ``amount_minor`` is its total."""

    id: str
    url: str
    status: str
    payment_status: str
    amount_minor: int
    currency: str
    intent_id: str
    card_brand: str = ""
    card_last4: str = ""
    captured_minor: int = 0
    intent_status: str = ""
    refunded_minor: int = 0
    # Of money that a bank keeps for us: how much, and until when (seconds since 1970; None: Stripe does not say).
    capturable_minor: int = 0
    capture_before: int | None = None

    @property
    def is_paid(self) -> bool:
        """True once the money is taken, whichever of Stripe's two words for it is the newer one."""
        return self.payment_status == "paid" or (self.intent_status == "succeeded" and self.captured_minor > 0)


@dataclass(frozen=True, slots=True)
class DisputeFacts:
    """A payment that a customer's bank takes back; ``status`` in Stripe's words, ``due_by`` for evidence."""

    id: str
    status: str
    amount_minor: int
    currency: str
    intent_id: str
    reason: str = ""
    due_by: int | None = None
    fee: Fee | None = None


@dataclass(frozen=True, slots=True)
class EventFacts:
    """A verified event; ``body`` is plain JSON."""

    id: str
    kind: str
    body: dict[str, Any]

    @property
    def api_version(self) -> str:
        """The version that the body is written in."""
        return str(self.body.get("api_version") or "")


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
    return _session(_asked(_client().v1.checkout.sessions.create, dict(params), {"idempotency_key": key}))


def read_session(session_id: str) -> SessionFacts:
    """Read a Checkout Session with its payment. Raises StripeUnclear or StripeRefused."""
    params = {"expand": ["payment_intent.latest_charge"]}
    return _session(_asked(_client().v1.checkout.sessions.retrieve, session_id, params))


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


def create_customer(*, email: str, name: str, reference: str, key: str) -> str:
    """Make a customer, and return its id (``cus_…``); safe to repeat with the same key for a day.

    Raises StripeUnclear or StripeRefused.
    """
    params: Any = {"email": email, "metadata": {"account": reference}} | ({"name": name} if name else {})
    return str(_asked(_client().v1.customers.create, params, {"idempotency_key": key})["id"])


def find_customer(*, email: str, reference: str) -> str:
    """Return the id of the customer that an earlier try has made; empty if there is none."""
    for one in _pages(_client().v1.customers.list, {"email": email}):
        if (one.get("metadata") or {}).get("account") == reference:
            return str(one["id"])
    return ""


def read_intent(intent_id: str) -> IntentFacts:
    """Read a payment as it stands now. Raises StripeUnclear or StripeRefused."""
    return _intent(_asked(_client().v1.payment_intents.retrieve, intent_id))


def capture_intent(intent_id: str, *, amount_minor: int, key: str) -> IntentFacts:
    """Take so much of what a bank keeps for us, once and for all; what is left over is let go.

    Raises StripeUnclear (StripeKeptFailure: not with this key any more) or StripeRefused.
    """
    params: Any = {"amount_to_capture": amount_minor}
    return _intent(_asked(_client().v1.payment_intents.capture, intent_id, params, {"idempotency_key": key}))


def cancel_intent(intent_id: str, *, key: str) -> IntentFacts:
    """Let go what a bank keeps for us. Raises as ``capture_intent`` does."""
    return _intent(_asked(_client().v1.payment_intents.cancel, intent_id, {}, {"idempotency_key": key}))


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
    return _fee(booked) if isinstance(booked[0], dict) else None


def create_refund(intent_id: str, *, amount_minor: int, reference: str, key: str) -> RefundFacts:
    """Pay back part of a payment; safe to repeat with the same key for a day.

    Raises StripeUnclear or StripeRefused.
    """
    params: Any = {"payment_intent": intent_id, "amount": amount_minor, "metadata": {"refund": reference}}
    return _refund(_asked(_client().v1.refunds.create, params, {"idempotency_key": key}))


def read_refund(refund_id: str) -> RefundFacts:
    """Read one refund. Raises StripeUnclear or StripeRefused."""
    return _refund(_asked(_client().v1.refunds.retrieve, refund_id))


def list_refunds(intent_id: str) -> dict[str, tuple[RefundFacts, str]]:
    """Return all refunds of a payment by id, each with our reference (empty: made elsewhere)."""
    found = _pages(_client().v1.refunds.list, {"payment_intent": intent_id})
    return {one["id"]: (_refund_of(one), str((one.get("metadata") or {}).get("refund", ""))) for one in found}


def read_dispute(dispute_id: str) -> DisputeFacts:
    """Read one dispute as it stands now. Raises StripeUnclear or StripeRefused."""
    plain = _asked(_client().v1.disputes.retrieve, dispute_id).to_dict()
    return DisputeFacts(
        id=plain["id"],
        status=plain.get("status") or "",
        amount_minor=plain["amount"],
        currency=str(plain["currency"]).upper(),
        intent_id=_id_of(plain.get("payment_intent")),
        reason=str(plain.get("reason") or ""),
        due_by=(plain.get("evidence_details") or {}).get("due_by"),
        fee=_fee(plain.get("balance_transactions") or []),
    )


def list_events(*, since: datetime, kinds: Sequence[str]) -> Iterator[EventFacts]:
    """Yield what happened at Stripe since then, newest first, page by page (it keeps 30 days).

    Raises StripeUnclear or StripeRefused, also between two pages.
    """
    params = {"created": {"gte": int(since.timestamp())}, "types": list(kinds)}
    for plain in _pages(_client().v1.events.list, params):
        yield EventFacts(str(plain["id"]), str(plain["type"]), plain)


def _pages(call: Any, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    after: dict[str, str] = {}
    while True:
        page = _asked(call, {**params, "limit": PAGE, **after}).to_dict()
        yield from page["data"]
        if not page.get("has_more") or not page["data"]:
            return
        after = {"starting_after": page["data"][-1]["id"]}


def _fee(booked: Sequence[Any]) -> Fee | None:
    """Add up the fees of balance transactions, which are all in the currency of our own account."""
    known = [one for one in booked if isinstance(one, dict)]
    if not known:
        return None
    return Fee(sum(one.get("fee") or 0 for one in known), str(known[0].get("currency") or "").upper())


def _intent(intent: Any) -> IntentFacts:
    plain = intent.to_dict()
    return IntentFacts(
        id=plain["id"],
        status=plain.get("status") or "",
        captured_minor=plain.get("amount_received") or 0,
        currency=str(plain.get("currency") or "").upper(),
    )


def verified_event(body: bytes, signature: str) -> EventFacts:
    """Prove that Stripe sent a body, on its raw bytes, and return it. Raises NotSigned."""
    try:
        event = stripe.Webhook.construct_event(body, signature, settings.STRIPE_WEBHOOK_SECRET)
        plain = event.to_dict()
        return EventFacts(str(plain["id"]), str(plain["type"]), plain)
    except (stripe.SignatureVerificationError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise NotSigned(type(error).__name__) from error


def _session(session: Any) -> SessionFacts:
    plain = session.to_dict()
    intent = plain.get("payment_intent")
    # Asked with "expand" it is an object; without, or before anything was paid, an id or nothing.
    charge = (intent.get("latest_charge") if isinstance(intent, dict) else None) or {}
    card = (charge.get("payment_method_details") or {}).get("card") or {} if isinstance(charge, dict) else {}
    return SessionFacts(
        id=plain["id"],
        url=plain.get("url") or "",
        status=plain.get("status") or "",
        payment_status=plain.get("payment_status") or "",
        amount_minor=plain.get("amount_total") or 0,
        currency=str(plain.get("currency") or "").upper(),
        intent_id=_id_of(intent),
        card_brand=str(card.get("brand") or ""),
        card_last4=str(card.get("last4") or ""),
        captured_minor=(intent.get("amount_received") or 0) if isinstance(intent, dict) else 0,
        intent_status=str(intent.get("status") or "") if isinstance(intent, dict) else "",
        refunded_minor=(charge.get("amount_refunded") or 0) if isinstance(charge, dict) else 0,
        capturable_minor=(intent.get("amount_capturable") or 0) if isinstance(intent, dict) else 0,
        capture_before=card.get("capture_before"),
    )


def _id_of(subject: Any) -> str:
    return str((subject.get("id") if isinstance(subject, dict) else subject) or "")


def _refund(refund: Any) -> RefundFacts:
    return _refund_of(refund.to_dict())


def _refund_of(plain: dict[str, Any]) -> RefundFacts:
    return RefundFacts(
        id=plain["id"],
        status=plain.get("status") or "",
        amount_minor=plain["amount"],
        currency=str(plain["currency"]).upper(),
        intent_id=_id_of(plain.get("payment_intent")),
        failure=str(plain.get("failure_reason") or ""),
    )
