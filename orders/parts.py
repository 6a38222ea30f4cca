"""What an order has none of, told along with it: most have no cancellation, no refund, no hold, no parcel yet."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet

from orders.models import Cancellation, Estimate, Event, Hold, Order, Paper, Refund, Shipment

PARTS = {
    "cancellations": Cancellation.objects.all(),
    "shipments": Shipment.objects.all(),
    "estimates": Estimate.objects.all(),
    "holds": Hold.objects.all(),
    "refunds": Refund.objects.all(),
    "papers": Paper.objects.all(),
    "corrections": Event.objects.filter(kind="order.email_corrected"),
}


def with_parts(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Let each order tell which PARTS it has at this moment, by the same query. For pages that only show."""
    found = {f"has_{name}": Exists(rows.filter(order=OuterRef("pk"))) for name, rows in PARTS.items()}
    return orders.annotate(**found)


def may_have(order: Order, part: str) -> bool:
    """False if an order was read ``with_parts`` and had none of it: then there is nothing to ask the database for."""
    return bool(getattr(order, f"has_{part}", True))
