"""Whether a delivery is late or about to be, and when to look at it again: computed from its facts alone.

A carrier's silence is never a delay: of a parcel that nobody hears of, a person asks, and its customer is told
no other day. ``docs/promises.md`` says all of it in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from orders.models import OrderDelivery, OrderLine, Shipment
from orders.parcel_steps import ASKED_AFTER, QUIET
from orders.states import Late, ParcelStatus
from shop.calendars import Calendar

P = ParcelStatus
# The contract: every unit is decided within a day.
CONFIRM_WITHIN = timedelta(hours=24)
# A day over for whoever tells of the sending or the delivery by the evening.
GRACE_DAYS = 1
FIRST_SCAN, LOST_SIGHT = timedelta(days=3), timedelta(days=3)
# A delivery is looked at daily anyway, and one that is late every hour.
LOOK_EVERY, LOOK_AT_LATE, SOONEST = timedelta(days=1), timedelta(hours=1), timedelta(minutes=5)
# What we add when we reckon ourselves: a day that is told twice hurts more than one told late.
CUSHION_DAYS = 2
MOVING = {P.IN_TRANSIT, P.OUT_FOR_DELIVERY}
OVER = {P.DELIVERED, P.CANCELLED, P.RETURNED, P.RETURNING}
# The first that fits is what staff read, and what the supplier is asked: it says most of where the goods are.
GRAVEST = (Late.STILL, Late.UNSCANNED, Late.UNSENT, Late.PASSED, Late.PREDICTED, Late.UNCONFIRMED)


@dataclass(frozen=True, slots=True)
class Reckoning:
    """The days between which goods would come by our own figures, and why."""

    earliest_on: date
    latest_on: date
    reason_code: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """In which way a delivery is late (None: it is not), when to look again (None: never), and our own figures.

    ``ours`` is there only where what was expected cannot come true any more.
    """

    kind: Late | None
    look_at: datetime | None
    ours: Reckoning | None = None


def verdict(
    delivery: OrderDelivery, lines: Sequence[OrderLine], parcels: Sequence[Shipment], *, now: datetime
) -> Verdict:
    """Judge one delivery of a paid order. ``parcels`` have ``is_scanned``: whether any scan is known. No query."""
    live = sum(line.quantity - line.cancelled for line in lines)
    if live <= sum(max(line.delivered, line.returned) for line in lines):
        return Verdict(None, None)
    unsent = sum(max(0, line.forwarded - line.shipped) for line in lines)
    marks = _marks(delivery, lines, parcels, unsent=unsent)
    found = {kind for kind, at in marks if at <= now}
    if delivery.expected_latest_on > delivery.promised_latest_on:
        found.add(Late.PREDICTED)
    kind = next((kind for kind in GRAVEST if kind in found), None)
    nearest = min((at for _kind, at in marks if at > now), default=now + LOOK_EVERY)
    look_at = max(now + SOONEST, min(nearest, now + (LOOK_AT_LATE if kind else LOOK_EVERY)))
    return Verdict(kind, look_at, _ours(delivery, parcels, found, is_unsent=unsent > 0, now=now))


def _marks(
    delivery: OrderDelivery, lines: Sequence[OrderLine], parcels: Sequence[Shipment], *, unsent: int
) -> list[tuple[Late, datetime]]:
    """Return from when on it is late in which way, should nothing happen before."""
    marks = [(Late.PASSED, _after(delivery.promised_latest_on))]
    if any(line.forwarded > line.confirmed + line.backordered for line in lines):
        order = delivery.order
        begun = max(at for at in (order.paid_at, order.forward_after, order.placed_at) if at is not None)
        marks.append((Late.UNCONFIRMED, begun + CONFIRM_WITHIN))
    if unsent and delivery.ship_by_on is not None:
        marks.append((Late.UNSENT, _after(delivery.ship_by_on)))
    for parcel in parcels:
        if parcel.status == P.UNKNOWN:
            marks.append((Late.STILL, parcel.status_changed_at + LOST_SIGHT))
        elif parcel.status in MOVING and parcel.is_scanned:
            marks.append((Late.STILL, parcel.updated_at + ASKED_AFTER))
        elif parcel.status in MOVING and parcel.is_followed:
            marks.append((Late.UNSCANNED, (parcel.shipped_at or parcel.status_changed_at) + FIRST_SCAN))
    return marks


def _after(day: date) -> datetime:
    over = day + timedelta(days=GRACE_DAYS + 1)
    return timezone.make_aware(datetime.combine(over, time.min))


def _ours(
    delivery: OrderDelivery, parcels: Sequence[Shipment], found: set[Late], *, is_unsent: bool, now: datetime
) -> Reckoning | None:
    """Reckon anew what cannot come true any more; None where it still can, or where nobody knows."""
    today, there = timezone.localdate(now), Calendar(delivery.order.country.code)
    width = (delivery.promised_latest_on - delivery.promised_earliest_on).days
    if is_unsent and found & {Late.UNSENT, Late.PASSED}:
        soonest = today + timedelta(days=max(1, delivery.travel_days - width))
        latest = there.add(today + timedelta(days=max(1, delivery.travel_days)), CUSHION_DAYS)
        if soonest <= delivery.expected_latest_on or latest <= delivery.promised_latest_on:
            return None
        return Reckoning(soonest, latest, "not_sent")
    is_over = Late.PASSED in found and _after(delivery.expected_latest_on) <= now
    if is_over and parcels and all(_is_heard_of(parcel, now) for parcel in parcels):
        return Reckoning(there.add(today, 1), there.add(today, 1 + CUSHION_DAYS), "carrier_delay")
    return None


def _is_heard_of(parcel: Shipment, now: datetime) -> bool:
    return parcel.status in MOVING and parcel.is_scanned and now - parcel.updated_at < QUIET
