"""Take in a supplier's copies of orders, parcels and returns; versions only rise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from orders import events
from orders.actions.quarantine import forget_aside
from orders.actions.reservation import note_taken
from orders.actions.shipping import (
    NOT_SENT,
    ParcelNews,
    Scan,
    check_quantities,
    lock_order,
    record_estimate,
    record_parcel,
)
from orders.actions.work import close_work, open_work
from orders.models import Estimate, OrderDelivery, OrderLine, Shipment, WorkItem
from orders.states import ParcelStatus
from suppliers.actions.contract import COUNTERS, Garbage, check_parcel, check_successor, counts_of
from suppliers.actions.stopped import FINAL, give_to_cancellations, has_cancelled_goods, settle_asked
from suppliers.models import Supplier, SupplierOrder, SupplierOrderLine, SupplierReturn, SupplierShipment
from suppliers.states import SupplierOrderStatus, move_supplier_order

Status, Reason = SupplierOrderStatus, WorkItem.Reason
# What reading a copy of the wrong shape may raise.
MAKES_NO_SENSE = (Garbage, KeyError, TypeError, ValueError, AttributeError)


def take_order_copy(supplier_order: SupplierOrder, copy: Mapping[str, Any], *, is_locked: bool = False) -> bool:
    """Take in a supplier's copy of an order if it is newer than the one known.

    Returns False for an older or equal one. A copy that breaks the contract becomes work for a person,
    which the next good one closes, and changes nothing else. Safe to repeat and to run in any order.
    ``is_locked``: the caller has the order's row in its transaction, and ``supplier_order`` is as it
    stands in the database.
    """
    if _is_known(supplier_order, copy):
        return False
    try:
        with transaction.atomic():
            if not is_locked:
                # First of all rows the order's, as everybody does who moves units: nobody waits in a circle.
                lock_order(supplier_order.order)
                supplier_order.refresh_from_db()
            return _take_if_newer(supplier_order, copy)
    except MAKES_NO_SENSE as error:
        return _note_garbage(Reason.SUPPLIER_GARBAGE, supplier_order, error)


def _is_known(supplier_order: SupplierOrder, copy: Mapping[str, Any]) -> bool:
    """True for a copy that the row, as read by the caller, shows to be old news: nothing has to wait for its lock.

    Most webhooks are, after an outage: a reading of the supplier's list has brought the newest copies.
    """
    version, known = copy.get("version"), supplier_order.last_copy
    if not isinstance(version, int) or version > supplier_order.version or not known:
        return False
    if version < supplier_order.version:
        # One that was made later and calls itself older is looked at.
        return str(copy.get("updated_at") or "") <= str(known.get("updated_at") or "")
    if _without_person(copy) != known:
        return False
    close_work(Reason.SUPPLIER_GARBAGE, supplier_order)
    return True


def _without_person(copy: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in _plain(copy).items() if name != "ship_to"}


def _facts_of(copy: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "version": int(copy["version"]),
        "supplier_order_id": str(copy.get("supplier_order_id") or "")[:64],
        "supplier_status": str(copy.get("status") or "")[:30],
        "hold_code": str((copy.get("hold") or {}).get("code") or "")[:30],
        "ship_by_on": _day((copy.get("eta") or {}).get("ship_by")),
        "last_copy": _without_person(copy),
    }


def _take_if_newer(supplier_order: SupplierOrder, copy: Mapping[str, Any]) -> bool:
    lines = list(supplier_order.lines.all())
    counts, facts = counts_of(supplier_order, lines, copy), _facts_of(copy)
    is_newer = check_successor(supplier_order, lines, copy, facts["version"], counts)
    if facts["version"] >= supplier_order.version:
        close_work(Reason.SUPPLIER_GARBAGE, supplier_order)
    if not is_newer:
        return False
    was_held = bool(supplier_order.hold_code)
    SupplierOrder.objects.filter(pk=supplier_order.pk).update(**facts)
    for name, value in facts.items():
        setattr(supplier_order, name, value)
    note_known(supplier_order)
    _write_counts(supplier_order, lines, counts)
    settle_asked(supplier_order, copy)
    if was_held or supplier_order.hold_code:
        _note_hold(supplier_order)
    _take_order_estimate(supplier_order, copy)
    if supplier_order.status == Status.CANCEL_REQUESTED:
        # Settling may have ended that.
        supplier_order.refresh_from_db()
    ends = {Status.PLACED, Status.CANCEL_REQUESTED}
    if supplier_order.supplier_status in FINAL and supplier_order.status in ends:
        move_supplier_order(supplier_order, Status.CLOSED, by=None)
    return True


def _note_hold(supplier_order: SupplierOrder) -> None:
    """Ask a person about an order that its supplier holds, until a copy says that it goes on."""
    if not supplier_order.hold_code:
        close_work(Reason.SUPPLIER_HOLD, supplier_order)
        return
    hold = supplier_order.last_copy["hold"]
    order, name = supplier_order.order, supplier_order.supplier.name
    summary = f"{name} holds {supplier_order.reference}: {supplier_order.hold_code}. {str(hold.get('detail') or '')}"
    open_work(
        Reason.SUPPLIER_HOLD,
        supplier_order,
        order=order,
        summary=summary.strip(),
        money_minor=order.total_minor,
        deadline_at=_moment(hold.get("respond_by")),
    )


def refuse_all(supplier_order: SupplierOrder, *, reason_code: str) -> None:
    """Note that a supplier takes nothing of an order, so that its units are open again."""
    lines = list(supplier_order.lines.all())
    counts = {
        line.line_id: dict.fromkeys(COUNTERS, 0) | {"rejected": line.quantity, "reason": reason_code[:40]}
        for line in lines
    }
    _write_counts(supplier_order, lines, counts)


def note_known(supplier_order: SupplierOrder) -> None:
    """Write down that the supplier has an order, however we come to know. Inside a transaction; safe to repeat.

    News of an order prove that it was placed, also where the answer to placing it was lost.
    """
    if supplier_order.status not in {Status.READY, Status.SENDING, Status.UNKNOWN}:
        return
    # Placed at the first try: nobody was ever asked.
    is_smooth = supplier_order.status == Status.SENDING and supplier_order.attempt <= 1
    move_supplier_order(supplier_order, Status.PLACED, by=None, fields={"placed_at": timezone.now()})
    SupplierOrder.objects.filter(pk=supplier_order.pk, lease_until=None).update(due_at=None)
    note_taken(supplier_order.lines.order_by().values("order_line"), at=timezone.now())
    if not is_smooth:
        close_doubts(supplier_order)


def close_doubts(supplier_order: SupplierOrder) -> None:
    """Close the work for people that ends with knowing that the supplier has an order. Safe to repeat."""
    for reason in (WorkItem.Reason.SUPPLIER_SILENT, WorkItem.Reason.SUPPLIER_DOUBT):
        close_work(reason, supplier_order)
    forget_aside(supplier_order)


def _write_counts(
    supplier_order: SupplierOrder, lines: Sequence[SupplierOrderLine], counts: Mapping[str, Mapping[str, Any]]
) -> None:
    """Write what a supplier says of each line; the caller has the order's row."""
    lost: dict[int, int] = {}
    for line in lines:
        count = counts[line.line_id]
        lost[line.pk] = count["rejected"] + count["cancelled"] - line.rejected - line.cancelled
        SupplierOrderLine.objects.filter(pk=line.pk).update(
            **{name: count[name] for name in COUNTERS}, reason_code=count["reason"]
        )
        if lost[line.pk] > 0:
            OrderLine.objects.filter(pk=line.order_line_id).update(forwarded=F("forwarded") - lost[line.pk])
    _write_down(lines)
    # What we asked to stop is cancelled; only what the supplier took away by itself is looked for elsewhere.
    own = give_to_cancellations(supplier_order, lost)
    given_back = [
        {"line": line.order_line_id, "quantity": own[line.pk], "reason": counts[line.line_id]["reason"]}
        for line in lines
        if line.pk in own
    ]
    if given_back:
        events.record("supplier_lines.rejected", supplier_order, by=None, lines=given_back)
    was_undecided = any(line.pending for line in lines)
    if was_undecided and not any(count["pending"] for count in counts.values()):
        events.record("supplier_lines.confirmed", supplier_order, by=None)


