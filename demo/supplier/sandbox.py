"""Play the contract's sandbox SKUs (``x-sandbox-skus``): orders whose course is known beforehand."""

from __future__ import annotations

from typing import Any

SKUS = (
    "TEST-OK",
    "TEST-PENDING",
    "TEST-BACKORDER",
    "TEST-OOS",
    "TEST-PRICE",
    "TEST-SPLIT",
    "TEST-DROP",
    "TEST-HOLD",
    "TEST-DELAY",
    "TEST-LATE",
    "TEST-ATTEMPT",
    "TEST-LOST",
    "TEST-RTS",
    "TEST-NOCANCEL",
    "TEST-500",
    "TEST-HANG",
    "TEST-503",
    "TEST-HOOKS",
)
COST = "10.00"
RAISED_COST = "12.50"
# What the server does to the first answer, after the order was stored.
MISHAPS = {"TEST-500": "accept_then_500", "TEST-HANG": "accept_then_drop"}
BUSY = "TEST-503"


def sandbox_entries(currency: str) -> list[dict[str, Any]]:
    """List the sandbox SKUs in the form of a catalogue file."""
    return [
        {
            "item": {
                "sku": sku,
                "name": f"Sandbox item {sku}",
                "status": "active",
                "cost": {"amount": COST, "currency": currency},
                "category_path": ["Sandbox"],
            },
            "stock": {"quantity": None, "availability": "made_to_order"},
        }
        for sku in SKUS
    ]


def behaviours_in(lines: list[dict[str, Any]], *, sandbox: bool) -> list[str]:
    """Name the sandbox SKUs of an order; none where the supplier is not a sandbox."""
    return sorted({line["sku"] for line in lines if sandbox and line["sku"] in SKUS})
