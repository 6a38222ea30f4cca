"""What suppliers owe us: raised by refunds that are their fault, claimed, matched to their papers, or written off.

The amount is in the supplier's cost currency. For units: what they cost us. For goods the customer keeps for
less: the same part of their cost as the refund is of their price, times the share that was agreed with the
supplier (``Supplier.credit_share_percent``). Never more in all than the supplier has billed for the line; and
no delivery, for what a supplier takes for it stands in none of our books. See docs/adr/0018.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.db import transaction
from django.db.models import F, Q, QuerySet, Sum
from django.utils import timezone

from orders import events
from orders.actions.again import AGAIN
from orders.actions.shipping import lock_order
from orders.actions.work import close_work
from orders.models import Event, OrderLine, Refund, RefundLine, WorkItem
from orders.states import RefundStatus
from shop.models import User
from shop.money import line_cost_minor
from suppliers.actions.credit_answers import link_credit
from suppliers.models import CreditMatch, SupplierCredit, SupplierInvoice, SupplierOrderLine, SupplierReturn
from suppliers.models.supplier import BillsAt
from suppliers.sent import sent_units
from suppliers.states import OWED, SupplierCreditStatus, move_supplier_credit

Reason, Status = Refund.Reason, SupplierCreditStatus
SUPPLIER_FAULT = (
    Reason.DEFECTIVE,
    Reason.DAMAGED,
    Reason.WRONG_ITEM,
    Reason.NOT_DELIVERED,
    Reason.SUPPLIER_CANNOT,
)
CANCELLED_BY_US = "cancelled_by_platform"


class DoesNotFit(Exception):
    """Another supplier's or another currency's paper, or a credit that is not owed any more."""


class TooMuchMatched(Exception):
    """More than is left of the credit or of the paper."""


@dataclass(frozen=True, slots=True)
class Claim:
    """So much of one supplier order line: units, and minor units of the cost currency."""

    line: SupplierOrderLine
    units: int
    amount_minor: int
    currency: str


def raise_credits(event: Event) -> None:
    """Open what suppliers owe for a refund that is their fault; once per refund and line. Inside a transaction."""
    refund = Refund.objects.select_related("order").get(pk=event.subject_id)
    if refund.reason not in SUPPLIER_FAULT:
        return
    # A refund fails under the same lock: either its credits are seen and taken back then, or its failure here.
    lock_order(refund.order)
    refund.refresh_from_db(fields=["status"])
    if refund.status == RefundStatus.FAILED:
        return
    for part in refund.lines.select_related("line"):
        if not _is_claimed(refund, part):
            for claim in _claims(refund, part):
                _open(refund, claim)


def _is_claimed(refund: Refund, part: RefundLine) -> bool:
    """True if the units of this part stand in another refund of the same act, or a credit outlived its failed refund."""
    root = refund.idempotency_key
    while root.endswith(AGAIN):
        root = root.removesuffix(AGAIN)
        kept = SupplierCredit.objects.filter(refund__idempotency_key=root, line__in=_lines_of(refund, part))
        if kept.exclude(status=Status.WITHDRAWN).exists():
            return True
    act = re.sub(r"-p\d+$", "", root)
    same_act = Q(refund__idempotency_key=act) | Q(refund__idempotency_key__startswith=f"{act}-p")
    others = RefundLine.objects.filter(same_act, refund__order=refund.order_id, line=part.line_id, quantity__gt=0)
    return part.quantity == 0 and others.exclude(refund=refund).exists()


def _lines_of(refund: Refund, part: RefundLine) -> QuerySet[SupplierOrderLine]:
    """Return from which suppliers' lines the goods of a part of a refund came.

    Of a return it is those that it is about: what was sent in the place of other goods is paid back on the line that
    was paid, and may have come from another supplier.
    """
    rows = SupplierOrderLine.objects.exclude(supplier_order__placed_at=None)
    # The refund of a return carries its number, which is our reference at the supplier.
    back = SupplierReturn.objects.filter(order=refund.order_id, return_reference=refund.note).first()
    if refund.note and back is not None:
        asked = [part.get("line_id") for part in back.request.get("lines", [])]
        mine = rows.filter(supplier_order=back.supplier_order_id, line_id__in=asked).select_related("order_line")
        found = [row.pk for row in mine if _paid_line_id(row.order_line) == part.line_id]
        if found:
            return rows.filter(pk__in=found)
    return rows.filter(order_line=part.line_id)


def _paid_line_id(line: OrderLine) -> int:
    while line.replaces is not None:
        line = line.replaces
    return line.pk


def _claims(refund: Refund, part: RefundLine) -> Iterator[Claim]:
    rows = _lines_of(refund, part)
    wanted = part.quantity
    for row in rows.select_related("supplier_order__supplier", "offer").order_by("pk"):
        billed = _billed_units(row, refund.reason)
        live = row.credits.exclude(status=Status.WITHDRAWN).exclude(refund=refund)
        known = live.aggregate(units=Sum("units"), money=Sum("amount_minor"))
        currency = row.supplier_order.request.get("currency") or row.offer.currency
        most = line_cost_minor(row.unit_cost, billed, currency) - (known["money"] or 0)
        if part.quantity == 0:
            amount = min(most, _share_minor(row, part, currency))
            if amount > 0:
                yield Claim(row, 0, amount, currency)
                return
            continue
        units = min(wanted, billed - (known["units"] or 0))
        amount = min(most, line_cost_minor(row.unit_cost, max(0, units), currency))
        if units > 0 and amount > 0:
            wanted -= units
            yield Claim(row, units, amount, currency)
        if not wanted:
            return


def _billed_units(row: SupplierOrderLine, reason: str) -> int:
    """Return the units of a line that a supplier has taken our money for and that such a refund may be about."""
    bills_all = row.supplier_order.supplier.bills_at == BillsAt.ORDER
    if reason == Reason.SUPPLIER_CANNOT:
        taken_away = row.cancelled if row.reason_code != CANCELLED_BY_US else 0
        return row.rejected + taken_away if bills_all else 0
    if reason == Reason.NOT_DELIVERED and bills_all:
        return row.accepted
    return sent_units([row])[row.pk]


def _share_minor(row: SupplierOrderLine, part: RefundLine, currency: str) -> int:
    """Return the supplier's share of a reduction: of the cost, what the refund is of the price."""
    price = part.line.paid_minor - part.line.delivery_paid_minor
    if price < 1:
        return 0
    cost = line_cost_minor(row.unit_cost, part.line.quantity, currency)
    percent = row.supplier_order.supplier.credit_share_percent
    exact = Decimal(cost * (part.amount_minor - part.delivery_minor) * percent) / Decimal(price * 100)
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _open(refund: Refund, claim: Claim) -> None:
    credit, new = SupplierCredit.objects.get_or_create(
        refund=refund,
        line=claim.line,
        defaults={
            "supplier": claim.line.supplier_order.supplier,
            "order": refund.order,
            "units": claim.units,
            "amount_minor": claim.amount_minor,
            "currency": claim.currency,
            "reason": refund.reason,
        },
    )
    if new:
        events.record(
            "supplier_credit.opened", credit, by=None, amount_minor=credit.amount_minor, currency=credit.currency
        )
        # The refund of a return carries its number, which is our reference at the supplier.
        link_credit(credit, reference=refund.note)


