"""What suppliers' answers to returns say of the money they owe: the ledger follows, and no amount of ours is changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Sum

from orders import events
from orders.actions.shipping import lock_order
from orders.models import Event, Refund
from orders.states import IllegalMove, RefundStatus
from shop.money import Money, WrongPrecision, line_cost_minor, split_by_weight
from suppliers.actions.contract_returns import amount_of, count_of
from suppliers.actions.reading import LARGEST, objects, section, words
from suppliers.models import SupplierCredit, SupplierOrderLine, SupplierReturn
from suppliers.sent import sent_units
from suppliers.states import OWED, SupplierCreditStatus, move_supplier_credit

Status, Back = SupplierCreditStatus, SupplierReturn.Status
# Words of the contract for faults: the refund to the customer raises what is owed for those.
FAULT_CODES = {"damaged_in_transit", "wrong_item", "defective"}
GIVES = {"refund", "credit"}
AGREED = {Back.APPROVED, Back.IN_TRANSIT, Back.RECEIVED}
NOT_AGREED = {Back.REJECTED, Back.REFUSED, Back.EXPIRED}


def follow_return(event: Event) -> None:
    """Move what a supplier owes for a return's goods by what it says of the return. Inside a transaction; safe to repeat."""
    row = SupplierReturn.objects.select_related("order", "supplier_order__supplier").get(pk=event.subject_id)
    lock_order(row.order)
    row.refresh_from_db()
    _follow(row)


def link_credit(credit: SupplierCredit, *, reference: str) -> None:
    """Let a new credit be decided by the return with our reference, if its goods are in one; it catches up at once.

    Call it with the order locked.
    """
    rows = SupplierReturn.objects.filter(return_reference=reference, supplier_order=credit.line.supplier_order_id)
    row = rows.select_related("order", "supplier_order__supplier").first() if reference else None
    if row is None or credit.line.line_id not in _asked(row):
        return
    SupplierCredit.objects.filter(pk=credit.pk).update(back=row)
    _follow(row)


def _asked(row: SupplierReturn) -> dict[str, Mapping[str, Any]]:
    return {str(part.get("line_id")): part for part in row.request.get("lines", [])}


def _follow(row: SupplierReturn) -> None:
    credits = list(row.credits.filter(status__in=OWED, matched_minor=0).select_related("line").order_by("pk"))
    if row.status == Back.REQUESTED:
        _move(credits, Status.CLAIMED)
    elif row.status in AGREED:
        for credit in credits:
            _move([credit], Status.DISPUTED if _is_rejected(row, credit) else Status.ACCEPTED)
    elif row.status in NOT_AGREED:
        _move(credits, Status.DISPUTED)
    elif row.status == Back.RESOLVED:
        _settle(row, credits)


def _is_rejected(row: SupplierReturn, credit: SupplierCredit) -> bool:
    told = {str(part.get("line_id")): part for part in objects(row.last_copy, "lines")}
    part = told.get(credit.line.line_id, {})
    return count_of(part, "quantity_rejected") > 0 and not count_of(part, "quantity_approved")


def _settle(row: SupplierReturn, credits: Sequence[SupplierCredit]) -> None:
    told = _told(row)
    if told is None or not told.minor:
        _move(credits, Status.DISPUTED)
        return
    if not row.credits.exists():
        credits = _raise(row, told)
    if not credits:
        return
    if any(credit.currency != told.currency for credit in credits):
        _move(credits, Status.DISPUTED)
        return
    for credit, minor in zip(credits, split_by_weight(told.minor, [one.amount_minor for one in credits]), strict=True):
        _move([credit], Status.CREDITED, told_minor=minor)


def _told(row: SupplierReturn) -> Money | None:
    """What the supplier gives for all of the return; None if it gives something else, or nothing."""
    found = amount_of(row.last_copy)
    if found is None or words(section(row.last_copy, "resolution"), "type", 40) not in GIVES:
        return None
    amount, currency = found
    try:
        told = Money.parse(f"{amount:f}", currency)
    except (WrongPrecision, ValueError):
        return None
    return told if told.minor <= LARGEST else None


def _raise(row: SupplierReturn, told: Money) -> list[SupplierCredit]:
    """Open what a supplier gives for goods it has again without a fault of its own; at most what they cost us."""
    asked = _asked(row)
    is_fault = any(part.get("reason_code") in FAULT_CODES for part in asked.values())
    if is_fault and not _is_paid_without_fault(row):
        # The refund raises that; what it gives is noted then.
        return []
    parts = {str(part.get("line_id")): part for part in objects(row.last_copy, "lines")}
    made = []
    for line in row.supplier_order.lines.filter(line_id__in=list(asked)).select_related("offer").order_by("pk"):
        part = parts.get(line.line_id, {})
        units = count_of(part, "quantity_approved") - count_of(part, "quantity_refused")
        amount, units = _at_most(line, units, told.currency)
        if amount < 1:
            continue
        made.append(
            SupplierCredit.objects.create(
                supplier=row.supplier_order.supplier,
                order=row.order,
                back=row,
                line=line,
                units=units,
                amount_minor=amount,
                currency=told.currency,
                reason=Refund.Reason.RETURNED,
            )
        )
    for credit in made:
        facts = {"amount_minor": credit.amount_minor, "currency": credit.currency}
        events.record("supplier_credit.opened", credit, by=None, **facts)
    return made


def _is_paid_without_fault(row: SupplierReturn) -> bool:
    """True if the customer has had the money, and for a reason for which a refund raises no credit: out of goodwill."""
    paid = Refund.objects.filter(order=row.order, note=row.return_reference).exclude(status=RefundStatus.FAILED)
    reasons = set(paid.values_list("reason", flat=True))
    return bool(reasons) and reasons <= {Refund.Reason.RETURNED, Refund.Reason.GOODWILL}


def _at_most(line: SupplierOrderLine, units: int, currency: str) -> tuple[int, int]:
    """Return what so many units cost us, without what is owed for the line already, and how many are left of them."""
    if currency != (line.supplier_order.request.get("currency") or line.offer.currency):
        return 0, 0
    known = line.credits.exclude(status=Status.WITHDRAWN).aggregate(units=Sum("units"), money=Sum("amount_minor"))
    sent = sent_units([line])[line.pk]
    units = max(0, min(units, sent - (known["units"] or 0)))
    most = line_cost_minor(line.unit_cost, sent, currency) - (known["money"] or 0)
    return min(most, line_cost_minor(line.unit_cost, units, currency)), units


def _move(credits: Sequence[SupplierCredit], to: SupplierCreditStatus, **fields: object) -> None:
    for credit in credits:
        if credit.status == to and all(getattr(credit, name) == value for name, value in fields.items()):
            continue
        if credit.status == Status.CREDITED and to != Status.CREDITED and to != Status.DISPUTED:
            continue
        try:
            move_supplier_credit(credit, to, by=None, fields=fields)
        except IllegalMove:
            continue
