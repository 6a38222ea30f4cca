"""Any basket in any market with any code: the parts of its quote are the whole, to the last minor unit.

MONEY_BASKETS says how many baskets are quoted; MONEY_SEED draws others.
"""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC, date, datetime
from random import Random

import pytest

from orders.actions.quote import LEAST_CHARGE, Quote, reckon
from orders.actions.refund import units_minor
from orders.models import DiscountCode, Order, OrderLine
from orders.pay_lines import pay_lines
from orders.stripe_amounts import from_stripe, to_stripe
from orders.tax import LineTax
from shop.arrival import Window
from shop.delivery import Parcel
from shop.models import DeliveryProfile, DeliveryService, Product, Region, TaxClass, Variant
from shop.money import included_tax_minor, payable_step, tax_on_top_minor
from shop.places import Place
from shop.pricing import priced
from shop.tax import Rates, Terms

BASKETS = int(os.environ.get("MONEY_BASKETS", "10000"))
SEED = int(os.environ.get("MONEY_SEED", "1"))
CURRENCIES = ["JPY", "ISK", "EUR", "GBP", "KWD"]
# Country, postcode, and whether its prices include tax: regions without tax and with a lower one among them.
MARKETS = [("FI", "", True), ("ES", "35001", True), ("PT", "9500-001", False), ("NO", "", False), ("US", "", False)]
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
WINDOW = Window(date(2026, 12, 1), date(2026, 12, 3), date(2026, 11, 30), date(2026, 12, 3))
HOME = {"standard": 2300, "reduced": 1350, "second_reduced": 900, "super_reduced": 480, "zero": 0}
THERE = {"standard": 2550, "reduced": 1400, "second_reduced": 550, "super_reduced": 210, "zero": 0}
CANARY = Region(pk=1, country="ES", code="ES-CANARY", name="Canary Islands", postcodes="35, 38")
AZORES = Region(pk=2, country="PT", code="PT-AZORES", name="Azores", postcodes="9500-9980")
FOUND = {(country, None, kind): points for country in ("FI", "ES", "PT", "NO") for kind, points in THERE.items()}
FOUND |= {("ES", CANARY.pk, "standard"): 0, ("PT", AZORES.pk, "standard"): 1600, ("PT", AZORES.pk, "reduced"): 900}
RATES = Rates(FOUND, [CANARY, AZORES])


class Calculator:
    """Works as the table does, without a database."""

    def tax_of(self, lines, place, *, currency, is_included, on):
        step = payable_step(currency)
        made = []
        for line in lines:
            rate, base = RATES.of(line.tax_class, place), line.goods_minor + line.delivery_minor
            assert base >= 0, "a discount takes off more than there is"
            tax = included_tax_minor(base, rate) if is_included else tax_on_top_minor(base, rate, step=step)
            made.append(LineTax(rate, tax))
        return made


def parcel_of(lines: list[tuple[Variant, int]], items_minor: int, price_minor: int) -> Parcel:
    return Parcel(DeliveryProfile(), DeliveryService(), lines, items_minor, price_minor, WINDOW, [], "")


def draw_market(chance: Random) -> tuple[Terms, Place]:
    country, postcode, is_in = chance.choice(MARKETS)
    home = None if is_in else HOME
    currency = chance.choice(CURRENCIES)
    terms = Terms(country, currency, includes_tax=is_in, charges_tax=country != "US", home=home)
    return terms, Place(country, postcode=postcode)


def draw_parcels(chance: Random, terms: Terms) -> list[Parcel]:
    parcels = []
    for _parcel in range(chance.randint(1, 3)):
        lines = []
        for _line in range(chance.randint(1, 4)):
            product = Product(pk=chance.randint(1, 6), tax_class=chance.choice(list(TaxClass)))
            price = chance.choice([0, 1, chance.randint(2, 99), chance.randint(100, 99_999)])
            variant = Variant(sku=f"S{chance.random()}", product=product, price_minor=price, currency=terms.currency)
            lines.append((priced(variant, terms), chance.randint(1, 12)))
        price = chance.choice([0, chance.randint(0, 2_000)]) // payable_step(terms.currency)
        price *= payable_step(terms.currency)
        items = sum(variant.price_minor * units for variant, units in lines)
        parcels.append(parcel_of(lines, items, price))
    return parcels


def draw_code(chance: Random) -> DiscountCode | None:
    kind = chance.choice(["none", "percent", "amount", "free_delivery"])
    if kind == "none":
        return None
    percent = chance.choice([1, 10, 33, 99, 100, chance.randint(1, 100)]) if kind == "percent" else None
    amount = chance.choice([1, 7, chance.randint(1, 50_000)]) if kind == "amount" else None
    return DiscountCode(code="X", kind=kind, percent=percent, amount_minor=amount)