def _write_down(lines: Sequence[SupplierOrderLine]) -> None:
    """Write on the order's lines what all its suppliers together have said."""
    told = SupplierOrderLine.objects.filter(order_line=OuterRef("pk")).order_by().values("order_line")
    OrderLine.objects.filter(pk__in=[line.order_line_id for line in lines]).update(
        **{
            column: Coalesce(Subquery(told.annotate(found=Sum(name)).values("found")), 0)
            for column, name in (("confirmed", "accepted"), ("backordered", "backordered"))
        }
    )


def _take_order_estimate(supplier_order: SupplierOrder, copy: Mapping[str, Any]) -> None:
    if not (copy.get("eta") or {}).get("latest") or supplier_order.shipments.exists():
        return
    for delivery in OrderDelivery.objects.filter(lines__in=supplier_order.lines.values("order_line")).distinct():
        _take_estimate(delivery, None, copy)


def _take_estimate(delivery: OrderDelivery, shipment: Shipment | None, copy: Mapping[str, Any]) -> None:
    eta, delay = copy.get("eta") or {}, copy.get("delay") or {}
    record_estimate(
        delivery,
        shipment,
        earliest_on=_day(eta.get("earliest")),
        latest_on=_day(eta.get("latest")),
        source=Estimate.Source.CARRIER if eta.get("source") == "carrier" else Estimate.Source.SUPPLIER,
        reason_code=str(delay.get("reason_code") or ""),
        detail=str(delay.get("detail") or ""),
    )


