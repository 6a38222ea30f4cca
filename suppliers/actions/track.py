"""Take in a supplier's copies of orders and returns; versions only rise. ``parcels.py`` takes in parcels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import F, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from orders import events, lease
from orders.actions.estimates import Expected, record_expected
from orders.actions.quarantine import forget_aside
from orders.actions.reservation import note_taken
from orders.actions.shipping import lock_order
from orders.actions.work import close_work, open_work
from orders.models import OrderDelivery, OrderLine, WorkItem
from shop.prepared import PreparedRows
from suppliers.actions.addressed import note_told
from suppliers.actions.charges import delivery_charge_of
from suppliers.actions.contract import COUNTERS, check_successor, counts_of
from suppliers.actions.contract_returns import back_facts_of
from suppliers.actions.parcels import estimate_of
from suppliers.actions.reading import (
    MAKES_NO_SENSE,
    Garbage,
    day,
    identity,
    moment,
    note_garbage,
    note_nameless,
    plain,
    reference_of,
    section,
    version_of,
    words,
)
from suppliers.actions.stopped import FINAL, give_to_cancellations, settle_asked
from suppliers.models import Supplier, SupplierOrder, SupplierOrderLine, SupplierReturn, SupplierShipment
from suppliers.states import SupplierOrderStatus, move_supplier_order

Status, Reason = SupplierOrderStatus, WorkItem.Reason
Back = SupplierReturn.Status
# What of a copy of a return something follows from, besides its status.
BACK_NEWS = ("lines", "label", "return_to", "goods_back_required", "return_by", "instructions", "resolution")


def take_order_copy(supplier_order: SupplierOrder, copy: Mapping[str, Any], *, is_locked: bool = False) -> bool:
    """Take in a supplier's copy of an order if it is newer than the one known.

    Returns False for an older or equal one. A copy that breaks the contract becomes work for a person,
    which the next good one closes, and changes nothing else. Safe to repeat and to run in any order.
    ``is_locked``: the caller has the order's row in its transaction, and ``supplier_order`` is as it
    stands in the database.
    """
    if is_old_news(supplier_order, copy):
        if version_of(copy) == supplier_order.version:
            close_work(Reason.SUPPLIER_GARBAGE, supplier_order)
        return False
    try:
        with transaction.atomic():
            if not is_locked:
                # First of all rows the order's, as everybody does who moves units: nobody waits in a circle.
                lock_order(supplier_order.order)
                supplier_order.refresh_from_db()
            return _take_if_newer(supplier_order, copy)
    except MAKES_NO_SENSE as error:
        return note_garbage(Reason.SUPPLIER_GARBAGE, supplier_order, error)


def is_old_news(supplier_order: SupplierOrder, copy: Mapping[str, Any]) -> bool:
    """True for a copy that the row, as read by the caller, shows to be old news: nothing has to wait for its lock.

    Most webhooks are, after an outage: a reading of the supplier's list has brought the newest copies.
    """
    known = supplier_order.last_copy
    try:
        version = version_of(copy)
    except Garbage:
        return False
    if version > supplier_order.version or not known:
        return False
    if version < supplier_order.version:
        # One that was made later and calls itself older is looked at.
        return str(copy.get("updated_at") or "") <= str(known.get("updated_at") or "")
    return _without_person(copy) == known


def _without_person(copy: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in plain(copy).items() if name != "ship_to"}


def facts_of(copy: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that a copy of an order fills. Raises Garbage."""
    hold = section(copy, "hold")
    # Read again when the copy is written down; what makes no sense in it must show before anything is.
    estimate_of(copy)
    moment(hold.get("respond_by"))
    words(hold, "detail", 300)
    return {
        "version": version_of(copy),
        "supplier_order_id": identity(copy, "supplier_order_id"),
        "supplier_status": words(copy, "status", 30),
        "hold_code": words(hold, "code", 30),
        "ship_by_on": day(section(copy, "eta").get("ship_by")),
        "last_copy": _without_person(copy),
        **delivery_charge_of(copy),
    }


_lines = PreparedRows(lambda row: SupplierOrderLine.objects.filter(supplier_order=row))


def _take_if_newer(supplier_order: SupplierOrder, copy: Mapping[str, Any]) -> bool:
    lines = _lines(supplier_order.pk)
    counts, facts = counts_of(supplier_order, lines, copy), facts_of(copy)
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
    if supplier_order.status == Status.CANCEL_REQUESTED:
        # Settling may have ended that.
        supplier_order.refresh_from_db()
    take_order_estimates([supplier_order])
    note_standing(supplier_order, was_held=was_held)
    return True


