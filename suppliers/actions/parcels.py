"""Take in a supplier's copies of parcels; versions only rise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from orders.actions.estimates import record_estimate
from orders.actions.shipping import (
    NOT_SENT,
    ParcelNews,
    Scan,
    lock_order,
    record_parcel,
)
from orders.actions.work import close_parts, open_work
from orders.models import Estimate, OrderDelivery, OrderLine, Shipment, WorkItem
from orders.states import ParcelStatus
from shop.prepared import Prepared, PreparedRows
from suppliers.actions.contract import check_parcel
from suppliers.actions.follow import carrier_tells_days, follow_parcel
from suppliers.actions.in_kind import ask_about_second, count_in_kind, in_its_place, made_for, return_named
from suppliers.actions.reading import (
    MAKES_NO_SENSE,
    Garbage,
    day,
    identity,
    moment,
    note_garbage,
    note_nameless,
    objects,
    order_named,
    reference_of,
    section,
    version_of,
    whole_number,
    words,
)
from suppliers.actions.stopped import has_cancelled_goods
from suppliers.carriers.directory import carrier_named, link_of
from suppliers.carriers.numbers import carrier_of_number
from suppliers.models import Supplier, SupplierOrder, SupplierOrderLine, SupplierReturn, SupplierShipment

Reason = WorkItem.Reason


def take_shipment_copy(supplier: Supplier, copy: Mapping[str, Any]) -> bool:
    """Take in a supplier's copy of a parcel if it is newer than the one known; see ``track.take_order_copy``.

    Raises IntegrityError if another process takes in the same new parcel at this moment: try again.
    """
    reference = reference_of(copy)
    if reference is None:
        return note_nameless(supplier, "news of a parcel")
    supplier_order = order_named(supplier, reference)
    if supplier_order is None:
        return False
    shipment_id = ""
    try:
        version, shipment_id = version_of(copy), identity(copy, "shipment_id")
        # Versions only rise: what is old news now stays it, and waits for no lock.
        known = _known_version(supplier.pk, shipment_id)
        if known and known[0][0] >= version:
            return False
        news, estimate = _news_of(supplier_order, copy), estimate_of(copy)
        return _take_parcel(_Copy(supplier_order, shipment_id, version, copy), news, estimate)
    except MAKES_NO_SENSE as error:
        return note_garbage(Reason.PARCEL_GARBAGE, supplier_order, error, shipment_id)


def _close_garbage(supplier_order: SupplierOrder, shipment_id: str) -> None:
    """Close the work about a parcel that made no sense, or a nameless one; that about another parcel stays."""
    close_parts(Reason.PARCEL_GARBAGE, supplier_order, (shipment_id, ""))


def _known_parcel(supplier: int, shipment_id: str) -> QuerySet[SupplierShipment]:
    return SupplierShipment.objects.filter(supplier=supplier, supplier_shipment_id=shipment_id).order_by()


_known_version = Prepared(lambda *named: _known_parcel(*named).values_list("version"))
_known_link = PreparedRows(lambda *named: _known_parcel(*named).select_related("shipment__delivery"))
_lines = PreparedRows(lambda row: SupplierOrderLine.objects.filter(supplier_order=row).select_related("order_line"))
_line = PreparedRows(lambda pk: OrderLine.objects.filter(pk=pk).select_related("delivery").order_by())


@dataclass(frozen=True, slots=True)
class _Copy:
    """A copy of a parcel, and the order of ours that it names."""

    named: SupplierOrder
    shipment_id: str
    version: int
    whole: Mapping[str, Any]


def _take_parcel(copy: _Copy, news: ParcelNews, estimate: Mapping[str, Any]) -> bool:
    order, supplier = copy.named.order, copy.named.supplier
    with transaction.atomic():
        lock_order(order)
        link = _known_link.first(supplier.pk, copy.shipment_id)
        if link is not None and link.version >= copy.version:
            return False
        known, is_new_goods = link.shipment if link else None, news.kind == Shipment.Kind.REPLACEMENT
        back = return_named(supplier, order, copy.whole, copy.shipment_id) if is_new_goods else None
        # One that did not fit the new lines when these were made stays what it was told to be.
        made = made_for(back) if known is None or known.kind == Shipment.Kind.OUTBOUND else None
        if made is not None:
            news = in_its_place(made, copy.named, news)
        source = made or copy.named
        check_parcel(source, known, news.lines, is_outbound=news.kind == Shipment.Kind.OUTBOUND)
        if has_cancelled_goods(order, known, news):
            return _note_cancelled_goods(source, news)
        link = _write_parcel(copy, source, link, news, back)
        shipment = link.shipment
        follow_parcel(shipment)
        _close_garbage(copy.named, copy.shipment_id)
        if is_new_goods:
            _note_new_goods(link, made, back)
        if shipment.delivery is not None and shipment.delivered_at is None:
            record_estimate(shipment.delivery, shipment, **_as_heard(shipment, estimate), is_locked=True)
    return True


def _write_parcel(
    copy: _Copy, source: SupplierOrder, link: SupplierShipment | None, news: ParcelNews, back: SupplierReturn | None
) -> SupplierShipment:
    order, supplier = copy.named.order, copy.named.supplier
    if link is not None:
        SupplierShipment.objects.filter(pk=link.pk).update(version=copy.version, for_return=back or link.for_return_id)
        link.shipment = record_parcel(order, link.shipment.delivery, link.shipment, news)
        return link
    shipment = record_parcel(order, _delivery_of(supplier, news), None, news)
    if supplier.can("delivery_events") and news.tracking_number:
        # Without a scan for days it is silent; of others none was ever to come.
        Shipment.objects.filter(pk=shipment.pk).update(is_followed=True)
    return SupplierShipment.objects.create(
        supplier=supplier,
        supplier_shipment_id=copy.shipment_id,
        supplier_order=source,
        shipment=shipment,
        for_return=back,
        version=copy.version,
    )


def _note_new_goods(link: SupplierShipment, made: SupplierOrder | None, back: SupplierReturn | None) -> None:
    """Count new goods that their supplier sends itself; ask a person about those that nobody waits for."""
    if made is not None:
        count_in_kind(made)
    elif back is None or not back.awaits_replacement:
        ask_about_second(link, back)


def estimate_of(copy: Mapping[str, Any]) -> dict[str, Any]:
    """Return when the goods of a copy, of an order or a parcel, are to arrive, as ``record_estimate`` takes it.

    Raises Garbage.
    """
    eta, delay = section(copy, "eta"), section(copy, "delay")
    return {
        "earliest_on": day(eta.get("earliest")),
        "latest_on": day(eta.get("latest")),
        "source": Estimate.Source.CARRIER if eta.get("source") == "carrier" else Estimate.Source.SUPPLIER,
        "reason_code": words(delay, "reason_code", 40),
        "detail": words(delay, "detail", 500),
    }


def _as_heard(shipment: Shipment, estimate: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a supplier's word on the day; what it passes on of a carrier that tells us itself is its own word only."""
    is_hearsay = estimate["source"] == Estimate.Source.CARRIER and carrier_tells_days(shipment)
    return {**estimate, "source": Estimate.Source.SUPPLIER} if is_hearsay else estimate


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
    line = _line.first(next(iter(news.lines)))
    if line.delivery.profile_id == supplier.delivery_profile_id:
        return line.delivery
    # Part of a line may come from another supplier than the one it was sold from.
    own = OrderDelivery.objects.filter(order=line.order_id, profile=supplier.delivery_profile_id).first()
    return own or line.delivery


