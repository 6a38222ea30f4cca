"""What a hand at the database may do to a shop, one kind at a time, and the check that must name it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Concat
from django.utils import timezone

from notifications.models import Notification
from orders.models import (
    Approval,
    Cancellation,
    CheckoutSession,
    Event,
    IncomingEvent,
    Order,
    OrderDelivery,
    OrderLine,
    Payment,
    Reaction,
    Refund,
    RefundLine,
    Reservation,
    Shipment,
    ShipmentLine,
    WorkItem,
)
from shop.models import Variant
from suppliers.models import (
    Offer,
    SupplierCall,
    SupplierCancellation,
    SupplierCancellationLine,
    SupplierOrder,
    SupplierOrderLine,
    SupplierReturn,
    SupplierShipment,
)
from support.models import Return, Ticket
from tests.factories import make_supplier

HOUR = timedelta(hours=1)


@dataclass
class World:
    """One order with goods delivered, goods that nobody had, and gated goods; and two unpaid ones."""

    order: Order
    goods: OrderLine
    lost: OrderLine
    gated: OrderLine
    waiting: Order
    expired: Order
    other: Order
    case: Ticket


def erase(rows: models.QuerySet) -> None:
    """Delete rows and nothing that hangs on them, as a hand at the database would."""
    assert rows._raw_delete(rows.db) != 0


def copy_row(row: models.Model, **changes: object) -> models.Model:
    """Write a second row like this one, but for some columns."""
    changes.setdefault("pk", None)
    for name, value in changes.items():
        setattr(row, name, value)
    row._state.adding = True
    models.Model.save(row, force_insert=True)
    return row


# --- what a hand may do to it: name of the kind to (check that must name it, what is done, unguarded tables)

Corruption = tuple[str, Callable[[World], object], tuple[type[models.Model], ...]]


def kind(check: str, done: Callable[[World], object], *unguarded: type[models.Model]) -> Corruption:
    return check, done, unguarded


KINDS: dict[str, Corruption] = {
    # money
    "provider speaks of an order that is not there": kind(
        "V01 known",
        lambda w: IncomingEvent.objects.update(body={"data": {"object": {"client_reference_id": "LF-0000001"}}}),
    ),
    "payment row deleted": kind("V02 paid", lambda w: erase(Payment.objects.filter(order=w.other))),
    "captured amount lowered": kind(
        "V02 paid", lambda w: Payment.objects.filter(order=w.other).update(captured_minor=1)
    ),
    "captured amount raised": kind(
        "V02 paid", lambda w: Payment.objects.filter(order=w.other).update(captured_minor=F("captured_minor") + 500)
    ),
    "payment in another currency": kind(
        "V02 paid", lambda w: Payment.objects.filter(order=w.other).update(currency="USD")
    ),
    "payment moved to an unpaid order": kind(
        "V02 paid", lambda w: Payment.objects.filter(order=w.other).update(order=w.waiting)
    ),
    "time of payment emptied": kind("V02 paid", lambda w: Order.objects.filter(pk=w.other.pk).update(paid_at=None)),
    "refund amount edited": kind(
        "V03 refunds", lambda w: Refund.objects.filter(reason="goodwill").update(amount_minor=90)
    ),
    "refunded sum of a payment edited": kind(
        "V03 refunds", lambda w: Payment.objects.filter(order=w.order).update(refunded_minor=F("refunded_minor") - 1)
    ),
    "refund row deleted": kind(
        "V03 refunds",
        lambda w: (erase(RefundLine.objects.all()), erase(Refund.objects.filter(reason="goodwill"))),
    ),
    "refund of another order": kind(
        "V03 refunds", lambda w: Refund.objects.filter(reason="goodwill").update(order=w.other)
    ),
    "refund in another currency": kind("V03 refunds", lambda w: Refund.objects.update(currency="GBP")),
    "more refunded than captured": kind(
        "V03 refunds",
        lambda w: Payment.objects.filter(order=w.other).update(refunded_minor=F("captured_minor") + 1),
        Payment,
    ),
    "refund line deleted": kind("V03 lines", lambda w: erase(RefundLine.objects.filter(line=w.goods))),
    "refunded units of a line raised": kind(
        "V03 lines", lambda w: OrderLine.objects.filter(pk=w.goods.pk).update(refunded=1)
    ),
    "units cancelled without a refund": kind(
        "V03 cancelled",
        lambda w: OrderLine.objects.filter(order=w.other).update(forwarded=0, cancelled=1),
    ),
    "paid order cancelled by hand": kind(
        "V03 cancelled", lambda w: Order.objects.filter(pk=w.other.pk).update(status="cancelled")
    ),
    "order total edited": kind(
        "V04 totals",
        lambda w: Order.objects.filter(pk=w.other.pk).update(
            total_minor=F("total_minor") - 1, items_minor=F("items_minor") - 1
        ),
    ),
    "order total alone edited": kind(
        "V04 totals", lambda w: Order.objects.filter(pk=w.waiting.pk).update(total_minor=1), Order
    ),
    "tax share edited": kind("V04 totals", lambda w: OrderLine.objects.filter(pk=w.goods.pk).update(tax_minor=1)),
    "discount share edited": kind(
        "V04 totals", lambda w: OrderLine.objects.filter(pk=w.goods.pk).update(discount_minor=5)
    ),
    "unit price edited": kind(
        "V04 totals", lambda w: OrderLine.objects.filter(pk=w.goods.pk).update(unit_price_minor=1)
    ),
    "delivery price edited": kind("V04 totals", lambda w: OrderDelivery.objects.update(price_minor=1)),
    "order line moved to another order": kind(
        "V04 totals", lambda w: OrderLine.objects.filter(pk=w.goods.pk).update(order=w.waiting)
    ),
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
    "request replaced": kind("V06 content", lambda w: SupplierOrder.objects.filter(order=w.other).update(request={})),
    "parcel without its supplier": kind("V06 parcels", lambda w: erase(SupplierShipment.objects.all())),
    "parcel of another order": kind("V06 parcels", lambda w: Shipment.objects.update(order=w.other)),
    "supplier order that nobody looks at": kind(
        "V07 dialogue", lambda w: SupplierOrder.objects.filter(order=w.other).update(due_at=None)
    ),
    "supplier's version edited": kind("V07 truth", lambda w: SupplierOrder.objects.filter(version=2).update(version=3)),
    "supplier's counter off": kind(
        "V07 truth", lambda w: SupplierOrderLine.objects.filter(order_line=w.goods).update(delivered=1)
    ),
    # history
    "order's state set back": kind(
        "V12 recorded", lambda w: Order.objects.filter(pk=w.other.pk).update(status="placed")
    ),
    "supplier order's state set back": kind(
        "V12 recorded", lambda w: SupplierOrder.objects.filter(status="closed").update(status="placed")
    ),
    "parcel's state set back": kind("V12 recorded", lambda w: Shipment.objects.update(status="in_transit")),
    "refund's state set forward": kind("V12 recorded", lambda w: Refund.objects.update(status="succeeded")),
    "answer to a cancellation set by hand": kind(
        "V12 recorded", lambda w: Cancellation.objects.filter(status="requested").update(status="refused")
    ),
    "supplier's decision set by hand": kind(
        "V12 recorded", lambda w: SupplierCancellation.objects.update(status="decided")
    ),
    "event of a wish to cancel deleted": kind(
        "V12 recorded", lambda w: erase(Event.objects.filter(kind="cancellation.requested")), Event
    ),
    "case closed by hand": kind("V12 recorded", lambda w: Ticket.objects.update(status="solved")),
    "event of a payment deleted": kind("V12 recorded", lambda w: erase(Event.objects.filter(kind="order.paid")), Event),
    "event of a making deleted": kind(
        "V12 recorded", lambda w: erase(Event.objects.filter(kind="order.placed", order=w.waiting)), Event
    ),
    "event in the middle deleted": kind(
        "V07 history", lambda w: erase(Event.objects.filter(kind="supplier_order.placed")), Event
    ),
    "event written twice": kind("V07 history", lambda w: copy_row(Event.objects.filter(kind="parcel.delivered").get())),
    "event of a decision deleted": kind(
        "V12 decided", lambda w: erase(Event.objects.filter(kind="approval.granted")), Event
    ),
    # messages
    "message deleted": kind("V08 told", lambda w: erase(Notification.objects.filter(kind="parcel-sent"))),
    "message about cancelled goods deleted": kind(
        "V08 told", lambda w: erase(Notification.objects.filter(kind="lines-cancelled"))
    ),
    "answer to a cancellation deleted": kind(
        "V08 told", lambda w: erase(Notification.objects.filter(kind="cancellation-answered"))
    ),
    "word that an answer takes time deleted": kind(
        "V08 told", lambda w: erase(Notification.objects.filter(kind="cancellation-asked"))
    ),
    "message about a new number deleted": kind(
        "V08 told",
        lambda w: (
            erase(Notification.objects.filter(kind="parcel-number")),
            Shipment.objects.update(status="in_transit", delivered_at=None),
        ),
    ),
    "refund tried again in silence": kind(
        "V08 told",
        lambda w: Refund.objects.filter(reason="supplier_cannot").update(
            idempotency_key=Concat("idempotency_key", Value("-again"))
        ),
    ),
    "two messages about one event": kind(
        "V08 once",
        lambda w: copy_row(Notification.objects.filter(kind="parcel-sent").get(), key="again", message_id="<again@x>"),
    ),
    "two messages with one id": kind(
        "V08 once", lambda w: Notification.objects.update(message_id="<same@x>"), Notification
    ),
    "message to somebody else": kind(
        "V08 addresses", lambda w: Notification.objects.filter(kind="parcel-sent").update(recipient="x@example.com")
    ),
    "case's message to somebody else": kind(
        "V08 addresses", lambda w: Notification.objects.filter(kind="ticket-opened").update(recipient="x@example.com")
    ),
    "message before the payment": kind(
        "V08 early", lambda w: Notification.objects.filter(kind="parcel-sent").update(order=w.waiting)
    ),
    # what waits
    "message given up in silence": kind("V09 given up", lambda w: Notification.objects.update(status="failed")),
    "refund failed without work": kind("V09 given up", lambda w: Refund.objects.update(status="failed", due_at=None)),
    "supplier order refused without work": kind(
        "V09 given up", lambda w: SupplierOrder.objects.filter(order=w.other).update(status="refused")
    ),
    "supplier order set aside in silence": kind(
        "V09 given up",
        lambda w: SupplierOrder.objects.filter(order=w.other).update(quarantined_at=timezone.now(), due_at=None),
    ),
    "news set aside in silence": kind(
        "V09 given up",
        lambda w: IncomingEvent.objects.update(quarantined_at=timezone.now(), due_at=None, done_at=None),
    ),
    "overdue row": kind(
        "V10 backlog",
        lambda w: SupplierOrder.objects.filter(order=w.other).update(due_at=timezone.now() - HOUR),
    ),
    "event that was never delivered": kind(
        "V10 backlog", lambda w: Event.objects.update(delivered_at=None, at=timezone.now() - HOUR)
    ),
    "lease that was never given back": kind(
        "V10 backlog",
        lambda w: SupplierReturn.objects.update(lease_until=timezone.now() - HOUR, due_at=None),
    ),
    "consequence that never followed": kind(
        "V10 consequences",
        lambda w: (
            Reaction.objects.update(done_at=None, due_at=timezone.now() + HOUR),
            Event.objects.update(at=timezone.now() - 2 * HOUR),
        ),
    ),
    "news that nobody worked on": kind(
        "V10 consequences",
        lambda w: IncomingEvent.objects.update(done_at=None, received_at=timezone.now() - 2 * HOUR),
    ),
    "consequence without a time": kind("V10 due", lambda w: Reaction.objects.update(done_at=None, due_at=None)),
    "message without a time": kind(
        "V10 due", lambda w: Notification.objects.filter(kind="parcel-sent").update(status="queued", due_at=None)
    ),
    "refund without a time": kind("V10 due", lambda w: Refund.objects.update(due_at=None)),
    "supplier that nobody asks to stop": kind("V10 due", lambda w: SupplierCancellation.objects.update(due_at=None)),
    "wish to cancel that nobody pursues": kind(
        "V10 due",
        lambda w: (erase(SupplierCancellationLine.objects.all()), erase(SupplierCancellation.objects.all())),
    ),
    "wish to cancel that nobody looked at": kind(
        "V10 due",
        lambda w: Cancellation.objects.filter(status="requested").update(
            allocated_at=None, requested_at=timezone.now() - 2 * HOUR
        ),
    ),
    "pay page that nobody ends": kind(
        "V10 due",
        lambda w: CheckoutSession.objects.create(
            order=w.expired, serial=9, idempotency_key="never", state="ending", expires_at=timezone.now()
        ),
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
    # people and returns
    "customer's address in the log of calls": kind(
        "V13 calls", lambda w: SupplierCall.objects.filter(order=w.order).update(excerpt=f"to {w.order.email}")
    ),
    "return larger than what was sent": kind("V15 returns", lambda w: Return.objects.update(quantity=3)),
    "return of another order's goods": kind(
        "V15 returns", lambda w: Return.objects.update(order_line=w.other.lines.get())
    ),
    "replacement larger than what was sent": kind(
        "V15 returns",
        lambda w: (Shipment.objects.update(kind="replacement"), OrderLine.objects.update(shipped=0, delivered=0)),
    ),
    "return resolved without its money": kind(
        "V15 resolved",
        lambda w: (
            SupplierReturn.objects.update(status="resolved"),
            Ticket.objects.update(status="solved"),
            Refund.objects.update(status="failed"),
            WorkItem.objects.update(closed_at=timezone.now()),
        ),
    ),
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
