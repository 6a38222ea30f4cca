"""A use of a discount code is given back exactly once when nothing comes of its order, and late money loses nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from orders.actions.authorisation import note_released, refuse_order
from orders.actions.cancel import request_cancellation
from orders.actions.checkout import give_up
from orders.actions.discount import CodeRefused, free_use
from orders.actions.late import settle_late_payment
from orders.actions.payment import record_payment
from orders.actions.withdraw import withdraw_unpaid
from orders.models import Authorisation, DiscountCode, DiscountTally, DiscountUse, Order, OrderLine, WorkItem
from shop.money import Money
from tests.factories import ADDRESS, make_code, make_order, make_paid_order, make_person, make_supplier, make_variant
from tests.money import assert_it_adds_up, pay, tell
from tests.paying_back import delivered, pay_back, wish

pytestmark = pytest.mark.django_db
OTHER = ADDRESS.__class__(
    **{name: getattr(ADDRESS, name) for name in ADDRESS.__dataclass_fields__} | {"email": "else@example.com"}
)


@pytest.fixture(name="code")
def code_fixture() -> DiscountCode:
    return make_code("ONCE", limit_total=1, limit_per_customer=1)


@pytest.fixture(name="variant")
def variant_fixture():
    return make_variant(make_supplier(), stock=None)


def counts(code: DiscountCode) -> tuple[int, int, int]:
    """Return uses by the code's counter, by the customers' counters and by the rows that hold one."""
    code.refresh_from_db()
    tallies = DiscountTally.objects.filter(code=code).values_list("used", flat=True)
    return code.used, sum(tallies), DiscountUse.objects.filter(code=code, released_at=None).count()


def test_a_reservation_that_lapses_gives_it_back_once(code, variant, relay, sandbox):
    order = make_order((variant, 1), code="ONCE")
    past = timezone.now() - timedelta(minutes=1)
    for _time in range(2):
        order.sessions.update(expires_at=past, due_at=past)
        relay.run_until_idle()
    order.refresh_from_db()
    assert (order.status, counts(code)) == ("expired", (0, 0, 0))
    assert not give_up(order)
    assert not free_use(order)
    assert make_order((variant, 1), code="ONCE").discount_minor
    assert counts(code) == (1, 1, 1)


def test_a_cancellation_before_payment_gives_it_back_once(code, variant, sandbox):
    order = make_order((variant, 1), code="ONCE")
    asked = request_cancellation(order, key="x", by=None)
    assert counts(code) == (1, 1, 1)
    for _time in range(2):
        withdraw_unpaid(asked.pk)
    assert (Order.objects.get().status, counts(code)) == ("cancelled", (0, 0, 0))
    assert not free_use(order)
    assert make_order((variant, 1), code="ONCE").discount_minor


def test_a_paid_order_gives_it_back_with_the_last_of_its_units_and_only_once(code, variant):
    order = make_paid_order((variant, 3), code="ONCE")
    line = order.lines.get()
    for units in (1, 1):
        request_cancellation(order, {line.pk: units}, key=f"part {line.cancelled}", by=None)
        line.refresh_from_db()
    assert counts(code) == (1, 1, 1)
    with pytest.raises(CodeRefused):
        make_order((variant, 1), code="ONCE")
    for _time in range(2):
        request_cancellation(order, {line.pk: 1}, key="last", by=None)
    order.refresh_from_db()
    assert (order.status, counts(code)) == ("cancelled", (0, 0, 0))
    assert not free_use(order)
    assert make_order((variant, 1), code="ONCE").discount_minor


def test_what_a_code_has_made_free_gives_it_back_as_well(variant):
    code = make_code("GIFT", percent=100, limit_per_customer=1)
    code.products.clear()
    order = make_order((make_variant(make_supplier("meridian"), price_minor=6_000), 1), code="GIFT")
    assert (order.status, order.total_minor, counts(code)) == ("paid", 0, (1, 1, 1))
    request_cancellation(order, key="x", by=None)
    assert (Order.objects.get().status, counts(code)) == ("cancelled", (0, 0, 0))


def test_an_order_of_which_something_was_sent_keeps_it_also_when_all_of_it_comes_back(code, variant):
    order = delivered((variant, 2), code="ONCE")
    line = order.lines.get()
    pay_back(order, wish("returned", units={line: 2}), by=make_person(is_superuser=True, is_staff=True))
    assert order.refunds.count() == 1
    assert counts(code) == (1, 1, 1)


def test_an_authorised_order_that_is_refused_or_lapses_gives_it_back_once(code, variant, sandbox, relay, settings):
    settings.REVIEW_ABOVE_MINOR = 100
    for number in range(2):
        order = make_order((variant, 1), code="ONCE")
        pay(sandbox, order)
        tell(sandbox, settings)
        relay.run_until_idle()
        order.refresh_from_db()
        kept = order.authorisations.get()
        assert (order.status, kept.status, counts(code)) == ("authorised", "held", (1, 1, 1))
        if number:
            refuse_order(order, by=None)
            assert counts(code) == (0, 0, 0)
        for _time in range(2):
            note_released(Authorisation.objects.get(pk=kept.pk), why="it lapsed")
        order.refresh_from_db()
        assert (order.status, counts(code)) == ("cancelled", (0, 0, 0))
    assert_it_adds_up()


def late_twins(variant) -> tuple[Order, Order]:
    """One order ran out and its use was taken by another, which is paid; then its money comes all the same."""
    late = make_order((variant, 1), code="ONCE")
    give_up(late)
    winner = make_paid_order((variant, 1), address=OTHER, code="ONCE")
    record_payment(late, stripe_id="pi_late", paid=late.total)
    late.refresh_from_db()
    return late, winner


def test_late_money_whose_use_another_has_taken_goes_back_whole_and_nobody_loses_anything(code, variant):
    late, winner = late_twins(variant)
    assert late.status == "late_paid"
    assert [settle_late_payment(late) for _time in range(2)] == [False, False]
    late.refresh_from_db()
    payment = late.payments.get()
    assert (late.status, payment.refunded_minor) == ("cancelled", late.total_minor)
    assert [(refund.amount_minor, str(refund.reason)) for refund in late.refunds.all()] == [
        (late.total_minor, "late_payment")
    ]
    assert counts(code) == (1, 1, 1)
    assert winner.discount_use.released_at is None
    assert late.reservations.exclude(state="released").count() == 0


def test_the_customer_of_late_money_is_told_and_no_work_is_left(code, variant, relay, sandbox, mailbox):
    late = make_order((variant, 1), code="ONCE")
    pay(sandbox, late)
    give_up(late)
    make_paid_order((variant, 1), address=OTHER, code="ONCE")
    relay.run_until_idle()
    late.refresh_from_db()
    assert late.status == "cancelled"
    assert [row["amount"] for row in sandbox.control("ledger")["refunds"]] == [late.total_minor]
    assert late.refunds.get().status == "succeeded"
    assert not WorkItem.objects.filter(order=late, closed_at=None).exists()
    assert [mail["Subject"] for mail in mailbox() if mail["To"] == late.email]
    assert counts(code) == (1, 1, 1)


def test_late_money_for_a_code_no_longer_in_use_goes_back_whole(code, variant):
    late = make_order((variant, 1), code="ONCE")
    give_up(late)
    DiscountCode.objects.update(is_active=False)
    record_payment(late, stripe_id="pi_late", paid=late.total)
    late.refresh_from_db()
    assert not settle_late_payment(late)
    assert late.payments.get().refunded_minor == late.total_minor
    assert counts(code) == (0, 0, 0)


def test_late_money_of_another_amount_becomes_work_and_takes_no_use(code, variant):
    late = make_order((variant, 1), code="ONCE")
    give_up(late)
    record_payment(late, stripe_id="pi_odd", paid=Money(late.total_minor - 1, late.currency))
    late.refresh_from_db()
    assert (late.status, counts(code)) == ("expired", (0, 0, 0))
    item = WorkItem.objects.get(reason="payment_unexpected", closed_at=None)
    assert item.money_minor == late.total_minor - 1


def test_a_use_that_was_given_back_taken_again_and_cancelled_ends_given_back(code, variant):
    late = make_order((variant, 1), code="ONCE")
    give_up(late)
    record_payment(late, stripe_id="pi_late", paid=late.total)
    assert settle_late_payment(late)
    assert counts(code) == (1, 1, 1)
    late.refresh_from_db()
    request_cancellation(late, key="x", by=None)
    assert (OrderLine.objects.get().cancelled, counts(code)) == (1, (0, 0, 0))