def raise_replacement_credit(
    new: OrderLine, line: SupplierOrderLine, units: int, *, reason: str, reference: str = ""
) -> SupplierCredit | None:
    """Open what a supplier owes for units that were replaced, not paid back; once per new line. Inside a transaction.

    Never more in all than it has billed for the line; None where nothing of that is left. ``reason`` is one of
    SUPPLIER_FAULT; ``reference`` is that of the return at the supplier whose answer decides about it.
    """
    currency = line.supplier_order.request.get("currency") or line.offer.currency
    known = line.credits.exclude(status=Status.WITHDRAWN).aggregate(units=Sum("units"), money=Sum("amount_minor"))
    sent = sent_units([line])[line.pk]
    units = min(units, sent - (known["units"] or 0))
    most = line_cost_minor(line.unit_cost, sent, currency) - (known["money"] or 0)
    amount = min(most, line_cost_minor(line.unit_cost, max(0, units), currency))
    if amount < 1:
        return None
    terms = {
        "supplier": line.supplier_order.supplier,
        "order": new.order,
        "line": line,
        "units": units,
        "amount_minor": amount,
        "currency": currency,
        "reason": reason,
    }
    credit, new_row = SupplierCredit.objects.get_or_create(replacement=new, defaults=terms)
    if new_row:
        events.record("supplier_credit.opened", credit, by=None, amount_minor=amount, currency=currency)
        link_credit(credit, reference=reference)
    return credit


