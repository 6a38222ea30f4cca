"""Write down what is told of parcels: states, scans, estimates, and how many units are where."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import QuerySet
from django.db.transaction import TransactionManagementError
from django.utils import timezone

from orders import events
from orders.actions.doorstep import note_doorstep
from orders.actions.paid_back import ask_about_paid_back
from orders.models import (
    Order,
    OrderDelivery,
    OrderLine,
    ParcelNumber,
    Shipment,
    ShipmentLine,
    TrackingEvent,
)
from orders.states import IllegalMove, ParcelStatus, move_parcel
from shop.prepared import Prepared

NOT_SENT = {ParcelStatus.PENDING, ParcelStatus.LABEL_CREATED, ParcelStatus.CANCELLED}
COMING_BACK = {ParcelStatus.RETURNING, ParcelStatus.RETURNED}
# States that a parcel can only be in after it was on its way.
AFTER_SENT = {
    ParcelStatus.OUT_FOR_DELIVERY,
    ParcelStatus.AVAILABLE_FOR_PICKUP,
    ParcelStatus.ATTEMPT_FAILED,
    ParcelStatus.DELIVERED,
}
# For so long after a carrier's newest scan its supplier's word on the state counts for nothing.
CARRIER_COUNTS_FOR = timedelta(days=4)


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan of a carrier, in our words; ``event_id`` is the sender's and unique per parcel."""

    event_id: str
    occurred_at: datetime
    status: ParcelStatus
    description: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class ParcelNews:
    """All that is told of one parcel at once. ``lines`` maps our order lines' ids to units.

    ``status`` is None where the sender's word is not one of ours: then the state stays.
    """

    lines: Mapping[int, int]
    status: ParcelStatus | None
    kind: Shipment.Kind = Shipment.Kind.OUTBOUND
    reason_code: str = ""
    carrier_code: str = ""
    carrier_name: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    scans: Sequence[Scan] = field(default_factory=list)


def record_parcel(
    order: Order, delivery: OrderDelivery | None, shipment: Shipment | None, news: ParcelNews
) -> Shipment:
    """Write down one copy of a parcel from its supplier: make it if ``shipment`` is None, else bring it up to date.

    Call it inside a transaction that has the order's lock and has fenced out older copies (by version), with the
    parcel as it stands in the database. Safe to repeat:
    scans are merged, states only move forward. What contradicts the carrier's own scans is kept and moves
    nothing (``orders.actions.carrier_word`` has the rule).
    """
    if shipment is None:
        shipment = Shipment.objects.create(order=order, delivery=delivery, kind=news.kind)
        ShipmentLine.objects.bulk_create(
            ShipmentLine(shipment=shipment, line_id=line_id, quantity=units) for line_id, units in news.lines.items()
        )
        events.record("parcel.announced", shipment, by=None)
    _note_number(shipment, news)
    news = _heeded(shipment, news)
    _write_facts(shipment, news)
    merge_scans(shipment, news.scans)
    if news.status is not None:
        move_forward(shipment, news.status)
    count_units(order, is_locked=True)
    if delivery is not None and delivery.late_kind:
        look_again(delivery.pk)
    return shipment


def look_again(delivery_id: int | None) -> None:
    """Let a delivery that is late be judged anew now: whoever is asked about it shall not be an hour longer than needed."""
    late = OrderDelivery.objects.filter(pk=delivery_id, watch_at__isnull=False).exclude(late_kind="")
    late.update(watch_at=timezone.now())


def carrier_counts(shipment: Shipment) -> bool:
    """True while a parcel's carrier has the word on its state: it has told scans, and not long ago."""
    at = shipment.carrier_scanned_at
    return at is not None and timezone.now() - at < CARRIER_COUNTS_FOR