def note_standing(supplier_order: SupplierOrder, *, was_held: bool) -> None:
    """Act on what a newer copy says of the order as a whole: that it is held, that all is over."""
    if was_held or supplier_order.hold_code:
        _note_hold(supplier_order)
    ends = {Status.PLACED, Status.CANCEL_REQUESTED}
    if supplier_order.supplier_status in FINAL and supplier_order.status in ends:
        move_supplier_order(supplier_order, Status.CLOSED, by=None)


def _note_hold(supplier_order: SupplierOrder) -> None:
    """Ask a person about an order that its supplier holds, until a copy says that it goes on."""
    if not supplier_order.hold_code:
        close_work(Reason.SUPPLIER_HOLD, supplier_order)
        return
    hold = supplier_order.last_copy["hold"]
    order, name = supplier_order.order, supplier_order.supplier.name
    summary = f"{name} holds {supplier_order.reference}: {supplier_order.hold_code}. {words(hold, 'detail', 300)}"
    open_work(
        Reason.SUPPLIER_HOLD,
        supplier_order,
        order=order,
        summary=summary.strip(),
        money_minor=order.total_minor,
        deadline_at=moment(hold.get("respond_by")),
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
    if supplier_order.status == Status.READY:
        # It has an order that we have never sent, as far as we know: then it has the address, too.
        note_told([supplier_order.order_id])
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
    write_down(lines)
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


def write_down(lines: Sequence[SupplierOrderLine]) -> None:
    """Write on the order's lines what all its suppliers together have said."""
    told = SupplierOrderLine.objects.filter(order_line=OuterRef("pk")).order_by().values("order_line")
    OrderLine.objects.filter(pk__in=[line.order_line_id for line in lines]).update(
        **{
            column: Coalesce(Subquery(told.annotate(found=Sum(name)).values("found")), 0)
            for column, name in (("confirmed", "accepted"), ("backordered", "backordered"))
        }
    )


def take_order_estimates(supplier_orders: Sequence[SupplierOrder]) -> None:
    """Write down when the goods of orders are to arrive, as their latest copies say, unless some have left.

    Call it with the customers' orders locked. Three statements if nothing is new. Raises Garbage.
    """
    told = {row.pk: found for row in supplier_orders if (found := estimate_of(row.last_copy))["latest_on"]}
    if not told:
        return
    gone = SupplierShipment.objects.filter(supplier_order__in=told).values_list("supplier_order", flat=True)
    for pk in set(gone):
        del told[pk]
    parts = SupplierOrderLine.objects.filter(supplier_order__in=told).order_by("supplier_order_id")
    pairs = list(parts.values_list("supplier_order", "order_line__delivery").distinct())
    deliveries = OrderDelivery.objects.in_bulk({delivery for _row, delivery in pairs})
    by_pk = {row.pk: row for row in supplier_orders}
    record_expected(
        [Expected(deliveries[delivery], ship_by_on=by_pk[row].ship_by_on, **told[row]) for row, delivery in pairs]
    )


def take_return_copy(supplier: Supplier, copy: Mapping[str, Any]) -> bool:
    """Take in a supplier's copy of a return if it is newer than the one known; see ``take_order_copy``."""
    reference = reference_of(copy, "return_reference")
    if reference is None:
        return note_nameless(supplier, "news of a return")
    rows = SupplierReturn.objects.filter(supplier_order__supplier=supplier, return_reference=reference)
    known = rows.select_related("order", "supplier_order__supplier").first()
    if known is None:
        return False
    try:
        with transaction.atomic():
            # As everybody does who moves units. What is new is told by comparing with the copy that is replaced.
            lock_order(known.order)
            known.refresh_from_db()
            return _take_return(known, back_facts_of(known, copy))
    except MAKES_NO_SENSE as error:
        return note_garbage(Reason.SUPPLIER_GARBAGE, known, error)


def _take_return(known: SupplierReturn, facts: Mapping[str, Any]) -> bool:
    rows, status = SupplierReturn.objects.filter(pk=known.pk), facts["status"]
    fresh = rows.filter(version__lt=facts["version"]).update(**facts, **lease.returned())
    if facts["version"] >= known.version:
        close_work(Reason.SUPPLIER_GARBAGE, known)
    if not fresh:
        return False
    # One that is to be withdrawn is so still, as far as it may be.
    rows.filter(withdrawn_at__isnull=False, status__in=[Back.REQUESTED, Back.APPROVED]).update(due_at=timezone.now())
    before, is_moved = known.last_copy, known.status != status
    if is_moved:
        rows.update(status_changed_at=timezone.now())
    # Two of two received a version after none of two, or the label after the consent: the same state, and news.
    if is_moved or any(before.get(name) != facts["last_copy"].get(name) for name in BACK_NEWS):
        known.refresh_from_db()
        events.record("supplier_return.updated", known, by=None, status=status)
    return True
