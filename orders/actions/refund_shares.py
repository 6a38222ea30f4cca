"""What a line still offers, in parts: goods, delivery and the tax inside both; and how a refund takes from each.

Whatever is taken is taken from what is left, and the last of it takes all of each part: so after any
partial refunds, in any order and with any failures, the parts add up to what was paid to the cent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Sum

from orders.models import OrderLine, RefundLine
from orders.states import RefundStatus
from shop.money import payable_step, split_by_weight


@dataclass(frozen=True, slots=True)
class Left:
    """What can still be paid back for a line: units, and minor units of goods, delivery and (within both) tax."""

    units: int
    goods_minor: int
    delivery_minor: int
    tax_minor: int

    @property
    def money_minor(self) -> int:
        """Goods and delivery together."""
        return self.goods_minor + self.delivery_minor


@dataclass(frozen=True, slots=True)
class Shares:
    """How much of an amount is delivery, and how much of it is tax."""

    delivery_minor: int
    tax_minor: int


def left_of(lines: Iterable[OrderLine]) -> dict[int, Left]:
    """Return what each line (by its id) still offers. One query; the lines must be as the database has them."""
    lines = list(lines)
    alive = RefundLine.objects.filter(line__in=lines).exclude(refund__status=RefundStatus.FAILED)
    sums = alive.values("line").annotate(delivery=Sum("delivery_minor"), tax=Sum("tax_minor")).order_by()
    back = {row["line"]: row for row in sums}
    return {line.pk: _left(line, back.get(line.pk, {"delivery": 0, "tax": 0})) for line in lines}


def _left(line: OrderLine, back: dict[str, int]) -> Left:
    money = max(0, line.paid_minor - line.refunded_minor)
    delivery = min(money, max(0, line.delivery_paid_minor - back["delivery"]))
    tax = min(money, max(0, line.tax_minor - back["tax"]))
    return Left(line.quantity - line.refunded, money - delivery, delivery, tax)


def goods_of_units(line: OrderLine, left: Left, units: int) -> int:
    """Return what so many units of a line cost without delivery, in minor units; the last unit takes what is left."""
    if units >= left.units:
        return left.goods_minor
    step = payable_step(line.order.currency)
    goods = line.paid_minor - line.delivery_paid_minor
    return min(goods * units // (line.quantity * step) * step, left.goods_minor)


def shares_of(left: Left, amount_minor: int, delivery_minor: int | None = None) -> Shares:
    """Return the shares of an amount that is taken from what is left.

    ``delivery_minor`` None: whoever asked named no delivery, so it is taken from goods and delivery in
    proportion to what they still offer.
    """
    if delivery_minor is None:
        delivery_minor = split_by_weight(amount_minor, [left.goods_minor, left.delivery_minor])[1]
    # What was named earlier may be gone by now; no part ever gives more than it has.
    least = min(amount_minor, max(0, amount_minor - left.goods_minor))
    return Shares(max(least, min(delivery_minor, left.delivery_minor)), tax_within(left, amount_minor))


def tax_within(left: Left, amount_minor: int) -> int:
    """Return the tax inside an amount that is taken from what is left, rounded half up; all of it with the last."""
    if amount_minor >= left.money_minor:
        return min(left.tax_minor, amount_minor)
    exact = Decimal(left.tax_minor * amount_minor) / Decimal(left.money_minor)
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))
