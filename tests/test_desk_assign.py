"""New cases go by themselves to whoever is on duty, takes cases, knows the topic and has the fewest."""

from __future__ import annotations

from collections import Counter

import pytest

from orders.models import Event
from support.actions.assign import give_out, give_out_waiting
from support.models import AgentProfile, Ticket, Topic
from support.tasks import tend_cases
from tests.desk import due_in, make_agent, make_case, put_on_duty

pytestmark = pytest.mark.django_db


def owners() -> Counter:
    return Counter(Ticket.objects.values_list("owner__name", flat=True))


def test_a_new_case_is_given_out_by_the_relay(relay):
    agent = make_agent()
    put_on_duty(agent)
    ticket = make_case()
    relay.run_until_idle()
    ticket.refresh_from_db()
    assert ticket.owner == agent
    assert Event.objects.get(kind="ticket.assigned").facts == {"to": agent.pk, "was": None}


def test_the_load_is_spread_evenly():
    for name in ("Ada", "Mia", "Leo"):
        put_on_duty(make_agent(name))
    for _number in range(12):
        give_out(make_case().pk)
    assert owners() == {"Ada": 4, "Mia": 4, "Leo": 4}


def test_whoever_has_more_to_answer_gets_fewer_and_what_waits_does_not_count():
    ada, mia = make_agent("Ada"), make_agent("Mia")
    for agent in (ada, mia):
        put_on_duty(agent)
    for _number in range(3):
        make_case(owner=ada)
        make_case(owner=mia, status="waiting_customer")
    for _number in range(3):
        give_out(make_case().pk)
    assert owners() == {"Ada": 3, "Mia": 6}


def test_nobody_is_given_more_than_they_take():
    for name, most in (("Ada", 2), ("Mia", 1)):
        put_on_duty(make_agent(name, most_open=most))
    for _number in range(5):
        make_case()
    give_out_waiting()
    give_out_waiting()
    assert owners() == {"Ada": 2, "Mia": 1, None: 2}


def test_only_those_who_know_the_topic_get_it():
    put_on_duty(make_agent("Ada", topics=["damaged"]))
    make_case(topic=Topic.CANCEL)
    give_out_waiting()
    assert owners() == {None: 1}
    put_on_duty(make_agent("Mia", topics=["cancel", "question"]))
    make_case(topic=Topic.DAMAGED)
    give_out_waiting()
    assert {ticket.topic: ticket.owner.name for ticket in Ticket.objects.all()} == {"cancel": "Mia", "damaged": "Ada"}


def test_whoever_speaks_the_customers_language_goes_first_and_otherwise_anybody():
    put_on_duty(make_agent("Ada"))
    put_on_duty(make_agent("Mia", languages=["de"]))
    for _number in range(3):
        give_out(make_case(language="de").pk)
    assert owners() == {"Mia": 3}
    AgentProfile.objects.filter(user__name="Mia").update(is_available=False)
    give_out(make_case(language="de").pk)
    assert owners() == {"Mia": 3, "Ada": 1}


def test_nobody_gets_a_case_who_is_off_duty_or_takes_none_or_works_here_no_more():
    make_agent("Off duty")
    put_on_duty(make_agent("Takes none", is_available=False))
    gone = make_agent("Gone")
    put_on_duty(gone)
    gone.groups.clear()
    over = make_agent("Over")
    put_on_duty(over, hours=-0.5)
    ticket = make_case()
    assert give_out(ticket.pk) is None
    assert owners() == {None: 1}


def test_a_case_that_somebody_has_stays_theirs_and_twice_is_once():
    ada = make_agent("Ada")
    put_on_duty(ada)
    ticket, theirs = make_case(), make_case(owner=make_agent("Mia"))
    assert [give_out(ticket.pk), give_out(ticket.pk), give_out(theirs.pk)] == [ada, None, None]
    assert give_out(make_case(status="solved").pk) is None
    assert Event.objects.filter(kind="ticket.assigned").count() == 1


def test_what_nobody_could_take_is_given_out_later_the_most_urgent_first():
    later, sooner = make_case("later", answer_due_at=due_in(9)), make_case("sooner", answer_due_at=due_in(1))
    tend_cases()
    assert owners() == {None: 2}
    put_on_duty(make_agent("Ada", most_open=1))
    tend_cases()
    sooner.refresh_from_db()
    later.refresh_from_db()
    assert (sooner.owner.name, later.owner) == ("Ada", None)
