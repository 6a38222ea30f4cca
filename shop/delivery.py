"""How goods reach the customer: which parcels, by which service, what each costs, and when it arrives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from shop.arrival import Window, arrival_window
from shop.customs import import_text
from shop.kept import KeptEach
from shop.models import DeliveryProfile, DeliveryService, Region, Variant, ZoneCountry
from shop.words import day_range

Lines = Sequence[tuple[Variant, int]]
# Profile, country, and the part of it.
ServicesKey = tuple[int, str, Region | None]


class Undeliverable(Exception):
    """Some goods are not sent to the country; ``variants`` says which."""

    def __init__(self, variants: list[Variant], country: str) -> None:
        super().__init__(f"{[variant.sku for variant in variants]} to {country}")
        self.variants = variants
        self.country = country


@dataclass(frozen=True, slots=True)
class Choice:
    """One service that a parcel may go by, with what it would cost (minor units) and when it would arrive."""

    service: DeliveryService
    price_minor: int
    window: Window

    @property
    def arrival(self) -> str:
        """The arrival window in words."""
        return day_range(self.window.earliest_on, self.window.latest_on)


@dataclass(frozen=True, slots=True)
class Parcel:
    """Goods of one origin on their way to one country. Amounts in minor units of the shop's currency.

    ``choices`` are all services it may go by, cheapest first; ``service`` is the one it goes by.
    ``import_text``: what is to be said of duty and tax on arrival; empty if nothing.
    """

    profile: DeliveryProfile
    service: DeliveryService
    lines: list[tuple[Variant, int]]
    items_minor: int
    price_minor: int
    window: Window
    choices: list[Choice]
    import_text: str = ""

    @property
    def arrival(self) -> str:
        """The arrival window in words."""
        return day_range(self.window.earliest_on, self.window.latest_on)

    @property
    def standard_minor(self) -> int:
        """What the cheapest of its services costs: more than this no withdrawal brings back."""
        return min((choice.price_minor for choice in self.choices), default=self.price_minor)

    @property
    def missing_minor(self) -> int:
        """How much more would make its delivery free; 0 if it is free or never is."""
        if not self.price_minor or self.service.free_from_minor is None:
            return 0
        return max(0, self.service.free_from_minor - self.items_minor)


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes in which parcel, and what is ``stuck``: not sent to the country."""

    parcels: list[Parcel]
    stuck: list[Variant]


def services_for(
    profile_ids: Sequence[int], country: str, region: Region | None = None
) -> dict[int, list[DeliveryService]]:
    """Return the services by which each profile sends to the country, or a region of it.

    As they were within the last second; mostly no query.
    A zone that names the country wins over the one for everywhere else, and one that names the region over
    both, also where it leaves the region out. Profiles that do not serve it are left out.
    """
    if region is None:
        # All profiles at once: asking for each by itself would be a query per profile and second.
        into = services_into(country) if profile_ids else {}
        return {pk: into[pk] for pk in profile_ids if pk in into}
    kept = _services.get([(pk, country, region) for pk in profile_ids])
    return {pk: services for (pk, _country, _region), services in kept.items()}


def services_into(country: str) -> dict[int, list[DeliveryService]]:
    """Return the same for every profile there is; for lists, which do not know beforehand what will be on them."""
    return _into.get([country]).get(country, {})


def _load_services(keys: Iterable[ServicesKey]) -> dict[ServicesKey, list[DeliveryService]]:
    groups: dict[tuple[str, Region | None], list[int]] = {}
    for pk, country, region in keys:
        groups.setdefault((country, region), []).append(pk)
    loaded = {}
    for (country, region), profile_ids in groups.items():
        found = _serving(country, region).filter(zone__profile__in=profile_ids)
        # A zone that leaves several regions out brings its services as often.
        by_profile = _by_profile({service.pk: service for service in found}.values())
        loaded |= {(pk, country, region): services for pk, services in by_profile.items()}
    return loaded


