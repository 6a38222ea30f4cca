"""What a supplier says it will charge, as far as the margin needs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shop.money import Money, WrongPrecision
from suppliers.actions.reading import LARGEST


def delivery_charge_of(copy: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns for what a supplier charges for delivery, net of tax; unknown where its copy does not say.

    It is read for our own books only. So what makes no sense in it is unknown, and stops no order.
    """
    unknown = {"delivery_charge_minor": None, "charge_currency": ""}
    totals = copy.get("totals")
    told = totals.get("shipping") if isinstance(totals, Mapping) else None
    if not isinstance(told, Mapping):
        return unknown
    amount, currency = told.get("amount"), told.get("currency")
    if not isinstance(amount, str) or not isinstance(currency, str) or len(currency) != 3:
        return unknown
    try:
        minor = Money.parse(amount, currency).minor
    except WrongPrecision:
        return unknown
    return {"delivery_charge_minor": minor, "charge_currency": currency} if 0 <= minor <= LARGEST else unknown
