"""The roster: who is on duty when, and what one shift tells the next until it has been read."""

from __future__ import annotations

import re
import uuid
from datetime import date, datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from support.actions.roster import Overlapping, add_shift
from support.agents import on_duty
from support.models import HandOver, HandOverRead, Shift
from tests.desk import due_in, make_agent, page_of, put_on_duty
from tests.factories import make_person

pytestmark = pytest.mark.django_db
TYPED = {"day": "2026-12-02", "starts": "09:00", "ends": "17:00"}


@pytest.fixture
def staff(client):
    made = make_person(role="Store staff", name="Sam Staff")
    client.force_login(made)
    return made


def add(client, agent, **changes):
    return client.post("/desk/roster/add/", TYPED | {"user": agent.pk} | changes, follow=True)


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def test_a_shift_stands_in_its_week_and_the_same_one_twice_is_one(client, staff):
    ada = make_agent()
    for _time in range(2):
        page = add(client, ada, is_lead="on").content.decode()
    assert "Ada Agent is on duty from Wed 2 Dec, 09:00." in text_of(page)
    assert "09:00–17:00 Ada Agent Lead" in text_of(page_of(client, "/desk/roster/", week="2026-12-04"))
    assert "09:00–17:00" not in page_of(client, "/desk/roster/", week="2026-12-07")
    assert Shift.objects.count() == 1


def test_a_night_shift_ends_on_the_next_day(client, staff):
    add(client, make_agent(), starts="22:00", ends="06:00")
    shift = Shift.objects.get()
    assert shift.ends_at - shift.starts_at == timedelta(hours=8)
    # It stands where it begins; in the week after too, if that begins in the middle of it.
    add(client, make_agent("Mia"), day="2026-12-06", starts="22:00", ends="06:00")
    assert "22:00–06:00 Mia" in text_of(page_of(client, "/desk/roster/", week="2026-12-07"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"user": ""}, "Choose who is on duty."),
        ({"user": "999999"}, "Choose somebody who works at the desk."),
        ({"day": ""}, "Choose the day on which it begins."),
        ({"day": "soon"}, "Write the day as 2026-12-28."),
        ({"starts": "x"}, "Write the time at which it begins as 09:00."),
        ({"ends": ""}, "Say when it ends."),
        ({"starts": "16:00", "ends": "18:00"}, "That is in the middle of another shift, Wed 2 Dec, 09:00"),
    ],
)
def test_a_mistake_is_told_in_words_and_what_was_typed_stays(client, staff, changes, words):
    ada = make_agent()
    add(client, ada)
    answer = add(client, ada, **({"is_lead": "on"} | changes))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert "Error:" in page
    assert 'name="is_lead" id="id_is_lead" checked' in page
    assert Shift.objects.count() == 1


def test_only_agents_can_be_on_duty_and_two_shifts_of_one_never_overlap(staff):
    ada, mia = make_agent(), make_agent("Mia")
    begin = due_in(1)
    add_shift(ada, starts_at=begin, ends_at=begin + timedelta(hours=8), is_lead=False)
    add_shift(mia, starts_at=begin, ends_at=begin + timedelta(hours=8), is_lead=False)
    add_shift(ada, starts_at=begin + timedelta(hours=8), ends_at=begin + timedelta(hours=9), is_lead=False)
    with pytest.raises(Overlapping):
        add_shift(ada, starts_at=begin + timedelta(hours=7), ends_at=begin + timedelta(hours=12), is_lead=False)
    assert Shift.objects.count() == 3


def test_a_shift_is_removed_after_one_question_that_names_it(client, staff):
    shift = put_on_duty(make_agent())
    path = f"/desk/roster/{shift.pk}/remove/"
    assert "Take Ada Agent" in page_of(client, path)
    assert Shift.objects.count() == 1
    assert "Taken out: Ada Agent" in client.post(path, follow=True).content.decode()
    assert Shift.objects.count() == 0
    assert "not in the roster any more" in client.post(path, follow=True).content.decode()


