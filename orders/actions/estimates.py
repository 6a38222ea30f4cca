"""When a delivery is expected: what suppliers and carriers say, and whether the customer is to hear of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction

from orders import events
from orders.models import Estimate, OrderDelivery, Shipment


def record_estimate(
    delivery: OrderDelivery,
    shipment: Shipment | None,
    *,
    earliest_on: date | None,
    latest_on: date | None,
    source: Estimate.Source,
    reason_code: str = "",
    detail: str = "",
) -> bool:
    """Write down when a delivery is expected now; return True if the customer is to hear of it.

    They hear of it when the last day moves and either the old or the new one is later than
    promised; a date within the promise only changes the page. Safe to repeat.
    """
    if latest_on is None:
        return False
    first = min(earliest_on or latest_on, latest_on)
    with transaction.atomic():
        if shipment is not None:
            Shipment.objects.filter(pk=shipment.pk).update(expected_earliest_on=first, expected_latest_on=latest_on)
        delivery.refresh_from_db()
        before = delivery.expected_latest_on
        if (first, latest_on) == (delivery.expected_earliest_on, before):
            return False
        rows = OrderDelivery.objects.filter(pk=delivery.pk, expected_latest_on=before)
        if not rows.update(expected_earliest_on=first, expected_latest_on=latest_on) or latest_on == before:
            return False
        estimate = Estimate.objects.create(
            order=delivery.order,
            delivery=delivery,
            shipment=shipment,
            earliest_on=first,
            latest_on=latest_on,
            previous_latest_on=before,
            source=source,
            reason_code=reason_code[:40],
            detail=detail[:500],
        )
        if max(before, latest_on) <= delivery.promised_latest_on:
            return False
        events.record("estimate.changed", estimate, by=None, before=str(before), now=str(latest_on))
        return True


@dataclass(frozen=True, slots=True)
class Expected:
    """What a supplier expects of a delivery of which nothing has left yet."""

    delivery: OrderDelivery
    earliest_on: date | None
    latest_on: date
    source: Estimate.Source
    reason_code: str
    detail: str


def record_expected(told: Sequence[Expected]) -> None:
    """Do as ``record_estimate`` for several deliveries, which must be as they stand in the database.

    Call it with their orders locked. What stays within the promise costs two statements for all of them.
    """
    quiet: dict[tuple[date, date, date], list[Expected]] = {}
    for one in told:
        delivery, latest = one.delivery, one.latest_on
        first, before = min(one.earliest_on or latest, latest), delivery.expected_latest_on
        if (first, latest) == (delivery.expected_earliest_on, before):
            continue
        if latest != before and max(before, latest) <= delivery.promised_latest_on:
            quiet.setdefault((before, first, latest), []).append(one)
            continue
        record_estimate(
            delivery,
            None,
            earliest_on=first,
            latest_on=latest,
            source=one.source,
            reason_code=one.reason_code,
            detail=one.detail,
        )
    for (before, first, latest), same in quiet.items():
        OrderDelivery.objects.filter(pk__in=[one.delivery.pk for one in same]).update(
            expected_earliest_on=first, expected_latest_on=latest
        )
        Estimate.objects.bulk_create(
            Estimate(
                order_id=one.delivery.order_id,
                delivery=one.delivery,
                earliest_on=first,
                latest_on=latest,
                previous_latest_on=before,
                source=one.source,
                reason_code=one.reason_code[:40],
                detail=one.detail[:500],
            )
            for one in same
        )
