"""Count time in which support is there: through weekends, holidays and the two days a year on which clocks are put on.

Times of day are the shop's; what is counted are real seconds. Where clocks go forward a span is shorter, where they
go back it is longer, as it is for whoever works in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shop.calendars import A_DAY, LONGEST_CLOSED, public_holidays

MIDNIGHT = time(0)
QUARTER_SECONDS = 900
Interval = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class OpenHours:
    """When support is there: spans of weekdays (ISO number, from, to), not on public holidays nor on days closed.

    Without any span it is there around the clock. ``closed`` are first and last days.
    """

    zone: ZoneInfo
    spans: tuple[tuple[int, time, time], ...] = ()
    country: str = ""
    closed: tuple[tuple[date, date], ...] = ()

    def add(self, start: datetime, seconds: float) -> datetime:
        """Return the moment at which so many open seconds have passed since ``start``."""
        left = timedelta(seconds=seconds)
        for begin, end in self._intervals(start):
            if left <= end - begin:
                return begin + left if left else start
            left -= end - begin
        raise AssertionError("intervals never end")

    def between(self, start: datetime, end: datetime) -> float:
        """Return how many open seconds lie between two moments; 0 if the second comes first."""
        if end <= start:
            return 0.0
        total = timedelta()
        for begin, until in self._intervals(start):
            if begin >= end:
                break
            total += min(until, end) - begin
        return total.total_seconds()

    def is_open(self, when: datetime) -> bool:
        """True if support is there at that moment."""
        begin, _end = next(self._intervals(when))
        return begin <= when

    def _intervals(self, start: datetime) -> Iterator[Interval]:
        """Yield the open times from ``start`` on, for ever, in order and without overlap."""
        last, day = start.astimezone(UTC), start.astimezone(self.zone).date()
        shut_days = 0
        while True:
            opened = self._of_day(day) if shut_days < LONGEST_CLOSED else [_day_of(day, self.zone)]
            shut_days = 0 if opened and shut_days < LONGEST_CLOSED else shut_days + 1
            for begin, end in opened:
                if end > last:
                    yield max(begin, last), end
                    last = end
            day += A_DAY

    def _of_day(self, day: date) -> list[Interval]:
        if not self.spans:
            return [_day_of(day, self.zone)]
        if day in public_holidays(self.country, day.year) or any(first <= day <= end for first, end in self.closed):
            return []
        found = [
            (_moment(day, opens, self.zone), _moment(day + A_DAY if closes == MIDNIGHT else day, closes, self.zone))
            for weekday, opens, closes in self.spans
            if weekday == day.isoweekday()
        ]
        # A span that lies in the hour that clocks leave out may end before it begins.
        return sorted(interval for interval in found if interval[0] < interval[1])


def _moment(day: date, hour: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, hour, tzinfo=zone).astimezone(UTC)


def _day_of(day: date, zone: ZoneInfo) -> Interval:
    return _moment(day, MIDNIGHT, zone), _moment(day + A_DAY, MIDNIGHT, zone)


def rounded_up(when: datetime) -> datetime:
    """Return the next full quarter of an hour, for times that people are told."""
    over = when.timestamp() % QUARTER_SECONDS
    return when if not over else when + timedelta(seconds=QUARTER_SECONDS - over)
