"""What Stripe's answers say, as far as we care: plain JSON in, our own facts out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from orders.providers.base import Fee, IntentFacts, RefundFacts
from orders.stripe_amounts import from_stripe


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


@dataclass(frozen=True, slots=True)
class TaxItem:
    """One line to be taxed: its amount in minor units, and Stripe's code for what it is."""

    amount_minor: int
    tax_code: str


@dataclass(frozen=True, slots=True)
class TaxFacts:
    """What Stripe Tax says: rate (1/100 of a percent) and tax of each line, and the tax of the delivery."""

    lines: tuple[tuple[int, int], ...]
    delivery_tax_minor: int


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, newest first; ``after`` is where the next one begins (empty: this was the last)."""

    rows: list[Any]
    after: str


@dataclass(frozen=True, slots=True)
class ListedIntent:
    """A payment as lists show it; ``order`` and ``session`` are what we wrote on it, if it is ours."""

    id: str
    captured_minor: int
    refunded_minor: int
    currency: str
    order: str
    session: str


@dataclass(frozen=True, slots=True)
class ChargeFacts:
    """A charge as lists show it; ``intent_id`` is empty for money that was taken without a PaymentIntent."""

    id: str
    captured_minor: int
    refunded_minor: int
    currency: str
    intent_id: str


def session_of(plain: dict[str, Any]) -> SessionFacts:
    """Read a Checkout Session, with its payment and charge where they were asked for."""
    intent = plain.get("payment_intent")
    # Asked with "expand" it is an object; without, or before anything was paid, an id or nothing.
    charge = (intent.get("latest_charge") if isinstance(intent, dict) else None) or {}
    card = (charge.get("payment_method_details") or {}).get("card") or {} if isinstance(charge, dict) else {}
    currency = currency_of(plain)
    return SessionFacts(
        id=plain["id"],
        url=plain.get("url") or "",
        status=plain.get("status") or "",
        payment_status=plain.get("payment_status") or "",
        amount_minor=from_stripe(plain.get("amount_total"), currency),
        currency=currency,
        intent_id=id_of(intent),
        card_brand=str(card.get("brand") or ""),
        card_last4=str(card.get("last4") or ""),
        captured_minor=from_stripe(intent.get("amount_received"), currency) if isinstance(intent, dict) else 0,
        intent_status=str(intent.get("status") or "") if isinstance(intent, dict) else "",
        refunded_minor=from_stripe(charge.get("amount_refunded"), currency) if isinstance(charge, dict) else 0,
        capturable_minor=from_stripe(intent.get("amount_capturable"), currency) if isinstance(intent, dict) else 0,
        capture_before=card.get("capture_before"),
    )


def intent_of(plain: dict[str, Any]) -> IntentFacts:
    """Read a payment."""
    return IntentFacts(
        id=plain["id"],
        status=plain.get("status") or "",
        captured_minor=from_stripe(plain.get("amount_received"), currency_of(plain)),
        currency=currency_of(plain),
    )


def listed_intent_of(plain: dict[str, Any]) -> ListedIntent:
    """Read a payment with its expanded charge, as lists show it."""
    charge, metadata, currency = plain.get("latest_charge"), plain.get("metadata") or {}, currency_of(plain)
    return ListedIntent(
        id=plain["id"],
        captured_minor=from_stripe(plain.get("amount_received"), currency),
        refunded_minor=from_stripe(charge.get("amount_refunded"), currency) if isinstance(charge, dict) else 0,
        currency=currency,
        order=str(metadata.get("order") or ""),
        session=str(metadata.get("session") or ""),
    )


def charge_of(plain: dict[str, Any]) -> ChargeFacts:
    """Read a charge."""
    return ChargeFacts(
        id=plain["id"],
        captured_minor=from_stripe(plain.get("amount_captured"), currency_of(plain)),
        refunded_minor=from_stripe(plain.get("amount_refunded"), currency_of(plain)),
        currency=currency_of(plain),
        intent_id=id_of(plain.get("payment_intent")),
    )


def refund_of(plain: dict[str, Any]) -> RefundFacts:
    """Read a refund."""
    return RefundFacts(
        id=plain["id"],
        status=plain.get("status") or "",
        amount_minor=from_stripe(plain["amount"], currency_of(plain)),
        currency=currency_of(plain),
        intent_id=id_of(plain.get("payment_intent")),
        failure=str(plain.get("failure_reason") or ""),
    )


def dispute_of(plain: dict[str, Any]) -> DisputeFacts:
    """Read a dispute."""
    return DisputeFacts(
        id=plain["id"],
        status=plain.get("status") or "",
        amount_minor=from_stripe(plain["amount"], currency_of(plain)),
        currency=currency_of(plain),
        intent_id=id_of(plain.get("payment_intent")),
        reason=str(plain.get("reason") or ""),
        due_by=(plain.get("evidence_details") or {}).get("due_by"),
        fee=fee_of(plain.get("balance_transactions") or []),
    )


def event_of(plain: dict[str, Any]) -> EventFacts:
    """Read an event."""
    return EventFacts(str(plain["id"]), str(plain["type"]), plain)


def fee_of(booked: Sequence[Any]) -> Fee | None:
    """Add up the fees of balance transactions, which are all in the currency of our own account."""
    known = [one for one in booked if isinstance(one, dict)]
    if not known:
        return None
    currency = currency_of(known[0])
    return Fee(from_stripe(sum(one.get("fee") or 0 for one in known), currency), currency)


def rate_of(line: Mapping[str, Any]) -> int:
    """Return the rate that a taxed line bears, in 1/100 of a percent."""
    # Where several places tax the same goods, as in the United States, the rates add up.
    parts = [(one.get("tax_rate_details") or {}).get("percentage_decimal") for one in line.get("tax_breakdown") or []]
    return int(sum((Decimal(part) for part in parts if part), Decimal(0)) * 100)


def currency_of(plain: Mapping[str, Any]) -> str:
    """Return the currency of an object as we write it: ``EUR``; empty if it has none."""
    return str(plain.get("currency") or "").upper()


def id_of(subject: Any) -> str:
    """Return the id of what may be expanded or not; empty for nothing."""
    return str((subject.get("id") if isinstance(subject, dict) else subject) or "")
