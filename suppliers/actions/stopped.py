"""Tell units that a supplier stopped because we asked from those it cancelled by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, QuerySet, Sum
from django.utils import timezone

from orders.actions.cancel import answer_part, cancel_part
from orders.actions.shipping import NOT_SENT, ParcelNews, lock_order
from orders.models import CancellationLine, Order, OrderLine, Shipment, ShipmentLine
from orders.states import ParcelStatus
from shop.models import User
from shop.prepared import Prepared, any_of
from suppliers.models import (
    Supplier,
    SupplierCancellation,
    SupplierCancellationLine,
    SupplierOrder,
    SupplierOrderLine,
)
from suppliers.states import (
    SupplierCancellationStatus,
    SupplierOrderStatus,
    move_supplier_cancellation,
    move_supplier_order,
)

Status = SupplierCancellationStatus
# What a supplier says of an order that it is through with.
FINAL = {"delivered", "rejected", "cancelled"}


def undecided() -> QuerySet[SupplierCancellation]:
    """Return what suppliers are to stop and have not decided, oldest first."""
    return SupplierCancellation.objects.exclude(status=Status.DECIDED)


def wanted_back(order_ids: Iterable[int]) -> dict[int, int]:
    """Return, per order line, units whose cancellation nobody has looked at yet: they go nowhere meanwhile."""
    rows = CancellationLine.objects.filter(cancellation__order__in=list(order_ids), cancellation__allocated_at=None)
    waiting = rows.values("line").annotate(units=Sum(F("quantity") - F("cancelled") - F("refused"))).order_by()
    return {row["line"]: row["units"] for row in waiting if row["units"]}


def unwanted_units(line: OrderLine, fallen: int) -> int:
    """Return how many of the units of a line that fell away nobody wants any more.

    Their customer had asked to cancel them, and a supplier had said that it was too late. What the customer still
    wants is bought from somebody else only as far as it is not with a supplier, or was not sent and kept.
    """
    asked = CancellationLine.objects.filter(line=line).aggregate(stopped=Sum("cancelled"), refused=Max("refused"))
    if not asked["refused"]:
        return 0
    # Of the same units it may have been asked more than once; the largest number counts.
    wanted = line.quantity - asked["stopped"] - asked["refused"]
    lacking = max(0, wanted - (line.forwarded - line.in_returns))
    return max(0, min(fallen - lacking, asked["refused"]))


def of_wanted_back(rows: QuerySet[SupplierOrder]) -> QuerySet[SupplierOrder]:
    """Keep the supplier orders of which some units are to be cancelled: they must not go off before that is done."""
    lines = SupplierOrderLine.objects.filter(supplier_order=OuterRef(OuterRef("pk"))).values("order_line")
    wanted = CancellationLine.objects.filter(
        cancellation__order=OuterRef("order"),
        cancellation__allocated_at=None,
        quantity__gt=F("cancelled") + F("refused"),
        line__in=lines,
    )
    asked = undecided().filter(supplier_order=OuterRef("pk"))
    return rows.filter(Exists(asked) | Exists(wanted))


def give_to_cancellations(supplier_order: SupplierOrder, lost: Mapping[int, int]) -> dict[int, int]:
    """Give units that fell away (supplier order line id to units) to those who asked for just that.

    They are cancelled and paid back; no other supplier is asked for them. Whether the supplier gives our
    wish or its own as the reason does not matter: nobody wants them any more. Returns what is left
    over: units that the supplier took away by itself. Call it inside a transaction that has the
    order's row, after the units have become open.
    """
    left = {pk: units for pk, units in lost.items() if units > 0}
    rows = undecided().filter(supplier_order=supplier_order).select_related("cancellation__order")
    for row in rows.prefetch_related("lines__line") if left else ():
        taken: dict[int, int] = {}
        for part in row.lines.all():
            units = min(part.waiting, left.get(part.line_id, 0))
            if units > 0:
                SupplierCancellationLine.objects.filter(pk=part.pk).update(cancelled=F("cancelled") + units)
                left[part.line_id] -= units
                taken[part.line.order_line_id] = units
        if taken:
            serial = row.lines.aggregate(units=Sum("cancelled"))["units"]
            cancel_part(row.cancellation, taken, part=part_of(row), serial=serial)
            if not row.lines.filter(quantity__gt=F("cancelled") + F("refused")).exists():
                decide(row)
    return {pk: units for pk, units in left.items() if units > 0}


def part_of(row: SupplierCancellation) -> str:
    """Return the name under which orders knows this supplier's part of a cancellation."""
    return f"s{row.pk}"


def _asked_before(row: int, version: int) -> QuerySet[SupplierCancellation]:
    return undecided().filter(supplier_order=row, status=Status.ASKED, asked_version__lt=version)


