"""The market of each country, kept for a moment: how prices read there, and what may be sent back."""

from __future__ import annotations

from shop.kept import Kept
from shop.models import Market, MarketCountry

# What counts in a country that is in no market.
NO_MARKET = Market(name="", prices_include_tax=False)


def _load() -> dict[str, Market]:
    return {one.country.code: one.market for one in MarketCountry.objects.select_related("market")}


MARKETS = Kept(_load, is_brief=True)


def kept_market(country: str) -> Market:
    """Return a country's market as it was within the last second; change nothing of it. Mostly no query."""
    return MARKETS.get().get(country, NO_MARKET)
