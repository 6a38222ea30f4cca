"""Races for returns: agent and customer at the same instant, two agents, twice the same form; nothing happens twice."""

from __future__ import annotations

import uuid
from contextlib import suppress
from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from orders.actions.sent_back import AlreadyBack
from orders.models import Order, OrderLine, Refund
from orders.states import IllegalMove
from support.models import Return, ReturnDecision, ReturnLine
from support.return_states import UNDONE, ReturnStatus
from support.returning import flow as flow_module, words
from support.returning.asking import NotOffered, Wanted, ask_return
from support.returning.decide import AlreadyDecided, Verdict, approve_decision, decide
from support.returning.flow import Found, cancel_return, expire, receive
from support.returning.withdrawing import withdraw
from tests.casework import make_case
from tests.factories import make_supplier, make_variant
from tests.races.crowd import break_down, hold, never_lock, read_then_write, without_wall
from tests.returning import ask, make_desk, make_staff, sent_order

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
UNITS = 2


@pytest.fixture
def goods():
    """One thing of one supplier, enough of it for every round."""
    supplier = make_supplier()
    return supplier, make_variant(supplier, stock=5000)


def sent(goods, units: int = UNITS) -> Order:
    supplier, variant = goods
    return sent_order(units, supplier=supplier, variants=[variant])


def asked(goods) -> Return:
    return ask(sent(goods))


def paid_units(row: Return) -> int:
    return sum(part.quantity for refund in Refund.objects.filter(order=row.order) for part in refund.lines.all())


def fresh(row: Return) -> Return:
    return Return.objects.select_related("order", "ticket", "supplier_return").get(pk=row.pk)


def ends(row: Return) -> tuple[str, int, int]:
    """Return how a return stands: its state, the units that were paid back, and those that count as sent back."""
    return fresh(row).status, paid_units(row), OrderLine.objects.get(order=row.order).in_returns


def take_the_lock_away(monkeypatch, gap) -> None:
    """Lock no order, and let the moves of a return, which stand behind the lock, ask nothing of where it is."""
    never_lock(monkeypatch, Order)
    read_then_write(monkeypatch, Return, before=gap, only=lambda changes: "status" in changes)


def an_agent_decides_and_the_customer_takes_it_back(crowd, goods, agent) -> None:
    row = asked(goods)
    crowd.at_once(
        lambda: decide(fresh(row), Verdict("refund_keep"), form_key=uuid.uuid4(), by=agent),
        lambda: cancel_return(fresh(row), by=None),
        expected=(AlreadyDecided,),
    )
    either = {(ReturnStatus.CANCELLED, 0, 0), (ReturnStatus.RESOLVED, UNITS, UNITS)}
    assert ends(row) in either, "it was taken back and paid"


def test_agent_decides_while_the_customer_takes_it_back(crowd, goods):
    agent = make_desk()
    hold(lambda: an_agent_decides_and_the_customer_takes_it_back(crowd, goods, agent))


def test_twin_without_lock_and_condition_it_is_taken_back_and_paid(crowd, goods, monkeypatch):
    agent = make_desk()
    take_the_lock_away(monkeypatch, crowd.gap)
    break_down(
        lambda: an_agent_decides_and_the_customer_takes_it_back(crowd, goods, agent),
        "it was taken back and paid",
        single_writer_holds=True,
    )


def two_agents_decide(crowd, goods, agents) -> None:
    row = asked(goods)
    deeds = [lambda by=by: decide(fresh(row), Verdict("refund_keep"), form_key=uuid.uuid4(), by=by) for by in agents]
    crowd.at_once(*deeds, expected=(AlreadyDecided,))
    assert ReturnDecision.objects.filter(parent=row).count() == 1, "both decided"
    assert paid_units(row) == UNITS, "it was paid twice"


def test_two_agents_decide_at_the_same_instant(crowd, goods):
    agents = [make_desk("Ada"), make_desk("Mia")]
    hold(lambda: two_agents_decide(crowd, goods, agents))


def test_twin_without_lock_and_condition_both_decide(crowd, goods, monkeypatch):
    agents = [make_desk("Ada"), make_desk("Mia")]
    take_the_lock_away(monkeypatch, crowd.gap)
    # Its words would lock the case before the return is moved, and the second come only when the first is done.
    monkeypatch.setattr(words, "tell_decision", lambda row, decision: None)
    break_down(lambda: two_agents_decide(crowd, goods, agents), "both decided", single_writer_holds=True)


def test_the_same_form_at_the_same_instant(crowd, goods):
    agent = make_desk()

    def one_round() -> None:
        row, key = asked(goods), uuid.uuid4()
        deed = lambda: decide(fresh(row), Verdict("refund_keep"), form_key=key, by=agent)  # noqa: E731
        made = crowd.at_once(deed, deed)
        assert len({one.pk for one in made}) == 1
        assert paid_units(row) == UNITS

    hold(one_round)


def a_second_person_approves_and_the_customer_takes_it_back(crowd, goods, agent, second) -> None:
    # Another return of the same line stays as it is: what is freed twice is missing there.
    order = sent(goods, UNITS * 2)
    line = order.lines.get()
    row = ask(order, {line.pk: UNITS})
    ask(order, {line.pk: UNITS})
    decision = decide(row, Verdict("decline"), form_key=uuid.uuid4(), by=agent)

    def approve() -> None:
        with suppress(IllegalMove):
            approve_decision(ReturnDecision.objects.select_related("parent__order").get(pk=decision.pk), by=second)

    crowd.at_once(approve, lambda: cancel_return(fresh(row), by=None))
    assert ends(row) in {
        (ReturnStatus.CANCELLED, 0, UNITS),
        (ReturnStatus.DECLINED, 0, UNITS),
    }, "its units were given back twice"


