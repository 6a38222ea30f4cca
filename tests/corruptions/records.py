"""What may be done to the history, to messages, to what is still owed and to what must not be kept."""

from __future__ import annotations

from django.db.models import Value
from django.db.models.functions import Concat
from django.utils import timezone

from notifications.models import EventDelivery, Notification, Suppression
from orders.models import Cancellation, CheckoutSession, Event, IncomingEvent, Order, Reaction, Refund, Shipment
from suppliers.models import SupplierCall, SupplierCancellation, SupplierCancellationLine, SupplierOrder, SupplierReturn
from support.models import Ticket
from tests.corruptions.hand import HOUR, Corruption, World, copy_row, erase, kind
from tests.waiting import an_endpoint


def _event_told(world: World) -> EventDelivery:
    event = world.order.events.get(kind="order.paid")
    facts = {"endpoint": an_endpoint(), "webhook_id": "msg_1", "body": "{}", "give_up_at": timezone.now()}
    return EventDelivery.objects.create(event=event, kind=event.kind, **facts)


RECORDS: dict[str, Corruption] = {
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
        "V08 addresses",
        lambda w: Notification.objects.filter(kind__startswith="return-").update(recipient="x@example.com"),
    ),
    "message before the payment": kind(
        "V08 early", lambda w: Notification.objects.filter(kind="parcel-sent").update(order=w.waiting)
    ),
    # whom we reach
    "message left out although its address works": kind(
        "V09 reach", lambda w: Notification.objects.filter(kind="parcel-sent").update(status="suppressed")
    ),
    "page that hides that nobody is reached": kind(
        "V09 reach",
        lambda w: (
            Suppression.objects.create(address=w.order.email, source="staff"),
            Notification.objects.filter(kind="parcel-sent").update(status="suppressed", order=w.other),
        ),
    ),
    "customer who hears nothing, and nobody asked": kind(
        "V09 reach",
        lambda w: (
            Suppression.objects.create(address=w.other.email, source="staff"),
            Order.objects.filter(pk=w.other.pk).update(email_failed_at=timezone.now()),
        ),
    ),
    "page that says so of an address that works": kind(
        "V09 reach", lambda w: Order.objects.filter(pk=w.other.pk).update(email_failed_at=timezone.now())
    ),
    "message of the contract left out as not wanted": kind(
        "V08 wishes", lambda w: Notification.objects.filter(kind="parcel-sent").update(status="declined")
    ),
    "text message alone": kind(
        "V08 wishes",
        lambda w: copy_row(
            Notification.objects.filter(kind="parcel-sent").get(), key="sms:x", message_id="<x@x>", channel="sms"
        ),
    ),
    "event for others given up in silence": kind("V09 endpoints", lambda w: an_endpoint(given_up_at=timezone.now())),
    "event for others that nobody sends": kind("V09 endpoints", lambda w: _event_told(w)),
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
    # people
    "customer's address in the log of calls": kind(
        "V13 calls", lambda w: SupplierCall.objects.filter(order=w.order).update(excerpt=f"to {w.order.email}")
    ),
}
