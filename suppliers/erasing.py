"""What we told suppliers and carriers of a person, and they us, let go of; see ``shop/erasure.py``."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q
from django.utils.translation import gettext as _

from orders.erasing import erased_fields
from orders.models import Order, Shipment
from shop.erasure import Erasure
from shop.people import Person
from suppliers.actions.addressed import addressed_to
from suppliers.models import (
    ParcelWatch,
    SupplierCall,
    SupplierCancellation,
    SupplierCredit,
    SupplierOrder,
    SupplierReturn,
    TrackingCall,
)

# States of a return in which the supplier still owes an answer, or the goods are on their way.
R = SupplierReturn.Status
OPEN_RETURNS = [R.TO_ASK, R.UNKNOWN, R.REQUESTED, R.APPROVED, R.IN_TRANSIT, R.RECEIVED]


def marks(person: Person) -> Iterator[str]:
    """Suppliers were told what orders say; there is nothing else."""
    yield from ()


def handles(person: Person) -> Iterator[str]:
    """Yield what suppliers call their orders and returns."""
    rows = SupplierOrder.objects.filter(order__in=Order.objects.of_person(person))
    for reference, number in rows.values_list("reference", "supplier_order_id"):
        yield from (reference, number)
    backs = SupplierReturn.objects.filter(order__in=Order.objects.of_person(person))
    yield from backs.values_list("return_reference", flat=True)


def waits(person: Person) -> Iterator[str]:
    """Yield returns that are not over."""
    rows = SupplierReturn.objects.filter(order__in=Order.objects.of_person(person), status__in=OPEN_RETURNS)
    for row in rows:
        yield _("Return %(number)s is still under way.") % {"number": row.return_reference}


def counts(person: Person) -> Iterator[tuple[str, int]]:
    """Yield what there is."""
    orders = Order.objects.of_person(person)
    yield _("what suppliers were told"), SupplierOrder.objects.filter(order__in=orders).count()
    yield _("returns"), SupplierReturn.objects.filter(order__in=orders).count()


def erase(erasure: Erasure) -> None:
    """Take the person out of what was asked and answered; amounts and counters stay."""
    orders = list(Order.objects.of_person(erasure.person).values_list("pk", flat=True))
    rows = SupplierOrder.objects.filter(order__in=orders)
    for row in rows.select_related("order"):
        for name, value in erased_fields(row.order).items():
            setattr(row.order, name, value)
        kept = {name: value for name, value in row.request.items() if name not in {"ship_to", "note"}}
        request = kept | addressed_to(row.order) if row.request else {}
        rows.filter(pk=row.pk).update(request=request, last_copy={}, refused_reason="", last_error="")
    backs = SupplierReturn.objects.filter(order__in=orders)
    backs.update(request={}, last_copy={}, refused_reason="", last_error="")
    for asked in SupplierCancellation.objects.filter(order__in=orders):
        request = {name: value for name, value in asked.request.items() if name != "note"}
        SupplierCancellation.objects.filter(pk=asked.pk).update(request=request, outcome="", last_error="")
    SupplierCredit.objects.filter(order__in=orders).update(note="")
    SupplierCall.objects.filter(Q(order__in=orders) | Q(reference__in=erasure.handles)).delete()
    numbers = (
        Shipment.objects.filter(order__in=orders).exclude(tracking_number="").values_list("tracking_number", flat=True)
    )
    for number in list(numbers):
        TrackingCall.objects.filter(Q(path__contains=number) | Q(excerpt__contains=number)).delete()
    ParcelWatch.objects.filter(shipment__order__in=orders).delete()
