"""Write how a profile's goods reach customers: its zones, their countries and services."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from shop import kept
from shop.models import DeliveryProfile, DeliveryService, DeliveryZone, Region, ZoneCountry


@dataclass(frozen=True, slots=True)
class ServiceTerms:
    """One way to send a parcel. Amounts in minor units of the shop's currency."""

    code: str
    name: str
    price_minor: int
    free_from_minor: int | None
    transit_min_days: int
    transit_max_days: int
    supplier_code: str = ""
    delivery_days: str = ""


@dataclass(frozen=True, slots=True)
class ZoneTerms:
    """Places (none: everywhere else) and the services into them.

    A place is the code of a country or of a region, as in ``ES-CANARY``; ``-ES-CANARY`` leaves a region out.
    """

    name: str
    countries: Sequence[str]
    services: Sequence[ServiceTerms]


def served(codes: Sequence[str]) -> list[str]:
    """Return those of a zone's places that are not left out; none: it is everywhere else."""
    return [code for code in codes if not code.startswith("-")]


def write_zones(profile: DeliveryProfile, zones: Sequence[ZoneTerms]) -> None:
    """Give a profile these zones instead of those it has. Safe to repeat.

    Orders keep what they were sold with. Raises IntegrityError for a country in two of the zones.
    """
    with transaction.atomic():
        lock_profile(profile)
        profile.zones.all().delete()
        for position, terms in enumerate(zones):
            zone = DeliveryZone.objects.create(
                profile=profile, name=terms.name, position=position, is_elsewhere=not served(terms.countries)
            )
            ZoneCountry.objects.bulk_create(_places(profile, [(zone, terms.countries)]))
            DeliveryService.objects.bulk_create(
                DeliveryService(
                    zone=zone,
                    code=one.code,
                    name=one.name,
                    price_minor=one.price_minor,
                    free_from_minor=one.free_from_minor,
                    transit_min_days=one.transit_min_days,
                    transit_max_days=one.transit_max_days,
                    supplier_code=one.supplier_code,
                    delivery_days=one.delivery_days,
                )
                for one in terms.services
            )
    kept.forget_all()


def write_countries(profile: DeliveryProfile, zones: Sequence[tuple[DeliveryZone, Sequence[str]]]) -> None:
    """Say anew which places each zone of a profile has (see ``ZoneTerms``), all zones at once.

    So that a country can go from one zone to another, and two zones can change places. Safe to repeat.
    """
    elsewhere = [zone.pk for zone, codes in zones if not served(codes)]
    with transaction.atomic():
        lock_profile(profile)
        ZoneCountry.objects.filter(profile=profile).delete()
        ZoneCountry.objects.bulk_create(_places(profile, zones))
        profile.zones.update(is_elsewhere=False)
        profile.zones.filter(pk__in=elsewhere).update(is_elsewhere=True)
    kept.forget_all()


def _places(profile: DeliveryProfile, zones: Sequence[tuple[DeliveryZone, Sequence[str]]]) -> list[ZoneCountry]:
    named = {code.removeprefix("-") for _zone, codes in zones for code in codes if "-" in code}
    regions = {region.code: region for region in Region.objects.filter(code__in=named)} if named else {}
    return [
        ZoneCountry(
            zone=zone,
            profile=profile,
            country=code.removeprefix("-")[:2],
            region=regions[code.removeprefix("-")] if "-" in code else None,
            is_served=not code.startswith("-"),
        )
        for zone, codes in zones
        for code in codes
    ]


def lock_profile(profile: DeliveryProfile) -> None:
    """Let only one at a time write a profile's zones; inside a transaction."""
    DeliveryProfile.objects.select_for_update().get(pk=profile.pk)
