"""Units: each in exactly one place, and every counter equal to what it counts."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.audit.registry import GRACE, asked, check, named, total, written_once
from orders.actions.shipping import NOT_SENT
from orders.models import Hold, Order, OrderLine, Reservation, Shipment, ShipmentLine, WorkItem
from orders.models.order import ReservationState
from orders.states import OrderStatus, ParcelStatus
from shop.models import Variant
from suppliers.models import SupplierOrderLine


@check("V05 units", _("Every unit of a paid order is in exactly one place."))
def places() -> Iterable[str]:
    there = SupplierOrderLine.objects.filter(order_line=OuterRef("pk"))
    lines = OrderLine.objects.annotate(
        there=total(there, "order_line", "quantity")
        - total(there, "order_line", "rejected")
        - total(there, "order_line", "cancelled")
    )
    yield from named(lines.exclude(there=F("forwarded")), "its suppliers have another number of units", "order")
    over = OrderLine.objects.filter(quantity__lt=F("forwarded") + F("cancelled"))
    yield from named(over, "more units are placed than were ordered", "order")
    holds = Hold.objects.filter(order=OuterRef("order"), released_at=None)
    lost = OrderLine.objects.filter(
        ~asked("order"),
        ~Exists(holds),
        quantity__gt=F("forwarded") + F("cancelled"),
        order__status=OrderStatus.PAID,
        order__forward_after__lt=timezone.now() - GRACE,
    )
    yield from named(lost, "some of its units are nowhere", "order")


@check("V05 supplier lines", _("What a supplier was asked for is what it took, owes, refused and cancelled."))
@written_once
def supplier_lines() -> Iterable[str]:
    parts = F("pending") + F("accepted") + F("backordered") + F("rejected") + F("cancelled")
    rows = SupplierOrderLine.objects.select_related("supplier_order")
    yield from named(rows.exclude(quantity=parts), "does not add up")
    order = Q(shipped__gt=F("accepted")) | Q(delivered__gt=F("shipped"))
    yield from named(rows.filter(order), "more was sent than accepted, or delivered than sent")
    strange = rows.exclude(order_line__order=F("supplier_order__order"))
    yield from named(strange, "asks for another order's goods")


@check("V05 counters", _("What each line knows of its suppliers and parcels is what they say."))
@written_once
def counters() -> Iterable[str]:
    there = SupplierOrderLine.objects.filter(order_line=OuterRef("pk"))
    told = OrderLine.objects.annotate(
        yes=total(there, "order_line", "accepted"), later=total(there, "order_line", "backordered")
    )
    wrong = told.exclude(yes=F("confirmed"), later=F("backordered"))
    yield from named(wrong, "its suppliers have confirmed another number", "order")
    sent = ShipmentLine.objects.filter(line=OuterRef("pk"), shipment__kind=Shipment.Kind.OUTBOUND).exclude(
        shipment__status__in=NOT_SENT
    )
    lines = OrderLine.objects.annotate(
        sent=total(sent, "line", "quantity"),
        here=total(sent.filter(shipment__delivered_at__isnull=False), "line", "quantity"),
    )
    wrong = lines.exclude(sent=F("shipped"), here=F("delivered"))
    yield from named(wrong, "its parcels say another number", "order")


@check("V05 parcels", _("No more is in parcels than was ordered."))
@written_once
def parcels() -> Iterable[str]:
    parts = ShipmentLine.objects.filter(line=OuterRef("pk"), shipment__kind=Shipment.Kind.OUTBOUND).exclude(
        shipment__status=ParcelStatus.CANCELLED
    )
    lines = OrderLine.objects.annotate(packed=total(parts, "line", "quantity"))
    # A label that left although its goods were cancelled is what a person has been asked about.
    left = WorkItem.objects.filter(order=OuterRef("order"), reason=WorkItem.Reason.CANCELLED_SENT, closed_at=None)
    over = lines.filter(Q(packed__gt=F("quantity")) | ~Exists(left), packed__gt=F("quantity") - F("cancelled"))
    yield from named(over, "too many are in parcels", "order")
    yield from named(lines.filter(shipped__gt=F("packed")), "more were sent than are in parcels", "order")
    strange = ShipmentLine.objects.exclude(line__order=F("shipment__order"))
    yield from named(strange, "another order's goods are in the parcel")
    empty = Shipment.objects.filter(~Exists(ShipmentLine.objects.filter(shipment=OuterRef("pk"))))
    yield from named(empty, "nothing is in it")


@check("V11 reserved", _("Reserved units are those of open reservations, and nothing is held that is over."))
def reserved() -> Iterable[str]:
    held = Reservation.objects.exclude(state=ReservationState.RELEASED)
    variants = Variant.objects.annotate(held=total(held.filter(variant=OuterRef("pk")), "variant", "quantity"))
    yield from named(variants.exclude(held=F("reserved")), "its reservations come to another number")
    over = held.filter(Q(order__status=OrderStatus.EXPIRED) | Q(order__status=OrderStatus.CANCELLED))
    yield from named(over, "held for an order that is over", "variant")
    strange = held.exclude(line__order=F("order"), line__variant=F("variant"), line__quantity=F("quantity"))
    yield from named(strange, "belongs to no line as it stands", "variant")
    lapsed = held.filter(~asked("order"), state=ReservationState.HELD, expires_at__lt=timezone.now() - GRACE)
    yield from named(lapsed, "held longer than it was to be", "variant")
    # A supplier may tell less stock than is reserved, because it sells to others as well: no
    # violation, so reservations are not compared with it here.
    unheld = Order.objects.filter(~Exists(Reservation.objects.filter(order=OuterRef("pk"))), status=OrderStatus.PLACED)
    yield from named(unheld, "waits for its money and holds nothing")