def order_of(quote: Quote) -> tuple[Order, list[OrderLine]]:
    """Return the order and lines that would be placed from a quote, unsaved."""
    order = Order(
        pk=1,
        currency=quote.terms.currency,
        prices_include_tax=quote.terms.includes_tax,
        delivery_minor=quote.delivery_minor,
        discount_minor=quote.discount_minor,
        discount_kind=quote.code.kind if quote.code else "",
        added_tax_minor=quote.added_tax_minor,
        total_minor=quote.total_minor,
    )
    lines = [
        OrderLine(
            order=order,
            name="Thing",
            quantity=line.quantity,
            unit_price_minor=line.unit_minor,
            line_minor=line.line_minor,
            delivery_minor=line.delivery_minor,
            discount_minor=line.discount_minor,
            tax_minor=line.tax.minor,
            added_tax_minor=line.added_tax_minor,
            tax_basis_points=line.tax.basis_points,
        )
        for line in quote.lines
    ]
    order._prefetched_objects_cache = {"lines": lines}
    return order, lines


def check_sums(quote: Quote) -> None:
    step = payable_step(quote.terms.currency)
    sums = quote.items_minor + quote.delivery_minor - quote.discount_minor + quote.added_tax_minor
    assert quote.total_minor == sums >= 0
    assert [sum(line.delivery_minor for line in one.lines) for one in quote.parcels] == [
        one.parcel.price_minor for one in quote.parcels
    ]
    for line in quote.lines:
        amounts = (line.unit_minor, line.delivery_minor, line.discount_minor, line.added_tax_minor, line.paid_minor)
        assert all(amount >= 0 and amount % step == 0 for amount in amounts)
        assert 0 <= line.tax.minor <= max(0, line.paid_minor)
        assert line.added_tax_minor == (0 if quote.terms.includes_tax else line.tax.minor)


def check_code(quote: Quote, scope: set[int]) -> None:
    """Hold what comes off against what the code says, unless the rest was too small to be paid."""
    code, step = quote.code, payable_step(quote.terms.currency)
    if code is None:
        assert quote.discount_minor == 0
        return
    if quote.total_minor == 0:
        return
    assert not quote.is_too_small
    chosen = [line for line in quote.lines if line.variant.product_id in scope]
    assert sum(line.discount_minor for line in chosen) == quote.discount_minor
    goods = sum(line.line_minor for line in chosen)
    if code.kind == "free_delivery":
        assert quote.discount_minor == sum(line.delivery_minor for line in chosen)
    elif code.kind == "percent":
        assert abs(quote.discount_minor * 100 - goods * code.percent) <= 50 * step
    else:
        assert abs(quote.discount_minor - min(code.amount_minor, goods)) <= step / 2


def check_pay_page_and_refunds(quote: Quote, chance: Random) -> None:
    order, lines = order_of(quote)
    step = payable_step(order.currency)
    listed = pay_lines(order, order.lines.all())
    there = sum(to_stripe(minor, order.currency) * quantity for _name, minor, quantity in listed)
    assert from_stripe(there, order.currency) == quote.total_minor
    assert sum(minor * quantity for _name, minor, quantity in listed) == quote.total_minor
    assert all(minor > 0 and minor % step == 0 for _name, minor, _quantity in listed)
    line = chance.choice(lines)
    while line.refunded < line.quantity:
        units = chance.randint(1, line.quantity - line.refunded)
        amount = units_minor(line, units)
        assert amount % step == 0
        line.refunded_minor, line.refunded = line.refunded_minor + amount, line.refunded + units
    assert line.refunded_minor == line.paid_minor, "the last unit gives the last cent"


def test_every_quote_sums_exactly_in_all_currencies_markets_and_with_all_codes():
    chance, seen = Random(SEED), Counter()
    for _basket in range(BASKETS):
        terms, place = draw_market(chance)
        code, scope = draw_code(chance), set(chance.sample(range(1, 7), chance.randint(1, 6)))
        quote = reckon(draw_parcels(chance, terms), terms, place, Calculator(), code=code, scope=scope, now=NOW)
        check_sums(quote)
        check_code(quote, scope)
        check_pay_page_and_refunds(quote, chance)
        assert all(line.tax.basis_points == RATES.of(line.variant.product.tax_class, place) for line in quote.lines)
        seen[terms.currency, place.country, place.postcode, code.kind if code else ""] += 1
        seen["waived"] += bool(code and 0 == quote.total_minor < quote.items_minor)
    kinds = len(CURRENCIES) * len(MARKETS) * 4
    # Each market, currency and kind of code was met, and so was a rest too small to be paid.
    assert BASKETS < 1000 or (len(seen) == kinds + 1 and min(seen.values()) > 0)


@pytest.mark.parametrize("currency", ["EUR", "GBP", "JPY"])
def test_a_rest_too_small_for_a_card_is_given_away(currency):
    terms = Terms("IE", currency)
    product = Product(pk=1, tax_class="standard")
    variant = Variant(sku="A", product=product, price_minor=1_000, currency=currency)
    parcels = [parcel_of([(variant, 1)], 1_000, 0)]
    least = LEAST_CHARGE[currency]

    def total(off: int) -> int:
        code = DiscountCode(code="X", kind="amount", amount_minor=off)
        return reckon(parcels, terms, Place("IE"), Calculator(), code=code, scope={1}, now=NOW).total_minor

    assert (total(1_000 - least), total(1_000 - least + 1), total(1_000)) == (least, 0, 0)
