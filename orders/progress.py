"""How far an order is: computed from its parts, by one function, for page and mail alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy

from orders.models import Order, OrderDelivery, OrderLine, Shipment
from orders.states import OrderStatus, ParcelStatus
from orders.words import ORDER_WORDS, PARCEL_WORDS, REASON_WORDS, Word
from shop.words import day_range, moment

STEP_LABELS = (
    gettext_lazy("Ordered"),
    gettext_lazy("Confirmed"),
    gettext_lazy("Sent"),
    gettext_lazy("Out for delivery"),
    gettext_lazy("Delivered"),
)
ON_THE_WAY = {ParcelStatus.OUT_FOR_DELIVERY, ParcelStatus.AVAILABLE_FOR_PICKUP, ParcelStatus.ATTEMPT_FAILED}


@dataclass(frozen=True, slots=True)
class Step:
    """One of the five steps: ``done``, ``current`` or ``todo``; ``at`` in words."""

    label: str | Promise
    state: str
    at: str = ""


@dataclass(frozen=True, slots=True)
class ParcelCard:
    """One parcel as the customer sees it; units not in any parcel yet make a card of their own."""

    title: str
    delivery: OrderDelivery | None
    shipment: Shipment | None
    items: list[tuple[OrderLine, int]]
    word: Word
    steps: list[Step]
    arrival: str
    was: str
    reason: str | Promise
    is_delivered: bool


def order_word(order: Order) -> Word:
    """Return the one word for the whole order; reads its lines."""
    if order.status != OrderStatus.PAID:
        return ORDER_WORDS[order.status]
    lines = list(order.lines.all())
    live = sum(line.quantity - line.cancelled for line in lines)
    delivered, shipped = sum(line.delivered for line in lines), sum(line.shipped for line in lines)
    if live == 0:
        return ORDER_WORDS[OrderStatus.CANCELLED]
    if delivered >= live:
        return PARCEL_WORDS[ParcelStatus.DELIVERED]
    if delivered or 0 < shipped < live:
        return Word(_("Partly sent"), "half")
    if shipped:
        return PARCEL_WORDS[ParcelStatus.IN_TRANSIT]
    if all(line.confirmed >= line.quantity - line.cancelled for line in lines):
        return Word(_("Confirmed"), "half")
    return ORDER_WORDS[OrderStatus.PAID]


def parcel_cards(order: Order) -> list[ParcelCard]:
    """Return the order's parcels, sent or still to come, in order of delivery. Four queries at most."""
    deliveries = list(order.deliveries.all())
    lines = list(order.lines.all())
    shipments = list(
        order.shipments.exclude(status=ParcelStatus.CANCELLED).prefetch_related("lines", "tracking_events")
    )
    raw: list[tuple[OrderDelivery | None, Shipment | None, list[tuple[OrderLine, int]]]] = []
    by_id = {line.pk: line for line in lines}
    for delivery in deliveries:
        packed = dict.fromkeys(by_id, 0)
        for shipment in (one for one in shipments if one.delivery_id == delivery.pk):
            items = [(by_id[part.line_id], part.quantity) for part in shipment.lines.all()]
            for line, quantity in items:
                packed[line.pk] += quantity if shipment.kind == Shipment.Kind.OUTBOUND else 0
            raw.append((delivery, shipment, items))
        left = [
            (line, line.quantity - line.cancelled - packed[line.pk])
            for line in lines
            if line.delivery_id == delivery.pk and line.quantity - line.cancelled > packed[line.pk]
        ]
        if left:
            raw.append((delivery, None, left))
    total = len(raw)
    return [_card(order, place, total, *parts) for place, parts in enumerate(raw, start=1)]


def _card(
    order: Order,
    place: int,
    total: int,
    delivery: OrderDelivery | None,
    shipment: Shipment | None,
    items: list[tuple[OrderLine, int]],
) -> ParcelCard:
    word = PARCEL_WORDS[shipment.status] if shipment else _waiting_word(order, items)
    arrival, was, reason = _arrival(delivery, shipment)
    return ParcelCard(
        title=_("Parcel %(place)d of %(total)d") % {"place": place, "total": total},
        delivery=delivery,
        shipment=shipment,
        items=items,
        word=word,
        steps=_steps(order, shipment, items),
        arrival=arrival,
        was=was,
        reason=reason,
        is_delivered=bool(shipment and shipment.delivered_at),
    )


def _waiting_word(order: Order, items: Sequence[tuple[OrderLine, int]]) -> Word:
    if not order.is_paid:
        return ORDER_WORDS[order.status]
    confirmed = all(line.confirmed > 0 for line, _quantity in items)
    return Word(_("Confirmed"), "half") if confirmed else Word(_("Ordered"), "waiting")


def _arrival(delivery: OrderDelivery | None, shipment: Shipment | None) -> tuple[str, str, str | Promise]:
    if delivery is None:
        return "", "", ""
    if shipment is not None and shipment.delivered_at:
        return moment(shipment.delivered_at), "", ""
    latest = (shipment and shipment.expected_latest_on) or delivery.expected_latest_on
    earliest = (shipment and shipment.expected_earliest_on) or delivery.expected_earliest_on
    now = day_range(min(earliest, latest), latest)
    if latest <= delivery.promised_latest_on:
        return now, "", ""
    estimate = delivery.estimates.first()
    reason = REASON_WORDS.get(estimate.reason_code, "") if estimate else ""
    return now, day_range(delivery.promised_earliest_on, delivery.promised_latest_on), reason


def _steps(order: Order, shipment: Shipment | None, items: Sequence[tuple[OrderLine, int]]) -> list[Step]:
    reached: list[datetime | None | bool] = [
        order.placed_at,
        bool(shipment) or (order.is_paid and all(line.confirmed > 0 for line, _quantity in items)),
        shipment.shipped_at if shipment else None,
        _on_the_way_at(shipment),
        shipment.delivered_at if shipment else None,
    ]
    last = max((place for place, value in enumerate(reached) if value), default=0)
    steps = []
    for place, (label, value) in enumerate(zip(STEP_LABELS, reached, strict=True)):
        state = (
            "done" if place < last or (place == last == len(reached) - 1) else "current" if place == last else "todo"
        )
        steps.append(Step(label, state, moment(value) if isinstance(value, datetime) else ""))
    return steps


def _on_the_way_at(shipment: Shipment | None) -> datetime | None | bool:
    if shipment is None:
        return None
    seen = [event.occurred_at for event in shipment.tracking_events.all() if event.status in ON_THE_WAY]
    return min(seen) if seen else shipment.status in ON_THE_WAY
