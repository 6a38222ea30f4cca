"""Reckon with the contract's money objects."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

# ISO 4217 currencies whose minor unit is not a hundredth.
DIGITS = {"JPY": 0, "KRW": 0, "ISK": 0, "CLP": 0, "KWD": 3, "BHD": 3, "TND": 3}

Money = dict[str, str]


def money(amount: Decimal, currency: str) -> Money:
    """Write a total with exactly the currency's digits, rounded half up."""
    unit = Decimal(1).scaleb(-DIGITS.get(currency, 2))
    return {"amount": str(amount.quantize(unit, ROUND_HALF_UP)), "currency": currency}


def amount(value: Money) -> Decimal:
    """Read the amount of a money object."""
    return Decimal(value["amount"])
