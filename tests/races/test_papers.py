"""Races for numbers: many papers at once, some of them rolled back, some of them cut off."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.db.models import Max

from orders.actions import papers as papers_module
from orders.actions.papers import issue_invoice
from orders.models import Order, Paper, PaperCounter, PaperKind
from tests.factories import make_paid_order, make_supplier, make_variant
from tests.races.crowd import break_down, hold, never_lock, wait_before_update, without_wall

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
WRITERS = 4


class PowerCut(Exception):
    """Something fails after the number was taken."""


@pytest.fixture
def variant(crowd):
    return make_variant(make_supplier(), stock=None)


def issue(order: Order) -> Paper | None:
    return issue_invoice(Order.objects.get(pk=order.pk))


def issue_and_fail(order: Order) -> None:
    """Issue it in a transaction that is rolled back."""
    with transaction.atomic():
        issue(order)
        raise PowerCut


def issue_and_vanish(order: Order) -> None:
    """Issue it over a connection that is cut before the transaction ends, as by a worker that is killed."""
    try:
        with transaction.atomic():
            issue(order)
            connection.connection.close()
    finally:
        connection.close()


def check_numbers() -> None:
    """Every number from one to the last is there, once."""
    serials = sorted(Paper.objects.filter(kind=PaperKind.INVOICE).values_list("serial", flat=True))
    assert len(serials) == len(set(serials)), "a number was given twice"
    assert serials == list(range(1, len(serials) + 1)), "a number is missing"
    last = Paper.objects.aggregate(last=Max("serial"))["last"] or 0
    assert [counter.last for counter in PaperCounter.objects.all()] == [last]


def papers_are_issued_at_once(crowd, variant) -> None:
    orders = [make_paid_order((variant, 1)) for _number in range(WRITERS)]
    failing, vanishing = (make_paid_order((variant, 1)) for _number in range(2))
    deeds = [lambda order=order: issue(order) for order in orders]
    deeds += [lambda: issue_and_fail(failing), lambda: issue_and_vanish(vanishing)]
    crowd.at_once(*deeds, expected=(Exception,))
    assert Paper.objects.filter(order__in=orders).count() == WRITERS
    check_numbers()


def test_papers_issued_at_once_with_some_rolled_back_and_cut_off_are_numbered_without_gaps(crowd, variant):
    hold(lambda: papers_are_issued_at_once(crowd, variant), rounds=5)


def test_one_order_issued_by_many_has_one_invoice(crowd, variant):
    def one_round() -> None:
        order = make_paid_order((variant, 1))
        made = crowd.at_once(*[lambda: issue(order)] * WRITERS)
        assert len({paper.pk for paper in made}) == 1, "an order was invoiced twice"
        check_numbers()

    hold(one_round, rounds=5)


def two_take_a_number(crowd, variant) -> None:
    orders = [make_paid_order((variant, 1)) for _number in range(2)]
    crowd.at_once(*[lambda order=order: issue(order) for order in orders])
    check_numbers()


def test_twin_without_the_lock_of_the_counter_a_number_is_given_twice(crowd, variant, monkeypatch):
    issue(make_paid_order((variant, 1)))
    never_lock(monkeypatch, PaperCounter)
    wait_before_update(monkeypatch, PaperCounter, crowd.gap)
    if connection.vendor == "sqlite":
        # It lets one write at a time: the lock that is taken away here, it does not need.
        hold(lambda: two_take_a_number(crowd, variant), rounds=2)
        return
    with without_wall(Paper, "paper_number_once", "number"):
        break_down(lambda: two_take_a_number(crowd, variant), "a number was given twice")


def test_twin_with_the_number_taken_before_the_transaction_a_number_is_missing(crowd, variant, monkeypatch):
    next_number = papers_module.next_number

    def one_fails() -> None:
        good, bad = (make_paid_order((variant, 1)) for _number in range(2))
        taken = []
        for _order in (good, bad):
            with transaction.atomic():
                taken.append(next_number(PaperKind.INVOICE, papers_module.timezone.now()))
        monkeypatch.setattr(papers_module, "next_number", lambda *args: taken.pop(0))
        crowd.at_once(lambda: issue_and_fail(bad), expected=(PowerCut,))
        crowd.at_once(lambda: issue(good))
        monkeypatch.setattr(papers_module, "next_number", next_number)
        check_numbers()

    break_down(one_fails, "a number is missing")