_is_asked = any_of(_asked_before)


def settle_asked(supplier_order: SupplierOrder, copy: Mapping[str, Any]) -> None:
    """Read from a newer copy whether a request that was passed on is decided: then nothing of it is open there."""
    still_open = {
        str(line.get("line_id")) for line in copy.get("lines") or [] if int(line.get("quantity_cancel_requested") or 0)
    }
    named = supplier_order.pk, supplier_order.version
    for row in _asked_before(*named).prefetch_related("lines__line") if _is_asked(*named) else ():
        if not still_open & {part.line.line_id for part in row.lines.all()}:
            decide(row)


def decide(row: SupplierCancellation, *, outcome: str = "", by: User | None = None) -> bool:
    """Note a supplier's decision: what it has not stopped by now will come. Safe to repeat.

    Tells the cancellation its answer, and lets the dialogue about the order go on or end.
    """
    with transaction.atomic():
        lock_order(row.order)
        row.refresh_from_db()
        if row.status == Status.DECIDED:
            return False
        parts = list(row.lines.select_related("line"))
        why = "sent" if any(part.waiting and part.line.shipped for part in parts) else "packed"
        row.lines.update(refused=F("quantity") - F("cancelled"))
        fields: dict[str, object] = {"decided_at": timezone.now(), "due_at": None, "lease_until": None}
        fields["outcome"] = (outcome or _outcome(parts))[:60]
        move_supplier_cancellation(row, Status.DECIDED, by=by, fields=fields, supplier=row.supplier_order.supplier.name)
        answer_part(
            row.cancellation,
            part=part_of(row),
            cancelled={part.line.order_line_id: part.cancelled for part in parts},
            refused={part.line.order_line_id: part.waiting for part in parts if part.waiting},
            why=why,
        )
        _go_on(row.supplier_order)
        # Labels of what was stopped are void by now; should no webhook say so, reading does.
        news = Supplier.objects.filter(pk=row.supplier_order.supplier_id, lease_until=None)
        news.update(due_at=timezone.now())
    return True


def _outcome(parts: Sequence[SupplierCancellationLine]) -> str:
    if all(part.cancelled == part.quantity for part in parts):
        return "cancelled"
    return "partially_cancelled" if any(part.cancelled for part in parts) else "refused"


def _go_on(supplier_order: SupplierOrder) -> None:
    supplier_order.refresh_from_db()
    if supplier_order.status != SupplierOrderStatus.CANCEL_REQUESTED:
        return
    if undecided().filter(supplier_order=supplier_order).exclude(first_asked_at=None).exists():
        return
    is_over = supplier_order.supplier_status in FINAL
    to = SupplierOrderStatus.CLOSED if is_over else SupplierOrderStatus.PLACED
    move_supplier_order(supplier_order, to, by=None, after="cancellation")


def has_cancelled_goods(order: Order, shipment: Shipment | None, news: ParcelNews) -> bool:
    """True if a parcel, with those that left before, holds more units than were not cancelled."""
    if news.kind != Shipment.Kind.OUTBOUND or news.status == ParcelStatus.CANCELLED:
        return False
    gone = dict(_left_before(order.pk, shipment.pk if shipment else 0))
    wanted = {pk: quantity - cancelled for pk, quantity, cancelled in _bought(order.pk)}
    return any(gone.get(pk, 0) + units > wanted[pk] for pk, units in news.lines.items())


# Labels that were printed and not sent yet may be void by now: that news may come later than this.
_left_before = Prepared(
    lambda order, this: (
        ShipmentLine.objects.filter(shipment__order=order, shipment__kind=Shipment.Kind.OUTBOUND)
        .exclude(shipment=this)
        .exclude(shipment__status__in=NOT_SENT)
        .order_by()
        .values_list("line")
        .annotate(units=Sum("quantity"))
    )
)
_bought = Prepared(
    lambda order: OrderLine.objects.filter(order=order).order_by().values_list("pk", "quantity", "cancelled")
)


def live_units(lines: Iterable[SupplierOrderLine]) -> dict[int, int]:
    """Return per supplier order line how many units could still be stopped and are not asked for yet."""
    lines = list(lines)
    asked = SupplierCancellationLine.objects.filter(line__in=lines, supplier_cancellation__in=undecided())
    waiting = {
        row["line"]: row["units"]
        for row in asked.values("line").annotate(units=Sum(F("quantity") - F("cancelled") - F("refused"))).order_by()
    }
    return {
        line.pk: line.quantity - line.rejected - line.cancelled - line.shipped - waiting.get(line.pk, 0)
        for line in lines
    }
