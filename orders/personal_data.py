"""What orders know about a person: handed out, and kept without the account when it is deleted."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Prefetch, QuerySet

from orders.actions.customer import delete_customer_later
from orders.models import Event, LineReview, Order, ProviderCustomer, Shipment
from shop.actions.reviews import forget_author
from shop.models import Review, User
from shop.people import Person, person_of
from shop.personal_data import Section, fields_of

ORDER = (
    "number", "status", "placed_at", "paid_at", "email", "name", "company", "line1", "line2", "city", "region",
    "postcode", "country", "phone", "note", "language", "currency", "items_minor", "delivery_minor", "discount_minor",
    "discount_code", "tax_minor", "total_minor", "pay_with", "invoice_to", "confirmed_age",
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


def export(person: Person) -> Iterator[Section]:
    """Yield the person's orders with everything that belongs to them."""
    shipments = Shipment.objects.prefetch_related("tracking_events")
    corrected = Event.objects.filter(kind__in=["order.email_corrected", "order.address_changed"]).order_by("pk")
    orders = (
        Order.objects.of_person(person)
        .prefetch_related(
            "lines",
            "payments",
            "refunds",
            "papers",
            "cancellations",
            Prefetch("shipments", shipments),
            Prefetch("events", corrected, to_attr="corrections"),
        )
        .order_by("pk")
    )
    yield "orders", (_order(order) for order in orders.iterator(chunk_size=50))
    names = ("rating", "title", "text", "author", "created_at", "status")
    yield "reviews", (fields_of(row, *names) for row in reviews_of(person).iterator(chunk_size=100))
    customers = ProviderCustomer.objects.filter(user=person.user).exclude(user=None)
    yield "payment_page", (fields_of(row, "stripe_id", "email", "created_at") for row in customers)


def reviews_of(person: Person) -> QuerySet[Review]:
    """Return what somebody wrote of goods they bought."""
    written = LineReview.objects.filter(line__order__in=Order.objects.of_person(person))
    return Review.objects.filter(pk__in=written.values("review")).order_by("pk")


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
        "corrections": [
            {"at": event.at, "what": event.kind, "before": event.facts.get("before"), "now": event.facts.get("now")}
            for event in order.corrections  # type: ignore[attr-defined]
        ],
        "parcels": [_parcel(row) for row in order.shipments.all()],
    }


def _parcel(shipment: Shipment) -> dict[str, object]:
    names = ("status", "carrier_name", "tracking_number", "shipped_at", "delivered_at")
    events = [fields_of(row, "occurred_at", "status", "description", "place") for row in shipment.tracking_events.all()]
    return fields_of(shipment, *names) | {"events": events}


def forget(user: User) -> None:
    """Take the account off its orders: tax law has us keep those, the account not.

    What was said of goods stays without a name; and the provider is owed to be told.
    """
    for review in reviews_of(person_of(user)):
        forget_author(review)
    Order.objects.filter(user=user).update(user=None)
    delete_customer_later(user)
