"""Connect a supplier: its row, its delivery profile and its zones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import time

from django.db import transaction
from django.utils import timezone

from shop.actions.delivery import ZoneTerms, write_zones
from shop.models import DeliveryProfile
from suppliers.models import Supplier


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
    zones: Sequence[ZoneTerms] = field(default_factory=list)


def connect_supplier(connection: Connection) -> Supplier:
    """Make or update a supplier and how its goods reach customers. Safe to repeat.

    It is due for its first reading at once; the walks begin anew only for a new supplier. Its zones are
    those of the connection from then on.
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
        write_zones(profile, connection.zones)
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
