"""The clocks of a case: they run while it is our turn, stand still while others think, and are told once when late."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from config.waiting import keep_deadlines
from orders.models import Event, WorkItem
from support import levels, timers
from support.actions.escalate import escalate_overdue
from support.actions.properties import Properties, change_properties
from support.actions.ticket import agent_answers, close_ticket, customer_writes
from support.levels import FIRST_LEVELS, keep_levels, level_of
from support.models import ServiceLevel, SupportClosure, SupportHours, Ticket
from support.states import MOVES, TicketStatus, move_ticket
from support.tasks import tend_cases
from tests.desk import due_in, make_agent, make_case, put_on_duty
from tests.factories import make_person

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands until it is put on."""

    class Clock:
        now = MONDAY

        def put_on(self, **spans: float) -> None:
            self.now += timedelta(**spans)

    made = Clock()
    monkeypatch.setattr(timezone, "now", lambda: made.now)
    return made


def answer(ticket: Ticket, by) -> None:
    assert agent_answers(ticket, "We look into it.", by=by, form_key=uuid.uuid4())
    ticket.refresh_from_db()


def write(ticket: Ticket) -> None:
    assert customer_writes(ticket, "And now?", form_key=uuid.uuid4())
    ticket.refresh_from_db()


def after(hours: float) -> datetime:
    return MONDAY + timedelta(hours=hours)


def test_a_case_has_a_time_for_its_answer_and_one_for_its_end(clock):
    ticket = make_case()
    assert (ticket.answer_due_at, ticket.solve_due_at) == (after(8), after(4 * 24 + 8))


def test_the_first_levels_and_hours_are_there_and_are_not_put_back(clock):
    assert sorted(ServiceLevel.objects.values_list("topic", "priority")) == sorted(row[:2] for row in FIRST_LEVELS)
    assert list(SupportHours.objects.values_list("weekday", flat=True)) == [1, 2, 3, 4, 5]
    ServiceLevel.objects.exclude(topic="", priority="").delete()
    SupportHours.objects.all().delete()
    for _time in range(2):
        keep_levels(sender=None)
    assert (ServiceLevel.objects.count(), SupportHours.objects.count()) == (1, 0)
    # Without any hours support is there around the clock.
    assert level_of("question", "normal").due(MONDAY, 24 * 60) == after(24)


@pytest.mark.parametrize(
    ("topic", "priority", "minutes"),
    [("question", "normal", 480), ("cancel", "normal", 120), ("question", "urgent", 60), ("cancel", "urgent", 60)],
)
def test_the_level_that_names_most_counts_and_the_priority_before_the_topic(topic, priority, minutes):
    assert level_of(topic, priority).first_answer == minutes
    ServiceLevel.objects.create(
        topic=topic, priority=priority, first_answer_minutes=7, next_answer_minutes=8, solve_minutes=9,
        around_the_clock=True,
    )  # fmt: skip
    level = level_of(topic, priority)
    assert (level.first_answer, level.next_answer, level.solve) == (7, 8, 9)
    assert level.due(MONDAY + timedelta(hours=12), 60) == after(13)


def test_days_closed_and_holidays_do_not_count(clock):
    SupportClosure.objects.create(first_on="2026-12-01", last_on="2026-12-03", reason="Moving house")
    clock.put_on(hours=4)
    assert make_case().answer_due_at == MONDAY + timedelta(days=4, hours=4)


def test_the_clocks_stand_still_while_the_customer_or_a_supplier_thinks_and_go_on_after(clock):
    agent, ticket = make_agent(), make_case()
    clock.put_on(hours=2)
    move_ticket(ticket, TicketStatus.WAITING_SUPPLIER, by=agent)
    ticket.refresh_from_db()
    assert (ticket.answer_due_at, ticket.solve_due_at) == (None, None)
    assert (ticket.answer_left_seconds, ticket.solve_left_seconds) == (6 * 3600, 38 * 3600)
    clock.put_on(days=1)
    move_ticket(ticket, TicketStatus.OPEN, by=None)
    ticket.refresh_from_db()
    # Tuesday at eleven, with six of eight hours left for the first answer.
    assert ticket.answer_due_at == MONDAY + timedelta(days=1, hours=8)
    assert ticket.solve_due_at == MONDAY + timedelta(days=7, hours=8)
    assert ticket.answer_left_seconds is None


def test_an_answer_stops_one_clock_and_what_the_customer_writes_starts_it_again(clock):
    agent, ticket = make_agent(), make_case()
    clock.put_on(hours=3)
    answer(ticket, agent)
    assert (ticket.first_answered_at, ticket.answer_due_at, ticket.solve_due_at) == (after(3), None, None)
    assert ticket.answer_left_seconds is None
    clock.put_on(days=2)
    write(ticket)
    assert ticket.answer_due_at == clock.now + timedelta(days=1)
    clock.put_on(hours=1)
    answer(ticket, agent)
    assert ticket.first_answered_at == after(3)


def test_a_customer_who_writes_twice_does_not_wait_longer_for_it(clock):
    ticket = make_case()
    clock.put_on(hours=5)
    write(ticket)
    assert ticket.answer_due_at == after(8)