def test_a_second_person_approves_while_the_customer_takes_it_back(crowd, goods):
    agent, second = make_desk(), make_staff()
    hold(lambda: a_second_person_approves_and_the_customer_takes_it_back(crowd, goods, agent, second))


def test_twin_without_lock_and_condition_units_are_given_back_twice(crowd, goods, monkeypatch):
    agent, second = make_desk(), make_staff()
    take_the_lock_away(monkeypatch, crowd.gap)
    # Without the lock in front of it the two would wait in a circle here, and PostgreSQL stop one of them.
    monkeypatch.setattr(flow_module, "drop_asked", lambda row, *, by: None)
    break_down(
        lambda: a_second_person_approves_and_the_customer_takes_it_back(crowd, goods, agent, second),
        "its units were given back twice",
        single_writer_holds=True,
    )


def customer_asks(order: Order) -> object:
    wanted = Wanted({order.lines.get().pk: UNITS}, reason="defective")
    return ask_return(Order.objects.get(pk=order.pk), wanted, form_key=uuid.uuid4())


def customer_withdraws(order: Order) -> object:
    return withdraw(Order.objects.get(pk=order.pk), {order.lines.get().pk: UNITS}, form_key=uuid.uuid4())


def two_ask_for_more_than_there_is(crowd, goods, first, second) -> None:
    """Let two ask for two units each, of three that were sent."""
    order = sent(goods, UNITS * 2 - 1)
    results = crowd.at_once(partial(first, order), partial(second, order), expected=(AlreadyBack, NotOffered))
    rows = ReturnLine.objects.filter(parent__order=order).exclude(parent__status__in=UNDONE)
    units = sum(row.quantity for row in rows)
    assert units <= UNITS * 2 - 1, "more goes back than was sent"
    assert (units, OrderLine.objects.get(order=order).in_returns) == (UNITS, UNITS), results


def agent_opens(agent):
    def opens(order: Order) -> object:
        case = make_case(order)
        wanted = Wanted({order.lines.get().pk: UNITS}, reason="defective")
        mine = Order.objects.get(pk=order.pk)
        return ask_return(mine, wanted, form_key=uuid.uuid4(), opened_by=agent, ticket=case)

    return opens


@pytest.mark.parametrize("second", ["asks", "withdraws"])
def test_two_returns_over_the_same_units_at_the_same_instant(crowd, goods, second):
    other = customer_withdraws if second == "withdraws" else agent_opens(make_desk())
    hold(lambda: two_ask_for_more_than_there_is(crowd, goods, customer_asks, other))


@pytest.mark.parametrize("second", ["asks", "withdraws"])
def test_twin_without_lock_condition_and_constraint_more_goes_back_than_was_sent(crowd, goods, monkeypatch, second):
    other = customer_withdraws if second == "withdraws" else agent_opens(make_desk())
    never_lock(monkeypatch, Order)
    read_then_write(monkeypatch, OrderLine, before=crowd.gap, only=lambda changes: "in_returns" in changes)
    with without_wall(OrderLine, "order_line_back_once"):
        break_down(
            lambda: two_ask_for_more_than_there_is(crowd, goods, customer_asks, other),
            "more goes back than was sent",
            single_writer_holds=True,
        )


def goods_come_while_their_time_is_over(crowd, goods, agent) -> None:
    row = asked(goods)
    decide(row, Verdict("refund_after"), form_key=uuid.uuid4(), by=agent)
    assert fresh(row).status == ReturnStatus.READY
    Return.objects.filter(pk=row.pk).update(return_by=timezone.localdate() - timedelta(days=30))
    found = {row.lines.get().pk: Found(UNITS)}
    crowd.at_once(lambda: receive(fresh(row), found, by=agent), lambda: expire(fresh(row)))
    # Whose time was over first is decided anew: its units count again, and nothing was paid yet.
    either = {(ReturnStatus.RESOLVED, UNITS, UNITS), (ReturnStatus.REVIEW, 0, UNITS)}
    assert ends(row) in either, "it was paid, and its units may be asked for again"


def test_goods_come_at_the_instant_at_which_their_time_is_over(crowd, goods):
    agent = make_desk()
    hold(lambda: goods_come_while_their_time_is_over(crowd, goods, agent))


def test_twin_without_lock_and_condition_what_came_is_paid_and_free_again(crowd, goods, monkeypatch):
    agent = make_desk()
    take_the_lock_away(monkeypatch, crowd.gap)
    break_down(
        lambda: goods_come_while_their_time_is_over(crowd, goods, agent),
        "it was paid, and its units may be asked for again",
        single_writer_holds=True,
    )


def two_people_note_what_came(crowd, goods, agents) -> None:
    row = asked(goods)
    decide(row, Verdict("refund_after"), form_key=uuid.uuid4(), by=agents[0])
    found = {row.lines.get().pk: Found(UNITS)}
    crowd.at_once(*[lambda by=by: receive(fresh(row), found, by=by) for by in agents])
    assert ends(row) == (ReturnStatus.RESOLVED, UNITS, UNITS)


def test_two_people_note_what_came_at_the_same_instant(crowd, goods):
    agents = [make_desk("Ada"), make_desk("Mia")]
    hold(lambda: two_people_note_what_came(crowd, goods, agents))