def test_agents_see_the_roster_and_do_not_change_it_and_strangers_do_not_see_it(client):
    ada = make_agent()
    shift = put_on_duty(ada)
    client.force_login(ada)
    page = page_of(client, "/desk/roster/")
    assert "Add a shift" not in page
    assert "/remove/" not in page
    assert client.post("/desk/roster/add/", TYPED | {"user": ada.pk}).status_code == 403
    assert client.post(f"/desk/roster/{shift.pk}/remove/").status_code == 403
    for role in ("", "Pharmacists"):
        client.force_login(make_person(role=role))
        for path in ("/desk/roster/", f"/desk/roster/{shift.pk}/remove/"):
            assert client.get(path).status_code == 403
    assert Shift.objects.count() == 1


def test_on_duty_now_are_leads_first_and_each_once(client):
    ada, mia = make_agent(), make_agent("Mia Moreau")
    put_on_duty(ada)
    put_on_duty(mia, is_lead=True)
    put_on_duty(make_agent("Late"), hours=-0.5)
    assert [shift.user for shift in on_duty(timezone.now())] == [mia, ada]
    client.force_login(ada)
    assert "On duty now: Mia Moreau (lead), until" in text_of(page_of(client, "/desk/roster/"))
    assert "On duty now Mia (lead), Ada" in text_of(page_of(client, "/desk/"))


def test_a_hand_over_is_shown_to_each_who_comes_on_duty_until_they_have_read_it(client):
    ada, mia, leo = make_agent(), make_agent("Mia"), make_agent("Leo")
    client.force_login(ada)
    typed = {"note-body": "Harbour is slow today.", "note-form_key": str(uuid.uuid4())}
    for _time in range(2):
        client.post("/desk/roster/hand-over/", typed)
    note = HandOver.objects.get()
    put_on_duty(ada)
    assert "Harbour is slow" not in page_of(client, "/desk/")
    assert client.post(f"/desk/roster/hand-over/{note.pk}/read/").status_code == 403
    client.force_login(mia)
    assert "Harbour is slow" not in page_of(client, "/desk/")
    for one in (mia, leo):
        put_on_duty(one)
        client.force_login(one)
        for _time in range(2):
            assert "Harbour is slow today." in page_of(client, "/desk/")
    for _time in range(2):
        answer = client.post(f"/desk/roster/hand-over/{note.pk}/read/", {"next": "/desk/"})
        assert answer["Location"] == "/desk/"
    assert "Harbour is slow" not in page_of(client, "/desk/")
    assert HandOverRead.objects.count() == 1
    assert "Read by Leo" in text_of(page_of(client, "/desk/roster/"))
    client.force_login(mia)
    assert "Harbour is slow" in page_of(client, "/desk/")


def test_notes_from_before_ones_last_shift_are_old_news(client):
    ada, mia = make_agent(), make_agent("Mia")
    HandOver.objects.create(by=ada, body="Old news.", at=due_in(-30))
    Shift.objects.create(user=mia, starts_at=due_in(-30), ends_at=due_in(-22))
    HandOver.objects.create(by=ada, body="Fresh news.", at=due_in(-3))
    put_on_duty(mia)
    client.force_login(mia)
    page = page_of(client, "/desk/")
    assert "Fresh news." in page
    assert "Old news." not in page


def test_an_empty_hand_over_is_refused_in_words(client):
    client.force_login(make_agent())
    answer = client.post("/desk/roster/hand-over/", {"note-body": "  "})
    assert answer.status_code == 422
    assert "Write what the next shift must know." in answer.content.decode()
    assert HandOver.objects.count() == 0


def test_nonsense_in_the_address_shows_this_week(client, staff):
    for week in ("x", "0001-01-01", "9999-12-31", "2026-13-01"):
        assert "today" in page_of(client, "/desk/roster/", week=week), week


def test_a_full_week_costs_as_many_queries_as_an_empty_one(client, staff):
    def fill(name: str) -> None:
        agent = make_agent(name)
        for number in range(7):
            day = date(2026, 12, 7) + timedelta(days=number)
            begin = timezone.make_aware(datetime.combine(day, time(9)))
            Shift.objects.create(user=agent, starts_at=begin, ends_at=begin + timedelta(hours=8))
            note = HandOver.objects.create(by=agent, body="x")
            HandOverRead.objects.create(hand_over=note, user=staff)

    def cost() -> int:
        page_of(client, "/desk/roster/", week="2026-12-07")
        with CaptureQueriesContext(connection) as queries:
            page_of(client, "/desk/roster/", week="2026-12-07")
        return len(queries)

    fill("Ada")
    few = cost()
    for name in ("Mia", "Leo", "Zoe"):
        fill(name)
    assert cost() == few <= 14
