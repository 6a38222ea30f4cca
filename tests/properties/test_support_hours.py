"""Counting support hours: whatever the hours, the holidays and the time of the year, time adds up."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings, strategies as st

from shop.calendars import public_holidays
from support.hours import OpenHours, rounded_up

DUBLIN, LORD_HOWE, UTC_ZONE = ZoneInfo("Europe/Dublin"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("UTC")
OFFICE = tuple((day, time(9), time(17)) for day in range(1, 6))
quarters = st.integers(0, 95).map(lambda number: time(number // 4, number % 4 * 15))


@st.composite
def spans(draw):
    opens = draw(quarters)
    closes = draw(quarters.filter(lambda end: end > opens or end == time(0)))
    return draw(st.integers(1, 7)), opens, closes


@st.composite
def hours(draw):
    """Any hours of any zone that has odd days: overlapping spans, nights, closures."""
    first = draw(st.dates(date(2026, 1, 1), date(2027, 12, 31)))
    closed = draw(st.sampled_from([(), ((first, first + timedelta(days=9)),)]))
    zone = draw(st.sampled_from([DUBLIN, LORD_HOWE, UTC_ZONE]))
    return OpenHours(zone, tuple(draw(st.lists(spans(), max_size=10))), draw(st.sampled_from(["", "IE", "AU"])), closed)


# Around the two nights of the year on which clocks change, and anywhere.
nights = [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 4, 4, 15, tzinfo=UTC)]
moments = st.one_of(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
    st.tuples(st.sampled_from(nights), st.integers(-180, 180)).map(lambda pair: pair[0] + timedelta(minutes=pair[1])),
)
lengths = st.integers(0, 200_000)
quick = settings(max_examples=150, deadline=None)


@quick
@given(hours(), moments, lengths)
def test_so_many_open_seconds_lie_between_a_moment_and_what_was_added_to_it(open_hours, start, seconds):
    end = open_hours.add(start, seconds)
    assert end >= start
    assert open_hours.between(start, end) == seconds


@quick
@given(hours(), moments, lengths, lengths)
def test_adding_twice_is_adding_the_sum(open_hours, start, first, second):
    both = open_hours.add(open_hours.add(start, first), second)
    assert open_hours.between(start, both) == first + second
    # Nothing more to add leaves one where one is, be it closed there.
    assert second == 0 or both == open_hours.add(start, first + second)


@quick
@given(hours(), st.lists(moments, min_size=3, max_size=3))
def test_a_stretch_is_the_sum_of_its_parts(open_hours, three):
    first, middle, last = sorted(three)
    parts = open_hours.between(first, middle) + open_hours.between(middle, last)
    assert open_hours.between(first, last) == pytest.approx(parts, abs=1e-3)
    assert open_hours.between(last, first) == 0
    assert open_hours.between(first, last) <= (last - first).total_seconds()


@quick
@given(moments, lengths)
def test_around_the_clock_every_second_counts(start, seconds):
    assert OpenHours(DUBLIN).add(start, seconds) == start + timedelta(seconds=seconds)


@quick
@given(moments, st.integers(1, 200_000))
def test_office_hours_end_in_office_hours(start, seconds):
    end = OpenHours(DUBLIN, OFFICE, "IE").add(start, seconds).astimezone(DUBLIN)
    assert end.isoweekday() <= 5
    assert time(9) <= end.time() <= time(17)
    assert end.date() not in public_holidays("IE", end.year)


@quick
@given(moments)
def test_rounding_goes_up_by_less_than_a_quarter_of_an_hour(when):
    told = rounded_up(when)
    assert timedelta(0) <= told - when < timedelta(minutes=15)
    assert told.astimezone(DUBLIN).minute % 15 == 0
    assert rounded_up(told) == told


@pytest.mark.parametrize(
    ("start", "hours_added", "end"),
    [
        # Over a weekend; over Christmas, with the closing day at noon told as closed.
        ("2026-11-27 16:00", 2, "2026-11-30 10:00"),
        ("2026-11-28 12:00", 1, "2026-11-30 10:00"),
        ("2026-12-24 16:00", 2, "2026-12-28 10:00"),
        # The weekends on which clocks change are not open, and change nothing.
        ("2026-03-27 16:00", 2, "2026-03-30 10:00"),
        ("2026-10-23 16:00", 2, "2026-10-27 10:00"),
        # To the minute of closing is the same day.
        ("2026-11-27 16:00", 1, "2026-11-27 17:00"),
        ("2026-11-30 03:00", 8, "2026-11-30 17:00"),
    ],
)
def test_office_hours_in_ireland(start, hours_added, end):
    begin = datetime.fromisoformat(start).replace(tzinfo=DUBLIN)
    told = OpenHours(DUBLIN, OFFICE, "IE").add(begin, hours_added * 3600)
    assert f"{told.astimezone(DUBLIN):%Y-%m-%d %H:%M}" == end


def test_a_night_shift_is_an_hour_shorter_or_longer_when_clocks_change():
    nights = OpenHours(DUBLIN, tuple((day, time(0), time(6)) for day in range(1, 8)))

    def of(day: date) -> float:
        begin = datetime.combine(day, time(0), tzinfo=DUBLIN)
        return nights.between(begin, begin + timedelta(days=1)) / 3600

    assert (of(date(2026, 3, 29)), of(date(2026, 10, 25)), of(date(2026, 6, 1))) == (5, 7, 6)


def test_hours_that_never_open_again_end_up_open():
    never = OpenHours(DUBLIN, OFFICE, closed=((date(2026, 1, 1), date(2099, 1, 1)),))
    assert never.add(datetime(2026, 6, 1, tzinfo=UTC), 3600) < datetime(2026, 12, 1, tzinfo=UTC)
