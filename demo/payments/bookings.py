"""Balance transactions: every movement of money on the merchant's account, with Stripe's fee on it."""

from __future__ import annotations

import time

from demo.payments import forms
from demo.payments.errors import missing
from demo.payments.ledger import new_id
from demo.payments.reading import page_of
from demo.payments.sandbox import Sandbox

# What European cards cost: 1.5 % and 25 cents (Stripe's price list for the euro area, read in November 2026);
# other currencies get the same figures in their own minor units. A dispute costs 20 of them.
RATE_BASIS_POINTS, FIXED_MINOR, DISPUTE_MINOR = 150, 25, 2000
NOTHING = forms.mapping({})
BOOKING_LIST = forms.listing(source=forms.text(255), type=forms.text(60))


def charge_fee(amount_minor: int) -> int:
    """Return what taking so much costs; half cents are rounded up."""
    return (amount_minor * RATE_BASIS_POINTS + 5_000) // 10_000 + FIXED_MINOR


def book(sandbox: Sandbox, source: dict, *, kind: str, amount_minor: int, fee_minor: int = 0) -> dict:
    """Write one movement down (negative: money that leaves), inside the change that moves it."""
    now = int(time.time())
    details = [
        {
            "amount": fee_minor,
            "application": None,
            "currency": source["currency"],
            "description": "Stripe processing fees" if kind == "charge" else "Dispute fee",
            "type": "stripe_fee",
        }
    ]
    booking = {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": amount_minor,
        "available_on": now,
        "created": now,
        "currency": source["currency"],
        "description": None,
        "exchange_rate": None,
        "fee": fee_minor,
        "fee_details": details if fee_minor else [],
        "net": amount_minor - fee_minor,
        "reporting_category": kind,
        "source": source["id"],
        "status": "available",
        "type": "adjustment" if kind.startswith("dispute") else kind,
    }
    return sandbox.ledger.add(booking, parent=source["id"])


def retrieve_booking(sandbox: Sandbox, raw: dict, identifier: str) -> dict:
    NOTHING(raw, "")
    booking = sandbox.ledger.find("balance_transaction", identifier)
    if booking is None:
        raise missing("balance_transaction", identifier)
    return booking


def list_bookings(sandbox: Sandbox, raw: dict) -> dict:
    asked = BOOKING_LIST(raw, "")
    bookings = sandbox.ledger.newest("balance_transaction", parent=asked.get("source"))
    if "type" in asked:
        bookings = [one for one in bookings if one["type"] == asked["type"]]
    return page_of(bookings, asked, url="/v1/balance_transactions")


def balance(sandbox: Sandbox) -> dict[str, int]:
    """Return what is on the account, by currency: the sum of all movements after their fees."""
    sums: dict[str, int] = {}
    for booking in sandbox.ledger.newest("balance_transaction"):
        sums[booking["currency"]] = sums.get(booking["currency"], 0) + booking["net"]
    return sums
