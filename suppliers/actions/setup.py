"""Connect a supplier: its row, its delivery profile and its rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import time

from django.db import transaction
from django.utils import timezone

from shop.models import DeliveryProfile, DeliveryRate
from suppliers.models import Supplier


@dataclass(frozen=True, slots=True)
class Rate:
    """What one parcel costs into a country (empty: elsewhere), in minor units of the shop's currency."""

    country: str
    price_minor: int
    free_from_minor: int | None
    transit_min_days: int
    transit_max_days: int


@dataclass(frozen=True, slots=True)
class Connection:
    """Everything needed to sell a supplier's goods."""

    slug: str
    name: str
    base_url: str
    api_key: str
    webhook_secret: str
    country: str
    sent_from: str
    time_zone: str
    cutoff: time | None
    return_address: str
    import_text: str = ""
    currency: str = "EUR"
    rates: Sequence[Rate] = field(default_factory=list)


def connect_supplier(connection: Connection) -> Supplier:
    """Make or update a supplier and how its goods reach customers. Safe to repeat.

    It is due for its first reading at once; the walks begin anew only for a new supplier.
    """
    with transaction.atomic():
        profile, _new = DeliveryProfile.objects.update_or_create(
            code=connection.slug,
            defaults={
                "name": connection.name,
                "sent_from": connection.sent_from,
                "country": connection.country,
                "cutoff_time": connection.cutoff,
                "time_zone": connection.time_zone,
                "return_address": connection.return_address,
                "return_country": connection.country,
                "import_text": connection.import_text,
            },
        )
        for rate in connection.rates:
            DeliveryRate.objects.update_or_create(
                profile=profile,
                country=rate.country,
                defaults={
                    "price_minor": rate.price_minor,
                    "free_from_minor": rate.free_from_minor,
                    "transit_min_days": rate.transit_min_days,
                    "transit_max_days": rate.transit_max_days,
                },
            )
        supplier, _new = Supplier.objects.update_or_create(
            slug=connection.slug,
            defaults={
                "name": connection.name,
                "base_url": connection.base_url,
                "api_key": connection.api_key,
                "webhook_secret": connection.webhook_secret,
                "country": connection.country,
                "currency": connection.currency,
                "delivery_profile": profile,
                "due_at": timezone.now(),
            },
        )
    return supplier
