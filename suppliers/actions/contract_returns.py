"""Hold a supplier's copies of returns against the contract (section 7): allowed moves, counts, and texts that are texts.

Whatever is read of a copy later, where nobody could say that it makes no sense, is read here once.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from suppliers.actions.reading import Garbage, objects, plain, section, version_of, whole_number, words
from suppliers.models import SupplierReturn

Back = SupplierReturn.Status
# What a supplier may say of a return; the other states are ours.
BACK_WORDS = frozenset(Back.values) - {Back.TO_ASK, Back.UNKNOWN, Back.REFUSED}
COUNTS = ("quantity_approved", "quantity_rejected", "quantity_received", "quantity_refused")
# Where a return may stand in a later copy: copies in between may have been missed, but nothing goes back.
LATER: Mapping[str, frozenset[str]] = {
    Back.REQUESTED: BACK_WORDS,
    Back.APPROVED: frozenset(
        {Back.APPROVED, Back.IN_TRANSIT, Back.RECEIVED, Back.RESOLVED, Back.CANCELLED, Back.EXPIRED}
    ),
    Back.IN_TRANSIT: frozenset({Back.IN_TRANSIT, Back.RECEIVED, Back.RESOLVED, Back.EXPIRED}),
    Back.RECEIVED: frozenset({Back.RECEIVED, Back.RESOLVED}),
    Back.RESOLVED: frozenset({Back.RESOLVED}),
    Back.REJECTED: frozenset({Back.REJECTED}),
    Back.CANCELLED: frozenset({Back.CANCELLED}),
    Back.EXPIRED: frozenset({Back.EXPIRED}),
}
LARGEST_AMOUNT = Decimal(10) ** 9
# “1e-999999999” is short and finite; written out it would fill the memory, with an order's row locked.
EXPONENTS = range(-6, 10)


def back_facts_of(known: SupplierReturn, copy: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that a copy of a return fills. Raises Garbage."""
    status, version = words(copy, "status", 40), version_of(copy)
    if status not in BACK_WORDS:
        raise Garbage(f"a return that is “{status}”")
    if version > known.version and status not in LATER.get(known.status, BACK_WORDS):
        raise Garbage(f"a return that was {known.status} and is {status} again")
    for told in objects(copy, "lines"):
        _check_line(told)
    for name in ("name", "company", "line1", "line2", "postal_code", "city", "region", "country"):
        words(section(copy, "return_to"), name, 100)
    label = section(copy, "label")
    words(label, "url", 500), words(label, "tracking_number", 64), words(section(label, "carrier"), "name", 80)
    words(copy, "instructions", 2000)
    words(section(copy, "resolution"), "type", 40)
    amount_of(copy)
    return {"version": version, "status": status, "last_copy": plain(copy)}


def count_of(told: Mapping[str, Any], name: str) -> int:
    """Return a count of a line; 0 if it is not told. Raises Garbage."""
    return whole_number(told.get(name) or 0)


def _check_line(told: Mapping[str, Any]) -> None:
    found = {name: count_of(told, name) for name in COUNTS}
    words(told, "decision_reason", 500)
    asked = told.get("quantity")
    most = whole_number(asked) if asked is not None else found["quantity_received"]
    approved = found["quantity_approved"] + found["quantity_rejected"]
    if approved > most or not found["quantity_refused"] <= found["quantity_received"] <= most:
        raise Garbage("a line of a return that does not add up")


def amount_of(copy: Mapping[str, Any]) -> tuple[Decimal, str] | None:
    """Return what a supplier gives for a return, and in which currency; None if it names nothing. Raises Garbage."""
    told = section(section(copy, "resolution"), "amount")
    if not told:
        return None
    try:
        value = Decimal(words(told, "amount", 40))
    except InvalidOperation as error:
        raise Garbage("an amount that is no amount") from error
    if not value.is_finite() or value.as_tuple().exponent not in EXPONENTS or not 0 <= value < LARGEST_AMOUNT:
        raise Garbage("an amount that is no amount")
    return value, words(told, "currency", 3)
