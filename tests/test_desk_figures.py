"""Daily figures of the desk: what they say, who sees whose, and what they cost."""

from __future__ import annotations

import csv
import io
import re
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, strategies as st

from support import figures as module
from support.actions.ticket import agent_answers, close_ticket, customer_writes
from support.due import span
from support.figures import figures, percentile
from support.models import Ticket
from support.plot import plot_of, top_of_times
from tests.desk import make_agent, make_case, page_of
from tests.factories import make_person

pytestmark = pytest.mark.django_db
HOUR = 3600


def answered(hours: float, *, days_ago: int = 0, owner=None, solved_after: float | None = None) -> Ticket:
    """Make a case that was answered, and perhaps solved, so many hours after it was opened."""
    # Noon: nothing of it reaches into another day.
    then = timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=days_ago)
    opened = then - timedelta(hours=hours)
    ticket = make_case(opened_at=opened, first_answered_at=then, owner=owner)
    if solved_after is not None:
        close_ticket(ticket, by=owner or make_agent())
        Ticket.objects.filter(pk=ticket.pk).update(solved_at=opened + timedelta(hours=solved_after))
    return ticket


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=50), st.integers(1, 100))
def test_a_percentile_is_a_value_that_so_many_do_not_exceed(values, percent):
    found = percentile(values, percent)
    assert found in values
    assert sum(value <= found for value in values) * 100 >= percent * len(values)
    assert sum(value < found for value in values) * 100 < percent * len(values)


def test_nothing_has_no_percentile():
    assert percentile([], 50) is None


def test_a_day_has_its_median_and_its_90th_and_other_days_do_not_count_for_it():
    for hours in (1, 2, 3, 4, 5, 6, 7, 8, 9, 30):
        answered(hours, days_ago=2)
    answered(100, days_ago=3)
    answered(50, days_ago=40)
    report = figures(timezone.localdate())
    day = report.days[timezone.localdate() - timedelta(days=2)]
    assert (day.first_median, day.first_90th) == (5 * HOUR, 9 * HOUR)
    assert report.days[timezone.localdate()].first_median is None
    assert len(report.days) == 30
    assert len(report.whole.first_answers) == 11


def test_the_time_to_the_end_and_the_share_opened_again():
    agent = make_agent()
    for number in range(4):
        ticket = make_case()
        agent_answers(ticket, "Here.", by=agent, form_key=uuid.uuid4())
        close_ticket(ticket, by=agent)
        Ticket.objects.filter(pk=ticket.pk).update(opened_at=timezone.now() - timedelta(hours=10 * number + 1))
    customer_writes(ticket, "No.", form_key=uuid.uuid4())
    report = figures(timezone.localdate())
    today = report.days[timezone.localdate()]
    assert (today.solved, today.reopened, today.reopen_percent) == (4, 1, 25)
    # The one that is open again has not come to its end.
    assert len(today.solutions) == 3
    assert round(today.solved_median / HOUR) == 11
    assert (report.agents[agent].solved, report.agents[agent].reopened) == (4, 1)


def test_satisfaction_is_read_where_there_are_ratings(monkeypatch):
    agent = make_agent()
    told = [(timezone.now(), agent.pk, True), (timezone.now(), agent.pk, True), (timezone.now(), None, False)]
    assert figures(timezone.localdate()).whole.good_percent is None
    monkeypatch.setattr(module, "ratings_since", lambda start: told)
    report = figures(timezone.localdate())
    assert (report.whole.good_percent, report.agents[agent].good_percent) == (67, 100)


def test_staff_see_each_agent_and_agents_see_the_whole_only(client):
    agent = make_agent("Mia Moreau")
    answered(2, owner=agent)
    client.force_login(make_person(role="Store staff"))
    page = page_of(client, "/desk/figures/")
    assert "By agent" in page
    assert '<th scope="row">Mia Moreau</th>' in page
    client.force_login(agent)
    page = page_of(client, "/desk/figures/")
    assert "By agent" not in page
    assert "Moreau" not in page
    assert "Moreau" not in exported(client)
    for role in ("", "Pharmacists"):
        client.force_login(make_person(role=role))
        for path in ("/desk/figures/", "/desk/figures/export/"):
            assert client.get(path).status_code == 403
    client.logout()
    assert client.get("/desk/figures/").status_code == 302


def exported(client) -> str:
    answer = client.get("/desk/figures/export/")
    assert answer["Content-Type"].startswith("text/csv")
    return b"".join(answer.streaming_content).decode()


def test_the_export_has_a_row_for_each_day_and_each_agent(client):
    agent = make_agent("=cmd()")
    answered(2, days_ago=1, owner=agent, solved_after=3)
    client.force_login(make_person(role="Store staff"))
    rows = list(csv.DictReader(io.StringIO(exported(client))))
    assert len(rows) == 31
    yesterday = next(row for row in rows if row["day"] == str(timezone.localdate() - timedelta(days=1)))
    assert (yesterday["first_answer_median_seconds"], yesterday["solve_median_seconds"]) == ("7200", "10800")
    assert (rows[-1]["agent"], rows[-1]["day"]) == ("'=cmd()", "")


def test_every_bar_stands_in_a_table_in_words_and_nothing_is_styled_inline(client):
    answered(2, days_ago=1)
    client.force_login(make_agent())
    page = page_of(client, "/desk/figures/")
    assert page.count("<svg viewBox") == 4
    assert len(re.findall(r'<rect class="bar"', page)) == 1
    assert page.count('data-label="First answer, median">2 h<') == 1
    assert " style=" not in page


@pytest.mark.parametrize(
    ("highest", "scale"),
    [
        (11.3 * HOUR, ["3 h", "6 h", "9 h", "12 h"]),
        (50, ["1 min", "2 min", "3 min", "4 min"]),
        (70 * HOUR, ["24 h", "2 days", "3 days", "4 days"]),
        (None, ["1 min", "2 min", "3 min", "4 min"]),
    ],
)
def test_a_scale_of_times_has_plain_steps(highest, scale):
    plot = plot_of("x", "x", [(timezone.localdate(), highest)], span, top=top_of_times([highest]))
    assert [words for _y, words in plot.ticks] == scale
    assert plot.bars[0].height <= plot.zero - plot.ticks[-1][0]


def test_many_cases_cost_as_many_queries_as_few(client):
    client.force_login(make_person(role="Store staff"))

    def cost() -> int:
        page_of(client, "/desk/figures/")
        with CaptureQueriesContext(connection) as queries:
            page_of(client, "/desk/figures/")
        return len(queries)

    answered(1, owner=make_agent(), solved_after=2)
    few = cost()
    for number in range(12):
        answered(number, days_ago=number, owner=make_agent(), solved_after=number + 1)
    assert cost() == few <= 12
