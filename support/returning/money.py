"""The money of returns: what goes back for which units, once, and what it costs whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db.models import F, Q, Sum

from orders.actions.again import AGAIN
from orders.actions.refund import RefundPart, TooMuch, units_minor
from orders.actions.refund_by_rule import refund_by_rule
from orders.actions.refund_quote import NothingToPay, RefundQuote, Wish, quote_refund
from orders.actions.refund_shares import goods_of_units, left_of
from orders.actions.work import open_work
from orders.models import Order, OrderLine, Refund, RefundLine, Shipment, WorkItem
from orders.states import RefundStatus
from shop.models import User, Variant
from shop.money import payable_step
from support.models import Basis, Replacement, Return, ReturnLine, ReturnReason

# How the keys of their refunds begin.
OF_RETURNS = "return-"
_REASONS = {
    ReturnReason.DAMAGED: Refund.Reason.DAMAGED,
    ReturnReason.WRONG_ITEM: Refund.Reason.WRONG_ITEM,
    ReturnReason.DEFECTIVE: Refund.Reason.DEFECTIVE,
}


def refund_key(row: Return) -> str:
    """Return how the key of every refund begins that a return brings: by it the return's own messages know them."""
    return f"{OF_RETURNS}{row.pk}-"


def refund_reason(row: Return) -> Refund.Reason:
    """Return the reason of a return's refund: by it the delivery goes back or not, and a supplier owes us or not."""
    return reason_of(row.basis, row.reason)


def reason_of(basis: str, reason: str) -> Refund.Reason:
    """Return the same of a return that may not be there yet, by its ground and its customer's reason."""
    if basis == Basis.FAULT and reason in _REASONS:
        return _REASONS[ReturnReason(reason)]
    return Refund.Reason.GOODWILL if basis == Basis.GOODWILL else Refund.Reason.RETURNED


def paid_line(line: OrderLine) -> OrderLine:
    """Return the line whose money a line's units are: for goods sent free in the place of others, that of those."""
    while line.replaces is not None:
        line = line.replaces
    return line


def quote_units(
    order: Order, units: Mapping[int, int], *, reason: Refund.Reason, money: Mapping[int, int] | None = None
) -> RefundQuote | None:
    """Return what units (order line id to number) would bring back now; None if nothing is left. Four queries."""
    try:
        return quote_refund(order, Wish(reason=reason, units=units, money=money or {}))
    except (NothingToPay, TooMuch):
        return None


def units_of(lines: Iterable[ReturnLine], counts: Mapping[int, int] | None = None) -> dict[int, int]:
    """Return units by order line; ``counts`` are by the return line's id, None: all that was asked for."""
    found: dict[int, int] = {}
    for line in lines:
        number = line.quantity if counts is None else counts.get(line.pk, 0)
        if number:
            pk = paid_line(line.order_line).pk
            found[pk] = found.get(pk, 0) + number
    return found


def quote_lines(row: Return, lines: Iterable[ReturnLine], counts: Mapping[int, int]) -> RefundQuote | None:
    """Return what so many units of a return's lines (by their id) would bring back now; None if nothing is left."""
    lines = list(lines)
    money = exchanged_money((line.order_line, counts[line.pk]) for line in lines if counts.get(line.pk))
    return quote_units(row.order, units_of(lines, counts), reason=refund_reason(row), money=money)


def exchanged_money(units: Iterable[tuple[OrderLine, int]]) -> dict[int, int]:
    """Return, by the line that was paid, the money of units of which some came in an exchange for less.

    Without what went back as the difference; nothing is named for lines whose units bring what they cost, nor where
    the last of a line go back: they take all that is left of it.
    """
    counts: dict[int, int] = {}
    less: dict[int, int] = {}
    for line, number in units:
        pk = paid_line(line).pk
        counts[pk] = counts.get(pk, 0) + number
        if given := _given_less_minor(line, number):
            less[pk] = less.get(pk, 0) + given
    lines = list(OrderLine.objects.filter(pk__in=less).select_related("order")) if less else []
    left = left_of(lines) if lines else {}
    return {
        line.pk: max(0, goods_of_units(line, left[line.pk], counts[line.pk]) - less[line.pk])
        for line in lines
        if counts[line.pk] < left[line.pk].units
    }


def parts_of_parcel(shipment: Shipment) -> list[RefundPart]:
    """Return what the units in a parcel bring that were not paid back; new goods bring what those cost that they replace."""
    lines: dict[int, OrderLine] = {}
    counts: dict[int, int] = {}
    less: dict[int, int] = {}
    for part in shipment.lines.select_related("line__order"):
        paid = paid_line(part.line)
        lines[paid.pk] = paid
        counts[paid.pk] = counts.get(paid.pk, 0) + part.quantity
        less[paid.pk] = less.get(paid.pk, 0) + _given_less_minor(part.line, part.quantity)
    parts = []
    for pk, line in lines.items():
        left = line.quantity - line.refunded
        units = min(counts[pk], left)
        if units > 0:
            # The last units take all that is left, of which the difference has gone already.
            given = less[pk] if units < left else 0
            parts.append(RefundPart(line, units, max(0, units_minor(line, units) - given)))
    return parts