_services = KeptEach(_load_services)
_into = KeptEach(lambda countries: {country: _by_profile(_serving(country)) for country in countries})


def _serving(country: str, region: Region | None = None) -> QuerySet[DeliveryService]:
    in_zone = Q(zone__countries__country=country, zone__countries__region=None) | Q(zone__is_elsewhere=True)
    if region is not None:
        named = ZoneCountry.objects.filter(profile=OuterRef("zone__profile"), region=region)
        served = Q(zone__countries__region=region, zone__countries__is_served=True)
        in_zone = served | (in_zone & ~Exists(named))
    return DeliveryService.objects.filter(in_zone).select_related("zone__profile").order_by("pk")


def _by_profile(found: Iterable[DeliveryService]) -> dict[int, list[DeliveryService]]:
    zones: dict[int, list[DeliveryService]] = {}
    for service in sorted(found, key=lambda service: service.zone.is_elsewhere):
        known = zones.setdefault(service.zone.profile_id, [])
        if not known or known[0].zone_id == service.zone_id:
            known.append(service)
    return zones


def choices_of(
    services: Sequence[DeliveryService],
    country: str,
    *,
    items_minor: int,
    handling_min_days: int,
    handling_max_days: int,
    now: datetime,
) -> list[Choice]:
    """Return what sending goods of one origin to a country would cost by each service, and when they would arrive.

    ``items_minor`` is what the goods cost. Cheapest first; of two that cost the same, the sooner one.
    """
    found = []
    for service in services:
        is_free = service.free_from_minor is not None and items_minor >= service.free_from_minor
        window = arrival_window(
            service.zone.profile,
            service,
            country,
            handling_min_days=handling_min_days,
            handling_max_days=handling_max_days,
            now=now,
        )
        found.append(Choice(service, 0 if is_free else service.price_minor, window))
    return sorted(found, key=lambda choice: (choice.price_minor, choice.window.latest_on, choice.service.pk))


def plan_delivery(
    lines: Lines,
    country: str,
    *,
    now: datetime,
    services: Mapping[str, str] | None = None,
    region: Region | None = None,
) -> Plan:
    """Group goods by where they are sent from, with service, price and arrival of each parcel. One query.

    ``region`` is the part of the country they go to, once it is known and where it has terms of its own.

    ``services`` is what the customer chose: codes of services by codes of profiles. Where it names
    none that the country has, the parcel goes by the cheapest.
    """
    groups: dict[int, list[tuple[Variant, int]]] = {}
    for variant, quantity in lines:
        groups.setdefault(variant.delivery_profile_id or 0, []).append((variant, quantity))
    found = services_for([pk for pk in groups if pk], country, region)
    parcels: list[Parcel] = []
    stuck: list[Variant] = []
    for pk, group in groups.items():
        sent = [line for line in group if pk in found and line[0].is_sent_to(country)]
        stuck += [line[0] for line in group if line not in sent]
        if sent:
            parcel = _parcel(found[pk], country, sent, now, services or {})
            parcels.append(replace(parcel, import_text=import_text(parcel.profile, country, region)))
    return Plan(parcels, stuck)


def _parcel(
    services: Sequence[DeliveryService],
    country: str,
    lines: list[tuple[Variant, int]],
    now: datetime,
    wanted: Mapping[str, str],
) -> Parcel:
    profile = services[0].zone.profile
    items_minor = sum(variant.price_minor * quantity for variant, quantity in lines)
    choices = choices_of(
        services,
        country,
        items_minor=items_minor,
        handling_min_days=max(variant.handling_min_days for variant, _quantity in lines),
        handling_max_days=max(variant.handling_max_days for variant, _quantity in lines),
        now=now,
    )
    chosen = next((one for one in choices if one.service.code == wanted.get(profile.code)), choices[0])
    return Parcel(
        profile=profile,
        service=chosen.service,
        lines=lines,
        items_minor=items_minor,
        price_minor=chosen.price_minor,
        window=chosen.window,
        choices=choices,
    )
