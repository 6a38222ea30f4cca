"""Keep the catalogue and the shelves: what is sold, at which cost, and how much of it is there."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from demo.supplier.estimates import add_working_days
from demo.supplier.ledger import Record
from demo.supplier.money import money
from demo.supplier.problems import Problem
from demo.supplier.sandbox import sandbox_entries
from demo.supplier.supplier import Supplier
from demo.supplier.webhooks import announce

LOW_STOCK = 5
EVENT_ITEMS = 100


def load_catalogue(supplier: Supplier) -> None:
    """Bring the books in line with the catalogue file; shelves that are known keep their numbers.

    Items that left the file stay listed as discontinued. May run twice.
    """
    entries = json.loads(supplier.profile.catalogue.read_text(encoding="utf-8"))["items"]
    if supplier.profile.sandbox:
        entries = entries + sandbox_entries(supplier.profile.currency)
    ledger = supplier.ledger
    with ledger.transaction():
        known = {row["id"] for row in ledger.rows("SELECT id FROM documents WHERE kind='item'")}
        changed = [entry["item"]["sku"] for entry in entries if store_item(supplier, item_of(supplier, entry))]
        for entry in entries:
            sku = entry["item"]["sku"]
            if ledger.get("stock", sku) is None:
                shelve(supplier, sku, **entry["stock"])
        changed += withdraw(supplier, known - {entry["item"]["sku"] for entry in entries})
        if known:
            announce_catalogue(supplier, changed)


def item_of(supplier: Supplier, entry: dict[str, Any]) -> dict[str, Any]:
    """Complete a catalogue entry with the addresses of its pictures."""
    images = [f"{supplier.public_base}/pictures/{picture}.png" for picture in entry.get("pictures", [])]
    return entry["item"] | {"images": images}


def store_item(supplier: Supplier, item: dict[str, Any]) -> bool:
    """Store an item if it differs from what is known, and tell whether it did."""
    stored = supplier.ledger.get("item", item["sku"])
    if stored and {name: value for name, value in stored.document.items() if name != "updated_at"} == item:
        return False
    document = item | {"updated_at": supplier.ledger.stamp()}
    supplier.ledger.put(Record("item", item["sku"], item["sku"], document))
    return True


def shelve(
    supplier: Supplier, sku: str, quantity: int | None, availability: str, restock_date_in_days: int | None = None
) -> None:
    """Fill a shelf for the first time."""
    restock = None
    if restock_date_in_days is not None:
        day = datetime.now(UTC).date() + timedelta(days=restock_date_in_days)
        restock = add_working_days(day, 0).isoformat()
    document = {"sku": sku, "availability": availability, "quantity": quantity, "restock_date": restock}
    document["updated_at"] = supplier.ledger.stamp()
    supplier.ledger.put(Record("stock", sku, sku, document))


def withdraw(supplier: Supplier, skus: Iterable[str]) -> list[str]:
    """Mark items that are no longer sold; they stay in the lists."""
    gone = []
    for sku in skus:
        item = supplier.ledger.get("item", sku)
        if item and item.document["status"] != "discontinued":
            item.document |= {"status": "discontinued", "updated_at": supplier.ledger.stamp()}
            supplier.ledger.put(item)
            set_shelf(supplier, sku, quantity=0, availability="discontinued")
            gone.append(sku)
    return gone


def on_shelf(supplier: Supplier, sku: str) -> int | None:
    """Count the units that can be sold now; None where there is no limit (made to order)."""
    level = supplier.ledger.get("stock", sku)
    return level.document["quantity"] if level else 0


def availability_of(quantity: int) -> str:
    """Name a level of stock."""
    if quantity == 0:
        return "out_of_stock"
    return "low_stock" if quantity <= LOW_STOCK else "in_stock"


def set_shelf(supplier: Supplier, sku: str, *, quantity: int, availability: str = "") -> None:
    """Write a new number on a shelf."""
    level = supplier.ledger.get("stock", sku)
    if level is None:
        raise Problem("not-found", f"No stock of {sku}")
    level.document["quantity"] = quantity
    level.document["availability"] = availability or availability_of(quantity)
    if quantity:
        level.document["restock_date"] = None
    level.document["updated_at"] = supplier.ledger.stamp()
    supplier.ledger.put(level)


def move_stock(supplier: Supplier, units: dict[str, int]) -> None:
    """Take units from the shelves (positive) or put them back (negative), and announce the new levels."""
    touched = []
    for sku, count in units.items():
        quantity = on_shelf(supplier, sku)
        if count and quantity is not None:
            set_shelf(supplier, sku, quantity=quantity - count)
            touched.append(sku)
    announce_stock(supplier, touched)


def set_cost(supplier: Supplier, sku: str, cost: str) -> None:
    """Change what an item costs from now on, and announce it."""
    item = supplier.ledger.get("item", sku)
    if item is None:
        raise Problem("not-found", f"No item {sku}")
    changed = item.document | {"cost": money(Decimal(cost), supplier.profile.currency) | {"amount": cost}}
    changed.pop("updated_at")
    if store_item(supplier, changed):
        announce_catalogue(supplier, [sku])


def as_told(supplier: Supplier, level: dict[str, Any]) -> dict[str, Any]:
    """Hide the number from a platform whose account gives none."""
    return level if "stock_quantities" in supplier.profile.capabilities else level | {"quantity": None}


def announce_stock(supplier: Supplier, skus: list[str]) -> None:
    """Tell the platform the levels of these SKUs as they are now."""
    for start in range(0, len(skus), EVENT_ITEMS):
        levels = [supplier.ledger.get("stock", sku) for sku in skus[start : start + EVENT_ITEMS]]
        items = [as_told(supplier, level.document) for level in levels if level]
        announce(supplier, "stock.changed", {"items": items})


def announce_catalogue(supplier: Supplier, skus: list[str]) -> None:
    """Tell the platform which items to read again."""
    for start in range(0, len(skus), EVENT_ITEMS):
        announce(supplier, "catalog.changed", {"skus": skus[start : start + EVENT_ITEMS]})