def _heeded(shipment: Shipment, news: ParcelNews) -> ParcelNews:
    """Return what of a supplier's news counts. What contradicts the carrier is kept, for staff and for later."""
    is_renumbered = news.tracking_number not in {"", shipment.tracking_number}
    counts = carrier_counts(shipment) and not is_renumbered
    says = news.status if counts and news.status not in {None, shipment.status} else ""
    # The scans of another number say nothing about this one.
    scanned_at = None if is_renumbered else shipment.carrier_scanned_at
    if (says, scanned_at) != (shipment.supplier_says, shipment.carrier_scanned_at):
        _change(shipment, {"supplier_says": says, "carrier_scanned_at": scanned_at})
    if not counts:
        return news
    return replace(news, status=None, delivered_at=None, reason_code=shipment.reason_code)


def _note_number(shipment: Shipment, news: ParcelNews) -> None:
    """Keep every number a parcel ever had; whoever was told another one is to hear of it."""
    number, carrier = news.tracking_number, news.carrier_name or shipment.carrier_name
    if not number or (number, carrier) == (shipment.tracking_number, shipment.carrier_name):
        return
    known = ParcelNumber(shipment=shipment, carrier_name=carrier, tracking_number=number)
    ParcelNumber.objects.bulk_create([known], ignore_conflicts=True)
    # That the carrier has a name now changes nothing for whoever has the number.
    is_other = number != shipment.tracking_number or shipment.carrier_name
    if shipment.status not in NOT_SENT and is_other:
        events.record(
            "parcel.renumbered", shipment, by=None, before=str(shipment.tracking_number), number=number, carrier=carrier
        )


def _write_facts(shipment: Shipment, news: ParcelNews) -> None:
    number = news.tracking_number or shipment.tracking_number
    # The link of the old number would show the customer nothing.
    old_link = shipment.tracking_url if number == shipment.tracking_number else ""
    facts = {
        "reason_code": news.reason_code,
        "carrier_code": news.carrier_code or shipment.carrier_code,
        "carrier_name": news.carrier_name or shipment.carrier_name,
        "tracking_number": number,
        "tracking_url": news.tracking_url or old_link,
        "shipped_at": news.shipped_at or shipment.shipped_at,
        "delivered_at": news.delivered_at or shipment.delivered_at,
        "updated_at": timezone.now(),
    }
    _change(shipment, facts)


def _change(shipment: Shipment, facts: Mapping[str, object]) -> None:
    # Locked and fresh: what is written need not be read again.
    Shipment.objects.filter(pk=shipment.pk).update(**facts)
    for name, value in facts.items():
        setattr(shipment, name, value)


def merge_scans(
    shipment: Shipment, scans: Sequence[Scan], *, source: TrackingEvent.Source = TrackingEvent.Source.SUPPLIER
) -> int:
    """Write down the scans that are not known yet; return how many those are, at least. Inside a transaction."""
    ids = [scan.event_id[:80] for scan in scans]
    known = set(shipment.tracking_events.filter(event_id__in=ids).values_list("event_id", flat=True)) if ids else set()
    made = TrackingEvent.objects.bulk_create(
        [
            TrackingEvent(
                shipment=shipment,
                event_id=scan.event_id[:80],
                occurred_at=scan.occurred_at,
                status=scan.status,
                description=scan.description[:500],
                place=scan.place[:160],
                source=source,
            )
            for scan in scans
            if scan.event_id[:80] not in known
        ],
        ignore_conflicts=True,
    )
    return len(made)


def move_forward(shipment: Shipment, to: ParcelStatus) -> None:
    """Move a parcel to a state that it was told to be in, unless that would be a step back.

    Out for delivery it goes back on its way only where a scan says so that is newer than those at the door.
    """
    if to == ParcelStatus.IN_TRANSIT and shipment.status == ParcelStatus.OUT_FOR_DELIVERY and not _is_back(shipment):
        return
    was = shipment.status
    # A late or unusual word is kept among the scans and does not move the state.
    with contextlib.suppress(IllegalMove):
        if to in AFTER_SENT and shipment.status in NOT_SENT:
            # A poll may see it delivered without having seen it sent; the customer hears of both.
            move_parcel(shipment, ParcelStatus.IN_TRANSIT, by=None)
        if shipment.status != to:
            move_parcel(shipment, to, by=None, reason=shipment.reason_code)
    if shipment.status == ParcelStatus.DELIVERED and shipment.delivered_at is None:
        Shipment.objects.filter(pk=shipment.pk).update(delivered_at=timezone.now())
    if shipment.status == ParcelStatus.DELIVERED != was:
        ask_about_paid_back(shipment)
    if shipment.status == to:
        # Also where it was in that state already: it may be the next attempt.
        note_doorstep(shipment)


