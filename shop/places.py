"""Where goods go: a country and, where it matters, the part of it that the postcode tells; one place, one answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from shop.kept import Kept
from shop.models.region import Region, begins, plain_postcode
from shop.territories import TERRITORIES


@dataclass(frozen=True, slots=True)
class Place:
    """Where goods go, as far as tax and delivery ask; empty text where it is not known yet."""

    country: str
    region: str = ""
    postcode: str = ""
    city: str = ""
    line1: str = ""


def located(place: Place) -> Place:
    """Return a place under the country code that counts for price, tax, delivery and customs.

    Where a territory with a code of its own was typed as a part of its country (Réunion as 974.. in France), that is
    the territory's code: the two name one place, and it has one price. Safe to repeat.
    """
    territories = TERRITORIES.get(place.country, {})
    postcode = plain_postcode(place.postcode) if territories else ""
    code = max(territories, key=lambda one: begins(territories[one], postcode), default="")
    return replace(place, country=code) if code and begins(territories[code], postcode) else place


def region_among(regions: Iterable[Region], place: Place) -> Region | None:
    """Return the one of some regions that a place lies in; the one that names most of its postcode.

    A region with postcodes is told by them alone: what somebody types as the name of a region makes no island.
    """
    place = located(place)
    own = [region for region in regions if region.country.code == place.country]
    postcode, typed = plain_postcode(place.postcode), place.region.strip().casefold()
    found = max(own, key=lambda region: region.match(postcode), default=None)
    if found is not None and found.match(postcode):
        return found
    for region in own:
        if typed and not region.postcodes and typed in {region.name.casefold(), region.code[3:].casefold()}:
            return region
    return None


def region_at(place: Place) -> Region | None:
    """Return the region that a place lies in, by the regions of the last second; mostly no query."""
    if not place.postcode.strip() and not place.region.strip():
        return None
    return region_among(_regions.get().get(located(place).country, ()), place)


def _load() -> dict[str, list[Region]]:
    found: dict[str, list[Region]] = {}
    for region in Region.objects.all():
        found.setdefault(region.country.code, []).append(region)
    return found


_regions = Kept(_load, is_brief=True)
