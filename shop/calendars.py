"""Days on which something moves: working days of a place, without its public holidays."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import holidays
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext, gettext_lazy as _

from shop.addresses import rules_of

# ISO numbers of days: 1 is Monday.
WORKING_WEEK = "12345"
are_weekdays = RegexValidator(
    r"^(?=.)1?2?3?4?5?6?7?\Z", _("Numbers of days, Monday is 1: “12345” is Monday to Friday.")
)
A_DAY = timedelta(days=1)
# A calendar that is closed for longer than this is a mistake; counting goes on as if every day were open.
LONGEST_CLOSED = 120
# Public holidays by law, in the places of a part of a country where most people are of that confession.
OF_SOME_PLACES = ("catholic", "protestant")
SPAN = re.compile(r"(\d{4}-\d\d-\d\d)(?:\.\.(\d{4}-\d\d-\d\d))?")


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a place is open: on which days of the week, not on its country's public holidays, nor on days named.

    ``closed`` names further days as ``closed_spans`` reads them. Public holidays are those of the whole country;
    with a ``region``, as its addresses name it, also those of there, and of every part of the country where that
    tells nothing.
    """

    country: str
    weekdays: str = ""
    closed: str = ""
    region: str | None = None

    def is_open(self, day: date) -> bool:
        """True if something moves on that day."""
        if str(day.isoweekday()) not in (self.weekdays or WORKING_WEEK):
            return False
        if day in public_holidays(self.country, day.year):
            return False
        if self.region is not None and day in local_holidays(self.country, day.year, self.region):
            return False
        return not any(first <= day <= last for first, last in closed_spans(self.closed))

    def first_open(self, day: date) -> date:
        """Return the day itself if it is open, else the next that is."""
        return _first_open(self, day)

    def add(self, start: date, days: int) -> date:
        """Return the open day that comes so many open days after ``start``; 0 is ``start`` itself, open or not."""
        return _add(self, start, days)

    def between(self, start: date, end: date) -> int:
        """Return how many open days lie after ``start`` up to ``end``; below zero if ``end`` comes first."""
        if end < start:
            return -self.between(end, start)
        return sum(self.is_open(start + A_DAY * number) for number in range(1, (end - start).days + 1))


@lru_cache(maxsize=2000)
def public_holidays(country: str, year: int) -> frozenset[date]:
    """Return a country's public holidays of a year, as they are observed; none for a country nobody has listed."""
    try:
        return frozenset(holidays.country_holidays(country, years=year))
    except NotImplementedError:
        return frozenset()


@lru_cache(maxsize=2000)
def local_holidays(country: str, year: int, region: str) -> frozenset[date]:
    """Return the public holidays of a year at an address with this region; those of any part where it names none.

    Of those that hold only in some places of a part, as where most people are Catholics, all are among them.
    """
    days: set[date] = set()
    for part in parts_at(country, region):
        place = holidays.country_holidays(country, subdiv=part, years=year)
        own = [one for one in OF_SOME_PLACES if one in place.supported_categories]
        days.update(place)
        if own:
            days.update(holidays.country_holidays(country, subdiv=part, years=year, categories=own))
    return frozenset(days)


@lru_cache(maxsize=2000)
def parts_at(country: str, region: str) -> tuple[str, ...]:
    """Return the parts of a country, as the calendar of holidays names them, in which an address may lie.

    One where its region is one of them, else all of them; none for a country whose holidays are the same everywhere.
    """
    parts = _parts_with_holidays().get(country, [])
    if region in parts and _names_parts_alike(country, parts):
        return (region,)
    return tuple(parts)


@lru_cache(maxsize=1)
def _parts_with_holidays() -> dict[str, list[str]]:
    # The library looks through its files for it each time.
    return holidays.list_supported_countries(include_aliases=False)


def _names_parts_alike(country: str, parts: Collection[str]) -> bool:
    """True if addresses there name the same parts by the same codes: Spain's name provinces, its holidays regions."""
    codes = [code for code, _name in rules_of(country).regions]
    return 2 * sum(code in parts for code in codes) > len(codes)


@lru_cache(maxsize=500)
def closed_spans(text: str) -> tuple[tuple[date, date], ...]:
    """Read days as staff write them: “2027-02-05..2027-02-20, 2026-12-28”. Raises ValueError."""
    spans = []
    for word in re.split(r"[\s,;]+", text.strip()):
        if not word:
            continue
        found = SPAN.fullmatch(word)
        if found is None:
            raise ValueError(word)
        first = date.fromisoformat(found[1])
        spans.append((first, date.fromisoformat(found[2]) if found[2] else first))
    return tuple(spans)


def are_closed_days(text: str) -> None:
    """Refuse what ``closed_spans`` cannot read, and spans that end before they begin or are longer than four months."""
    try:
        spans = closed_spans(text)
    except ValueError as error:
        raise ValidationError(gettext("Write days as 2026-12-28, spans as 2027-02-05..2027-02-20.")) from error
    if any(not first <= last <= first + A_DAY * (LONGEST_CLOSED - 1) for first, last in spans):
        raise ValidationError(gettext("A span ends after it begins, and within four months."))


# The few days that all pages of a day speak of are counted once.
@lru_cache(maxsize=5000)
def _first_open(calendar: Calendar, day: date) -> date:
    current = day
    while not calendar.is_open(current) and (current - day).days < LONGEST_CLOSED:
        current += A_DAY
    return current


@lru_cache(maxsize=20_000)
def _add(calendar: Calendar, start: date, days: int) -> date:
    current = start
    for _number in range(days):
        current = _first_open(calendar, current + A_DAY)
    return current
