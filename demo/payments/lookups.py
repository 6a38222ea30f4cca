"""Endpoints that only read: intents, charges, disputes, events, balance."""

from __future__ import annotations

from fnmatch import fnmatchcase

from demo.payments import forms
from demo.payments.bookings import balance
from demo.payments.disputes import found_dispute
from demo.payments.errors import missing
from demo.payments.reading import page_of
from demo.payments.refunds import found_charge, found_intent
from demo.payments.sandbox import Sandbox

NOTHING = forms.mapping({})
BY_INTENT = forms.listing(payment_intent=forms.text(255))
INTENT_LIST = forms.listing(customer=forms.text(255))
EVENT_LIST = forms.listing(
    delivery_success=forms.choice("true", "false"),
    type=forms.text(100),
    types=forms.sequence(forms.text(100), longest=20),
)


def retrieve_intent(sandbox: Sandbox, raw: dict, identifier: str) -> dict:
    NOTHING(raw, "")
    return found_intent(sandbox, identifier)


def list_intents(sandbox: Sandbox, raw: dict) -> dict:
    asked = INTENT_LIST(raw, "")
    intents = sandbox.ledger.newest("payment_intent")
    if "customer" in asked:
        intents = [intent for intent in intents if intent["customer"] == asked["customer"]]
    return page_of(intents, asked, url="/v1/payment_intents")


def retrieve_charge(sandbox: Sandbox, raw: dict, identifier: str) -> dict:
    NOTHING(raw, "")
    return found_charge(sandbox, identifier)


def list_charges(sandbox: Sandbox, raw: dict) -> dict:
    asked = BY_INTENT(raw, "")
    return page_of(sandbox.ledger.newest("charge", parent=asked.get("payment_intent")), asked, url="/v1/charges")


def retrieve_dispute(sandbox: Sandbox, raw: dict, identifier: str) -> dict:
    NOTHING(raw, "")
    return found_dispute(sandbox, identifier)


def list_disputes(sandbox: Sandbox, raw: dict) -> dict:
    asked = BY_INTENT(raw, "")
    return page_of(sandbox.ledger.newest("dispute", parent=asked.get("payment_intent")), asked, url="/v1/disputes")


def retrieve_event(sandbox: Sandbox, raw: dict, identifier: str) -> dict:
    NOTHING(raw, "")
    event = sandbox.ledger.find("event", identifier)
    if event is None:
        raise missing("event", identifier)
    return event


def list_events(sandbox: Sandbox, raw: dict) -> dict:
    asked = EVENT_LIST(raw, "")
    types = set(asked.get("types", [])) | ({asked["type"]} if "type" in asked else set())
    # The shop asks for the last minutes of a list that only grows.
    events = sandbox.ledger.newest("event", since=asked.get("created", {}).get("gte", 0))
    if types:
        events = [event for event in events if any(fnmatchcase(event["type"], pattern) for pattern in types)]
    if "delivery_success" in asked:
        is_wanted = asked["delivery_success"] == "true"
        events = [event for event in events if (event["pending_webhooks"] == 0) == is_wanted]
    return page_of(events, asked, url="/v1/events")


def retrieve_balance(sandbox: Sandbox, raw: dict) -> dict:
    NOTHING(raw, "")
    available = [
        {"amount": amount, "currency": currency, "source_types": {"card": amount}}
        for currency, amount in balance(sandbox).items()
    ]
    return {"object": "balance", "available": available, "livemode": False, "pending": []}
