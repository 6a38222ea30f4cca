"""Take in a supplier's copies of parcels; versions only rise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from orders.actions.estimates import record_estimate
from orders.actions.shipping import (
    NOT_SENT,
    ParcelNews,
    Scan,
    check_quantities,
    lock_order,
    record_parcel,
)
from orders.actions.work import close_work, open_work
from orders.models import Estimate, OrderDelivery, OrderLine, Shipment, WorkItem
from orders.states import ParcelStatus
from suppliers.actions.contract import Garbage, check_parcel
from suppliers.actions.reading import MAKES_NO_SENSE, day, moment, note_garbage
from suppliers.actions.stopped import has_cancelled_goods
from suppliers.models import Supplier, SupplierOrder, SupplierShipment

Reason = WorkItem.Reason


def take_shipment_copy(supplier: Supplier, copy: Mapping[str, Any]) -> bool:
    """Take in a supplier's copy of a parcel if it is newer than the one known; see ``track.take_order_copy``.

    Raises IntegrityError if another process takes in the same new parcel at this moment: try again.
    """
    rows = SupplierOrder.objects.filter(supplier=supplier, reference=str(copy.get("reference")))
    supplier_order = rows.select_related("order").first()
    if supplier_order is None:
        return False
    supplier_order.supplier = supplier
    try:
        version, shipment_id = int(copy["version"]), str(copy["shipment_id"])[:64]
        # Versions only rise: what is old news now stays it, and waits for no lock.
        if _known_parcel(supplier, shipment_id).filter(version__gte=version).exists():
            return False
        news = _news_of(supplier_order, copy)
    except MAKES_NO_SENSE as error:
        return note_garbage(Reason.PARCEL_GARBAGE, supplier_order, error)
    try:
        return _take_parcel(supplier_order, shipment_id, version, news, copy)
    except Garbage as error:
        return note_garbage(Reason.PARCEL_GARBAGE, supplier_order, error)


def _known_parcel(supplier: Supplier, shipment_id: str) -> QuerySet[SupplierShipment]:
    return SupplierShipment.objects.filter(supplier=supplier, supplier_shipment_id=shipment_id)


def _take_parcel(
    supplier_order: SupplierOrder, shipment_id: str, version: int, news: ParcelNews, copy: Mapping[str, Any]
) -> bool:
    order, supplier = supplier_order.order, supplier_order.supplier
    with transaction.atomic():
        lock_order(order)
        link = _known_parcel(supplier, shipment_id).select_related("shipment__delivery").first()
        if link is not None and link.version >= version:
            return False
        known = link.shipment if link else None
        check_parcel(supplier_order, known, news.lines, is_outbound=news.kind == Shipment.Kind.OUTBOUND)
        if has_cancelled_goods(order, known, news):
            return _note_cancelled_goods(supplier_order, news)
        if link is not None:
            SupplierShipment.objects.filter(pk=link.pk).update(version=version)
            shipment = record_parcel(order, link.shipment.delivery, link.shipment, news)
        else:
            shipment = record_parcel(order, _delivery_of(supplier, news), None, news)
            SupplierShipment.objects.create(
                supplier=supplier,
                supplier_shipment_id=shipment_id,
                supplier_order=supplier_order,
                shipment=shipment,
                version=version,
            )
        close_work(Reason.PARCEL_GARBAGE, supplier_order)
        if shipment.delivery is not None and shipment.delivered_at is None:
            _take_estimate(shipment.delivery, shipment, copy)
    return True


def _take_estimate(delivery: OrderDelivery, shipment: Shipment, copy: Mapping[str, Any]) -> None:
    eta, delay = copy.get("eta") or {}, copy.get("delay") or {}
    record_estimate(
        delivery,
        shipment,
        earliest_on=day(eta.get("earliest")),
        latest_on=day(eta.get("latest")),
        source=Estimate.Source.CARRIER if eta.get("source") == "carrier" else Estimate.Source.SUPPLIER,
        reason_code=str(delay.get("reason_code") or ""),
        detail=str(delay.get("detail") or ""),
    )


def _note_cancelled_goods(supplier_order: SupplierOrder, news: ParcelNews) -> bool:
    """Ask a person about a parcel of cancelled goods that left; a label alone may be void by now, and is passed over."""
    if news.status in NOT_SENT and news.shipped_at is None:
        return False
    order = supplier_order.order
    units = ", ".join(f"{units} x {line.sku}" for line in order.lines.all() if (units := news.lines.get(line.pk)))
    name = supplier_order.supplier.name
    summary = f"{name} has sent {units} of {order.number}, of which some were cancelled. Parcel {news.tracking_number}."
    money = sum(line.line_minor for line in order.lines.all() if line.pk in news.lines)
    open_work(WorkItem.Reason.CANCELLED_SENT, supplier_order, order=order, summary=summary, money_minor=money)
    return False


def _delivery_of(supplier: Supplier, news: ParcelNews) -> OrderDelivery:
    line = OrderLine.objects.select_related("delivery").get(pk=next(iter(news.lines)))
    # Part of a line may come from another supplier than the one it was sold from.
    own = OrderDelivery.objects.filter(order=line.order_id, profile=supplier.delivery_profile_id).first()
    return own or line.delivery


def _news_of(supplier_order: SupplierOrder, copy: Mapping[str, Any]) -> ParcelNews:
    known = {line.line_id: line.order_line_id for line in supplier_order.lines.all()}
    lines: dict[int, int] = {}
    for told in copy["lines"]:
        line_id = known.get(str(told["line_id"]))
        if line_id is None:
            raise Garbage(f"line {str(told['line_id'])[:40]} is not ours")
        lines[line_id] = lines.get(line_id, 0) + int(told["quantity"])
    if not check_quantities(supplier_order.order, lines):
        raise Garbage("more units in the parcel than were ordered")
    carrier = copy.get("carrier") or {}
    kind = Shipment.Kind.REPLACEMENT if copy.get("kind") == "replacement" else Shipment.Kind.OUTBOUND
    return ParcelNews(
        lines=lines,
        status=_status(copy.get("status")),
        kind=kind,
        reason_code=str(copy.get("reason_code") or "")[:40],
        carrier_code=str(carrier.get("code") or "")[:40],
        carrier_name=str(carrier.get("name") or "")[:80],
        tracking_number=str(copy.get("tracking_number") or "")[:64],
        tracking_url=str(copy.get("tracking_url") or "")[:500],
        shipped_at=moment(copy.get("shipped_at")),
        delivered_at=moment(copy.get("delivered_at")),
        scans=[scan for scan in (_scan(told) for told in copy.get("events") or []) if scan],
    )


def _scan(told: Mapping[str, Any]) -> Scan | None:
    status, occurred_at = _status(told.get("status")), moment(told.get("occurred_at"))
    if status is None or occurred_at is None:
        return None
    place = told.get("location") or {}
    words = [str(place[name]) for name in ("city", "country") if place.get(name)]
    return Scan(str(told["event_id"]), occurred_at, status, str(told.get("description") or ""), ", ".join(words))


def _status(word: object) -> ParcelStatus | None:
    return ParcelStatus(str(word)) if str(word) in ParcelStatus.values else None
