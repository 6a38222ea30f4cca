"""Prices as a visitor reads them: which country it is, and what things cost there."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest
from django_countries import countries

from shop.delivery import Parcel, plan_parcels
from shop.models import Variant
from shop.money import Money, payable_step, rounded
from shop.tax import Terms, terms_for

SESSION_KEY = "country"


def visitor_country(request: HttpRequest) -> str:
    """Return the country a visitor wants things sent to: what they chose, else the shop's own."""
    chosen = request.session.get(SESSION_KEY, "") if hasattr(request, "session") else ""
    return chosen or settings.SHOP_COUNTRY


def remember_country(request: HttpRequest, country: str) -> bool:
    """Keep a visitor's country for all pages; False for what is no country."""
    if country not in countries:
        return False
    if country != visitor_country(request):
        request.session[SESSION_KEY] = country
    request._terms = None  # type: ignore[attr-defined]
    return True


def terms_of(request: HttpRequest) -> Terms:
    """Return how the visitor's country reads prices, asked for once per request."""
    known = getattr(request, "_terms", None)
    if known is None:
        known = terms_for(visitor_country(request))
        request._terms = known  # type: ignore[attr-defined]
    return known


def price_of(variant: Variant, terms: Terms) -> Money:
    """Return what one unit costs; the variant's product must be at hand."""
    return Money(terms.unit_minor(variant.price_minor, variant.product.tax_class), variant.currency)


def priced(variant: Variant, terms: Terms) -> Variant:
    """Return a copy of a variant that carries the price it has under these terms. Never save it."""
    made = copy.copy(variant)
    made.price_minor = terms.unit_minor(variant.price_minor, variant.product.tax_class)
    return made


def parcels_for(lines: Sequence[tuple[Variant, int]], terms: Terms, *, now: datetime) -> list[Parcel]:
    """Plan the parcels of some goods at the prices of a country; the one way to ``plan_parcels``.

    The variants in them are copies that carry those prices. What a delivery costs, and from when it is
    free, is as the country reads prices: nothing is taken out of it. Raises Undeliverable.
    """
    parcels = plan_parcels([(priced(variant, terms), units) for variant, units in lines], terms.country, now=now)
    step = payable_step(terms.currency)
    return [replace(parcel, price_minor=rounded(parcel.price_minor, step=step)) for parcel in parcels]
