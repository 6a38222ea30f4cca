"""Write how a profile's goods reach customers: its zones, their countries and services."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from shop.models import DeliveryProfile, DeliveryService, DeliveryZone, ZoneCountry


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


@dataclass(frozen=True, slots=True)
class ZoneTerms:
    """Countries (none: everywhere else) and the services into them."""

    name: str
    countries: Sequence[str]
    services: Sequence[ServiceTerms]


def write_zones(profile: DeliveryProfile, zones: Sequence[ZoneTerms]) -> None:
    """Give a profile these zones instead of those it has. Safe to repeat.

    Orders keep what they were sold with. Raises IntegrityError for a country in two of the zones.
    """
    with transaction.atomic():
        lock_profile(profile)
        profile.zones.all().delete()
        for position, terms in enumerate(zones):
            zone = DeliveryZone.objects.create(
                profile=profile, name=terms.name, position=position, is_elsewhere=not terms.countries
            )
            ZoneCountry.objects.bulk_create(
                ZoneCountry(zone=zone, profile=profile, country=country) for country in terms.countries
            )
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
                )
                for one in terms.services
            )


def write_countries(profile: DeliveryProfile, zones: Sequence[tuple[DeliveryZone, Sequence[str]]]) -> None:
    """Say anew which countries each zone of a profile has (none: everywhere else), all zones at once.

    So that a country can go from one zone to another, and two zones can change places. Safe to repeat.
    """
    elsewhere = [zone.pk for zone, codes in zones if not codes]
    with transaction.atomic():
        lock_profile(profile)
        ZoneCountry.objects.filter(profile=profile).delete()
        ZoneCountry.objects.bulk_create(
            ZoneCountry(zone=zone, profile=profile, country=country) for zone, codes in zones for country in codes
        )
        profile.zones.update(is_elsewhere=False)
        profile.zones.filter(pk__in=elsewhere).update(is_elsewhere=True)


def lock_profile(profile: DeliveryProfile) -> None:
    """Let only one at a time write a profile's zones; inside a transaction."""
    DeliveryProfile.objects.select_for_update().get(pk=profile.pk)
