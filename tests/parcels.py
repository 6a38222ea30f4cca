"""Parcels of an order, told as a supplier would tell them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from orders.actions.shipping import ParcelNews, Scan, record_parcel
from orders.models import Order, OrderLine, Shipment
from orders.states import ParcelStatus

P = ParcelStatus


def told_parcel(order: Order, status: ParcelStatus, *, scans: list[Scan] | None = None, **facts: object) -> Shipment:
    """Let one parcel with all goods of an order be told."""
    lines = {line.pk: line.quantity for line in order.lines.all()}
    for pk, units in lines.items():
        OrderLine.objects.filter(pk=pk).update(forwarded=units, confirmed=units)
    news = {"carrier_name": "An Post", "tracking_number": "CE123456789IE"} | facts
    with transaction.atomic():
        return record_parcel(
            order, order.deliveries.get(), None, ParcelNews(lines=lines, status=status, scans=scans or [], **news)
        )


def scans_of(*told: tuple[ParcelStatus, str], start: datetime | None = None) -> list[Scan]:
    """Return scans an hour apart, oldest first, each with its place."""
    first = start or timezone.now() - timedelta(hours=len(told))
    return [
        Scan(str(number), first + timedelta(hours=number), status, f"RAW {number}", place)
        for number, (status, place) in enumerate(told)
    ]


def delivered_parcel(order: Order, *, place: str = "") -> Shipment:
    """Let all goods of an order have come in one parcel."""
    scans = scans_of((P.IN_TRANSIT, "Cork"), (P.OUT_FOR_DELIVERY, "Dublin"), (P.DELIVERED, place))
    return told_parcel(order, P.DELIVERED, scans=scans, delivered_at=scans[-1].occurred_at)
