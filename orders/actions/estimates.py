"""When a delivery is expected: what suppliers, carriers and our own figures say, merged by one rule.

The rule (``docs/adr/0030-promises-and-estimates.md``): of each speaker the newest word counts. Of a parcel that has
left, the carrier's counts for more than the supplier's; before that the supplier's does. A day that is over counts
for nothing beside one that is to come. Our own figures count until somebody who has the goods says something newer.
A delivery of several parcels is expected when the last of them is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils import timezone

from orders import events
from orders.actions.arrival_news import owe_news
from orders.actions.shipping import lock_orders
from orders.models import Estimate, OrderDelivery, Shipment
from orders.states import ParcelStatus

Source = Estimate.Source
NOT_SENT = {ParcelStatus.PENDING, ParcelStatus.LABEL_CREATED}
OVER = {ParcelStatus.DELIVERED, ParcelStatus.CANCELLED, ParcelStatus.RETURNED, ParcelStatus.RETURNING}
Days = tuple[date, date]


def record_estimate(
    delivery: OrderDelivery,
    shipment: Shipment | None,
    *,
    earliest_on: date | None,
    latest_on: date | None,
    source: Estimate.Source,
    reason_code: str = "",
    detail: str = "",
    is_locked: bool = False,
) -> bool:
    """Write down a word on when a delivery is expected; return True if the customer is to hear of it.

    ``shipment`` is the parcel it is about; None: all of the delivery. They hear of it when the last day moves
    and either the old or the new one is later than promised; a date within the promise only changes the
    page. No date (``latest_on`` None) changes nothing: that nobody knows is no delay. Safe to repeat. ``is_locked``:
    the caller's transaction has the order's lock, and the delivery is as it stands in the database.
    """
    if latest_on is None:
        return False
    first = min(earliest_on or latest_on, latest_on)
    with transaction.atomic(savepoint=not is_locked):
        if not is_locked:  # Whoever tells customers of days looks under the same lock.
            lock_orders([delivery.order_id])
            delivery.refresh_from_db()
        words = list(delivery.estimates.order_by("-told_at", "-pk"))
        if not _is_new(words, delivery, shipment, source, (first, latest_on)):
            return False
        before = delivery.expected_latest_on
        word = Estimate.objects.create(
            order_id=delivery.order_id,
            delivery=delivery,
            shipment=shipment,
            earliest_on=first,
            latest_on=latest_on,
            previous_latest_on=before,
            source=source,
            reason_code=reason_code[:40],
            detail=detail[:500],
        )
        days = _merged(delivery, [word, *words])
        rows = OrderDelivery.objects.filter(pk=delivery.pk, expected_latest_on=before)
        if not rows.update(expected_earliest_on=days[0], expected_latest_on=days[1], watch_at=timezone.now()):
            return False
        delivery.expected_earliest_on, delivery.expected_latest_on = days
        if days[1] == before or max(before, days[1]) <= delivery.promised_latest_on:
            return False
        events.record("estimate.changed", word, by=None, before=str(before), now=str(days[1]), source=str(source))
        owe_news([delivery.order_id])
        return True


def _is_new(
    words: Sequence[Estimate], delivery: OrderDelivery, shipment: Shipment | None, source: Source, days: Days
) -> bool:
    pk = shipment.pk if shipment else None
    last = next((word for word in words if (word.shipment_id, word.source) == (pk, source)), None)
    if last is not None:
        return (last.earliest_on, last.latest_on) != days
    # A first word that only repeats what is expected is no news.
    return days != (delivery.expected_earliest_on, delivery.expected_latest_on)


def _merged(delivery: OrderDelivery, words: Sequence[Estimate]) -> Days:
    """Return what all words together say, and write on each parcel what is expected of it."""
    whole = weigh([word for word in words if word.shipment_id is None], is_sent=False)
    of_whole = (whole.earliest_on, whole.latest_on) if whole else _promised(delivery)
    left = {line.pk: line.quantity - line.cancelled for line in delivery.lines.all()}
    coming: list[Days] = []
    parcels = delivery.shipments.filter(kind=Shipment.Kind.OUTBOUND).exclude(status=ParcelStatus.CANCELLED)
    for parcel in parcels.prefetch_related("lines"):
        for part in parcel.lines.all():
            left[part.line_id] = left.get(part.line_id, 0) - part.quantity
        # Our own figures are about all that is still to come.
        own = [w for w in words if w.shipment_id == parcel.pk or (w.shipment_id is None and w.source == Source.OURS)]
        word = weigh(own, is_sent=parcel.status not in NOT_SENT)
        days = (word.earliest_on, word.latest_on) if word else of_whole
        if word is not None and days != (parcel.expected_earliest_on, parcel.expected_latest_on):
            Shipment.objects.filter(pk=parcel.pk).update(expected_earliest_on=days[0], expected_latest_on=days[1])
        if parcel.status not in OVER:
            coming.append(days)
    if any(units > 0 for units in left.values()) or not coming:
        coming.append(of_whole)
    return min(days[0] for days in coming), max(days[1] for days in coming)


def _promised(delivery: OrderDelivery) -> Days:
    return delivery.promised_earliest_on, delivery.promised_latest_on


def weigh(words: Sequence[Estimate], *, is_sent: bool) -> Estimate | None:
    """Return the word that counts, of words about the same goods, newest first; None if there is none."""
    newest: Mapping[str, Estimate] = {word.source: word for word in reversed(words)}
    ranks = (Source.CARRIER, Source.SUPPLIER) if is_sent else (Source.SUPPLIER, Source.CARRIER)
    theirs = [newest[source] for source in ranks if source in newest]
    today = timezone.localdate()
    counts = next((word for word in theirs if word.latest_on >= today), next(iter(theirs), None))
    ours = newest.get(Source.OURS)
    if ours is None or counts is None:
        return counts or ours
    return max(counts, ours, key=lambda word: (word.told_at, word.pk))


@dataclass(frozen=True, slots=True)
class Expected:
    """What a supplier expects of a delivery of which nothing has left yet. ``ship_by_on``: when it sends it, if told."""

    delivery: OrderDelivery
    earliest_on: date | None
    latest_on: date
    source: Estimate.Source
    reason_code: str
    detail: str
    ship_by_on: date | None = None


def record_expected(told: Sequence[Expected]) -> None:
    """Do as ``record_estimate`` for several deliveries, which must be as they stand in the database.

    Call it with their orders locked. What stays within the promise costs two statements for all of them.
    """
    quiet: dict[tuple[date, date, date, date | None], list[Expected]] = {}
    for one in told:
        delivery, latest = one.delivery, one.latest_on
        first, before = min(one.earliest_on or latest, latest), delivery.expected_latest_on
        ship_by = one.ship_by_on or delivery.ship_by_on
        same = (first, latest) == (delivery.expected_earliest_on, before)
        if same and ship_by == delivery.ship_by_on:
            continue
        if max(before, latest) <= delivery.promised_latest_on:
            quiet.setdefault((before, first, latest, ship_by), []).append(one)
            continue
        if ship_by != delivery.ship_by_on:
            OrderDelivery.objects.filter(pk=delivery.pk).update(ship_by_on=ship_by)
        record_estimate(
            delivery,
            None,
            earliest_on=first,
            latest_on=latest,
            source=one.source,
            reason_code=one.reason_code,
            detail=one.detail,
            is_locked=True,
        )
    for (before, first, latest, ship_by), group in quiet.items():
        OrderDelivery.objects.filter(pk__in=[one.delivery.pk for one in group]).update(
            expected_earliest_on=first, expected_latest_on=latest, ship_by_on=ship_by
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
            for one in group
            if (first, latest) != (one.delivery.expected_earliest_on, before)
        )