def take_shipment_copy(supplier: Supplier, copy: Mapping[str, Any]) -> bool:
    """Take in a supplier's copy of a parcel if it is newer than the one known; see ``take_order_copy``.

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
        return _note_garbage(Reason.PARCEL_GARBAGE, supplier_order, error)
    try:
        return _take_parcel(supplier_order, shipment_id, version, news, copy)
    except Garbage as error:
        return _note_garbage(Reason.PARCEL_GARBAGE, supplier_order, error)


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
        shipped_at=_moment(copy.get("shipped_at")),
        delivered_at=_moment(copy.get("delivered_at")),
        scans=[scan for scan in (_scan(told) for told in copy.get("events") or []) if scan],
    )


def _scan(told: Mapping[str, Any]) -> Scan | None:
    status, occurred_at = _status(told.get("status")), _moment(told.get("occurred_at"))
    if status is None or occurred_at is None:
        return None
    place = told.get("location") or {}
    words = [str(place[name]) for name in ("city", "country") if place.get(name)]
    return Scan(str(told["event_id"]), occurred_at, status, str(told.get("description") or ""), ", ".join(words))


def take_return_copy(supplier: Supplier, copy: Mapping[str, Any]) -> bool:
    """Take in a supplier's copy of a return if it is newer than the one known. Safe to repeat."""
    rows = SupplierReturn.objects.filter(
        supplier_order__supplier=supplier, return_reference=str(copy.get("return_reference"))
    )
    known = rows.first()
    status, version = str(copy.get("status") or ""), copy.get("version")
    if known is None or not isinstance(version, int) or status not in SupplierReturn.Status.values:
        return False
    with transaction.atomic():
        fresh = rows.filter(version__lt=version).update(
            version=version, status=status, last_copy=_plain(copy), due_at=None, lease_until=None, deaths=0
        )
        if not fresh:
            return False
        if known.status != status:
            rows.update(status_changed_at=timezone.now())
            known.refresh_from_db()
            events.record("supplier_return.updated", known, by=None, status=status)
    return True


def _note_garbage(reason: WorkItem.Reason, supplier_order: SupplierOrder, error: Exception) -> bool:
    order = supplier_order.order
    what = str(error) if isinstance(error, Garbage) else f"{type(error).__name__} {error}"
    summary = f"{supplier_order.supplier.name} about {supplier_order.reference}: {what}"
    open_work(reason, supplier_order, order=order, summary=summary, money_minor=order.total_minor)
    return False


def _plain(value: Any) -> Any:
    # Decimals come from strict parsing; JSON columns take text.
    if isinstance(value, Mapping):
        return {str(name): _plain(child) for name, child in value.items()}
    if isinstance(value, list):
        return [_plain(child) for child in value]
    return value if isinstance(value, str | int | bool | None) else str(value)


def _status(word: object) -> ParcelStatus | None:
    return ParcelStatus(str(word)) if str(word) in ParcelStatus.values else None


def _moment(text: object):
    try:
        moment = parse_datetime(str(text)) if text else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


def _day(text: object):
    try:
        return parse_date(str(text)) if text else None
    except ValueError:
        return None