def test_a_solved_case_is_over_and_begins_anew_when_it_is_opened_again(clock):
    agent, ticket = make_agent(), make_case(waiting_until=after(30))
    clock.put_on(hours=1)
    close_ticket(ticket, by=agent)
    ticket.refresh_from_db()
    assert (ticket.solved_at, ticket.answer_due_at, ticket.solve_due_at) == (after(1), None, None)
    assert (ticket.waiting_until, ticket.reopened) == (None, 0)
    clock.put_on(hours=1)
    write(ticket)
    assert (ticket.status, ticket.solved_at, ticket.reopened) == ("open", None, 1)
    assert ticket.answer_due_at == MONDAY + timedelta(days=1, hours=2)
    assert Event.objects.filter(kind="ticket.open", facts__again=True, subject_key=f"ticket:{ticket.pk}").count() == 1


def test_the_page_says_when_we_answer(client):
    ticket = make_case(answer_due_at=datetime(2026, 12, 1, 12, tzinfo=UTC))
    assert "We answer by Tue 1 Dec, 12:00." in client.get(ticket.get_absolute_url()).content.decode()


def test_a_higher_priority_never_gives_more_time(clock):
    agent, ticket = make_agent(), make_case()

    def give(priority: Ticket.Priority) -> bool:
        ticket.refresh_from_db()
        wanted = Properties(owner=None, priority=priority, topic=ticket.topic, tags=[])
        return change_properties(ticket, wanted, by=agent)

    assert give(Ticket.Priority.URGENT)
    assert (ticket.answer_due_at, ticket.solve_due_at) == (after(2), after(8))
    assert not give(Ticket.Priority.URGENT)
    assert give(Ticket.Priority.LOW)
    assert ticket.answer_due_at == after(2)


def late_work(ticket: Ticket):
    return WorkItem.objects.filter(reason="case_late", subject_key=f"ticket:{ticket.pk}")


def test_a_late_case_is_passed_up_once_to_whoever_is_on_duty_and_closes_itself():
    agent = make_agent("Lena Lead")
    put_on_duty(agent, is_lead=True)
    ticket = make_case(answer_due_at=due_in(-1))
    in_time = make_case("In time", answer_due_at=due_in(1))
    for _time in range(3):
        tend_cases()
    ticket.refresh_from_db()
    in_time.refresh_from_db()
    assert (ticket.priority, in_time.priority, in_time.escalated_at) == ("high", "normal", None)
    told = Event.objects.get(kind="ticket.escalated")
    assert (told.subject_id, told.facts["told"], told.facts["was"]) == (ticket.pk, [agent.pk], "normal")
    assert late_work(ticket).filter(closed_at=None).count() == 1
    client = Client()
    client.force_login(agent)
    assert "1 late case was passed up, and you are on duty" in client.get("/desk/").content.decode()
    answer(ticket, agent)
    keep_deadlines(now=timezone.now())
    assert late_work(ticket).filter(closed_at=None).count() == 0
    assert "passed up" not in client.get("/desk/").content.decode()


@pytest.mark.parametrize(
    ("priority", "then"), [("low", "normal"), ("normal", "high"), ("high", "urgent"), ("urgent", "urgent")]
)
def test_a_case_not_solved_in_time_is_passed_up_too(priority, then):
    ticket = make_case(priority=priority, solve_due_at=due_in(-1), answer_due_at=None, status="open")
    assert escalate_overdue(now=timezone.now()) == 1
    ticket.refresh_from_db()
    assert ticket.priority == then
    assert escalate_overdue(now=timezone.now()) == 0


def test_what_waits_for_others_or_is_solved_is_never_late():
    for status in ("waiting_customer", "waiting_supplier", "solved"):
        make_case(status=status, answer_due_at=due_in(-9))
    assert escalate_overdue(now=timezone.now()) == 0


def test_staff_change_levels_and_hours_in_the_admin_and_agents_do_not(client):
    client.force_login(make_person(role="Store staff"))
    level = ServiceLevel.objects.get(topic="", priority="")
    typed = {"topic": "", "priority": "", "next_answer_minutes": "30", "solve_minutes": "40"}
    refused = client.post(f"/admin/support/servicelevel/{level.pk}/change/", typed | {"first_answer_minutes": "0"})
    assert refused.status_code == 200
    client.post(f"/admin/support/servicelevel/{level.pk}/change/", typed | {"first_answer_minutes": "20"})
    assert level_of("question", "normal").first_answer == 20
    wrong = {"weekday": "1", "opens": "18:00", "closes": "17:00"}
    assert "Support closes after it opens" in client.post("/admin/support/supporthours/add/", wrong).content.decode()
    client.post("/admin/support/supporthours/add/", wrong | {"closes": "00:00"})
    assert levels.support_hours().is_open(MONDAY + timedelta(hours=14))
    agent = make_agent()
    agent.is_staff = True
    agent.save()
    client.force_login(agent)
    assert client.post("/admin/support/supporthours/add/", wrong).status_code == 403


def test_every_move_of_the_machine_leaves_the_clocks_in_order(clock):
    agent = make_agent()
    for before in TicketStatus:
        for to in TicketStatus:
            stopped = {} if before in timers.OUR_TURN else {"answer_due_at": None, "solve_due_at": None}
            ticket = make_case(status=before, **stopped)
            if to not in MOVES[before]:
                continue
            moved = move_ticket(ticket, to, by=agent)
            ticket.refresh_from_db()
            if moved and to not in timers.OUR_TURN:
                assert (ticket.answer_due_at, ticket.solve_due_at) == (None, None), (before, to)
            if moved and to == TicketStatus.OPEN:
                assert None not in (ticket.answer_due_at, ticket.solve_due_at), (before, to)
            assert (ticket.solved_at is not None) == (moved and to == TicketStatus.SOLVED), (before, to)
