"""Races for cases: no two agents get the same one, and nobody gets more than they take."""

from __future__ import annotations

import pytest
from django.utils import timezone

from support.actions.assign import give_out, take_next
from support.models import AgentProfile, Ticket
from tests.desk import make_agent, make_case, put_on_duty
from tests.races.crowd import break_down, hold, never_lock, read_then_write, wait_before_update

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
AGENTS = 5


def agents_ask_for_the_next(crowd, agents) -> None:
    Ticket.objects.update(status="solved")
    for number in range(AGENTS - 1):
        make_case(f"case {number}")
    taken = crowd.at_once(*[lambda agent=agent: take_next(agent, now=timezone.now()) for agent in agents])
    got = [ticket.pk for ticket in taken if ticket is not None]
    assert len(got) == len(set(got)), "two agents got the same case"
    assert len(got) == AGENTS - 1
    owners = dict(Ticket.objects.filter(pk__in=got).values_list("pk", "owner"))
    assert owners == {ticket.pk: agent.pk for ticket, agent in zip(taken, agents, strict=True) if ticket}


def test_of_agents_who_ask_at_once_each_gets_another_case(crowd):
    agents = [make_agent(f"Agent {number}") for number in range(AGENTS)]
    hold(lambda: agents_ask_for_the_next(crowd, agents))


def test_twin_without_the_conditional_update_two_agents_get_the_same_case(crowd, monkeypatch):
    agents = [make_agent(f"Agent {number}") for number in range(AGENTS)]
    read_then_write(monkeypatch, Ticket, before=crowd.gap, only=lambda changes: set(changes) == {"owner"})
    break_down(lambda: agents_ask_for_the_next(crowd, agents), "two agents got the same case", single_writer_holds=True)


def cases_are_given_out(crowd) -> None:
    Ticket.objects.update(status="solved")
    cases = [make_case(f"case {number}").pk for number in range(AGENTS)]
    crowd.at_once(*[lambda pk=pk: give_out(pk) for pk in cases])
    for profile in AgentProfile.objects.all():
        mine = Ticket.objects.filter(owner=profile.user, status="new").count()
        assert mine <= profile.most_open, "somebody was given more than they take"
    assert Ticket.objects.filter(status="new").exclude(owner=None).count() == 3


def test_cases_given_out_at_once_bring_nobody_above_their_limit(crowd):
    for name, most in (("Ada", 2), ("Mia", 1)):
        put_on_duty(make_agent(name, most_open=most))
    hold(lambda: cases_are_given_out(crowd))


def test_twin_without_the_lock_somebody_is_given_more_than_they_take(crowd, monkeypatch):
    for name, most in (("Ada", 2), ("Mia", 1)):
        put_on_duty(make_agent(name, most_open=most))
    never_lock(monkeypatch, AgentProfile)
    wait_before_update(monkeypatch, Ticket, crowd.gap)
    break_down(lambda: cases_are_given_out(crowd), "more than they take", single_writer_holds=True)
