"""The parcels of new goods that a supplier sends itself for a return, in the place of what we would order.

Such goods are a line at no price and a part of their own that nobody orders (``replace_in_kind.py``): a supplier order
``for_return``, accepted from the first moment, at no cost, filled by the parcels that the supplier sends for that
return, which stand under its old order's reference. So units, parcels, lateness and audit hold for it as for any
other, and nothing is ever asked under its reference, which its supplier does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db.models import Q, Sum

from orders import events
from orders.actions.estimates import record_estimate
from orders.actions.shipping import NOT_SENT, ParcelNews, count_units, lock_order
from orders.actions.work import open_work
from orders.events import key_of
from orders.models import Estimate, Order, OrderDelivery, OrderLine, Shipment, ShipmentLine, WorkItem
from orders.states import ParcelStatus
from suppliers.actions.reading import Garbage, reference_of, section
from suppliers.models import Supplier, SupplierOrder, SupplierOrderLine, SupplierReturn, SupplierShipment
from suppliers.states import SupplierOrderStatus, move_supplier_order

Status = SupplierOrderStatus
Kind = Shipment.Kind


def return_named(supplier: Supplier, order: Order, copy: Mapping[str, Any], shipment_id: str) -> SupplierReturn | None:
    """Return the return that a copy of a parcel says it is for; None if we know none. One or two queries.

    One that names none is looked for in what the supplier has said of the order's returns.
    """
    rows = SupplierReturn.objects.filter(order=order, supplier_order__supplier=supplier)
    reference = reference_of(copy, "return_reference")
    if reference is not None:
        return rows.filter(return_reference=reference).first()
    return next((row for row in rows if shipment_id in promised_ids(row)), None)


def promised_ids(back: SupplierReturn) -> list[str]:
    """Return the parcels that a supplier says it has resolved a return with, by its own ids."""
    told = section(back.last_copy, "resolution").get("shipment_ids")
    return [one for one in told if isinstance(one, str)] if isinstance(told, list) else []


def made_for(back: SupplierReturn | None) -> SupplierOrder | None:
    """Return the part that stands for a return's new goods, or None. One query; none without a return."""
    rows = SupplierOrder.objects.select_related("order", "supplier")
    return rows.filter(for_return=back).first() if back is not None else None


def in_its_place(made: SupplierOrder, named: SupplierOrder, news: ParcelNews) -> ParcelNews:
    """Return news of a parcel as those of the new lines it brings, which is any other parcel from here on.

    ``named``: the order it was told under. Raises Garbage for goods that the return is not about.
    """
    ids = dict(named.lines.values_list("order_line", "line_id"))
    mine = dict(made.lines.values_list("line_id", "order_line"))
    if not all(ids.get(pk) in mine for pk in news.lines):
        raise Garbage("new goods for another line than its return's")
    return replace(news, lines={mine[ids[pk]]: units for pk, units in news.lines.items()}, kind=Kind.OUTBOUND)


def take_over_parcels(made: SupplierOrder) -> None:
    """Let parcels that were told of before be those of the new lines; what does not fit is a person's.

    The caller has the order locked.
    """
    back = made.for_return
    assert back is not None
    links = SupplierShipment.objects.filter(
        Q(for_return=back) | Q(supplier_shipment_id__in=promised_ids(back)),
        supplier=made.supplier,
        shipment__order=made.order,
        shipment__kind=Kind.REPLACEMENT,
    )
    for link in links.select_related("shipment", "supplier_order").order_by("pk"):
        if not _take_over(made, link):
            ask_about_second(link, back)
    count_units(made.order, is_locked=True)
    count_in_kind(made)


def _take_over(made: SupplierOrder, link: SupplierShipment) -> bool:
    shipment = link.shipment
    told = {part.line_id: part.quantity for part in shipment.lines.all()}
    try:
        news = in_its_place(made, link.supplier_order, ParcelNews(lines=told, status=None))
    except Garbage:
        return False
    left = {line.order_line_id: line.quantity - _packed(made, line) for line in made.lines.all()}
    if any(units > left[pk] for pk, units in news.lines.items()) and shipment.status != ParcelStatus.CANCELLED:
        return False
    ids = dict(zip(told, news.lines, strict=True))
    for part in shipment.lines.all():
        ShipmentLine.objects.filter(pk=part.pk).update(line=ids[part.line_id])
    delivery = OrderDelivery.objects.get(lines=next(iter(news.lines)))
    Shipment.objects.filter(pk=shipment.pk).update(kind=Kind.OUTBOUND, delivery=delivery)
    SupplierShipment.objects.filter(pk=link.pk).update(supplier_order=made, for_return=made.for_return)
    shipment.refresh_from_db()
    events.record("parcel.taken_over", shipment, by=None, supplier_order=made.pk)
    _expect_as_told(delivery, shipment)
    return True


