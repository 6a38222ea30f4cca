"""How goods reach the customer: which parcels, what each costs, and when it arrives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from shop.arrival import Window, arrival_window
from shop.models import DeliveryProfile, DeliveryRate, Variant
from shop.words import day_range


class Undeliverable(Exception):
    """Some goods are not sent to the country; ``variants`` says which."""

    def __init__(self, variants: list[Variant], country: str) -> None:
        super().__init__(f"{[variant.sku for variant in variants]} to {country}")
        self.variants = variants
        self.country = country


@dataclass(frozen=True, slots=True)
class Parcel:
    """Goods of one origin on their way to one country. Amounts in minor units of the shop's currency."""

    profile: DeliveryProfile
    rate: DeliveryRate
    lines: list[tuple[Variant, int]]
    items_minor: int
    price_minor: int
    window: Window

    @property
    def arrival(self) -> str:
        """The arrival window in words."""
        return day_range(self.window.earliest_on, self.window.latest_on)

    @property
    def missing_minor(self) -> int:
        """How much more would make its delivery free; 0 if it is free or never is."""
        if not self.price_minor or self.rate.free_from_minor is None:
            return 0
        return max(0, self.rate.free_from_minor - self.items_minor)


def rates_for(profile_ids: Sequence[int], country: str) -> dict[int, DeliveryRate]:
    """Return the rate of each profile that serves the country; one query.

    A rate of the country's own wins over the one for everywhere else.
    """
    found = DeliveryRate.objects.filter(Q(country=country) | Q(country=""), profile__in=profile_ids).select_related(
        "profile"
    )
    return {rate.profile_id: rate for rate in sorted(found, key=lambda rate: rate.country.code == country)}


def plan_parcels(lines: Sequence[tuple[Variant, int]], country: str, *, now: datetime) -> list[Parcel]:
    """Group goods by where they are sent from, with price and arrival of each parcel.

    Raises Undeliverable if some of them are not sent to ``country``. Costs one query.
    """
    groups: dict[int, list[tuple[Variant, int]]] = {}
    for variant, quantity in lines:
        groups.setdefault(variant.delivery_profile_id or 0, []).append((variant, quantity))
    rates = rates_for([pk for pk in groups if pk], country)
    stuck = [variant for pk, group in groups.items() if pk not in rates for variant, _quantity in group]
    if stuck:
        raise Undeliverable(stuck, country)
    return [_parcel(rates[pk], group, now) for pk, group in groups.items()]


def _parcel(rate: DeliveryRate, lines: list[tuple[Variant, int]], now: datetime) -> Parcel:
    items_minor = sum(variant.price_minor * quantity for variant, quantity in lines)
    is_free = rate.free_from_minor is not None and items_minor >= rate.free_from_minor
    window = arrival_window(
        rate.profile,
        rate,
        handling_min_days=max(variant.handling_min_days for variant, _quantity in lines),
        handling_max_days=max(variant.handling_max_days for variant, _quantity in lines),
        now=now,
    )
    return Parcel(rate.profile, rate, lines, items_minor, 0 if is_free else rate.price_minor, window)
