"""What may be done to units, to what suppliers have of them, to stock, returns and gated goods."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F
from django.utils import timezone

from orders.models import Approval, Order, OrderLine, Reservation, Shipment, ShipmentLine
from shop.models import Variant
from suppliers.models import (
    Offer,
    ParcelWatch,
    SupplierOrder,
    SupplierOrderLine,
    SupplierShipment,
    TrackingService,
)
from tests.corruptions.back import RETURNS
from tests.corruptions.hand import HOUR, Corruption, copy_row, erase, kind
from tests.factories import make_supplier


def _watch(due_at: datetime | None) -> None:
    TrackingService.objects.create(slug="aftership", due_at=timezone.now())
    ParcelWatch.objects.create(shipment=Shipment.objects.get(), service="aftership", tracking_number="X", due_at=due_at)


GOODS: dict[str, Corruption] = {
    # units
    "forwarded counter raised": kind(
        "V05 units", lambda w: OrderLine.objects.filter(order=w.waiting).update(forwarded=1)
    ),
    "forwarded counter lowered": kind(
        "V05 units", lambda w: OrderLine.objects.filter(pk=w.goods.pk).update(forwarded=1)
    ),
    "more units placed than ordered": kind(
        "V05 units", lambda w: OrderLine.objects.filter(pk=w.goods.pk).update(cancelled=1), OrderLine
    ),
    "units that are nowhere": kind(
        "V05 units",
        lambda w: (
            erase(SupplierOrderLine.objects.filter(order_line__order=w.other)),
            OrderLine.objects.filter(order=w.other).update(forwarded=0),
            Order.objects.filter(pk=w.other.pk).update(forward_after=timezone.now() - HOUR),
        ),
    ),
    "supplier order line deleted": kind(
        "V05 units", lambda w: erase(SupplierOrderLine.objects.filter(order_line=w.goods))
    ),
    "supplier's count of rejected units edited": kind(
        "V05 units", lambda w: SupplierOrderLine.objects.filter(order_line=w.gated).update(backordered=0, rejected=1)
    ),
    "supplier order line that does not add up": kind(
        "V05 supplier lines", lambda w: SupplierOrderLine.objects.update(pending=3), SupplierOrderLine
    ),
    "supplier order line of another order's goods": kind(
        "V05 supplier lines",
        lambda w: SupplierOrderLine.objects.filter(order_line=w.goods).update(order_line=w.waiting.lines.get()),
    ),
    "confirmed counter raised": kind(
        "V05 counters", lambda w: OrderLine.objects.filter(pk=w.gated.pk).update(confirmed=1)
    ),
    "delivered counter lowered": kind(
        "V05 counters", lambda w: OrderLine.objects.filter(pk=w.goods.pk).update(delivered=1)
    ),
    "shipped counter raised": kind("V05 parcels", lambda w: OrderLine.objects.filter(pk=w.gated.pk).update(shipped=1)),
    "parcel with more units than ordered": kind("V05 parcels", lambda w: ShipmentLine.objects.update(quantity=3)),
    "parcel emptied": kind("V05 parcels", lambda w: erase(ShipmentLine.objects.all())),
    "delivery written twice": kind(
        "V05 parcels",
        lambda w: copy_row(ShipmentLine.objects.get(), shipment=copy_row(Shipment.objects.get())),
    ),
    # suppliers
    "supplier order for an unpaid order": kind(
        "V06 unpaid", lambda w: SupplierOrder.objects.filter(order=w.other).update(order=w.waiting)
    ),
    "supplier order older than the payment": kind(
        "V06 unpaid", lambda w: SupplierOrder.objects.update(created_at=timezone.now() - HOUR)
    ),
    "supplier order made after the cancellation": kind(
        "V06 unpaid",
        lambda w: Order.objects.filter(pk=w.other.pk).update(
            status="cancelled", status_changed_at=F("placed_at") - HOUR
        ),
    ),
    "reference of another order": kind(
        "V06 references", lambda w: SupplierOrder.objects.filter(order=w.other).update(reference="LF-0-1-1")
    ),
    "one reference twice": kind(
        "V06 references", lambda w: SupplierOrder.objects.update(reference="LF-0-1-1"), SupplierOrder
    ),
    "supplier order without lines": kind(
        "V06 references", lambda w: erase(SupplierOrderLine.objects.filter(supplier_order__order=w.other))
    ),
    "another supplier's offer": kind(
        "V06 references", lambda w: Offer.objects.update(supplier=make_supplier("meridian"))
    ),
    "other quantity sent than noted": kind(
        "V06 content", lambda w: SupplierOrderLine.objects.filter(order_line=w.goods).update(supplier_sku="X")
    ),
    "sent to another address than the order's": kind(
        "V06 content",
        lambda w: (
            SupplierOrder.objects.filter(order=w.other).update(first_sent_at=timezone.now()),
            Order.objects.filter(pk=w.other.pk).update(line1="9 Elsewhere", address_fixed_at=timezone.now()),
        ),
    ),
    "sent, and the address not kept": kind(
        "V06 content",
        lambda w: (
            SupplierOrder.objects.filter(order=w.other).update(first_sent_at=timezone.now()),
            Order.objects.filter(pk=w.other.pk).update(address_fixed_at=None),
        ),
    ),
    "request replaced": kind("V06 content", lambda w: SupplierOrder.objects.filter(order=w.other).update(request={})),
    "parcel without its supplier": kind("V06 parcels", lambda w: erase(SupplierShipment.objects.all())),
    "parcel of another order": kind("V06 parcels", lambda w: Shipment.objects.update(order=w.other)),
    "parcel whose carrier is not asked any more": kind(
        "V10 followed", lambda w: (Shipment.objects.update(status="in_transit"), _watch(None))
    ),
    "parcel whose carrier is not asked in time": kind(
        "V10 followed", lambda w: (Shipment.objects.update(status="in_transit"), _watch(timezone.now() - 2 * HOUR))
    ),
    "supplier order that nobody looks at": kind(
        "V07 dialogue", lambda w: SupplierOrder.objects.filter(order=w.other).update(due_at=None)
    ),
    "supplier's version edited": kind("V07 truth", lambda w: SupplierOrder.objects.filter(version=2).update(version=3)),
    "supplier's counter off": kind(
        "V07 truth", lambda w: SupplierOrderLine.objects.filter(order_line=w.goods).update(delivered=1)
    ),
    # stock
    "reserved counter raised": kind("V11 reserved", lambda w: Variant.objects.update(reserved=7)),
    "expired order that holds stock": kind(
        "V11 reserved", lambda w: Reservation.objects.filter(order=w.expired).update(state="held")
    ),
    "reservation of another order": kind(
        "V11 reserved", lambda w: Reservation.objects.filter(order=w.waiting).update(order=w.other)
    ),
    "reservation deleted": kind("V11 reserved", lambda w: erase(Reservation.objects.filter(order=w.waiting))),
    "reservation held too long": kind(
        "V11 reserved", lambda w: Reservation.objects.filter(order=w.waiting).update(expires_at=timezone.now() - HOUR)
    ),
    **RETURNS,
    # the gate
    "gated unit without an approval": kind("V16 gate", lambda w: erase(Approval.objects.all()), Approval),
    "approval younger than the order": kind(
        "V16 gate", lambda w: models.QuerySet(Approval).update(at=timezone.now() + HOUR), Approval
    ),
    "approval of a refusal": kind("V16 gate", lambda w: models.QuerySet(Approval).update(decision="refused"), Approval),
    "approval of more units than were ordered": kind(
        "V16 gate", lambda w: models.QuerySet(Approval).update(units=9), Approval
    ),
}
