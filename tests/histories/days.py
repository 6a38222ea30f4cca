"""The window of a promise, worked out a second time from the words of docs/promises.md; imports nothing of the shop.

Histories lie in weeks without a public holiday, so that a week of five days is all the calendar there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

GRACE = timedelta(minutes=10)
CUTOFF = time(14)
DAY = timedelta(days=1)
HANDLING = (0, 1)


@dataclass(frozen=True, slots=True)
class Window:
    """When goods come, and when they leave at the latest."""

    earliest: date
    latest: date
    ship_by: date

    @property
    def slow(self) -> int:
        """Days of the way, at most."""
        return max(1, (self.latest - self.ship_by).days)

    @property
    def fast(self) -> int:
        """Days of the way, at least."""
        return max(1, (self.earliest - self.ship_by).days)


def window(ordered: datetime, transit: tuple[int, int]) -> Window:
    """Return the window of goods that are ordered at a moment and are under way for so many days."""
    handed = ordered + GRACE
    start = handed.date() + (DAY if handed.time() >= CUTOFF else timedelta())
    while start.isoweekday() > 5:
        start += DAY
    ship_by = working(start, HANDLING[1])
    return Window(working(working(start, HANDLING[0]), transit[0]), working(ship_by, transit[1]), ship_by)


def working(start: date, days: int) -> date:
    """Return the day that comes so many working days after another."""
    for _number in range(days):
        start += DAY
        while start.isoweekday() > 5:
            start += DAY
    return start


def begins(day: date) -> datetime:
    """Return the first moment of a day where the shop is: in Dublin, in winter."""
    return datetime.combine(day, time.min, UTC)