def _given_less_minor(line: OrderLine, units: int) -> int:
    """Return what went back as the difference, in every exchange that led to so many units of a line."""
    less = 0
    while line.replaces is not None:
        new = Replacement.objects.filter(line=line, is_exchange=True).first()
        if new is not None:
            key = _difference_key(new.parent_id, line.replaces_id)
            # In more than one part, or tried again after it failed, it is the same difference.
            mine = Q(refund__idempotency_key=key) | Q(refund__idempotency_key__startswith=f"{key}-p")
            mine |= Q(refund__idempotency_key__startswith=f"{key}{AGAIN}")
            back = RefundLine.objects.filter(mine).exclude(refund__status=RefundStatus.FAILED)
            less += (back.aggregate(sum=Sum("amount_minor"))["sum"] or 0) * units // new.quantity
        line = line.replaces
    step = payable_step(line.order.currency)
    return less // step * step


def settle_units(row: Return, counts: Mapping[int, int]) -> dict[int, int]:
    """Count units of a return's lines (by their id) as settled; return those that were not before. Conditional."""
    fresh: dict[int, int] = {}
    for line in row.lines.all():
        wanted = counts.get(line.pk, 0)
        if wanted < 1:
            continue
        free = ReturnLine.objects.filter(pk=line.pk, settled__lte=F("quantity") - wanted)
        if free.update(settled=F("settled") + wanted):
            fresh[line.pk] = wanted
    return fresh


def pay_units(row: Return, counts: Mapping[int, int], *, by: User | None) -> list[Refund]:
    """Owe the customer what so many units of a return's lines cost; each unit once. Call it with the order locked.

    What went back in another way before counts as paid. Too little left of the payments becomes work for a person.
    """
    fresh = settle_units(row, counts)
    if not fresh:
        return []
    lines = list(row.lines.select_related("order_line"))
    serial = sum(ReturnLine.objects.filter(parent=row).values_list("settled", flat=True))
    money = exchanged_money((line.order_line, fresh[line.pk]) for line in lines if line.pk in fresh)
    wish = Wish(reason=refund_reason(row), units=units_of(lines, fresh), money=money, note=row.number)
    return _owe(row, wish, key=f"{refund_key(row)}{serial}", by=by)


def pay_for_new(row: Replacement, units: int, *, key: str) -> list[Refund]:
    """Owe the customer the price of units that were replaced and whose new goods do not come, once per ``key``.

    They count as settled already. Call it with the order locked.
    """
    wish = Wish(
        reason=refund_reason(row.parent),
        units={paid_line(row.line).pk: units},
        money=exchanged_money([(row.line, units)]),
        note=row.parent.number,
    )
    return _owe(row.parent, wish, key=key, by=None)


def pay_amount(row: Return, amount_minor: int, *, by: User | None) -> list[Refund]:
    """Owe the customer a part of the price of goods that they keep, once per return. Call it with the order locked.

    Of the goods' price alone: they were delivered.
    """
    lines = {paid.pk: paid for line in row.lines.select_related("order_line") if (paid := paid_line(line.order_line))}
    left, money = amount_minor, {}
    for pk, offered in left_of(lines.values()).items():
        money[pk] = min(left, offered.goods_minor)
        left -= money[pk]
    wish = Wish(reason=refund_reason(row), money={pk: minor for pk, minor in money.items() if minor}, note=row.number)
    return _owe(row, wish, key=f"{refund_key(row)}part", by=by)


def is_dearer(line: OrderLine, variant: Variant) -> bool:
    """True for a variant that costs more than the line's own: whoever wants it buys it anew."""
    return variant.price_minor > line.variant.price_minor


def exchange_difference_minor(line: OrderLine, units: int, variant: Variant) -> int:
    """Return what of the price of units goes back when a less expensive variant takes their place; 0 for a dearer one.

    As a part of what was paid and has not gone back in an exchange before, so that a discount, and the currency of
    the sale, stay what they were.
    """
    paid, before, now = paid_line(line), line.variant.price_minor, variant.price_minor
    if not 0 <= now < before:
        return 0
    goods = paid.paid_minor - paid.delivery_paid_minor
    step = payable_step(line.order.currency)
    worth = goods * units - _given_less_minor(line, units) * paid.quantity
    return max(0, worth) * (before - now) // (paid.quantity * before * step) * step


def pay_difference(row: Return, line: OrderLine, units: int, variant: Variant, *, by: User | None) -> list[Refund]:
    """Owe the customer what a variant costs less than what they had, once per line. Call it with the order locked."""
    amount = exchange_difference_minor(line, units, variant)
    if not amount:
        return []
    wish = Wish(reason=refund_reason(row), money={paid_line(line).pk: amount}, note=row.number)
    return _owe(row, wish, key=_difference_key(row.pk, line.pk), by=by)


def _difference_key(return_id: int, line_id: int | None) -> str:
    return f"{OF_RETURNS}{return_id}-less-{line_id}"


def _owe(row: Return, wish: Wish, *, key: str, by: User | None) -> list[Refund]:
    try:
        return refund_by_rule(row.order, wish, key=key, by=by)
    except TooMuch:
        summary = f"{row.number}: more is to be paid back than is left of the payments of {row.order.number}."
        open_work(WorkItem.Reason.REFUND_FAILED, row.order, order=row.order, summary=summary)
        return []
