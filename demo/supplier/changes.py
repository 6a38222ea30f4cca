"""Publish a changed order, shipment or return: a higher version, a later stamp, one event."""

from __future__ import annotations

from typing import Any

from demo.supplier.ledger import Record
from demo.supplier.supplier import Supplier
from demo.supplier.webhooks import BACKWARDS, announce, release_backwards

BOOKKEEPING = ("version", "updated_at")
FINAL_ORDER = {"rejected", "cancelled", "delivered"}


def publish(supplier: Supplier, record: Record, *, event: str = "", delay: dict[str, Any] | None = None) -> None:
    """Store a record, and tell the platform if anything visible changed.

    ``event`` defaults to ``<kind>.updated``.
    """
    stored = supplier.ledger.get(record.kind, record.id)
    if stored and substance(stored) == substance(record):
        supplier.ledger.put(record)
        return
    record.document["version"] = stored.document["version"] + 1 if stored else 1
    record.document["updated_at"] = supplier.ledger.stamp()
    supplier.ledger.put(record)
    if record.kind == "shipment" and supplier.carriers is not None:
        supplier.carriers.tell(record.document)
    backwards = tells_backwards(supplier, record)
    facts = facts_of(record) | ({"delay": delay} if delay else {})
    announce(supplier, event or f"{record.kind}.updated", facts, reference=record.reference, held=backwards)
    if backwards and record.kind == "order" and record.document["status"] in FINAL_ORDER:
        release_backwards(supplier, record.reference)


def substance(record: Record) -> dict[str, Any]:
    """Return what a reader would call a change."""
    return {name: value for name, value in record.document.items() if name not in BOOKKEEPING}


def tells_backwards(supplier: Supplier, record: Record) -> bool:
    """Tell whether the events of this record's order are held back for the sandbox SKU TEST-HOOKS."""
    if not supplier.profile.sandbox:
        return False
    order = record if record.kind == "order" else supplier.ledger.get("order", record.reference)
    return order is not None and any(line["sku"] == BACKWARDS for line in order.document["lines"])


def facts_of(record: Record) -> dict[str, Any]:
    """Write an event's data: the identifiers, the version, and the object without ``ship_to``."""
    document = without_address(record.document)
    names = {
        "order": ("reference",),
        "shipment": ("shipment_id", "reference"),
        "return": ("return_reference", "reference"),
    }
    facts = {name: document[name] for name in (*names[record.kind], "version")}
    return facts | {record.kind: document}


def without_address(document: dict[str, Any]) -> dict[str, Any]:
    """Leave out where the goods go; lists and events never say it."""
    return {name: value for name, value in document.items() if name != "ship_to"}
