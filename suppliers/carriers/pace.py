"""How soon a parcel is asked about again: by where it is, how long it has been there, and when it is to arrive."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from orders.models import Shipment
from orders.states import ParcelStatus

P = ParcelStatus
NEAR = {P.OUT_FOR_DELIVERY, P.AVAILABLE_FOR_PICKUP, P.ATTEMPT_FAILED}
NOT_SEEN = {P.PENDING, P.LABEL_CREATED, P.UNKNOWN}
OVER = {P.RETURNED, P.CANCELLED}
# A label is young for so long; whatever has not moved for so long is looked at once a day.
YOUNG, OLD = timedelta(days=3), timedelta(days=10)
# A parcel that has not come by then is a person's to find; services forget it soon after.
GIVEN_UP = timedelta(days=90)
# In multiples of CARRIER_POLL_SECONDS, the pause of a parcel on its way (four hours).
AT_THE_DOOR, EXPECTED, ON_ITS_WAY, YOUNG_LABEL, LABEL, ONCE_A_DAY = 0.25, 0.5, 1, 1.5, 3, 6
# After the delivery it is looked at on the next day and after a week: scans are corrected, goods come back.
AFTERWARDS = (6, 42)
JITTER = 0.1


def next_look(shipment: Shipment, *, failures: int, now: datetime) -> datetime | None:
    """Return when a parcel is asked about again; None: never. ``failures``: in a row, each doubles the pause."""
    if shipment.status in OVER or now - shipment.created_at > GIVEN_UP:
        return None
    if shipment.status == P.DELIVERED:
        return _afterwards(shipment.delivered_at or shipment.status_changed_at, now)
    # At most once a day, however often it failed: 2 ** 5 quarters are more than that.
    pause = min(ONCE_A_DAY, _pause(shipment, now) * 2 ** min(failures, 5))
    return now + _spread(pause)


def _pause(shipment: Shipment, now: datetime) -> float:
    if now - max(shipment.updated_at, shipment.created_at) > OLD:
        return ONCE_A_DAY
    if shipment.status in NEAR:
        return AT_THE_DOOR
    if shipment.status in NOT_SEEN:
        return YOUNG_LABEL if now - shipment.created_at < YOUNG else LABEL
    expected = shipment.expected_latest_on
    return EXPECTED if expected is not None and expected <= timezone.localdate(now) else ON_ITS_WAY


def _afterwards(delivered_at: datetime, now: datetime) -> datetime | None:
    looks = (delivered_at + timedelta(seconds=settings.CARRIER_POLL_SECONDS * pause) for pause in AFTERWARDS)
    return next((look for look in looks if look > now), None)


def _spread(pause: float) -> timedelta:
    """Return a pause with jitter, so that parcels told together are not asked about together for ever."""
    factor = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  (jitter, not a secret)
    return timedelta(seconds=settings.CARRIER_POLL_SECONDS * pause * factor)
