"""Parcels that are followed at the simulated carriers, and what tests of them share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from orders import lease
from orders.models import Order, Shipment, WorkItem
from suppliers.actions.follow import follow_parcel, read_service, tend_carriers
from suppliers.models import ParcelWatch, Supplier, TrackingService
from tests.demo.carrier_process import API_KEY, SECRET, CarrierProcess
from tests.factories import make_paid_order, make_supplier, make_variant
from tests.parcels import told_parcel

NUMBER = "LX123456785IE"
NOWHERE = "http://127.0.0.1:9"


def use(settings: Any, *slugs: str, base: str = NOWHERE) -> None:
    """Switch tracking services on, at an address where a stand-in answers, or nobody."""
    facts = {"key": API_KEY, "webhook_secret": SECRET, "base": base}
    settings.TRACKING_SERVICES = dict.fromkeys(slugs, facts)
    tend_carriers(now=timezone.now())


def an_order() -> Order:
    supplier = Supplier.objects.first() or make_supplier()
    return make_paid_order((make_variant(supplier), 1))


def followed(status: str = "label_created", *, number: str = NUMBER, order: Order | None = None) -> ParcelWatch:
    """Return a new parcel as it is followed from the moment its supplier told of it."""
    shipment = told_parcel(order or an_order(), status, tracking_number=number)
    with transaction.atomic():
        follow_parcel(shipment)
    return ParcelWatch.objects.select_related("shipment__order", "shipment__delivery").get(shipment=shipment)


def scan(status: str, at: datetime | float, city: str = "Cork", **facts: Any) -> dict[str, Any]:
    """Return a scan as carriers' scanners report it; ``at`` may be hours ago."""
    moment = at if isinstance(at, datetime) else timezone.now() - timedelta(hours=at)
    place = {"city": city, "country": "IE"}
    return {
        "status": status,
        "occurred_at": moment.isoformat(),
        "description": f"RAW {status}",
        "location": place,
    } | facts


def report(carriers: CarrierProcess, scans: Sequence[dict[str, Any]], number: str = NUMBER, **facts: Any) -> None:
    """Let the carrier of a parcel know all its scans so far."""
    carriers.control("parcel", {"number": number, "events": list(scans)} | facts)


def make_due(rows: Any = ParcelWatch.objects) -> None:
    """Let the time come at which parcels are asked about."""
    rows.exclude(due_at=None).update(due_at=lease.db_now_plus(-1))


def read(slug: str = "aftership") -> TrackingService:
    """Let a service's reader have its turn now."""
    TrackingService.objects.filter(slug=slug).update(due_at=lease.db_now_plus(-1))
    service = TrackingService.objects.get(slug=slug)
    read_service(service.pk)
    service.refresh_from_db()
    return service


def state_of(watch: ParcelWatch) -> Shipment:
    return Shipment.objects.get(pk=watch.shipment_id)


def open_reasons() -> list[str]:
    return sorted(WorkItem.objects.filter(closed_at=None).values_list("reason", flat=True))


@pytest.fixture(name="carriers")
def carriers_fixture(settings):
    """Run the simulated carriers, and follow parcels there."""
    with CarrierProcess() as running:
        use(settings, "aftership", base=running.base)
        yield running
