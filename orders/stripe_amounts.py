"""Our minor units and the amounts that Stripe's API takes and gives: the one place where they differ.

Source: docs.stripe.com/currencies, "Zero-decimal currencies", "Three-decimal currencies" and "Special cases"; and
support.stripe.com, "Deprecation of fractional ISK charges and refunds" (both read on 2026-11-28). There:

* ISK and UGX have no decimals, but are written with two for the sake of older programs: 5 ISK are 500, and what is
  no multiple of 100 is refused.
* Amounts with three decimals (BHD, JOD, KWD, OMR, TND) must end in 0, which ``shop.money.payable_step`` keeps.
* HUF and TWD have two decimals in payments, as everywhere; that payouts in them must be whole concerns nobody here,
  because payouts are Stripe's own, or made in its dashboard.
"""

from __future__ import annotations

from shop.money import minor_units, rounded

# Digits behind the point in Stripe's amounts, where they are not those of ISO 4217.
STRIPE_DIGITS = {"ISK": 2, "UGX": 2}


def _factor(currency: str) -> int:
    digits = minor_units(currency)
    return 10 ** (STRIPE_DIGITS.get(currency, digits) - digits)


def to_stripe(minor: int, currency: str) -> int:
    """Return an amount of our minor units as Stripe writes it."""
    return minor * _factor(currency.upper())


def from_stripe(amount: int | None, currency: str) -> int:
    """Return an amount of Stripe's in our minor units; nothing is 0.

    Parts of a króna are rounded. Stripe has refused them in payments and refunds since 2023; its fees may have some.
    """
    return rounded(amount or 0, _factor(currency.upper()))
