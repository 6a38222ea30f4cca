"""Notice that a parcel could not be handed over, or waits to be collected: once per attempt, and once per place.

A parcel's state alone does not tell: a second attempt is the same state again, and carriers repeat what they have told
(the same scan in a supplier's words, a reminder each day that it waits). What counts is when its scan was.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from orders import events
from orders.models import Event, Shipment, TrackingEvent
from orders.states import ParcelStatus

_P = ParcelStatus
KINDS = {_P.ATTEMPT_FAILED: "parcel.attempted", _P.AVAILABLE_FOR_PICKUP: "parcel.deposited"}
# A supplier and a carrier date the same scan differently, some by hours; nobody comes twice within a morning.
APART = timedelta(hours=8)
# By then the carrier has come again, or a person is asked (the entry "tried" of config/deadlines.py).
OLD = timedelta(days=3)
# Scans after which neither an attempt nor a place to collect it from is news.
OVERTAKES = {_P.OUT_FOR_DELIVERY, _P.AVAILABLE_FOR_PICKUP, _P.DELIVERED, _P.RETURNING, _P.RETURNED}


def note_doorstep(shipment: Shipment) -> bool:
    """Record ``parcel.attempted`` or ``parcel.deposited`` of the state a parcel is in; return whether that was news.

    Call it inside the transaction that took in the word on the state, with the order locked. Safe to repeat.
    Nothing is recorded of an attempt that is days old, of what newer scans have overtaken, or after delivery.
    """
    kind = KINDS.get(ParcelStatus(shipment.status))
    if kind is None or shipment.delivered_at is not None:
        return False
    scan = shipment.tracking_events.filter(status=shipment.status).first()
    at = min(scan.occurred_at, timezone.now()) if scan else shipment.status_changed_at
    if shipment.status == _P.ATTEMPT_FAILED and timezone.now() - at > OLD:
        return False
    if shipment.tracking_events.filter(status__in=OVERTAKES - {shipment.status}, occurred_at__gt=at).exists():
        return False
    told = Event.objects.filter(kind=kind, subject_key=events.key_of(shipment)).order_by("-pk").first()
    if told is not None and not _is_another(shipment, told, scan, at):
        return False
    facts = {"place": scan.place if scan else "", "source": scan.source if scan else ""}
    events.record(kind, shipment, by=None, scanned_at=at.isoformat(), **facts)
    return True


def _is_another(shipment: Shipment, told: Event, scan: TrackingEvent | None, at: datetime) -> bool:
    """True if this is another attempt, or another place, than the one that was recorded last."""
    last = parse_datetime(told.facts["scanned_at"])
    if last is None or at - last < APART:
        return False
    if shipment.status == _P.ATTEMPT_FAILED:
        return True
    # Two speakers name one place in two ways; of one speaker another name is another place.
    return bool(scan and told.facts["place"] and scan.place) and (
        scan.source == told.facts["source"] and scan.place != told.facts["place"]
    )
