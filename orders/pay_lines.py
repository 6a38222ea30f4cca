"""What a pay page is asked for, and what it lists: lines whose sum is the order's total, from what the order holds and nothing else.

A repeat must send the same lines under the same key, so neither codes nor rates are read again. Their words are
in the language that is active, which ``session_params`` makes the order's.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from orders.models import Order, OrderLine
from orders.models.discount import DiscountKind

PayLine = tuple[str, int, int]


def pay_lines(order: Order, goods: Iterable[OrderLine]) -> list[PayLine]:
    """Return (name, minor units, quantity) of goods, delivery and tax on top; what costs nothing is left out.

    ``goods`` are the order's lines.

    Providers take no line below zero, so a discount lowers the lines it is for; such a line is listed once,
    with its units in its name.
    """
    is_off_delivery = order.discount_kind == DiscountKind.FREE_DELIVERY
    lines: list[PayLine] = []
    delivery = order.delivery_minor
    for line in goods:
        # What one of the two cannot bear comes off the other.
        most = line.delivery_minor if is_off_delivery else line.line_minor
        first = min(line.discount_minor, most)
        off_goods = line.discount_minor - first if is_off_delivery else first
        delivery -= line.discount_minor - off_goods
        lines.append(_goods(line, off_goods))
    lines += [(_("Delivery"), delivery, 1), (_("Tax"), order.added_tax_minor, 1)]
    return [line for line in lines if line[1]]


def _goods(line: OrderLine, off: int) -> PayLine:
    name = f"{line.name} ({line.options_label})" if line.options_label else line.name
    if not off:
        return name, line.unit_price_minor, line.quantity
    several = f"{line.quantity} × " if line.quantity > 1 else ""
    return _("%(goods)s, less discount") % {"goods": f"{several}{name}"}, line.line_minor - off, 1


def ships_to(order: Order) -> dict[str, object]:
    """Say where the goods go, so that nobody types it again and the bank can judge the purchase."""
    address = {
        "line1": order.line1,
        "line2": order.line2,
        "city": order.city,
        "state": order.region,
        "postal_code": order.postcode,
        "country": order.country.code,
    }
    return {"name": order.name, "address": {name: text for name, text in address.items() if text}}
