"""Any basket, split in any way: the parts are the whole, to the last minor unit.

MONEY_BASKETS says how many baskets and splits are tried.
"""

from __future__ import annotations

import os
from random import Random

from hypothesis import HealthCheck, given, settings, strategies as st

from orders.actions.refund import units_minor
from orders.models import Order, OrderLine
from shop.money import Money, included_tax_minor, minor_units, split_by_weight

BASKETS = int(os.environ.get("MONEY_BASKETS", "10000"))
CURRENCIES = ["JPY", "EUR", "USD", "KWD"]
RATES = st.sampled_from([0, 500, 900, 1350, 1900, 2300, 2700])
# Drawing a basket costs more than splitting it, so each is split this often.
SPLITS = 25
LINE = st.tuples(st.integers(1, 12), st.integers(0, 99_999), RATES)
MANY = settings(
    max_examples=BASKETS // SPLITS,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def basket_of(goods, delivery: int, discount: int) -> list[OrderLine]:
    """Make order lines as checkout does: delivery and discount split over them, tax of what is left."""
    values = [quantity * price for quantity, price, _rate in goods]
    deliveries = split_by_weight(delivery, values)
    discounts = split_by_weight(min(discount, sum(values)), values)
    lines, order = [], Order(currency="EUR")
    for (quantity, price, rate), value, share, off in zip(goods, values, deliveries, discounts, strict=True):
        line = OrderLine(quantity=quantity, unit_price_minor=price, line_minor=value, tax_basis_points=rate)
        line.order = order
        line.delivery_minor, line.discount_minor = share, off
        line.tax_minor = included_tax_minor(line.paid_minor, rate)
        lines.append(line)
    return lines


@MANY
@given(
    st.sampled_from(CURRENCIES),
    st.lists(LINE, min_size=1, max_size=8),
    st.integers(0, 9_999),
    st.integers(0, 50_000),
    st.integers(0, 2**32),
)
def test_every_basket_split_into_units_in_any_order_sums_to_what_was_paid(currency, goods, delivery, discount, luck):
    chance = Random(luck)
    goods_minor = sum(quantity * price for quantity, price, _rate in goods)
    total = goods_minor + delivery - min(discount, goods_minor)

    for _split in range(SPLITS):
        lines = basket_of(goods, delivery, discount)
        assert sum(line.paid_minor for line in lines) == total
        assert all(0 <= line.tax_minor <= line.paid_minor for line in lines)
        assert pay_back(lines, chance) == total
        assert [line.refunded_minor for line in lines] == [line.paid_minor for line in lines]
    assert Money.parse(Money(total, currency).plain, currency) == Money(total, currency)
    assert len(Money(total, currency).plain.partition(".")[2]) == minor_units(currency)


def pay_back(lines: list[OrderLine], chance: Random) -> int:
    """Pay all units back, a few of some line at a time; return how much that was in all."""
    paid_back = 0
    while open_lines := [line for line in lines if line.refunded < line.quantity]:
        line = chance.choice(open_lines)
        units = chance.randint(1, line.quantity - line.refunded)
        amount = units_minor(line, units)
        # Never more than a minor unit a unit off the exact share.
        assert abs(amount * line.quantity - line.paid_minor * units) <= line.quantity**2
        line.refunded += units
        line.refunded_minor += amount
        paid_back += amount
    return paid_back


@MANY
@given(st.integers(-10_000_000, 10_000_000), st.lists(st.integers(0, 1_000_000), min_size=1, max_size=12), RATES)
def test_every_split_is_fair_to_one_minor_unit(total, weights, rate):
    for amount in range(total, total + SPLITS):
        parts = split_by_weight(amount, weights)
        whole = sum(weights)
        assert sum(parts) == amount
        assert not whole or all(
            abs(part * whole - amount * weight) < whole for part, weight in zip(parts, weights, strict=True)
        )
        # The tax of the whole, shared out like the whole, is still all of the tax.
        tax = included_tax_minor(abs(amount), rate)
        assert abs(tax * (10_000 + rate) - abs(amount) * rate) * 2 <= 10_000 + rate
        assert sum(split_by_weight(tax, weights)) == tax
