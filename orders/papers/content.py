"""What a paper says, as plain JSON: frozen when it is issued, from the figures stored at the sale.

Amounts are minor units of ``currency``. ``total_minor`` of a line is what was charged for it (or given back) with its
shares of delivery and discount, and ``tax_minor`` the tax in that. Where prices exclude tax, ``added_tax_minor`` is
what came on top of goods, delivery and discount; else it is 0, and these include their tax. ``deliveries`` are the
services bought by parcel, each with the ids of its lines; papers from before 2026-11-28 have none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from orders.models import Order, OrderLine, Paper, Payment, Refund
from shop.addresses import place_lines
from shop.languages import speaking

NOT_TAKEN = Refund.Reason.NOT_TAKEN
# What of a line is summed up below its columns.
SUMMED = ("goods_minor", "discount_minor", "delivery_minor", "added_tax_minor", "tax_minor", "total_minor")
Content = dict[str, Any]
Line = dict[str, Any]


class DoesNotAddUp(Exception):
    """The parts are not what was charged or given back: no paper is issued before a person has looked."""


def invoice_content(order: Order, *, number: str, issued_at: datetime) -> Content:
    """Return what the invoice of an order says. Raises DoesNotAddUp if its lines are not its total."""
    lines = [sold_line(line) for line in _sold(order)]
    return _paper(order, lines, order.total_minor, kind="invoice", number=number, issued_at=issued_at) | {
        "deliveries": _deliveries(order, lines),
        "payments": [_payment(one) for one in _fitting(order)],
    }


def _sold(order: Order) -> list[OrderLine]:
    # What is sent free in the place of something was not sold.
    return [line for line in order.lines.all() if line.replaces_id is None]


def _deliveries(order: Order, lines: Sequence[Line]) -> list[Content]:
    parcels: dict[int, list[int]] = {}
    for line in _sold(order):
        parcels.setdefault(line.delivery_id, []).append(line.pk)
    bought = [
        {"sent_from": one.sent_from, "service": one.service_name, "lines": parcels[one.pk]}
        for one in order.deliveries.all()
        if one.pk in parcels
    ]
    return _with_amounts(bought, lines)


def _with_amounts(parcels: Iterable[Content], lines: Sequence[Line]) -> list[Content]:
    """Write on each parcel what some lines hold of its delivery."""
    shares = {line["line"]: line["delivery_minor"] for line in lines}
    return [one | {"delivery_minor": sum(shares.get(pk, 0) for pk in one["lines"])} for one in parcels]


@dataclass(frozen=True, slots=True)
class Part:
    """How much of an order line a credit note gives back; ``quantity`` 0: money only."""

    line: OrderLine
    quantity: int
    amount_minor: int


def credit_note_content(
    refund: Refund,
    invoice: Paper,
    parts: Sequence[Part],
    before: Mapping[int, int],
    *,
    number: str,
    issued_at: datetime,
) -> Content:
    """Return what the credit note of a refund says, over some parts of the order's lines.

    ``before`` is how much of each order line, by its id, earlier credit notes have given back. Raises
    DoesNotAddUp if the parts are more than the refund.
    """
    named = sum(part.amount_minor for part in parts)
    if named > refund.amount_minor:
        raise DoesNotAddUp(f"{refund.order.number}: {named} is more than {refund.amount_minor}")
    lines = [credited_line(one.line, one.quantity, one.amount_minor, before.get(one.line.pk, 0)) for one in parts]
    made = _paper(refund.order, lines, named, kind="credit_note", number=number, issued_at=issued_at)
    return made | {
        "invoice": {"number": invoice.number, "issued_on": invoice.content["issued_on"]},
        "reason": refund.reason,
        # As they were bought: goods that another supplier sends later are a delivery that nobody paid for.
        "deliveries": [
            one for one in _with_amounts(invoice.content.get("deliveries", []), lines) if one["delivery_minor"]
        ],
        # What was never taken goes back nowhere: it only takes the invoice down.
        "payments": [_payment(refund.payment) | {"amount_minor": named}] if refund.reason != NOT_TAKEN else [],
    }


def _paper(
    order: Order, lines: Sequence[Line], total_minor: int, *, kind: str, number: str, issued_at: datetime
) -> Content:
    sums = {name: sum(line[name] for line in lines) for name in SUMMED}
    if sums["total_minor"] != total_minor:
        raise DoesNotAddUp(f"{order.number}: {sums['total_minor']} is not {total_minor}")
    return {
        "version": 1,
        "kind": kind,
        "number": number,
        "issued_on": _day(issued_at),
        "language": order.language,
        "currency": order.currency,
        "order": {"number": order.number, "placed_on": _day(order.placed_at), "paid_on": _day(order.paid_at)},
        "seller": dict(settings.SELLER),
        "buyer": _buyer(order),
        "lines": list(lines),
        "taxes": tax_lines(lines),
        "sums": sums,
    }


def tax_lines(lines: Iterable[Line]) -> list[dict[str, int]]:
    """Return one row per tax rate, the lowest first; they sum to the lines exactly, because nothing is rounded anew."""
    found: dict[int, dict[str, int]] = {}
    for line in lines:
        rate = line["tax_basis_points"]
        row = found.setdefault(rate, {"tax_basis_points": rate, "net_minor": 0, "tax_minor": 0, "total_minor": 0})
        row["tax_minor"] += line["tax_minor"]
        row["total_minor"] += line["total_minor"]
        row["net_minor"] = row["total_minor"] - row["tax_minor"]
    return [found[rate] for rate in sorted(found)]


def sold_line(line: OrderLine) -> Line:
    """Return what an invoice says of an order line."""
    return _line(
        line,
        quantity=line.quantity,
        goods_minor=line.line_minor,
        discount_minor=line.discount_minor,
        delivery_minor=line.delivery_minor,
        added_tax_minor=added_tax(line),
        tax_minor=line.tax_minor,
        total_minor=line.paid_minor,
    )


def credited_line(line: OrderLine, quantity: int, amount: int, before: int) -> Line:
    """Return the part of a sold line that goes back.

    Each share is what belongs to all that has gone back by now, less what belonged to that before: so whatever
    the steps, a line that is given back whole takes exactly its tax, delivery and discount with it.
    """

    def share(whole: int) -> int:
        return credited_share(whole, line, before + amount) - credited_share(whole, line, before)

    delivery, discount, added = share(line.delivery_minor), share(line.discount_minor), share(added_tax(line))
    return _line(
        line,
        quantity=quantity,
        goods_minor=amount - delivery + discount - added,
        discount_minor=discount,
        delivery_minor=delivery,
        added_tax_minor=added,
        tax_minor=share(line.tax_minor),
        total_minor=amount,
    )


def added_tax(line: OrderLine) -> int:
    """Return the tax that came on top of a line's price: of markets whose prices exclude it."""
    return line.paid_minor - line.line_minor - line.delivery_minor + line.discount_minor