def reduce_replacement_credit(new: OrderLine, units: int) -> None:
    """Owe so many units less for new goods that do not come: the refund in their place is owed. Inside a transaction.

    Call it once per cancellation. What a supplier has given for them already stays, and a person sees both.
    """
    credit = SupplierCredit.objects.owed().filter(replacement=new, matched_minor=0).select_related("line").first()
    if credit is None:
        return
    left = max(0, credit.units - units)
    amount = min(credit.amount_minor, line_cost_minor(credit.line.unit_cost, left, credit.currency))
    if amount < 1:
        _end(credit, Status.WITHDRAWN, by=None)
        return
    SupplierCredit.objects.filter(pk=credit.pk).update(units=left, amount_minor=amount)
    events.record("supplier_credit.reduced", credit, by=None, units=left, amount_minor=amount)


def withdraw_credits(event: Event) -> None:
    """Take back what was claimed for a refund that failed. Inside a transaction; safe to repeat.

    What a supplier has credited already stays: it stands for the refund that takes the failed one's place.
    """
    refund = Refund.objects.select_related("order").get(pk=event.subject_id)
    lock_order(refund.order)
    refund.refresh_from_db(fields=["status"])
    if refund.status != RefundStatus.FAILED:
        return
    for credit in SupplierCredit.objects.owed().filter(refund=refund, matched_minor=0):
        _end(credit, Status.WITHDRAWN, by=None)


def claim_credit(credit: SupplierCredit, *, by: User) -> bool:
    """Note that a supplier was told what it owes; False if it was before. Raises orders.states.IllegalMove."""
    with transaction.atomic():
        return _end(credit, Status.CLAIMED, by=by)


def write_off_credit(credit: SupplierCredit, *, note: str, by: User) -> bool:
    """Give up what is still owed of a credit, and say why; False if it was. Raises orders.states.IllegalMove."""
    with transaction.atomic():
        return _end(credit, Status.WRITTEN_OFF, by=by, note=note[:200])


def _end(credit: SupplierCredit, to: SupplierCreditStatus, *, by: User | None, **fields: object) -> bool:
    moved = move_supplier_credit(credit, to, by=by, fields=fields, **fields)
    if to != Status.CLAIMED:
        close_work(WorkItem.Reason.SUPPLIER_CREDIT, credit, by=by)
    return moved


def match_credit(
    credit: SupplierCredit, invoice: SupplierInvoice, *, amount_minor: int, key: str, by: User
) -> CreditMatch:
    """Note that so much of a credit was given on a supplier's paper, once per ``key``; all of it settles the credit.

    Raises DoesNotFit or TooMuchMatched, and changes nothing: neither side ever gives more than it has.
    """
    with transaction.atomic():
        known = CreditMatch.objects.filter(credit=credit, form_key=key).first()
        if known is not None:
            return known
        if (credit.supplier_id, credit.currency) != (invoice.supplier_id, invoice.currency):
            raise DoesNotFit(str(credit))
        _count(invoice, amount_minor)
        if not SupplierCredit.objects.filter(pk=credit.pk, status__in=OWED).exists():
            raise DoesNotFit(str(credit))
        _count(credit, amount_minor)
        made = CreditMatch.objects.create(
            credit=credit, invoice=invoice, amount_minor=amount_minor, form_key=key, matched_by=by
        )
        credit.refresh_from_db()
        if credit.matched_minor == credit.amount_minor:
            _end(credit, Status.MATCHED, by=by)
        else:
            events.record("supplier_credit.part_matched", credit, by=by, amount_minor=amount_minor)
    return made


def _count(row: SupplierCredit | SupplierInvoice, amount_minor: int) -> None:
    # One conditional UPDATE: of two people at once, only one gets the last cents.
    rows = type(row)._default_manager.filter(pk=row.pk, matched_minor__lte=F("amount_minor") - amount_minor)
    if amount_minor < 1 or not rows.update(matched_minor=F("matched_minor") + amount_minor):
        raise TooMuchMatched(str(row))


def undo_match(match: CreditMatch, *, by: User) -> bool:
    """Undo a match that was a mistake: both sides have it back; False if it was undone before."""
    with transaction.atomic():
        mine = CreditMatch.objects.filter(pk=match.pk, undone_at=None)
        if not mine.update(undone_at=timezone.now(), undone_by=by):
            return False
        back = F("matched_minor") - match.amount_minor
        SupplierInvoice.objects.filter(pk=match.invoice_id).update(matched_minor=back)
        SupplierCredit.objects.filter(pk=match.credit_id).update(matched_minor=back)
        credit = SupplierCredit.objects.get(pk=match.credit_id)
        if credit.status == Status.MATCHED:
            move_supplier_credit(credit, Status.CLAIMED, by=by)
        events.record("supplier_credit.match_undone", credit, by=by, amount_minor=match.amount_minor)
    return True
