"""The margin: what is known is exact and adds up with the ledger, and what is not known is never nothing."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from random import Random

import pytest
from django.utils import timezone

from orders.actions.payment import record_payment
from orders.actions.refund import RefundPart, refundable_minor, request_refund, units_minor
from orders.models import Order, OrderLine, Payment, Refund
from suppliers.actions.forward import forward_order
from suppliers.margin.figures import GROUPS, Period, count_groups, days_of, groups_of, reconciled, total_of
from suppliers.models import SupplierCredit, SupplierOrder
from tests.factories import make_order, make_paid_order, make_person, make_supplier, make_variant
from tests.paying_back import delivered, pay_back, wish

pytestmark = pytest.mark.django_db


def period(**changes: object) -> Period:
    """Return the last thirty days; what the provider kept of the payments is known by then: nothing."""
    Payment.objects.filter(fee_minor=None).update(fee_minor=0, fee_currency="EUR")
    today = timezone.localdate()
    return Period(**({"first": today - timedelta(days=30), "last": today, "currency": "EUR"} | changes))


def forwarded(order: Order, *, charge: int | None = 390, currency: str = "EUR") -> list[SupplierOrder]:
    """Order it from its suppliers, who charge so much each for delivery."""
    Order.objects.filter(pk=order.pk).update(forward_after=None)
    order.refresh_from_db()
    forward_order(order)
    rows = SupplierOrder.objects.filter(order=order)
    rows.update(delivery_charge_minor=charge, charge_currency=currency if charge is not None else "")
    return list(rows)


@pytest.fixture
def supplier():
    return make_supplier()


def test_a_line_earns_its_net_price_less_what_it_costs(supplier):
    order = make_paid_order((make_variant(supplier, price_minor=1250), 2))
    forwarded(order, charge=500)

    found = total_of(period())
    # 25.00 and 3.90 for delivery, 23 % of it tax; the goods cost 40 % of their price.
    assert found.amounts == {
        "gross": 2890, "refunded": 0, "tax": 540, "net": 2350, "cost": 1000, "delivery": 500, "fee": 0, "credit": 0,
    }  # fmt: skip
    assert (found.margin, found.margin_net, found.lines, found.unknown) == (850, 2350, 1, 0)


def test_an_unknown_cost_is_unknown_and_its_line_is_left_out_of_the_margin(supplier):
    order = make_paid_order((make_variant(supplier), 1), (make_variant(supplier, price_minor=2000), 1))
    forwarded(order)
    OrderLine.objects.filter(pk=order.lines.first().pk).update(unit_cost=None, cost_currency="")

    found = total_of(period())
    assert (found.lines, found.unknown, found.without["cost"]) == (2, 1, 1)
    assert found.amounts["cost"] == 800
    lines = {sums.key[0]: sums for sums in groups_of(period(), "line")}
    assert lines[order.lines.first().pk].margin is None
    assert lines[order.lines.first().pk].amounts["cost"] is None
    assert found.margin == lines[order.lines.last().pk].margin


def test_a_cost_in_another_currency_cannot_be_compared(supplier):
    order = make_paid_order((make_variant(supplier), 1))
    forwarded(order)
    OrderLine.objects.update(cost_currency="GBP")
    assert total_of(period()).margin is None
    OrderLine.objects.update(cost_currency="EUR")
    SupplierOrder.objects.update(charge_currency="GBP")
    found = total_of(period())
    assert (found.margin, found.without["delivery"]) == (None, 1)


def test_what_a_supplier_has_not_said_yet_is_unknown(supplier):
    order = make_paid_order((make_variant(supplier), 1))
    assert total_of(period()).without["delivery"] == 1
    forwarded(order, charge=None)
    assert total_of(period()).without["delivery"] == 1
    # One that has refused charges nothing.
    SupplierOrder.objects.update(status="refused")
    assert total_of(period()).amounts["delivery"] == 0


def test_units_that_were_cancelled_cost_nothing(supplier):
    order = make_paid_order((make_variant(supplier, price_minor=1000), 4))
    OrderLine.objects.update(cancelled=1)
    assert total_of(period()).amounts["cost"] == 1200
    OrderLine.objects.update(cancelled=4, unit_cost=None)
    found = total_of(period())
    assert (found.amounts["cost"], found.amounts["delivery"], found.unknown) == (0, 0, 0)
    assert order.pk


def test_a_refund_takes_back_the_price_and_its_tax(supplier):
    order = make_paid_order((make_variant(supplier), 1))
    forwarded(order, charge=0)
    line = order.lines.get()
    request_refund(order, [RefundPart(line, 1, refundable_minor(line))], reason=Refund.Reason.DAMAGED, by=None, key="k")
    found = total_of(period())
    assert (found.amounts["net"], found.amounts["tax"], found.margin) == (0, 0, -500)


def test_what_a_supplier_owes_for_its_fault_is_counted_in(supplier, relay):
    order, boss = delivered((make_variant(supplier), 3)), make_person(is_superuser=True, is_staff=True)
    pay_back(order, wish("damaged", units={order.lines.get(): 2}), by=boss)
    relay.run_until_idle()
    assert total_of(period()).amounts["credit"] == 1000
    SupplierCredit.objects.update(status="written_off", matched_minor=300)
    assert total_of(period()).amounts["credit"] == 300
    SupplierCredit.objects.update(status="withdrawn")
    assert total_of(period()).amounts["credit"] == 0
    SupplierCredit.objects.update(status="open", currency="GBP")
    assert total_of(period()).without["credit"] == 1


def test_what_a_supplier_charges_is_shared_out_over_its_lines_exactly(supplier):
    other = make_supplier("meridian")
    variants = [make_variant(one, stock=99) for one in (supplier, supplier, supplier, other)]
    order = make_paid_order(*[(variant, quantity) for variant, quantity in zip(variants, (1, 3, 2, 1), strict=True)])
    first, second = forwarded(order, charge=1001)
    SupplierOrder.objects.filter(pk=second.pk).update(delivery_charge_minor=7)
    shares = {sums.key[3]: sums.amounts["delivery"] for sums in groups_of(period(), "line")}
    charged = {row.supplier.slug: row.delivery_charge_minor for row in SupplierOrder.objects.all()}
    assert sum(shares[variant.sku] for variant in variants[:3]) == charged["harbour"]
    assert shares[variants[3].sku] == charged["meridian"]
    assert first.pk != second.pk


def test_an_unpaid_order_earns_nothing(supplier):
    make_order((make_variant(supplier), 1))
    assert total_of(period()).lines == 0
    assert total_of(period()).margin is None


def test_only_orders_of_the_period_and_the_currency_count(supplier):
    order = make_paid_order((make_variant(supplier), 1))
    assert total_of(period(currency="USD")).lines == 0
    yesterday = timezone.localdate() - timedelta(days=1)
    assert total_of(period(last=yesterday)).lines == 0
    # Half past eleven in the evening, in the shop's own time, belongs to the day that ends.
    evening = timezone.make_aware(datetime.combine(yesterday, time(23, 30)))
    Order.objects.filter(pk=order.pk).update(paid_at=evening)
    assert total_of(period(first=yesterday, last=yesterday)).lines == 1


def random_shop(luck: int) -> None:
    """Sell, cancel and pay back at random."""
    chance = Random(luck)
    suppliers = [make_supplier("harbour"), make_supplier("meridian")]
    variants = [
        make_variant(chance.choice(suppliers), price_minor=chance.randint(1, 9_999), stock=None) for _number in range(6)
    ]
    for number in range(12):
        goods = [(variant, chance.randint(1, 5)) for variant in chance.sample(variants, chance.randint(1, 4))]
        order = make_paid_order(*goods)
        if chance.random() < 0.8:
            forwarded(order, charge=chance.choice([None, 0, 390, 1001]))
        for line in order.lines.all():
            if chance.random() < 0.4:
                units = chance.randint(1, line.quantity)
                amount = chance.randint(1, units_minor(line, units))
                parts = [RefundPart(line, units, amount)]
                key = f"{number}-{line.pk}"
                request_refund(order, parts, reason=Refund.Reason.GOODWILL, by=None, key=key)
            if chance.random() < 0.2:
                OrderLine.objects.filter(pk=line.pk).update(unit_cost=None)


@pytest.mark.parametrize("luck", range(3))
def test_the_lines_sum_up_to_the_ledger_in_every_grouping(luck):
    random_shop(luck)
    whole = total_of(period())
    ledger = reconciled(period(), whole)
    tax_back = sum(line.tax_minor * line.refunded_minor // line.paid_minor for line in OrderLine.objects.all())
    tax = sum(line.tax_minor for line in OrderLine.objects.all()) - tax_back

    assert ledger["beyond"] == 0
    assert whole.amounts["net"] == ledger["captured"] - ledger["refunded"] - tax
    for group in GROUPS:
        rows = list(groups_of(period(), group))
        assert len(rows) == count_groups(period(), group), group
        assert sum(row.lines for row in rows) == whole.lines
        assert sum(row.unknown for row in rows) == whole.unknown
        assert sum(row.margin or 0 for row in rows) == whole.margin
        for name, amount in whole.amounts.items():
            assert sum(row.amounts[name] or 0 for row in rows) == amount, (group, name)
    assert sum(day.margin or 0 for day in days_of(period())) == whole.margin


def test_money_that_fits_no_line_is_named(supplier):
    order = make_paid_order((make_variant(supplier), 1))
    record_payment(order, stripe_id="pi_twice", paid=order.total)
    assert reconciled(period(), total_of(period()))["beyond"] == order.total_minor


def test_losses_come_first_if_asked_and_unknown_ones_last(supplier):
    prices = (1000, 5000, 3000)
    for price, charge in zip(prices, (5000, 100, None), strict=True):
        forwarded(make_paid_order((make_variant(supplier, price_minor=price), 1)), charge=charge)
    margins = [row.margin for row in groups_of(period(), "order", losses_first=True)]
    assert margins[0] < 0 < margins[1]
    assert margins[2] is None
    assert [row.amounts["gross"] for row in groups_of(period(), "order")] == sorted(
        (row.amounts["gross"] for row in groups_of(period(), "order")), reverse=True
    )


def test_what_the_provider_keeps_is_unknown_until_it_is_read_and_then_shared_out(supplier):
    order = make_paid_order((make_variant(supplier), 1), (make_variant(supplier), 3))
    span = period()
    Payment.objects.update(fee_minor=None, fee_currency="")
    assert (total_of(span).amounts["fee"], total_of(span).without["fee"]) == (None, 2)
    Payment.objects.update(fee_minor=101, fee_currency="EUR")
    assert total_of(span).amounts["fee"] == 101
    assert sum(row.amounts["fee"] for row in groups_of(span, "line")) == 101
    Payment.objects.update(fee_currency="GBP")
    assert total_of(span).without["fee"] == 2
    assert order.payments.count() == 1


def test_a_line_belongs_to_the_supplier_who_has_most_of_it_else_to_whom_it_was_sold_from(supplier):
    order = make_paid_order((make_variant(supplier), 1))
    assert [row.key for row in groups_of(period(), "supplier")] == [(supplier.pk,)]
    other = make_supplier("meridian")
    forwarded(order)
    SupplierOrder.objects.update(supplier=other)
    assert [row.key for row in groups_of(period(), "supplier")] == [(other.pk,)]