def credited_share(whole: int, line: OrderLine, amount: int) -> int:
    """Return what of a line's tax, delivery or discount belongs to ``amount`` of its price, rounded down."""
    return whole * amount // line.paid_minor if line.paid_minor else 0


def _line(line: OrderLine, **figures: int) -> Line:
    return {
        "line": line.pk,
        "sku": line.sku,
        "name": line.name,
        "options": line.options_label,
        "unit_minor": line.unit_price_minor,
        "tax_basis_points": line.tax_basis_points,
        **figures,
    }


def _buyer(order: Order) -> Content:
    if order.invoice_to:
        return {"name": "", "company": "", "lines": [line for line in order.invoice_to.splitlines() if line]}
    with speaking(order.language):
        # The country's name is in the words of whoever reads it.
        lines = place_lines(order)
    return {"name": order.name, "company": order.company, "lines": lines}


def _fitting(order: Order) -> list[Payment]:
    # Money that does not fit the order is no part of its sale.
    paid = [one for one in order.payments.all() if one.currency == order.currency]
    return [one for one in paid if one.captured_minor == order.total_minor][:1] or paid


def _payment(payment: Payment) -> Content:
    return {
        "brand": payment.card_brand,
        "last4": payment.card_last4,
        "paid_on": _day(payment.captured_at),
        "amount_minor": payment.captured_minor,
    }


def _day(when: datetime | None) -> str:
    return timezone.localdate(when).isoformat() if when else ""
