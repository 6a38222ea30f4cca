"""Money adds up, for any amounts."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from orders.actions.refund import units_minor
from orders.models import Order, OrderLine
from shop.money import (
    CurrencyMismatch,
    Money,
    WrongPrecision,
    format_cost,
    included_tax_minor,
    line_cost_minor,
    parse_cost,
    split_by_weight,
)

AMOUNTS = st.integers(0, 10_000_000)


@given(AMOUNTS, st.lists(st.integers(0, 1_000_000), min_size=1, max_size=20))
def test_shares_sum_exactly_to_the_whole(total, weights):
    shares = split_by_weight(total, weights)
    assert sum(shares) == total
    assert len(shares) == len(weights)
    assert min(shares) >= 0


@given(AMOUNTS, st.integers(0, 3000))
def test_included_tax_is_never_more_than_the_price_and_rounds_once(gross, rate):
    tax = included_tax_minor(gross, rate)
    assert 0 <= tax <= gross
    assert abs(tax - gross * rate / (10_000 + rate)) <= 0.5 + 1e-6


@given(st.integers(0, 10**10))
def test_a_unit_cost_survives_writing_and_reading(cost):
    assert parse_cost(format_cost(cost)) == cost


@pytest.mark.parametrize(
    ("cost", "quantity", "currency", "minor"),
    [
        (45_200, 1, "EUR", 452),
        (12_345, 3, "EUR", 370),
        (12_350, 1, "EUR", 124),
        (125_000, 2, "JPY", 25),
        (5, 1, "EUR", 0),
    ],
)
def test_a_line_is_rounded_once(cost, quantity, currency, minor):
    assert line_cost_minor(cost, quantity, currency) == minor


@pytest.mark.parametrize("text", ["NaN", "1e3", "1.234", "", "-", "٣", "1.2.3", "9" * 30, " 1", "Infinity"])
def test_what_is_no_exact_amount_is_refused(text):
    with pytest.raises(WrongPrecision):
        Money.parse(text, "EUR")


def test_two_currencies_never_meet_in_one_sum():
    with pytest.raises(CurrencyMismatch):
        Money(1, "EUR") + Money(1, "GBP")


@given(st.integers(1, 20), st.integers(1, 100_000), st.data())
def test_refunds_of_units_one_by_one_pay_back_exactly_the_line(quantity, paid, data):
    line = OrderLine(
        order=Order(currency="EUR"), quantity=quantity, line_minor=paid, delivery_minor=0, discount_minor=0
    )
    left = quantity
    while left:
        units = data.draw(st.integers(1, left))
        line.refunded_minor += units_minor(line, units)
        line.refunded += units
        left -= units
    assert line.refunded_minor == paid
