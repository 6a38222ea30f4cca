"""Races for money: a payment told by three at once, refunds by two agents."""

from __future__ import annotations

import random
from threading import Event as Flag

import pytest
from django.db import IntegrityError, connection
from django.db.models import F
from django.test import Client

from orders.actions import payment as payment_module, refund as refund_module
from orders.actions.incoming import work_on
from orders.actions.opening import open_session
from orders.actions.payment import settle
from orders.actions.refund import RefundPart, TooMuch, refund_everything, request_refund
from orders.actions.refund_by_hand import Confirmed, QuoteChanged, confirm_refund, preview_refund
from orders.actions.refund_quote import NothingToPay, Wish
from orders.models import CheckoutSession, IncomingEvent, Order, OrderLine, Payment, Refund, RefundCap
from tests.factories import make_order, make_paid_order, make_person, make_supplier, make_variant
from tests.races.copies import stripe_tells
from tests.races.crowd import (
    break_down,
    find_any,
    hold,
    look_then_make,
    never_lock,
    patience,
    read_then_write,
    wait_before_update,
    without_wall,
)

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def variant(crowd):
    return make_variant(make_supplier(), stock=None)


def webhook_comes(session: CheckoutSession) -> None:
    """Store the webhook of a paid session, and work on it."""
    assert stripe_tells(session).status_code == 200
    work_on(IncomingEvent.objects.get(event_id=f"evt_{session.pk}").pk)


def three_settle_one_session(crowd, variant, sandbox) -> None:
    order = make_order((variant, 1))
    session = open_session(order.sessions.get())
    sandbox.control(f"sessions/{session.stripe_id}/pay", {})

    def customer_returns() -> None:
        answer = Client().get(f"/checkout/return/{order.token}/?session={session.stripe_id}")
        assert answer["Location"].endswith("?thanks=1")

    def sweep_comes_by() -> None:
        settle(CheckoutSession.objects.get(pk=session.pk))

    crowd.at_once(customer_returns, lambda: webhook_comes(session), sweep_comes_by)
    order.refresh_from_db()
    assert order.status == "paid"
    assert order.payments.count() == 1, "one payment was noted more than once"
    assert order.events.filter(kind="order.paid").count() == 1


def test_webhook_return_page_and_sweep_settle_one_payment(crowd, variant, sandbox):
    hold(lambda: three_settle_one_session(crowd, variant, sandbox))


def test_twin_without_the_unique_payment_it_is_noted_more_than_once(crowd, variant, sandbox, monkeypatch):
    # In front of it stand the lock of the order and the row of the session, which all of them write
    # first; behind it a look at "the" payment, which undoes whatever would find two.
    never_lock(monkeypatch, Order)
    monkeypatch.setattr(payment_module, "_close", lambda session, state: None)
    look_then_make(monkeypatch, Payment, crowd.gap)
    find_any(monkeypatch, Payment)
    with without_wall(Payment, "stripe_id"):
        # One after the other is enough: nobody looks before they write, for the wall tells.
        break_down(lambda: three_settle_one_session(crowd, variant, sandbox), "noted more than once")


