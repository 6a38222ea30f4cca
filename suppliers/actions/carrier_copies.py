"""Take in what a tracking service tells of a followed parcel, whichever way it came: asked for, or by webhook."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from orders.actions.carrier_word import CarrierWord, record_carrier_word
from orders.actions.estimates import record_estimate
from orders.actions.shipping import lock_order
from orders.actions.work import close_work, open_work
from orders.models import Estimate, Shipment, WorkItem
from orders.states import ParcelStatus
from suppliers.carriers.base import Strange, Told
from suppliers.models import ParcelWatch, TrackingService

logger = logging.getLogger(__name__)
OVER = {ParcelStatus.DELIVERED, ParcelStatus.RETURNED, ParcelStatus.CANCELLED}
Reason = WorkItem.Reason


def take_copy(watch: ParcelWatch, copy: Told | Strange) -> bool:
    """Take in one copy of a parcel; return True if it told something new. Never stops what else is to be done.

    ``watch`` and its parcel are brought up to date. A copy that makes no sense is kept with the watch, becomes work
    for a person until a good one comes, and changes nothing else. Safe to repeat and in any order.
    """
    if isinstance(copy, Strange):
        note_strange(watch, copy)
        return False
    try:
        is_new = _take(watch, copy)
    except (OperationalError, InterfaceError):
        # The database went away: that says nothing about the copy.
        raise
    except Exception as error:  # noqa: BLE001  (whatever it is, the other parcels must be read)
        logger.exception("a copy of %s", watch)
        note_strange(watch, Strange(copy.service_id, type(error).__name__, None))
        return False
    if watch.failures:
        _note_good(watch)
    return is_new


def _take(watch: ParcelWatch, told: Told) -> bool:
    if told.updated_at is not None and told.updated_at == watch.told_at:
        # The very copy that was taken in: nearly all are, and wait for no lock.
        return False
    shipment = watch.shipment
    with transaction.atomic():
        lock_order(shipment.order)
        known = ParcelWatch.objects.get(pk=watch.pk)
        if known.service_id != told.service_id:
            # The parcel has another number by now.
            return False
        is_newest = told.updated_at is not None and (known.told_at is None or told.updated_at > known.told_at)
        is_new = record_carrier_word(shipment, _named(told, known.service), is_newest=is_newest)
        if is_newest:
            _take_days(known, shipment, told)
            facts: dict[str, Any] = {"told_at": told.updated_at, "raw": told.raw[:240]}
            ParcelWatch.objects.filter(pk=watch.pk).update(**facts)
            watch.told_at = told.updated_at
    return is_new


def _named(told: Told, service: str) -> CarrierWord:
    """Return the word with each scan's id made different from those of suppliers, and of other services."""
    scans = [replace(scan, event_id=f"{service}:{scan.event_id}") for scan in told.word.scans]
    return replace(told.word, scans=scans)


def _take_days(known: ParcelWatch, shipment: Shipment, told: Told) -> None:
    """Pass on when the carrier expects to deliver, once per change. Of a parcel it has not found it knows no day."""
    days = (told.earliest_on, told.latest_on)
    if told.latest_on is None or told.word.status is None or days == (known.earliest_on, known.latest_on):
        return
    ParcelWatch.objects.filter(pk=known.pk).update(earliest_on=told.earliest_on, latest_on=told.latest_on)
    if shipment.delivery is None or shipment.status in OVER:
        return
    record_estimate(
        shipment.delivery,
        shipment,
        earliest_on=told.earliest_on,
        latest_on=told.latest_on,
        source=Estimate.Source.CARRIER,
        reason_code=told.word.reason_code,
        detail=told.detail,
    )


def note_strange(watch: ParcelWatch, strange: Strange) -> None:
    """Keep a copy that makes no sense, and ask a person about it once."""
    watch.failures += 1
    order = watch.shipment.order
    with transaction.atomic():
        ParcelWatch.objects.filter(pk=watch.pk).update(
            failures=watch.failures, last_error=strange.why[:300], strange=strange.copy
        )
        summary = f"{watch.service} about parcel {watch.tracking_number} of {order.number}: {strange.why}"
        open_work(Reason.CARRIER_GARBAGE, watch, order=order, summary=summary)


def note_nameless(service: str, strange: Strange) -> None:
    """Keep a copy of nobody knows which parcel, and ask a person about it once."""
    rows = TrackingService.objects.filter(slug=service)
    rows.update(strange={"why": strange.why, "copy": strange.copy, "at": timezone.now().isoformat()})
    for row in rows:
        summary = f"{service} tells something that makes no sense, of no parcel we know: {strange.why}"
        open_work(Reason.CARRIER_GARBAGE, row, order=None, summary=summary)


def _note_good(watch: ParcelWatch) -> None:
    watch.failures = 0
    ParcelWatch.objects.filter(pk=watch.pk).update(failures=0, last_error="", strange=None)
    close_work(Reason.CARRIER_GARBAGE, watch)
