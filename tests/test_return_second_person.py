"""When a decision about a return needs two people: a limit holds for the two as well, and for all of an order."""

from __future__ import annotations

import uuid

import pytest

from notifications.return_outcomes import return_kept
from orders.actions.refund_caps import room_minor
from orders.models import Refund, RefundCap, WorkItem
from support.models import Choice, Return, ReturnDecision
from support.return_states import DecisionStatus, ReturnStatus
from support.returning.decide import MayNot, Verdict, approve_decision, decide, may_approve, refuse_decision
from support.returning.flow import cancel_return
from support.returning.seconds import seconds_for
from tests.returning import ask, make_desk, make_staff, no_right_to_withdraw, sent_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent():
    return make_desk()


def caps(agents: int, staff: int) -> None:
    for role, most in (("Support agents", agents), ("Store staff", staff)):
        RefundCap.objects.filter(group__name=role).update(per_refund_minor=most, per_order_minor=most)


def choose(row: Return, choice: Choice, by, **more) -> ReturnDecision:
    return decide(row, Verdict(choice, **more), form_key=uuid.uuid4(), by=by)


# --- limits


@pytest.mark.parametrize(("staff", "may"), [(5_000, False), (100_000, True)])
def test_a_right_is_decided_by_two_only_within_the_limit_of_one_of_them(agent, staff, may):
    caps(5_000, staff)
    row = ask(sent_order(2, price=80_000))
    (line,) = row.lines.all()
    second = make_staff()
    decision = choose(row, Choice.REFUND_KEEP, agent, units={line.pk: 1})
    assert (decision.needs, decision.amount_minor) == ("right", 80_000)
    assert may_approve(decision, second) is may
    named = seconds_for(row.order, "right", decision.amount_minor, besides=agent.pk)
    assert named == ([second] if may else [])
    if may:
        assert approve_decision(decision, by=second)
    else:
        with pytest.raises(MayNot):
            approve_decision(decision, by=second)
    assert Refund.objects.exists() is may


def test_a_right_may_be_declined_whatever_the_limits_are(agent):
    caps(0, 0)
    decision = choose(ask(sent_order(1)), Choice.DECLINE, agent)
    assert approve_decision(decision, by=make_staff())


def test_what_agents_decided_before_for_an_order_counts_for_their_limit(agent):
    no_right_to_withdraw()
    caps(15_000, 100_000)
    order = sent_order(5, price=10_000)
    (line,) = order.lines.all()
    first = choose(ask(order, {line.pk: 1}, reason="changed_mind"), Choice.REFUND_KEEP, agent)
    assert (first.needs, Refund.objects.get().amount_minor) == ("", 10_000)
    # Refunds by hand of the same order, too.
    assert room_minor(agent, order) == 5_000
    row = ask(order, {line.pk: 1}, reason="changed_mind")
    second = choose(row, Choice.REFUND_KEEP, agent)
    assert (second.needs, second.status) == ("cap", DecisionStatus.ASKED)
    assert Refund.objects.count() == 1


def test_what_is_decided_and_not_paid_yet_counts_and_what_was_taken_back_does_not(agent):
    no_right_to_withdraw()
    caps(15_000, 100_000)
    order = sent_order(5, price=10_000)
    (line,) = order.lines.all()
    row = ask(order, {line.pk: 1}, reason="changed_mind")
    choose(row, Choice.REFUND_AFTER, agent)
    assert room_minor(agent, order) == 5_000
    assert cancel_return(row, by=None)
    assert room_minor(agent, order) == 15_000


def test_a_part_of_the_price_in_the_place_of_what_the_law_gives_needs_a_second_person(agent):
    row = ask(sent_order(1))
    decision = choose(row, Choice.PART_REFUND, agent, amount_minor=1)
    row.refresh_from_db()
    assert (decision.needs, row.status) == ("right", ReturnStatus.REQUESTED)
    approve_decision(decision, by=make_staff())
    row.refresh_from_db()
    mail = return_kept(row, list(Refund.objects.all()))
    assert not any("As you wished" in text for text in mail.paragraphs)


def test_who_would_keep_it_for_less_gets_that_from_one_person_as_they_wished(agent):
    row = ask(sent_order(1), solution="keep")
    assert choose(row, Choice.PART_REFUND, agent, amount_minor=100).needs == ""
    row.refresh_from_db()
    mail = return_kept(row, list(Refund.objects.all()))
    assert any("As you wished" in text for text in mail.paragraphs)


# --- what the customer took back


def test_a_decision_that_waits_ends_with_the_request_that_is_taken_back(agent):
    row = ask(sent_order(1))
    decision = choose(row, Choice.DECLINE, agent)
    assert cancel_return(row, by=None)
    decision.refresh_from_db()
    assert decision.status == DecisionStatus.REFUSED
    assert not WorkItem.objects.filter(reason="return_decision", closed_at=None).exists()
    # The page was open meanwhile.
    assert not approve_decision(decision, by=make_staff())
    row.refresh_from_db()
    assert (row.status, row.order.lines.get().in_returns) == (ReturnStatus.CANCELLED, 0)


@pytest.mark.parametrize("answer", [approve_decision, refuse_decision])
def test_a_decision_of_what_was_taken_back_before_this_held_is_refused_by_any_answer(agent, answer):
    row = ask(sent_order(1))
    decision = choose(row, Choice.DECLINE, agent)
    # As rows stood that were taken back while a decision waited.
    Return.objects.filter(pk=row.pk).update(status=ReturnStatus.CANCELLED)
    row.order.lines.update(in_returns=0)
    assert not answer(decision, by=make_staff())
    decision.refresh_from_db()
    assert decision.status == DecisionStatus.REFUSED
    assert row.order.lines.get().in_returns == 0
