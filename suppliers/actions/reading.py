"""Read pieces of a supplier's copies, whatever shape they have."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime

from orders.actions.work import open_work
from orders.models import WorkItem
from suppliers.actions.contract import Garbage
from suppliers.models import SupplierOrder

# What reading a copy of the wrong shape may raise.
MAKES_NO_SENSE = (Garbage, KeyError, TypeError, ValueError, AttributeError)


def plain(value: Any) -> Any:
    """Return a copy as a JSON column takes it."""
    # Decimals come from strict parsing; JSON columns take text.
    if isinstance(value, Mapping):
        return {str(name): plain(child) for name, child in value.items()}
    if isinstance(value, list):
        return [plain(child) for child in value]
    return value if isinstance(value, str | int | bool | None) else str(value)


def moment(text: object) -> datetime | None:
    """Return the moment a text names; None if it names none, or not surely which."""
    try:
        found = parse_datetime(str(text)) if text else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def day(text: object) -> date | None:
    """Return the day a text names, or None."""
    try:
        return parse_date(str(text)) if text else None
    except ValueError:
        return None


def note_garbage(reason: WorkItem.Reason, supplier_order: SupplierOrder, error: Exception) -> bool:
    """Ask a person about a copy that breaks the contract; returns False: nothing was taken in."""
    order = supplier_order.order
    what = str(error) if isinstance(error, Garbage) else f"{type(error).__name__} {error}"
    summary = f"{supplier_order.supplier.name} about {supplier_order.reference}: {what}"
    open_work(reason, supplier_order, order=order, summary=summary, money_minor=order.total_minor)
    return False
