"""Merge what a carrier itself says of a parcel with its supplier's word.

The one rule: **a carrier's scan counts for more than whatever a supplier says.** Once the carrier has told a scan of
its own, its word moves the parcel and the supplier's does not, until the carrier has been silent for
CARRIER_COUNTS_FOR; what the supplier said meanwhile is kept (``Shipment.supplier_says``) and counts then. A label that
the carrier knows of is no scan. That a carrier has not found a parcel yet, or knows nothing, is no word at all: it
moves neither the state nor a date. And nothing moves a parcel back: neither an older copy, nor scans that are older
than those that tell its present state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from orders.actions.shipping import (
    CARRIER_COUNTS_FOR,
    NOT_SENT,
    Scan,
    count_units,
    lock_order,
    look_again,
    merge_scans,
    move_forward,
)
from orders.models import Shipment, TrackingEvent
from orders.states import ParcelStatus

# What comes up in one go; the next one goes on.
MOST_BELIEVED = 500


@dataclass(frozen=True, slots=True)
class CarrierWord:
    """What a carrier says of a parcel. ``status`` is None where it says nothing, or nothing we know."""

    status: ParcelStatus | None
    scans: Sequence[Scan] = field(default_factory=tuple)
    reason_code: str = ""


def record_carrier_word(shipment: Shipment, word: CarrierWord, *, is_newest: bool) -> bool:
    """Write down a carrier's word on a parcel; return True if anything of it was new.

    ``is_newest`` is False for an older copy than one that was taken in: its scans are kept, and it moves nothing.
    Call it inside a transaction; takes the order's lock, and brings ``shipment`` up to date. Safe to repeat and in
    any order.
    """
    lock_order(shipment.order)
    shipment.refresh_from_db()
    before = (shipment.status, shipment.reason_code)
    fresh = merge_scans(shipment, word.scans, source=TrackingEvent.Source.CARRIER)
    real = [scan for scan in word.scans if scan.status not in NOT_SENT]
    newest = min(max((scan.occurred_at for scan in real), default=timezone.now()), timezone.now()) if real else None
    _note_scanned(shipment, real, newest)
    to = word.status if is_newest else None
    if to == ParcelStatus.UNKNOWN and shipment.carrier_scanned_at is None:
        # It was never seen: the carrier has lost sight of nothing.
        to = None
    if to is not None and not _is_late(shipment, to, newest):
        _move(shipment, to, word)
    is_new = bool(fresh) or (shipment.status, shipment.reason_code) != before
    if is_new:
        Shipment.objects.filter(pk=shipment.pk).update(updated_at=timezone.now())
        count_units(shipment.order)
        look_again(shipment.delivery_id)
        shipment.refresh_from_db()
    return is_new


def _note_scanned(shipment: Shipment, real: Sequence[Scan], newest: datetime | None) -> None:
    if newest is None:
        return
    known = shipment.carrier_scanned_at
    facts = {
        "carrier_scanned_at": max(known, newest) if known else newest,
        "shipped_at": shipment.shipped_at or min(min(scan.occurred_at for scan in real), newest),
    }
    if any(getattr(shipment, name) != value for name, value in facts.items()):
        Shipment.objects.filter(pk=shipment.pk).update(**facts)
        shipment.carrier_scanned_at, shipment.shipped_at = facts["carrier_scanned_at"], facts["shipped_at"]


def _is_late(shipment: Shipment, to: ParcelStatus, newest: datetime | None) -> bool:
    """True if scans that are newer than all of these tell the state in which the parcel is."""
    if to == shipment.status or shipment.status in NOT_SENT:
        # A label may be made, or told, after the first scan.
        return False
    told = shipment.tracking_events.filter(status=shipment.status)
    return (told.filter(occurred_at__gt=newest) if newest else told).exists()


def _move(shipment: Shipment, to: ParcelStatus, word: CarrierWord) -> None:
    delivered = [scan.occurred_at for scan in word.scans if scan.status == ParcelStatus.DELIVERED]
    was_delivered_at = shipment.delivered_at
    if word.reason_code != shipment.reason_code:
        Shipment.objects.filter(pk=shipment.pk).update(reason_code=word.reason_code)
        shipment.reason_code = word.reason_code
    move_forward(shipment, to)
    facts: dict[str, object] = {}
    if shipment.status == ParcelStatus.DELIVERED and was_delivered_at is None and delivered:
        facts["delivered_at"] = min(max(delivered), timezone.now())
    if shipment.supplier_says and shipment.supplier_says == shipment.status:
        facts["supplier_says"] = ""
    if facts:
        Shipment.objects.filter(pk=shipment.pk).update(**facts)


def believe_suppliers(*, now: datetime) -> int:
    """Let suppliers' words count again about parcels whose carriers have fallen silent; return how many moved.

    Safe to repeat. One query where there are none, as nearly always.
    """
    silent = Shipment.objects.exclude(supplier_says="").filter(carrier_scanned_at__lt=now - CARRIER_COUNTS_FOR)
    pks = list(silent.order_by("carrier_scanned_at").values_list("pk", flat=True)[:MOST_BELIEVED])
    return sum(_believe(pk, now) for pk in pks)


def _believe(pk: int, now: datetime) -> bool:
    with transaction.atomic():
        shipment = Shipment.objects.select_related("order").get(pk=pk)
        lock_order(shipment.order)
        shipment.refresh_from_db()
        if not shipment.supplier_says or shipment.carrier_scanned_at >= now - CARRIER_COUNTS_FOR:
            return False
        before = shipment.status
        move_forward(shipment, ParcelStatus(shipment.supplier_says))
        Shipment.objects.filter(pk=pk).update(supplier_says="", updated_at=now)
        count_units(shipment.order)
        look_again(shipment.delivery_id)
    return shipment.status != before
