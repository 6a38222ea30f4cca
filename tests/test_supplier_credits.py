"""What suppliers owe for refunds that are their fault: raised by event, once, matched, aged, never too much."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from orders.actions.again import ask_refund_again
from orders.actions.refund import _fail
from orders.models import Event, OrderLine, Payment, Reaction
from suppliers.actions.credits import (
    DoesNotFit,
    TooMuchMatched,
    match_credit,
    raise_credits,
    undo_match,
    write_off_credit,
)
from suppliers.models import Supplier, SupplierCredit, SupplierInvoice, SupplierOrderLine
from tests import waiting
from tests.factories import make_person, make_supplier, make_variant
from tests.paying_back import delivered, pay_back, wish

pytestmark = pytest.mark.django_db


@pytest.fixture(name="boss")
def boss_fixture():
    return make_person("boss@example.com", is_superuser=True, is_staff=True)


@pytest.fixture(name="staff")
def staff_fixture(client):
    person = make_person(role="Store staff")
    client.force_login(person)
    return person


@pytest.fixture(name="order")
def order_fixture():
    """Three things for 12.50 each that cost us 5.00 each, and 3.90 delivery."""
    return delivered((make_variant(make_supplier()), 3))


def paper(supplier: Supplier, amount: int = 1000, number: str = "GS-1", **fields: object) -> SupplierInvoice:
    facts = {"dated_on": date(2026, 11, 27), "currency": "EUR"}
    return SupplierInvoice.objects.create(supplier=supplier, number=number, amount_minor=amount, **facts | fields)


def credits() -> list[tuple]:
    return list(SupplierCredit.objects.order_by("pk").values_list("units", "amount_minor", "currency", "status"))


@pytest.mark.parametrize("reason", ["defective", "damaged", "wrong_item", "not_delivered"])
def test_a_refund_that_is_the_suppliers_fault_raises_what_the_units_cost(order, boss, relay, reason):
    pay_back(order, wish(reason, units={order.lines.get(): 2}), by=boss)
    relay.run_until_idle()

    credit = SupplierCredit.objects.get()
    assert credits() == [(2, 1000, "EUR", "open")]
    assert (credit.refund, credit.line, credit.reason) == (order.refunds.get(), SupplierOrderLine.objects.get(), reason)
    assert order.events.filter(kind="supplier_credit.opened").count() == 1


@pytest.mark.parametrize("reason", ["goodwill", "returned"])
def test_what_is_not_the_suppliers_fault_raises_nothing(order, boss, relay, reason):
    pay_back(order, wish(reason, units={order.lines.get(): 2}), by=boss)
    relay.run_until_idle()

    assert credits() == []


def test_however_often_the_event_is_told_one_refund_is_claimed_once(order, boss, relay):
    pay_back(order, wish("damaged", units={order.lines.get(): 1}), by=boss)
    event = Event.objects.get(kind="refund.requested")
    for _time in range(2):
        relay.run_until_idle()
        Reaction.objects.update(done_at=None, due_at=timezone.now(), lease_until=None)
    with transaction.atomic():
        raise_credits(event)

    assert credits() == [(1, 500, "EUR", "open")]
    copy = SupplierCredit.objects.get()
    copy.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        copy.save(force_insert=True)


def test_goods_that_are_kept_for_less_are_shared_as_agreed(order, boss, relay):
    Supplier.objects.update(credit_share_percent=50)
    # A third of the price goes back: a third of the cost of 15.00, and half of that is the supplier's.
    pay_back(order, wish("defective", money={order.lines.get(): 1250}), by=boss)
    relay.run_until_idle()

    assert credits() == [(0, 250, "EUR", "open")]


def test_a_line_is_never_claimed_above_what_it_cost(order, boss, relay):
    line = order.lines.get()
    pay_back(order, wish("defective", money={line: 1250}), by=boss, key="less")
    pay_back(order, wish("defective", units={line: 3}), by=boss, key="all")
    relay.run_until_idle()

    assert credits() == [(0, 500, "EUR", "open"), (3, 1000, "EUR", "open")]


def test_goods_a_supplier_could_not_send_are_claimed_only_where_they_were_billed(boss, relay):
    for slug, bills_at in (("harbour", "order"), ("meridian", "dispatch")):
        order = delivered((make_variant(make_supplier(slug, bills_at=bills_at)), 2))
        rows = SupplierOrderLine.objects.filter(supplier_order__order=order)
        rows.update(accepted=1, shipped=1, delivered=1, rejected=1)
        OrderLine.objects.filter(order=order).update(forwarded=1, shipped=1, delivered=1, cancelled=1)
        pay_back(order, wish("supplier_cannot", units={order.lines.get(): 1}), by=boss, key=slug)
    relay.run_until_idle()

    assert [credit.supplier.slug for credit in SupplierCredit.objects.all()] == ["harbour"]
    assert credits() == [(1, 500, "EUR", "open")]


def test_units_of_two_suppliers_are_claimed_from_each(boss, relay):
    order = delivered((make_variant(make_supplier()), 3))
    line, first = order.lines.get(), SupplierOrderLine.objects.get()
    SupplierOrderLine.objects.update(quantity=1, accepted=1, shipped=1, delivered=1)
    other = make_supplier("meridian")
    supplier_order = first.supplier_order
    supplier_order.pk, supplier_order.supplier, supplier_order.reference = None, other, f"{order.number}-2-1"
    supplier_order.save(force_insert=True)
    first.pk, first.supplier_order, first.unit_cost, first.quantity = None, supplier_order, 60_000, 2
    first.accepted = first.shipped = first.delivered = 2
    first.save(force_insert=True)

    pay_back(order, wish("damaged", units={line: 3}), by=boss)
    relay.run_until_idle()

    assert credits() == [(1, 500, "EUR", "open"), (2, 1200, "EUR", "open")]


def test_a_refund_that_is_cut_over_two_payments_is_claimed_once(order, boss, relay):
    Payment.objects.update(captured_minor=2000)
    Payment.objects.create(order=order, stripe_id="pi_second", captured_minor=2140, currency="EUR")
    pay_back(order, wish("damaged", units={order.lines.get(): 3}), by=boss)
    relay.run_until_idle()

    assert order.refunds.count() == 2
    assert credits() == [(3, 1500, "EUR", "open")]


def test_a_refund_that_fails_takes_its_credit_back_and_a_new_try_claims_it_anew(order, boss, relay):
    (refund,) = pay_back(order, wish("damaged", units={order.lines.get(): 1}), by=boss).refunds
    relay.run_until_idle()
    _fail(refund, "account closed")
    relay.run_until_idle()
    assert credits() == [(1, 500, "EUR", "withdrawn")]

    ask_refund_again(refund, by=None)
    relay.run_until_idle()

    assert credits() == [(1, 500, "EUR", "withdrawn"), (1, 500, "EUR", "open")]


def test_a_refund_that_has_failed_already_raises_nothing_however_late_its_event_comes(order, boss, relay):
    (refund,) = pay_back(order, wish("damaged", units={order.lines.get(): 1}), by=boss).refunds
    _fail(refund, "account closed")
    relay.run_until_idle()

    assert credits() == []


def test_what_the_supplier_has_credited_stands_for_the_refund_in_the_failed_ones_place(order, boss, relay):
    (refund,) = pay_back(order, wish("damaged", units={order.lines.get(): 1}), by=boss).refunds
    relay.run_until_idle()
    match_credit(SupplierCredit.objects.get(), paper(Supplier.objects.get()), amount_minor=500, key="m", by=boss)
    _fail(refund, "account closed")
    relay.run_until_idle()
    ask_refund_again(refund, by=None)
    relay.run_until_idle()

    assert credits() == [(1, 500, "EUR", "matched")]


def test_a_credit_is_matched_in_part_then_whole_and_once_per_form(boss):
    credit = waiting.a_supplier_credit()
    first, second = paper(credit.supplier), paper(credit.supplier, number="GS-2")

    for _time in range(2):
        match_credit(credit, first, amount_minor=200, key="form", by=boss)
    credit.refresh_from_db()
    assert (credit.status, credit.matched_minor, credit.owed.minor) == ("open", 200, 300)
    match_credit(credit, second, amount_minor=300, key="form 2", by=boss)

    first.refresh_from_db()
    assert (credit.status, credit.owed.minor, first.left.minor) == ("matched", 0, 800)


def test_neither_side_of_a_match_gives_more_than_it_has(boss):
    credit = waiting.a_supplier_credit()
    small = paper(credit.supplier, 300)

    for amount in (301, 501, 0, -1):
        with pytest.raises(TooMuchMatched):
            match_credit(credit, small, amount_minor=amount, key=f"{amount}", by=boss)
    for model in (SupplierCredit, SupplierInvoice):
        with pytest.raises(IntegrityError), transaction.atomic():
            model.objects.update(matched_minor=501)

    credit.refresh_from_db()
    assert (credit.matched_minor, credit.matches.count()) == (0, 0)


def test_only_papers_of_the_same_supplier_and_currency_settle_a_credit_that_is_owed(boss):
    credit = waiting.a_supplier_credit()
    others = [paper(make_supplier("meridian")), paper(credit.supplier, currency="GBP")]
    for other in others:
        with pytest.raises(DoesNotFit):
            match_credit(credit, other, amount_minor=1, key=str(other.pk), by=boss)
    write_off_credit(credit, note="Closed its shop.", by=boss)
    with pytest.raises(DoesNotFit):
        match_credit(credit, paper(credit.supplier, number="GS-3"), amount_minor=1, key="late", by=boss)


def test_a_match_that_was_a_mistake_is_undone_once_and_both_sides_have_it_back(boss):
    credit = waiting.a_supplier_credit()
    invoice = paper(credit.supplier)
    match = match_credit(credit, invoice, amount_minor=500, key="m", by=boss)

    assert [undo_match(match, by=boss), undo_match(match, by=boss)] == [True, False]

    credit.refresh_from_db()
    invoice.refresh_from_db()
    assert (credit.status, credit.matched_minor, invoice.matched_minor) == ("claimed", 0, 0)
