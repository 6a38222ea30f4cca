"""What orders know about a person: handed out, and kept without the account when it is deleted."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Prefetch

from orders.models import Order, ProviderCustomer, Shipment
from shop.models import User
from shop.personal_data import Section, fields_of

ORDER = (
    "number", "status", "placed_at", "paid_at", "email", "name", "company", "line1", "line2", "city", "region",
    "postcode", "country", "phone", "note", "language", "currency", "items_minor", "delivery_minor", "discount_minor",
    "discount_code", "tax_minor", "total_minor", "pay_with", "confirmed_age",
)  # fmt: skip
LINE = (
    "sku",
    "name",
    "options_label",
    "quantity",
    "unit_price_minor",
    "line_minor",
    "delivered",
    "cancelled",
    "refunded",
)


def export(user: User) -> Iterator[Section]:
    """Yield the person's orders with everything that belongs to them."""
    shipments = Shipment.objects.prefetch_related("tracking_events")
    orders = (
        Order.objects.of(user)
        .prefetch_related("lines", "payments", "refunds", "papers", "cancellations", Prefetch("shipments", shipments))
        .order_by("pk")
    )
    yield "orders", (_order(order) for order in orders.iterator(chunk_size=50))


def _order(order: Order) -> dict[str, object]:
    return fields_of(order, *ORDER) | {
        "lines": [fields_of(line, *LINE) for line in order.lines.all()],
        "payments": [
            fields_of(row, "provider", "captured_minor", "currency", "captured_at", "card_brand", "card_last4")
            for row in order.payments.all()
        ],
        "refunds": [fields_of(row, "amount_minor", "status", "requested_at") for row in order.refunds.all()],
        "papers": [fields_of(row, "kind", "number", "issued_at") for row in order.papers.all()],
        "cancellations": [fields_of(row, "status", "requested_at") for row in order.cancellations.all()],
        "parcels": [_parcel(row) for row in order.shipments.all()],
    }


def _parcel(shipment: Shipment) -> dict[str, object]:
    names = ("status", "carrier_name", "tracking_number", "shipped_at", "delivered_at")
    events = [fields_of(row, "occurred_at", "status", "description", "place") for row in shipment.tracking_events.all()]
    return fields_of(shipment, *names) | {"events": events}


def forget(user: User) -> None:
    """Take the account off its orders: tax law has us keep those, the account not."""
    Order.objects.filter(user=user).update(user=None)
    ProviderCustomer.objects.filter(user=user).delete()
