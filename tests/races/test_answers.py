"""Races at the desk: two agents answer at once, a double click, and taking back against going out."""

from __future__ import annotations

import uuid
from functools import partial

import pytest

from orders.models import Event
from support.actions import ticket as ticket_module
from support.actions.holding import release_answer, take_back
from support.actions.ticket import Stale, agent_answers
from support.models import Draft, HeldAnswer, Ticket, TicketMessage
from tests.casework import make_agent, make_case
from tests.races.crowd import break_down, hold, never_lock

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


def answers_of(case: Ticket) -> int:
    return case.messages.filter(author="agent").count()


def two_answer(crowd, first, second) -> None:
    case = make_case()
    seen = case.messages.get().pk
    deeds = [
        partial(agent_answers, Ticket.objects.get(pk=case.pk), f"by {who.pk}", by=who, form_key=uuid.uuid4(), seen=seen)
        for who in (first, second)
    ]
    results = crowd.at_once(*deeds, expected=(Stale,))
    assert answers_of(case) == 1, "two agents have answered the same"
    assert sorted(type(one) is Stale for one in results) == [False, True]


def test_of_two_agents_who_answer_at_once_one_is_told_of_the_other(crowd):
    first, second = make_agent("Mia"), make_agent("Ben")
    hold(lambda: two_answer(crowd, first, second))


def test_twin_without_the_lock_both_answer(crowd, monkeypatch):
    first, second = make_agent("Mia"), make_agent("Ben")
    never_lock(monkeypatch, Ticket)
    look = ticket_module._refuse_stale

    def look_and_wait(*args) -> None:
        look(*args)
        crowd.gap()

    monkeypatch.setattr(ticket_module, "_refuse_stale", look_and_wait)
    break_down(lambda: two_answer(crowd, first, second), "two agents have answered the same", single_writer_holds=True)


def test_a_double_click_sends_one_answer(crowd):
    agent = make_agent()

    def one_round() -> None:
        case, key = make_case(), uuid.uuid4()
        deed = partial(agent_answers, Ticket.objects.get(pk=case.pk), "once", by=agent, form_key=key, seen=10**9)
        assert sorted(crowd.at_once(deed, deed)) == [False, True]
        assert answers_of(case) == 1

    hold(one_round)


def test_an_answer_is_taken_back_or_goes_out_and_never_both(crowd, settings):
    settings.UNDO_SECONDS = 10
    agent = make_agent()
    ends = set()

    def one_round() -> None:
        case = make_case()
        agent_answers(case, "the answer", by=agent, form_key=uuid.uuid4())
        held = HeldAnswer.objects.get(message__ticket=case)
        back, out = crowd.at_once(partial(take_back, held.message_id, by=agent), partial(release_answer, held.pk))
        is_back, told = (
            Draft.objects.filter(ticket=case).exists(),
            Event.objects.filter(kind="ticket.answered", subject_key=f"ticket:{case.pk}"),
        )
        is_there = TicketMessage.objects.for_customers().filter(ticket=case, author="agent").exists()
        assert (back is not None, out) in {(True, False), (False, True)}
        assert (is_back, is_there, told.count()) == ((True, False, 0) if back else (False, True, 1))
        assert not HeldAnswer.objects.filter(message__ticket=case).exists()
        ends.add(out)

    hold(one_round)
    assert ends, "no round was run"