def _news_of(supplier_order: SupplierOrder, copy: Mapping[str, Any]) -> ParcelNews:
    """Raises Garbage and whatever else is in MAKES_NO_SENSE."""
    lines = _units_of(supplier_order, copy)
    carrier, number = section(copy, "carrier"), words(copy, "tracking_number", 64)
    code, name = words(carrier, "code", 40), words(carrier, "name", 80)
    known = carrier_named(code, name) or carrier_of_number(number)
    country = str(supplier_order.order.country)
    is_replacement = words(copy, "kind", 20) == "replacement"
    return ParcelNews(
        lines=lines,
        status=_status(words(copy, "status", 40)),
        kind=Shipment.Kind.REPLACEMENT if is_replacement else Shipment.Kind.OUTBOUND,
        reason_code=words(copy, "reason_code", 40),
        carrier_code=code,
        # Where the supplier names nobody, the number may; and the carrier's page shows a number that has no link.
        carrier_name=name or (known.name if known else ""),
        tracking_number=number,
        tracking_url=words(copy, "tracking_url", 500) or (link_of(known, number, country) if known else ""),
        shipped_at=moment(copy.get("shipped_at")),
        delivered_at=moment(copy.get("delivered_at")),
        scans=[scan for scan in (_scan(told) for told in objects(copy, "events")) if scan],
    )


def _units_of(supplier_order: SupplierOrder, copy: Mapping[str, Any]) -> dict[int, int]:
    """Return how many units of each of our order lines a parcel holds. Raises Garbage."""
    own = {line.line_id: line.order_line for line in _lines(supplier_order.pk)}
    ordered = {line.pk: line.quantity for line in own.values()}
    units: dict[int, int] = {}
    for told in objects(copy, "lines"):
        line = own.get(str(told["line_id"]))
        if line is None:
            raise Garbage(f"line {str(told['line_id'])[:40]} is not ours")
        units[line.pk] = units.get(line.pk, 0) + whole_number(told.get("quantity"))
    if not units or not all(0 < count <= ordered[pk] for pk, count in units.items()):
        raise Garbage("more units in the parcel than were ordered")
    return units


def _scan(told: Mapping[str, Any]) -> Scan | None:
    status, occurred_at = _status(words(told, "status", 40)), moment(told.get("occurred_at"))
    if status is None or occurred_at is None:
        return None
    location = section(told, "location")
    place = [name for name in (words(location, "city", 80), words(location, "country", 80)) if name]
    return Scan(identity(told, "event_id", 80), occurred_at, status, words(told, "description", 500), ", ".join(place))


def _status(word: str) -> ParcelStatus | None:
    return ParcelStatus(word) if word in ParcelStatus.values else None
