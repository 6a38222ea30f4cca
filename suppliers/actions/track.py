"""Take in a supplier's copies of orders, parcels and returns; versions only rise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import F, OuterRef, Subquery, Sum
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
from suppliers.actions.stopped import FINAL, give_to_cancellations, has_cancelled_goods, settle_asked
from suppliers.models import Supplier, SupplierOrder, SupplierOrderLine, SupplierReturn, SupplierShipment
from suppliers.states import SupplierOrderStatus, move_supplier_order

Status = SupplierOrderStatus
COUNTERS = ("pending", "accepted", "backordered", "rejected", "cancelled", "shipped", "delivered", "returned")


class Garbage(Exception):
    """A copy that breaks the contract's own sums; it is kept for people and changes nothing."""


def take_order_copy(supplier_order: SupplierOrder, copy: Mapping[str, Any], *, is_locked: bool = False) -> bool:
    """Take in a supplier's copy of an order if it is newer than the one known.

    Returns False for an older or equal one. A copy that makes no sense becomes work for a person
    and changes nothing else. Safe to repeat and to run in any order. ``is_locked``: the caller has
    the order's row in its transaction, and ``supplier_order`` is as it stands in the database.
    """
    try:
        version = int(copy["version"])
        with transaction.atomic():
            if not is_locked:
                # First of all rows the order's, as everybody does who moves units: nobody waits in a circle.
                lock_order(supplier_order.order)
            return _take_newer(supplier_order, copy, version, is_fresh=is_locked)
    except (Garbage, KeyError, TypeError, ValueError) as error:
        kind = "" if isinstance(error, Garbage) else f"{type(error).__name__} "
        _note_garbage(supplier_order, f"order copy: {kind}{error}")
        return False


def _take_newer(supplier_order: SupplierOrder, copy: Mapping[str, Any], version: int, *, is_fresh: bool) -> bool:
    lines = list(supplier_order.lines.all())
    counts = _counts_of(lines, copy)
    eta = copy.get("eta") or {}
    columns = {
        "version": version,
        "supplier_order_id": str(copy.get("supplier_order_id") or "")[:64],
        "supplier_status": str(copy.get("status") or "")[:30],
        "hold_code": str((copy.get("hold") or {}).get("code") or "")[:30],
        "ship_by_on": _day(eta.get("ship_by")),
        "last_copy": {name: value for name, value in _plain(copy).items() if name != "ship_to"},
    }
    if not SupplierOrder.objects.filter(pk=supplier_order.pk, version__lt=version).update(**columns):
        return False
    _check_never_less(lines, counts)
    if is_fresh:
        for name, value in columns.items():
            setattr(supplier_order, name, value)
    else:
        supplier_order.refresh_from_db()
    note_known(supplier_order)
    _write_counts(supplier_order, lines, counts)
    settle_asked(supplier_order, copy)
    _take_order_estimate(supplier_order, copy)
    if supplier_order.status == Status.CANCEL_REQUESTED:
        # Settling may have ended that.
        supplier_order.refresh_from_db()
    ends = {Status.PLACED, Status.CANCEL_REQUESTED}
    if supplier_order.supplier_status in FINAL and supplier_order.status in ends:
        move_supplier_order(supplier_order, Status.CLOSED, by=None)
    return True


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


def _counts_of(lines: Sequence[SupplierOrderLine], copy: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    known = {line.line_id: line for line in lines}
    counts: dict[str, dict[str, Any]] = {}
    for told in copy["lines"]:
        line = known.get(str(told["line_id"]))
        if line is None:
            raise Garbage(f"line {str(told['line_id'])[:40]} is not ours")
        count: dict[str, Any] = {name: int(told[f"quantity_{name}"]) for name in COUNTERS}
        parts = sum(count[name] for name in COUNTERS[:5])
        ordered = 0 <= count["delivered"] <= count["shipped"] <= count["accepted"]
        if min(count.values()) < 0 or parts != line.quantity or not ordered:
            raise Garbage(f"line {line.line_id} does not add up")
        counts[line.line_id] = count | {"reason": str((told.get("reason") or {}).get("code") or "")[:40]}
    if set(counts) != set(known):
        raise Garbage("lines are missing")
    return counts


def _check_never_less(lines: Sequence[SupplierOrderLine], counts: Mapping[str, Mapping[str, Any]]) -> None:
    # What fell away was cancelled or ordered elsewhere by now: it cannot come back (contract, I4).
    for line in lines:
        if counts[line.line_id]["rejected"] < line.rejected or counts[line.line_id]["cancelled"] < line.cancelled:
            raise Garbage(f"line {line.line_id} lives again after it was cancelled or rejected")


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
    supplier_order = SupplierOrder.objects.filter(supplier=supplier, reference=str(copy.get("reference"))).first()
    if supplier_order is None:
        return False
    try:
        version, shipment_id = int(copy["version"]), str(copy["shipment_id"])[:64]
        news = _news_of(supplier_order, copy)
    except (Garbage, KeyError, TypeError, ValueError) as error:
        _note_garbage(supplier_order, f"parcel copy: {type(error).__name__} {error}")
        return False
    with transaction.atomic():
        lock_order(supplier_order.order)
        link = SupplierShipment.objects.filter(supplier=supplier, supplier_shipment_id=shipment_id).first()
        if (link is None or link.version < version) and has_cancelled_goods(
            supplier_order.order, link.shipment if link else None, news
        ):
            return _note_cancelled_goods(supplier_order, news)
        if link is not None:
            if not SupplierShipment.objects.filter(pk=link.pk, version__lt=version).update(version=version):
                return False
            shipment = record_parcel(supplier_order.order, link.shipment.delivery, link.shipment, news)
        else:
            delivery = OrderLine.objects.get(pk=next(iter(news.lines))).delivery
            shipment = record_parcel(supplier_order.order, delivery, None, news)
            SupplierShipment.objects.create(
                supplier=supplier,
                supplier_shipment_id=shipment_id,
                supplier_order=supplier_order,
                shipment=shipment,
                version=version,
            )
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
            known.refresh_from_db()
            events.record("supplier_return.updated", known, by=None, status=status)
    return True


def _note_garbage(supplier_order: SupplierOrder, what: str) -> None:
    summary = f"{supplier_order.supplier.name} about {supplier_order.reference}: {what}"
    open_work(WorkItem.Reason.SUPPLIER_GARBAGE, supplier_order, order=supplier_order.order, summary=summary)


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