def two_agents_pay_back(crowd, variant, chance: random.Random) -> list[str]:
    """Let two agents pay back at random what they like; return how their tries ended."""
    order = make_paid_order((variant, 4))
    payment, line = order.payments.get(), order.lines.get()
    # Two large ones first, of which only one fits; then crumbs until the rest is gone.
    plans = [
        [chance.randint(payment.captured_minor // 2 + 1, payment.captured_minor)]
        + [chance.randint(1, payment.captured_minor // 3) for _number in range(5)]
        for _agent in range(2)
    ]

    def agent(number: int) -> list[str]:
        ends = []
        for serial, amount in enumerate(plans[number]):
            key = f"{order.number}-{number}-{serial}"
            try:
                request_refund(order, [RefundPart(line, 0, amount)], reason=Refund.Reason.GOODWILL, by=None, key=key)
                ends.append("paid back")
            except (TooMuch, IntegrityError) as error:
                ends.append(type(error).__name__)
        return ends

    ends = [end for one in crowd.at_once(lambda: agent(0), lambda: agent(1)) for end in one]
    payment.refresh_from_db()
    line.refresh_from_db()
    back = sum(refund.amount_minor for refund in order.refunds.all())
    assert back <= payment.captured_minor, "more was paid back than was taken"
    assert (payment.refunded_minor, line.refunded_minor) == (back, back)
    return ends


def test_two_agents_never_pay_back_more_than_was_taken(crowd, variant):
    chance = random.Random(11)

    def one_round() -> None:
        ends = two_agents_pay_back(crowd, variant, chance)
        assert set(ends) <= {"paid back", "TooMuch"}

    hold(one_round)


@pytest.fixture
def only_the_limit_of_the_payment(monkeypatch):
    """Take away what stands in front of it: the lock of the order, and the limit of the single line."""
    never_lock(monkeypatch, Order)

    def count_only(part: RefundPart) -> None:
        row = OrderLine.objects.filter(pk=part.line.pk)
        row.update(refunded_minor=F("refunded_minor") + part.amount_minor, refunded=F("refunded") + part.quantity)

    monkeypatch.setattr(refund_module, "_take_from_line", count_only)


def test_the_limit_of_the_payment_alone_holds_against_two_agents(crowd, variant, only_the_limit_of_the_payment):
    chance = random.Random(12)
    hold(lambda: two_agents_pay_back(crowd, variant, chance))


def test_twin_without_the_limit_two_agents_pay_back_more_than_was_taken(
    crowd, variant, only_the_limit_of_the_payment, monkeypatch
):
    read_then_write(monkeypatch, Payment, before=crowd.gap)
    chance = random.Random(12)
    with without_wall(Payment, "payment_not_over_refunded"):
        break_down(
            lambda: two_agents_pay_back(crowd, variant, chance),
            "more was paid back than was taken",
            single_writer_holds=True,
        )


def test_half_a_twin_without_the_condition_the_constraint_is_the_last_wall(
    crowd, variant, only_the_limit_of_the_payment, monkeypatch
):
    read_then_write(monkeypatch, Payment, before=crowd.gap)
    ends = two_agents_pay_back(crowd, variant, random.Random(12))
    # SQLite lets one write at a time, so there what was seen is still true when the write comes.
    wall = {"postgresql": "IntegrityError", "sqlite": "TooMuch"}[connection.vendor]
    assert wall in ends


def an_agent_and_the_late_payment_rule_pay_back(crowd, variant) -> None:
    order = make_paid_order((variant, 1))
    payment, line = order.payments.get(), order.lines.get()

    def agent() -> None:
        request_refund(order, [RefundPart(line, 0, 500)], reason=Refund.Reason.GOODWILL, by=None, key=order.number)

    def rule() -> None:
        refund_everything(payment, reason=Refund.Reason.LATE_PAYMENT, by=None)

    crowd.at_once(agent, rule, expected=(TooMuch,))
    payment.refresh_from_db()
    back = sum(refund.amount_minor for refund in order.refunds.all())
    assert back <= payment.captured_minor, "more was paid back than was taken"
    assert payment.refunded_minor == back


def test_paying_back_all_that_is_left_counts_what_an_agent_pays_back_meanwhile(crowd, variant):
    hold(lambda: an_agent_and_the_late_payment_rule_pay_back(crowd, variant))


def test_twin_without_the_lock_all_that_is_left_is_counted_wrong(crowd, variant, monkeypatch):
    # Behind the lock stands a condition, for refunds that know no lock of ours; both are off.
    never_lock(monkeypatch, Order)
    agent_has_written = Flag()

    def rule_waits(changes) -> None:
        crowd.gap()
        # Both have looked. The other way round a constraint would stop the agent.
        if changes["refunded_minor"] == F("captured_minor"):
            agent_has_written.wait(timeout=patience())

    read_then_write(monkeypatch, Payment, before=rule_waits, after=lambda changes: agent_has_written.set())

    def one_round() -> None:
        agent_has_written.clear()
        an_agent_and_the_late_payment_rule_pay_back(crowd, variant)

    break_down(
        one_round,
        "more was paid back than was taken",
        single_writer_holds=True,
    )


def two_agents_confirm_the_last_cents(crowd, variant) -> None:
    """Let two agents, each at their own preview of the same rest, press "pay back" at the same moment."""
    order = make_paid_order((variant, 1))
    OrderLine.objects.filter(order=order).update(shipped=1, forwarded=1)
    line = order.lines.get()
    agents = [make_person(is_superuser=True) for _number in range(2)]
    wanted = Wish(Refund.Reason.DAMAGED, units={line.pk: 1})
    shown = preview_refund(order, wanted, by=agents[0]).shown()

    def confirm(number: int) -> Confirmed:
        return confirm_refund(order, wanted, shown=shown, key=f"{order.number}-{number}", by=agents[number])

    expected = (QuoteChanged, NothingToPay, TooMuch, IntegrityError)
    ends = crowd.at_once(lambda: confirm(0), lambda: confirm(1), expected=expected)
    back = sum(refund.amount_minor for refund in order.refunds.all())
    assert back == order.total_minor, "the last cents were paid back twice"
    assert sorted(type(end).__name__ for end in ends) == ["Confirmed", "NothingToPay"]


def test_two_agents_who_confirm_the_last_cents_at_once_pay_them_back_once(crowd, variant):
    hold(lambda: two_agents_confirm_the_last_cents(crowd, variant))


def test_twin_without_lock_and_limits_the_last_cents_go_back_twice(
    crowd, variant, only_the_limit_of_the_payment, monkeypatch
):
    read_then_write(monkeypatch, Payment, before=crowd.gap)
    with without_wall(Payment, "payment_not_over_refunded"), without_wall(OrderLine, "order_line_refunded_once"):
        break_down(
            lambda: two_agents_confirm_the_last_cents(crowd, variant),
            "paid back twice",
            single_writer_holds=True,
        )


def two_agents_stay_below_their_cap(crowd, variant) -> None:
    """Let two agents pay back at once what together is more than may go back for one order by hand."""
    order = make_paid_order((variant, 1))
    line = order.lines.get()
    agents = [make_person(role="Support agents") for _number in range(2)]
    RefundCap.objects.filter(group__name="Support agents").update(per_refund_minor=600, per_order_minor=600)

    def confirm(number: int) -> object:
        wanted = Wish(Refund.Reason.GOODWILL, money={line.pk: 400})
        shown = preview_refund(order, wanted, by=agents[number]).shown()
        return confirm_refund(order, wanted, shown=shown, key=f"{order.number}-{number}", by=agents[number])

    crowd.at_once(lambda: confirm(0), lambda: confirm(1), expected=(QuoteChanged,))
    back = sum(refund.amount_minor for refund in order.refunds.all())
    assert back <= 600, "more went back than the cap allows"


def test_two_agents_at_once_stay_below_the_cap_of_one_order(crowd, variant):
    hold(lambda: two_agents_stay_below_their_cap(crowd, variant))


def test_twin_without_the_lock_two_agents_go_above_the_cap(crowd, variant, monkeypatch):
    never_lock(monkeypatch, Order)
    wait_before_update(monkeypatch, Payment, crowd.gap)
    break_down(
        lambda: two_agents_stay_below_their_cap(crowd, variant),
        "more went back than the cap allows",
        single_writer_holds=True,
    )