def _packed(made: SupplierOrder, line: SupplierOrderLine) -> int:
    parts = ShipmentLine.objects.filter(shipment__in=made.shipments.values("shipment"), line=line.order_line_id)
    return parts.exclude(shipment__status=ParcelStatus.CANCELLED).aggregate(units=Sum("quantity"))["units"] or 0


def _expect_as_told(delivery: OrderDelivery, shipment: Shipment) -> None:
    """Expect the new goods when the supplier and the carrier have said that their parcel comes."""
    if shipment.delivered_at is not None:
        return
    newest = {word.source: word for word in Estimate.objects.filter(shipment=shipment).order_by("told_at", "pk")}
    for word in newest.values():
        record_estimate(
            delivery,
            shipment,
            earliest_on=word.earliest_on,
            latest_on=word.latest_on,
            source=Estimate.Source(word.source),
            reason_code=word.reason_code,
            detail=word.detail,
            is_locked=True,
        )


def count_in_kind(made: SupplierOrder) -> None:
    """Write on a part that nobody ordered what its parcels say: no copy of its own ever tells it. Safe to repeat.

    The caller has the order locked.
    """
    sent = ShipmentLine.objects.filter(shipment__in=made.shipments.values("shipment")).exclude(
        shipment__status__in=NOT_SENT
    )
    lines = list(made.lines.all())
    for line in lines:
        of_line = sent.filter(line=line.order_line_id)
        shipped = of_line.aggregate(units=Sum("quantity"))["units"] or 0
        here = of_line.exclude(shipment__delivered_at=None).aggregate(units=Sum("quantity"))["units"] or 0
        line.shipped, line.delivered = min(shipped, line.accepted), min(here, line.accepted)
        SupplierOrderLine.objects.filter(pk=line.pk).update(shipped=line.shipped, delivered=line.delivered)
    if made.status == Status.PLACED and all(line.delivered >= line.accepted for line in lines):
        move_supplier_order(made, Status.CLOSED, by=None)


def count_anew(line: OrderLine) -> None:
    """Write down what carriers have told of new goods that a supplier sends itself; nothing for others.

    Inside a transaction. One query for goods that we ordered.
    """
    rows = SupplierOrder.objects.filter(lines__order_line=line, for_return__isnull=False)
    made = rows.select_related("order").first()
    if made is not None:
        lock_order(made.order)
        made.refresh_from_db()
        count_in_kind(made)


# --- what may have been sent twice


def ask_about_second(link: SupplierShipment, back: SupplierReturn | None) -> bool:
    """Ask a person about new goods that a supplier sends though we have done something else, or know of no return.

    Once per return, or per parcel without one. A label alone may be void by now, and is passed over.
    """
    shipment, source = link.shipment, link.supplier_order
    if shipment.status in NOT_SENT and shipment.shipped_at is None:
        return False
    reason, subject, part = WorkItem.Reason.COMES_TWICE, back or source, "" if back else link.supplier_shipment_id
    if WorkItem.objects.filter(reason=reason, subject_key=key_of(subject), part=part).exists():
        return False
    order, name = source.order, link.supplier.name
    about = f"for {back.return_reference}" if back else "for no return that we know"
    summary = f"{name} sends new goods of {order.number} {about}: they may come twice. Parcel {shipment}."
    money = sum(one.quantity * one.line.unit_price_minor for one in shipment.lines.select_related("line"))
    return open_work(reason, subject, order=order, summary=summary, part=part, money_minor=money)


def ask_about_all_sent(back: SupplierReturn) -> None:
    """Do so for the parcels that are known of a return whose new goods come from us after all. Inside a transaction."""
    links = back.parcels.filter(shipment__kind=Kind.REPLACEMENT)
    for link in links.select_related("shipment", "supplier", "supplier_order__order"):
        ask_about_second(link, back)