def _is_back(shipment: Shipment) -> bool:
    """True if a parcel's newest scan between depot and door is that of a depot."""
    seen = shipment.tracking_events.filter(status__in=[ParcelStatus.IN_TRANSIT, ParcelStatus.OUT_FOR_DELIVERY])
    # Of two at the same moment the door counts.
    newest = sorted(seen.values_list("occurred_at", "status"), key=lambda one: (one[0], one[1] == "out_for_delivery"))
    return bool(newest) and newest[-1][1] == ParcelStatus.IN_TRANSIT


_locking = Prepared(lambda pk: Order.objects.select_for_update(no_key=True).filter(pk=pk).order_by().values_list("pk"))


def lock_order(order: Order) -> None:
    """Let nobody else count this order's units until the transaction ends.

    Two parcels told at once would each count without the other's change, and the later commit would
    write the earlier one away. SQLite has one writer at a time, and needs no lock. Whoever writes an
    order's lines together with other rows takes this lock first, so that no two wait for each other.
    """
    if connection.features.has_select_for_update and not connection.in_atomic_block:
        # Django says so itself only while it writes the statement, which is done once.
        raise TransactionManagementError("an order is locked outside a transaction")
    # "No key": rows that refer to the order may be written meanwhile, so nobody waits in a circle.
    _locking(order.pk)


def lock_anew(order: Order) -> None:
    """Do the same, and bring the order in memory up to date with its row by that statement.

    What one who waits for a lock is given is the row as the one before left it.
    """
    order.refresh_from_db(from_queryset=Order.objects.select_for_update(no_key=True))


def lock_orders(order_ids: Iterable[int]) -> None:
    """Do the same for several orders, oldest first, so that two who do so do not wait in a circle."""
    list(_in_line(order_ids).values_list("pk"))


def locked_orders(order_ids: Iterable[int]) -> list[Order]:
    """Lock several orders as ``lock_orders`` does, and return them."""
    return list(_in_line(order_ids))


def _in_line(order_ids: Iterable[int]) -> QuerySet[Order]:
    return Order.objects.select_for_update(no_key=True).filter(pk__in=list(order_ids)).order_by("pk")


def count_units(order: Order, *, is_locked: bool = False) -> None:
    """Write on each order line how many of its units were sent, delivered and sent back. Safe to repeat.

    Call it inside the transaction of the change that made it necessary. ``is_locked``: it has the order's lock.
    """
    if not is_locked:
        lock_order(order)
    shipped: dict[int, int] = {}
    delivered: dict[int, int] = {}
    returned: dict[int, int] = {}
    for line, units, status, delivered_at in _sent(order.pk):
        shipped[line] = shipped.get(line, 0) + units
        if delivered_at is not None:
            delivered[line] = delivered.get(line, 0) + units
        if status in COMING_BACK:
            returned[line] = returned.get(line, 0) + units
    for pk, *known in _counted(order.pk):
        counts = [found.get(pk, 0) for found in (shipped, delivered, returned)]
        if counts != known:
            OrderLine.objects.filter(pk=pk).update(**dict(zip(COUNTED, counts, strict=True)))


COUNTED = ("shipped", "delivered", "returned")
_sent = Prepared(
    lambda order: (
        ShipmentLine.objects.filter(shipment__order=order, shipment__kind=Shipment.Kind.OUTBOUND)
        .exclude(shipment__status__in=NOT_SENT)
        .order_by()
        .values_list("line", "quantity", "shipment__status", "shipment__delivered_at")
    )
)
_counted = Prepared(lambda order: OrderLine.objects.filter(order=order).order_by("pk").values_list("pk", *COUNTED))
