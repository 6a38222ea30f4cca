"""The refund calculator: to the cent whatever the order, nothing but what was shown, and by which payment."""

from __future__ import annotations

import random

import pytest

from orders.actions.again import ask_refund_again
from orders.actions.cancel import cancel_units
from orders.actions.payment import record_payment
from orders.actions.refund import _fail, refundable_minor
from orders.actions.refund_by_hand import QuoteChanged, confirm_refund, preview_refund
from orders.actions.refund_quote import NothingToPay, Wish, changes_between, quote_refund
from orders.actions.refund_shares import left_of
from orders.models import Order, OrderDelivery, OrderLine, Payment, Refund, RefundLine
from shop.money import Money
from tests.factories import make_paid_order, make_person, make_supplier, make_variant
from tests.paying_back import delivered, pay_back, wish

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss():
    return make_person(is_superuser=True, is_staff=True)


def goods(units: int = 3, price_minor: int = 1250):
    """3 things for 12.50 and 3.90 delivery: 41.40, with 7.74 of tax in it."""
    return delivered((make_variant(make_supplier(), price_minor=price_minor), units))


def sums(order: Order) -> tuple[int, int, int]:
    parts = RefundLine.objects.filter(refund__order=order).exclude(refund__status="failed")
    return tuple(sum(getattr(part, name) for part in parts) for name in ("amount_minor", "delivery_minor", "tax_minor"))


def test_units_go_back_at_their_price_and_the_delivery_with_the_last_of_them(boss):
    order = goods()
    line = order.lines.get()

    first = quote_refund(order, wish(units={line: 1}))
    assert (first.goods_minor, first.delivery_minor, first.total_minor, first.left_minor) == (1250, 0, 1250, 2890)
    pay_back(order, first.wish, by=boss)
    line.refresh_from_db()
    rest = quote_refund(order, wish(units={line: 2}))

    assert (rest.goods_minor, rest.delivery_minor, rest.left_minor) == (2500, 390, 0)
    assert first.tax_minor + rest.tax_minor == line.tax_minor == 774


@pytest.mark.parametrize("seed", range(8))
def test_whatever_partial_refunds_in_whatever_order_the_last_one_takes_the_last_cent(boss, seed):
    chance = random.Random(seed)
    supplier = make_supplier()
    order = delivered(*[(make_variant(supplier, price_minor=chance.randint(1, 999)), 7) for _number in range(2)])
    lines = list(order.lines.all())
    # A discount that divides by nothing, as the shares of a code do.
    for line in lines:
        off = min(line.line_minor, 37)
        OrderLine.objects.filter(pk=line.pk).update(discount_minor=off, line_minor=line.line_minor + off)
    serial = 0
    while any(refundable_minor(line) for line in order.lines.all()):
        serial += 1
        line = chance.choice(list(order.lines.all()))
        left = left_of([line])[line.pk]
        wanted = wish(units={line: chance.randint(0, left.units)}, delivery=chance.choice(["rule", "give", "keep"]))
        if chance.random() < 0.4 and left.goods_minor:
            wanted = wish(money={line: chance.randint(1, left.goods_minor)})
        if serial > 60:
            wanted = wish(units={line: left.units}, delivery="give")
        try:
            made = pay_back(order, wanted, by=boss, key=f"try-{serial}")
        except NothingToPay:
            continue
        if chance.random() < 0.2:
            _fail(made.refunds[0], "account closed")

    assert sums(order) == (order.total_minor, order.delivery_minor, sum(line.tax_minor for line in lines))
    assert order.payments.get().refunded_minor == order.total_minor


def test_money_alone_takes_no_unit_and_no_delivery(boss):
    order = goods()
    line = order.lines.get()

    quote = quote_refund(order, wish(money={line: 300}))
    (part,) = quote.lines

    assert (part.units, part.goods_minor, part.delivery_minor, part.left_minor) == (0, 300, 0, 3840)
    assert part.tax_minor == 56


def test_the_agent_may_give_the_delivery_of_a_part_and_keep_that_of_the_whole():
    order = goods()
    line = order.lines.get()

    assert quote_refund(order, wish(units={line: 1}, delivery="give")).delivery_minor == 390
    assert quote_refund(order, wish(units={line: 3}, delivery="keep")).total_minor == 3750


def test_a_delivery_goes_back_when_everything_of_it_does_and_the_other_one_stays():
    one, two = make_supplier("harbour"), make_supplier("meridian")
    order = delivered((make_variant(one), 1), (make_variant(one), 1), (make_variant(two), 1))
    first, second, other = order.lines.all()

    assert quote_refund(order, wish(units={first: 1})).delivery_minor == 0
    assert quote_refund(order, wish(units={first: 1, other: 1})).delivery_minor == other.delivery_minor
    both = quote_refund(order, wish(units={first: 1, second: 1}))
    assert both.delivery_minor == first.delivery_minor + second.delivery_minor == 390
    only = Wish(Refund.Reason.GOODWILL, delivery={first.delivery_id: "give"})
    assert quote_refund(order, only).total_minor == 390


def test_a_withdrawal_brings_back_the_standard_delivery_and_not_what_a_dearer_one_cost_more():
    order = goods()
    line = order.lines.get()
    OrderDelivery.objects.update(standard_minor=250)

    assert quote_refund(order, wish("returned", units={line: 3})).delivery_minor == 250
    # What is not the customer's change of mind is paid back with all that was paid.
    assert quote_refund(order, wish("defective", units={line: 3})).delivery_minor == 390


