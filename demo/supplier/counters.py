"""Derive statuses, totals and flags of an order from the counters of its lines (section 5 of the contract)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from demo.supplier.ledger import Record
from demo.supplier.money import amount, money
from demo.supplier.supplier import Supplier

Line = dict[str, Any]
COUNTERS = (
    "quantity_pending",
    "quantity_accepted",
    "quantity_backordered",
    "quantity_rejected",
    "quantity_cancelled",
    "quantity_cancel_requested",
    "quantity_shipped",
    "quantity_delivered",
    "quantity_returned",
)
FINAL = {"rejected", "cancelled", "delivered"}


def progress_of(counted: Mapping[str, Any], *, packing: bool | None) -> str:
    """Apply the contract's list of rules, the first that fits; ``packing`` is None for a line."""
    active = counted["quantity"] - counted["quantity_rejected"] - counted["quantity_cancelled"]
    shipped, backordered = counted["quantity_shipped"], counted["quantity_backordered"]
    short = backordered + counted["quantity_rejected"] + counted["quantity_cancelled"]
    rules = (
        (counted["quantity_pending"] > 0, "pending" if packing is None else "received"),
        (active == 0 and counted["quantity_cancelled"] > 0, "cancelled"),
        (active == 0, "rejected"),
        (counted["quantity_delivered"] == active, "delivered"),
        (shipped == active, "shipped"),
        (shipped > 0, "partially_shipped"),
        (backordered == active, "backordered"),
        (bool(packing), "processing"),
        (short > 0, "partially_accepted"),
    )
    return next((status for fits, status in rules if fits), "accepted")


def open_units(line: Line) -> int:
    """Count the units of a line that have not shipped, fallen away or been asked back."""
    gone = line["quantity_rejected"] + line["quantity_cancelled"] + line["quantity_shipped"]
    return line["quantity"] - gone - line["quantity_cancel_requested"]


def unlabelled_units(order: Record, line: Line) -> int:
    """Count the accepted units of a line that no parcel holds yet."""
    labelled = order.private["labelled"].get(line["line_id"], 0)
    return line["quantity_accepted"] - line["quantity_shipped"] - labelled


def stoppable_units(supplier: Supplier, order: Record, line: Line) -> int:
    """Count the units of a line that a cancel request could still stop."""
    labelled = order.private["labelled"].get(line["line_id"], 0)
    lost = 0 if supplier.profile.manners.voids_labels else labelled
    return max(0, open_units(line) - lost)


def unshipped_units(document: dict[str, Any]) -> int:
    """Count the accepted units of an order that are still in the house."""
    return sum(line["quantity_accepted"] - line["quantity_shipped"] for line in document["lines"])


def settle(supplier: Supplier, order: Record) -> None:
    """Bring everything that is derived from the counters up to date."""
    document = order.document
    for line in document["lines"]:
        line["status"] = progress_of(line, packing=None)
    sums = {name: sum(line[name] for line in document["lines"]) for name in ("quantity", *COUNTERS)}
    document["status"] = progress_of(sums, packing=document["packing_started_at"] is not None)
    document["cancellable"] = any(stoppable_units(supplier, order, line) for line in document["lines"])
    document["totals"] = totals_of(supplier, order)
    if document["decided_at"] is None and not sums["quantity_pending"]:
        document["decided_at"] = supplier.ledger.stamp()
    if document["status"] in FINAL:
        document["hold"] = None
        document["completed_at"] = document["completed_at"] or supplier.ledger.stamp()


def totals_of(supplier: Supplier, order: Record) -> dict[str, Any]:
    """Add up what the supplier charges for the accepted and backordered units; a line is rounded once."""
    currency = order.document["currency"]
    items = Decimal(0)
    for line in order.document["lines"]:
        units = line["quantity_accepted"] + line["quantity_backordered"]
        items += amount(money(amount(line["unit_cost"]) * units, currency))
    shipping = Decimal(order.private["shipping_cost"]) if items else Decimal(0)
    tax = amount(money((items + shipping) * Decimal(supplier.profile.tax_percent) / 100, currency))
    parts = {"items": items, "shipping": shipping, "tax": tax, "total": items + shipping + tax}
    return {name: money(part, currency) for name, part in parts.items()}
