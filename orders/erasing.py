"""What orders know of a person, let go of; see ``shop/erasure.py``.

An order stays with its goods, amounts and times, for the books; whom it went to stands in its papers only, which tax
law has us keep as they are.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from orders.actions.customer import delete_customer_later
from orders.models import (
    Authorisation,
    CancellationLine,
    CheckoutSession,
    Dispute,
    Estimate,
    Event,
    Hold,
    Order,
    ParcelNumber,
    PayAttempt,
    Payment,
    ProviderCustomer,
    Refund,
    RefundRequest,
    Shipment,
    TrackingEvent,
    WorkItem,
)
from orders.models.dispute import UNDECIDED
from orders.models.order import is_under_way, new_token
from orders.personal_data import reviews_of
from orders.states import RefundRequestStatus, RefundStatus
from shop.actions.reviews import refresh_rating
from shop.erasure import NOWHERE, Erasure
from shop.models import Review
from shop.people import Person

MARKS = ("email", "name", "company", "line1", "line2", "phone", "note")
# What an event says of an address before and after it was corrected.
CORRECTIONS = ("order.email_corrected", "order.address_changed")


def erased_email(order: Order) -> str:
    """Return what stands in place of an order's address."""
    return f"order-{order.pk}@{NOWHERE}"


def erased_fields(order: Order) -> dict[str, object]:
    """Return the columns of an order without its person; the country stays, for the tax that was charged there."""
    emptied = dict.fromkeys(
        ["name", "company", "line1", "line2", "city", "region", "postcode", "phone", "note", "invoice_to"], ""
    )
    return {**emptied, "email": erased_email(order), "user": None, "email_failed_at": None, "confirmed_age": None}


def marks(person: Person) -> Iterator[str]:
    """Yield what was typed at checkouts, and what was corrected since."""
    orders = Order.objects.of_person(person)
    for order in orders:
        yield from (str(getattr(order, name)) for name in MARKS)
        yield from order.invoice_to.splitlines()
    for facts in Event.objects.filter(order__in=orders, kind__in=CORRECTIONS).values_list("facts", flat=True):
        yield from (line for name in ("before", "now") for line in str(facts.get(name, "")).splitlines())
    if person.user is not None:
        yield from ProviderCustomer.objects.filter(user=person.user).values_list("email", flat=True)


def handles(person: Person) -> Iterator[str]:
    """Yield what suppliers, carriers and the payment provider call their orders, parcels and payments."""
    orders = Order.objects.of_person(person)
    yield from orders.values_list("number", flat=True)
    for model, name in (
        (CheckoutSession, "stripe_id"),
        (Payment, "stripe_id"),
        (Refund, "stripe_id"),
        (Authorisation, "stripe_id"),
        (Dispute, "stripe_id"),
        (Shipment, "tracking_number"),
        (CheckoutSession, "customer"),
    ):
        yield from filter(None, model._default_manager.filter(order__in=orders).values_list(name, flat=True))
    if person.user is not None:
        yield from ProviderCustomer.objects.filter(user=person.user).values_list("stripe_id", flat=True)


def waits(person: Person) -> Iterator[str]:
    """Yield what of their orders is not over."""
    orders = Order.objects.of_person(person)
    for number in orders.filter(is_under_way()).values_list("number", flat=True):
        yield _("Order %(number)s is still under way.") % {"number": number}
    coming = Refund.objects.filter(order__in=orders, status__in=[RefundStatus.REQUESTED, RefundStatus.PENDING])
    for number in coming.values_list("order__number", flat=True).distinct():
        yield _("Money of order %(number)s is still on its way back.") % {"number": number}
    asked = RefundRequest.objects.filter(order__in=orders, status=RefundRequestStatus.ASKED)
    for number in asked.values_list("order__number", flat=True).distinct():
        yield _("A refund of order %(number)s waits for approval.") % {"number": number}
    for number in Dispute.objects.filter(order__in=orders, status__in=UNDECIDED).values_list(
        "order__number", flat=True
    ):
        yield _("A bank has not decided about order %(number)s.") % {"number": number}


def counts(person: Person) -> Iterator[tuple[str, int]]:
    """Yield what there is."""
    orders = Order.objects.of_person(person)
    yield _("orders"), orders.count()
    yield _("reviews"), reviews_of(person).count()
    yield _("parcels with their scans"), Shipment.objects.filter(order__in=orders).count()


def erase(erasure: Erasure) -> None:
    """Take the person out of their orders and of all that belongs to those, except their papers."""
    person = erasure.person
    orders = list(Order.objects.of_person(person))
    for review in list(reviews_of(person)):
        Review.objects.filter(pk=review.pk).update(
            author="", title="", text="", refused_reason=review.refused_reason and "-"
        )
        refresh_rating(review.product_id)
    _empty_rows([order.pk for order in orders])
    PayAttempt.objects.filter(email__in=person.addresses).delete()
    if person.user is not None:
        delete_customer_later(person.user)
        # The provider is owed to be told; what it calls them is enough for that.
        ProviderCustomer.objects.filter(user=person.user).exclude(stripe_id="").update(email="")
    for order in orders:
        # Old links open it no more, nor do answers to old mails.
        Order.objects.filter(pk=order.pk).update(token=new_token(), **erased_fields(order))


def _empty_rows(orders: list[int]) -> None:
    def of(model: type) -> QuerySet:
        return model._default_manager.filter(order__in=orders)

    of(RefundRequest).update(note="", answer="")
    of(Refund).update(note="", failure="", last_error="")
    of(Hold).update(note="")
    of(Authorisation).update(note="", last_error="")
    of(Payment).update(card_brand="", card_last4="", reference="", last_error="")
    of(CheckoutSession).update(url="", customer="", last_error="")
    CancellationLine.objects.filter(cancellation__order__in=orders).update(why="")
    parcels = of(Shipment)
    TrackingEvent.objects.filter(shipment__in=parcels).update(description="", place="")
    ParcelNumber.objects.filter(shipment__in=parcels).delete()
    Estimate.objects.filter(delivery__order__in=orders).update(detail="")
    parcels.update(tracking_number="", tracking_url="")
    for item in of(WorkItem):
        WorkItem.objects.filter(pk=item.pk).update(summary=str(item.get_reason_display())[:300])
    for event in of(Event).filter(kind__in=CORRECTIONS):
        Event.objects.filter(pk=event.pk).update(facts=event.facts | {"before": "", "now": ""})
