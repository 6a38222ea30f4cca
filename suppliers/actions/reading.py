"""Read pieces of a supplier's copies, whatever shape they have.

What makes no sense raises Garbage: neither a type nor a number nor a date of a supplier's may reach a
column that cannot hold it. Texts are free, so they are cut to their column; what names a thing is not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from django.db import DataError, models
from django.utils.dateparse import parse_date, parse_datetime

from orders.actions.work import open_work
from orders.events import key_of
from orders.models import WorkItem
from shop.prepared import PreparedRows
from suppliers.models import Supplier, SupplierOrder, SupplierReturn

D = TypeVar("D", date, datetime)
# What an integer column holds.
LARGEST = 2**31 - 1
# Far enough from both ends of the calendar that no time zone and no sum of days leads past them.
YEARS = range(2000, 2100)
# So many odd parcels of one order ask for themselves; all further ones together, until somebody has looked.
MOST_PARTS = 5
OTHERS = "others"


class Garbage(Exception):
    """A copy that breaks the contract; it is kept for people and changes nothing."""


# What reading a copy of the wrong shape, and writing down what was read of it, may raise.
MAKES_NO_SENSE = (Garbage, LookupError, TypeError, ValueError, AttributeError, ArithmeticError, DataError)


def plain(value: Any) -> Any:
    """Return a copy as a JSON column takes it."""
    # Decimals come from strict parsing; JSON columns take text.
    if isinstance(value, Mapping):
        return {str(name): plain(child) for name, child in value.items()}
    if isinstance(value, list):
        return [plain(child) for child in value]
    return value if isinstance(value, str | int | bool | None) else str(value)


def section(copy: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a member that must be an object or absent; empty if it is absent. Raises Garbage."""
    told = copy.get(name)
    # Some languages write an empty object as an empty list.
    if told is None or told in ([], ""):
        return {}
    if not isinstance(told, Mapping):
        raise Garbage(f"{name} is no object")
    return told


def objects(copy: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return a member that must be a list of objects or absent. Raises Garbage."""
    told = copy.get(name)
    if told is None:
        return []
    if not isinstance(told, list) or not all(isinstance(item, Mapping) for item in told):
        raise Garbage(f"{name} is no list of objects")
    return told


def whole_number(told: object, *, least: int = 0) -> int:
    """Return a count or a version. Raises Garbage for what is none, or is more than a column holds."""
    # JSON's true is a number to Python, and 1.5 units are none.
    if isinstance(told, bool) or not isinstance(told, int) or not least <= told <= LARGEST:
        raise Garbage("a count that is no count")
    return told


def version_of(copy: Mapping[str, Any]) -> int:
    """Return a copy's version, which begins at 1. Raises Garbage."""
    try:
        return whole_number(copy.get("version"), least=1)
    except Garbage as error:
        raise Garbage("a version that is no version") from error


def words(copy: Mapping[str, Any], name: str, most: int) -> str:
    """Return a text cut to ``most`` characters; empty if it is absent. Raises Garbage."""
    told = copy.get(name)
    if told is None:
        return ""
    # A number for a text is a common mistake, and says the same.
    if isinstance(told, bool) or not isinstance(told, str | int | float | Decimal):
        raise Garbage(f"{name} is no text")
    return str(told)[:most]


def identity(copy: Mapping[str, Any], name: str, most: int = 64) -> str:
    """Return what names a thing for ever: whole, or two things would be one. Raises Garbage."""
    told = words(copy, name, most + 1)
    if not told or len(told) > most:
        raise Garbage(f"{name} names nothing")
    return told


def moment(told: object) -> datetime | None:
    """Return the moment a text names; None if there is none, or not surely which. Raises Garbage."""
    found = _named(told, parse_datetime)
    return found if found is not None and found.tzinfo is not None else None


def day(told: object) -> date | None:
    """Return the day a text names; None if there is none. Raises Garbage."""
    return _named(told, parse_date)


def _named(told: object, parse: Callable[[str], D | None]) -> D | None:
    if told is None or told == "":
        return None
    try:
        found = parse(told) if isinstance(told, str) else None
    except ValueError:
        found = None
    if found is None or found.year not in YEARS:
        raise Garbage(f"{str(told)[:40]} is no time")
    return found


def reference_of(copy: Mapping[str, Any], name: str = "reference") -> str | None:
    """Return our reference as a copy gives it; None if it gives none, so that nobody knows what it is about."""
    told = copy.get(name)
    return told if told and isinstance(told, str) else None


_order_named = PreparedRows(
    lambda supplier, reference: (
        SupplierOrder.objects.filter(supplier=supplier, reference=reference, for_return=None)
        .select_related("order")
        .order_by()
    )
)


def order_named(supplier: Supplier, reference: str) -> SupplierOrder | None:
    """Return what a supplier has under one of our references; None where that is none it can know. One query."""
    found = _order_named.first(supplier.pk, reference)
    if found is not None:
        found.supplier = supplier
    return found


def note_garbage(
    reason: WorkItem.Reason, about: SupplierOrder | SupplierReturn, error: Exception, name: str = ""
) -> bool:
    """Ask a person about a copy that breaks the contract; returns False: nothing was taken in.

    ``name``: which parcel of the row the copy is of. Each asks for itself, until there are MOST_PARTS of them.
    """
    supplier = about.supplier if isinstance(about, SupplierOrder) else about.supplier_order.supplier
    # Only our own words: those of others may hold what stands in the copy.
    what = str(error) if isinstance(error, Garbage) else type(error).__name__
    summary = f"{supplier.name} about {about}{name and f', parcel {name}'}: {what}"
    money = about.order.total_minor
    open_work(reason, about, order=about.order, summary=summary, money_minor=money, part=_part(reason, about, name))
    return False


def _part(reason: WorkItem.Reason, about: models.Model, name: str) -> str:
    """Return which part of a row the work is about; a supplier that names ever new parcels is one question."""
    open_items = WorkItem.objects.filter(reason=reason, subject_key=key_of(about), closed_at=None)
    known = set(open_items.values_list("part", flat=True)) if name else set()
    return name if len(known) < MOST_PARTS or name in known else OTHERS


def note_nameless(supplier: Supplier, what: str) -> bool:
    """Ask a person about something of a supplier's that is about nothing we know; returns False.

    No later copy is surely the better one, so the work is closed by whoever has looked.
    """
    summary = f"{supplier.name}: {what} makes no sense."
    open_work(WorkItem.Reason.SUPPLIER_GARBAGE, supplier, order=None, summary=summary)
    return False
