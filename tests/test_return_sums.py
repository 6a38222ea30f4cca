"""What goes back for returns is what was said, once: parts of a price, exchanges for less, and the supplier's share."""

from __future__ import annotations

import uuid

import pytest
from django.db.models import Sum

from orders.models import OrderLine, Refund
from suppliers.models import Offer, SupplierCredit, SupplierOrder, SupplierOrderLine
from support.models import Choice, Claim, Return
from support.returning.decide import NotPossible, Verdict, decide
from support.returning.money import exchange_difference_minor, pay_for_new
from support.returning.proposal import part_minor
from tests.factories import make_person, make_supplier, make_variant
from tests.products import add_offer, make_kettle
from tests.returning import ask, no_right_to_withdraw, sent_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss():
    return make_person("boss", is_superuser=True)


def choose(row: Return, choice: Choice, by, **more):
    return decide(row, Verdict(choice, **more), form_key=uuid.uuid4(), by=by)


def paid_back() -> int:
    return Refund.objects.aggregate(sum=Sum("amount_minor"))["sum"] or 0


# --- a part of the price


def test_a_part_of_the_price_is_paid_as_it_was_decided_over_all_lines(boss):
    supplier = make_supplier()
    order = sent_order(1, 1, variants=[make_variant(supplier, price_minor=price) for price in (1000, 3000)])
    # Two lines that have paid for delivery, too: 10.00 + 5.00 and 30.00 + 5.00.
    assert order.lines.first().delivery_paid_minor > 0
    row = ask(order, solution="keep")
    decision = choose(row, Choice.PART_REFUND, boss, amount_minor=1180)
    assert decision.amount_minor == Claim.objects.get().amount_minor == paid_back() == 1180


def test_no_larger_part_of_the_price_than_the_goods_cost_may_be_chosen(boss):
    row = ask(sent_order(1, price=2500), solution="keep")
    with pytest.raises(NotPossible):
        choose(row, Choice.PART_REFUND, boss, amount_minor=2501)
    decision = choose(row, Choice.PART_REFUND, boss, amount_minor=2500)
    assert decision.amount_minor == Claim.objects.get().amount_minor == paid_back() == 2500


def test_the_rules_part_is_what_a_card_can_be_paid(boss):
    assert (part_minor(7001, 6000, "EUR"), part_minor(7010, 6000, "KWD")) == (1750, 1750)
    assert part_minor(7030, 6000, "KWD") % 10 == 0
    assert part_minor(7000, 900, "EUR") == 900


# --- exchanges for less


@pytest.fixture
def coloured():
    """Three colours of one thing, for 50.00, 30.00 and 10.00."""
    no_right_to_withdraw()
    found = make_kettle(make_supplier(), options=[{"Colour": name} for name in ("Red", "Blue", "Grey")])
    for variant, price in zip(found, (5000, 3000, 1000), strict=True):
        type(variant).objects.filter(pk=variant.pk).update(price_minor=price)
        variant.refresh_from_db()
    return found


def exchange(order, line: OrderLine, variant, by) -> OrderLine:
    """Exchange one unit of a line, at once; return the new line as if it had arrived."""
    row = ask(order, {line.pk: 1}, reason="does_not_fit", solution="exchange", exchange_for=variant)
    choose(row, Choice.REPLACEMENT, by, goods_back=False)
    new = OrderLine.objects.get(replaces=line)
    OrderLine.objects.filter(pk=new.pk).update(shipped=1, delivered=1, confirmed=1)
    SupplierOrder.objects.filter(lines__order_line=new).update(placed_at=order.placed_at)
    SupplierOrderLine.objects.filter(order_line=new).update(pending=0, accepted=1, shipped=1, delivered=1)
    return new


def test_what_was_exchanged_for_less_brings_back_only_the_rest_of_its_price(coloured, boss):
    red, blue, _grey = coloured
    order = sent_order(2, variants=[red])
    (line,) = order.lines.all()
    new = exchange(order, line, blue, boss)
    assert paid_back() == 2000
    row = ask(order, {new.pk: 1})
    decision = choose(row, Choice.REFUND_KEEP, boss)
    assert decision.amount_minor == 3000
    assert paid_back() == 5000
    # The other unit was never exchanged.
    choose(ask(order, {line.pk: 1}), Choice.REFUND_KEEP, boss)
    assert paid_back() == order.lines.get(pk=line.pk).paid_minor


def test_an_exchange_of_what_was_exchanged_counts_from_the_value_that_is_left(coloured, boss):
    red, blue, grey = coloured
    order = sent_order(2, variants=[red])
    new = exchange(order, order.lines.get(), blue, boss)
    assert exchange_difference_minor(new, 1, grey) == 2000
    newer = exchange(order, new, grey, boss)
    assert paid_back() == 4000
    choose(ask(order, {newer.pk: 1}), Choice.REFUND_KEEP, boss)
    assert paid_back() == 5000


def test_new_goods_that_were_cancelled_bring_back_only_the_rest_of_the_price(coloured, boss):
    red, blue, _grey = coloured
    order = sent_order(2, variants=[red])
    (line,) = order.lines.all()
    row = ask(order, {line.pk: 1}, reason="does_not_fit", solution="exchange", exchange_for=blue)
    choose(row, Choice.REPLACEMENT, boss, goods_back=False)
    new = OrderLine.objects.get(replaces=line)
    replacement = row.replacements.get()
    assert replacement.line == new
    pay_for_new(replacement, 1, key="return-1-new-1-1")
    assert paid_back() == 5000


# --- whose fault it was


def test_a_fault_of_new_goods_is_claimed_from_whoever_sent_those(boss, relay):
    first, second = make_supplier("harbour"), make_supplier("quay")
    variant = make_variant(first, stock=9)
    add_offer(second, variant, price_minor=1250, stock=9)
    order = sent_order(2, variants=[variant], supplier=first)
    (line,) = order.lines.all()
    Offer.objects.filter(supplier=first).update(availability="out_of_stock", stock=0)
    row = ask(order, {line.pk: 1}, solution="replacement")
    choose(row, Choice.REPLACEMENT, boss, goods_back=False)
    new = OrderLine.objects.get(replaces=line)
    part = SupplierOrderLine.objects.get(order_line=new)
    assert part.supplier_order.supplier == second
    OrderLine.objects.filter(pk=new.pk).update(shipped=1, delivered=1, confirmed=1)
    SupplierOrder.objects.filter(pk=part.supplier_order_id).update(placed_at=order.placed_at)
    SupplierOrderLine.objects.filter(pk=part.pk).update(pending=0, accepted=1, shipped=1, delivered=1)
    choose(ask(order, {new.pk: 1}), Choice.REFUND_KEEP, boss)
    relay.run_until_idle()
    owed = SupplierCredit.objects.order_by("pk").values_list("supplier__slug", "units")
    assert list(owed) == [("harbour", 1), ("quay", 1)]