def test_units_cancelled_before_count_as_gone_back(boss):
    order = make_paid_order((make_variant(make_supplier()), 3))
    line = order.lines.get()
    cancel_units(order, {line.pk: 2}, reason=Refund.Reason.CANCELLED, by=None, key="cancel")
    OrderLine.objects.update(shipped=1, forwarded=1)

    quote = quote_refund(order, wish(units={line: 1}))

    assert quote.left_minor == 0
    assert quote.total_minor == order.total_minor - order.refunds.get().amount_minor


def test_what_changed_between_preview_and_confirmation_is_shown_and_nothing_is_paid(boss):
    order = goods()
    line = order.lines.get()
    wanted = wish(units={line: 3})
    seen = preview_refund(order, wanted, by=boss).shown()
    pay_back(order, wish(units={line: 1}), by=boss, key="another agent")

    with pytest.raises(QuoteChanged) as changed:
        confirm_refund(order, wanted, shown=seen, key="mine", by=boss)

    assert order.refunds.count() == 1
    assert changed.value.quote.total_minor == 2890
    told = changes_between(seen, changed.value.quote)
    assert "To be paid back: €41.40 before, €28.90 now." in told


def test_a_change_that_leaves_the_amount_alone_is_shown_all_the_same(boss):
    order = goods()
    line = order.lines.get()
    wanted = wish(money={line: 500})
    seen = preview_refund(order, wanted, by=boss).shown()
    pay_back(order, wish(money={line: 100}), by=boss, key="another agent")

    with pytest.raises(QuoteChanged):
        confirm_refund(order, wanted, shown=seen, key="mine", by=boss)


def test_one_confirmation_is_one_refund_however_often_it_is_sent(boss):
    order = goods()
    line = order.lines.get()
    wanted = wish(units={line: 1})
    seen = preview_refund(order, wanted, by=boss).shown()

    made = [confirm_refund(order, wanted, shown=seen, key="mine", by=boss) for _time in range(3)]

    assert order.refunds.count() == 1
    assert {one.refunds[0].pk for one in made} == {order.refunds.get().pk}


def two_payments(order: Order) -> tuple[Payment, Payment]:
    """Let an order of 41.40 be paid by two payments of 20.00 and 21.40."""
    first = order.payments.get()
    Payment.objects.filter(pk=first.pk).update(captured_minor=2000)
    second = Payment.objects.create(order=order, stripe_id="pi_second", captured_minor=2140, currency="EUR")
    first.refresh_from_db()
    return first, second


def test_the_first_payment_that_holds_it_all_is_used_else_the_oldest_first(boss):
    order = goods()
    line = order.lines.get()
    first, second = two_payments(order)

    assert [share.payment for share in quote_refund(order, wish(money={line: 2000})).shares] == [first]
    assert [share.payment for share in quote_refund(order, wish(money={line: 2100})).shares] == [second]
    made = pay_back(order, wish(units={line: 3}), by=boss).refunds

    assert [(one.payment, one.amount_minor) for one in made] == [(first, 2000), (second, 2140)]
    parts = [(part.quantity, part.amount_minor) for one in made for part in one.lines.all()]
    assert parts == [(3, 2000), (0, 2140)]
    assert sums(order) == (4140, 390, 774)
    line.refresh_from_db()
    assert (line.refunded, line.refunded_minor) == (3, 4140)


def test_money_of_another_currency_is_never_used(boss):
    order = goods()
    record_payment(order, stripe_id="pi_yen", paid=Money(999_999, "JPY"))

    (share,) = quote_refund(order, wish(units={order.lines.get(): 3})).shares

    assert share.payment.currency == "EUR"


def test_a_failed_refund_gives_its_shares_back_and_a_second_try_has_the_same(boss):
    order = goods()
    line = order.lines.get()
    (refund,) = pay_back(order, wish(units={line: 3}), by=boss).refunds
    _fail(refund, "account closed")
    assert left_of(order.lines.all())[line.pk].delivery_minor == 390

    again = ask_refund_again(refund, by=None)

    (part,) = again.lines.all()
    assert (part.amount_minor, part.delivery_minor, part.tax_minor) == (4140, 390, 774)


def test_nothing_asked_for_is_nothing_to_pay():
    order = goods()
    with pytest.raises(NothingToPay):
        quote_refund(order, wish())


@pytest.mark.parametrize(("currency", "price"), [("JPY", 1333), ("KWD", 12345)])
def test_yen_and_dinar_are_paid_back_to_their_last_unit(boss, currency, price):
    order = goods(3, price)
    Order.objects.update(currency=currency)
    Payment.objects.update(currency=currency)
    order.refresh_from_db()
    line = order.lines.get()

    for serial in range(3):
        pay_back(order, wish(units={line: 1}), by=boss, key=f"unit {serial}")

    assert sums(order) == (order.total_minor, order.delivery_minor, line.tax_minor)


def test_a_withdrawal_where_tax_is_on_top_brings_back_the_tax_of_the_standard_delivery_alone():
    order = goods()
    line = order.lines.get()
    type(order).objects.update(prices_include_tax=False, tax_minor=1035, added_tax_minor=1035, total_minor=5175)
    OrderLine.objects.update(tax_basis_points=2500, tax_minor=1035, added_tax_minor=1035)
    Payment.objects.update(captured_minor=5175)
    OrderDelivery.objects.update(standard_minor=250)
    order.refresh_from_db()

    quote = quote_refund(order, wish("returned", units={line: 3}))

    # 2.50 and its 0.63; not 3.90 with its 0.97, less 1.40 without tax.
    assert (quote.goods_minor, quote.delivery_minor) == (4688, 312)
    assert quote.tax_minor == 1000
