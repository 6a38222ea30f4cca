"""What arrives after all, though it was paid back as goods that never came."""

from __future__ import annotations

from django.db.models import Q, QuerySet, Sum

from orders.actions.work import open_work
from orders.models import Refund, RefundLine, Shipment, ShipmentLine, WorkItem
from orders.states import ParcelStatus, RefundStatus


def key_of_parcel(shipment: Shipment) -> str:
    """Return the key of the refund for what is in a lost parcel: there is one, however often it is asked for."""
    return f"parcel-{shipment.pk}"


def ask_about_paid_back(shipment: Shipment) -> bool:
    """Ask a person about a parcel that has just arrived with goods that were paid back as not delivered.

    No money is taken from a customer again by itself: what becomes of the goods is agreed with the customer, and of
    a supplier's credit with the supplier. Once per parcel. Inside the transaction that lets it arrive; mostly one query.
    """
    order, lines = shipment.order, shipment.lines.values("line")
    lost = Refund.objects.filter(order=order, reason=Refund.Reason.NOT_DELIVERED).exclude(status=RefundStatus.FAILED)
    found = list(lost.filter(Q(idempotency_key=key_of_parcel(shipment)) | Q(lines__line__in=lines)).distinct())
    if not found:
        return False
    of_parcel = [refund for refund in found if refund.idempotency_key == key_of_parcel(shipment)]
    money = sum(refund.amount_minor for refund in of_parcel) if of_parcel else _came(shipment, lost)
    if not money:
        return False
    summary = f"Parcel {shipment} of {order.number} has come after it was paid back as not delivered."
    return open_work(WorkItem.Reason.CAME_PAID_BACK, shipment, order=order, summary=summary, money_minor=money)


def _came(shipment: Shipment, lost: QuerySet[Refund]) -> int:
    """Return what those units cost that can only be some of the ones that were paid back; minor units."""
    paid_back = _units(RefundLine.objects.filter(refund__in=lost))
    here = _units(ShipmentLine.objects.filter(line__in=paid_back, shipment__status=ParcelStatus.DELIVERED))
    money = 0
    for one in shipment.lines.filter(line__in=paid_back).select_related("line"):
        line = one.line
        # Of five of which two were paid back, three may come as they were expected.
        too_many = here.get(line.pk, 0) + paid_back[line.pk] - (line.quantity - line.cancelled)
        money += max(0, min(too_many, one.quantity, paid_back[line.pk])) * line.unit_price_minor
    return money


def _units(rows: QuerySet) -> dict[int, int]:
    return dict(rows.order_by().values("line").annotate(units=Sum("quantity")).values_list("line", "units"))
