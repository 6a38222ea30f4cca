"""What goods and their delivery cost in the visitor's country: the catalogue's prices under its terms."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from shop.delivery import Lines, Parcel, Plan, plan_delivery
from shop.models import Region, Variant
from shop.money import Money, payable_step, rounded
from shop.tax import Terms


def price_of(variant: Variant, terms: Terms) -> Money:
    """Return what one unit costs; the variant's product must be at hand."""
    return Money(terms.unit_minor(variant.price_minor, variant.product.tax_class), variant.currency)


def priced(variant: Variant, terms: Terms) -> Variant:
    """Return a copy of a variant that carries the price it has under these terms. Never save it."""
    made = copy.copy(variant)
    made.price_minor = terms.unit_minor(variant.price_minor, variant.product.tax_class)
    return made


def plan_priced(
    lines: Lines,
    terms: Terms,
    *,
    now: datetime,
    services: Mapping[str, str] | None = None,
    region: Region | None = None,
) -> Plan:
    """Plan the delivery of some goods at the prices of a country; the one way to ``plan_delivery``.

    The variants in the plan are copies that carry those prices. What a delivery costs, and from when it is
    free, is as the country reads prices: nothing is taken out of it. ``services``, ``region``: see ``plan_delivery``.
    """
    goods = [(priced(variant, terms), units) for variant, units in lines]
    plan = plan_delivery(goods, terms.country, now=now, services=services, region=region)
    step = payable_step(terms.currency)
    return Plan([_payable(parcel, step) for parcel in plan.parcels], plan.stuck)


def _payable(parcel: Parcel, step: int) -> Parcel:
    choices = [replace(choice, price_minor=rounded(choice.price_minor, step=step)) for choice in parcel.choices]
    return replace(parcel, price_minor=rounded(parcel.price_minor, step=step), choices=choices)
