"""How the desk does, day by day: times to the first answer and to the end, cases opened again, satisfaction.

Times are those that customers wait, nights and weekends included. A fixed number of queries, over so many days only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from math import ceil

from django.db.models import Q
from django.utils import timezone

from orders.models import Event
from shop.kept import KeptEach
from shop.models import User
from support.models import Ticket
from support.satisfaction import ratings_since

DAYS = 30
A_DAY = timedelta(days=1)


@dataclass(slots=True)
class Figures:
    """What happened on a day, or to an agent: counts, and seconds that customers waited."""

    opened: int = 0
    solved: int = 0
    reopened: int = 0
    good: int = 0
    rated: int = 0
    first_answers: list[float] = field(default_factory=list)
    solutions: list[float] = field(default_factory=list)

    @property
    def first_median(self) -> float | None:
        """Half of the customers had their first answer within so many seconds."""
        return percentile(self.first_answers, 50)

    @property
    def first_90th(self) -> float | None:
        """Nine of ten had it within so many."""
        return percentile(self.first_answers, 90)

    @property
    def solved_median(self) -> float | None:
        """Half of the cases were solved within so many seconds."""
        return percentile(self.solutions, 50)

    @property
    def solved_90th(self) -> float | None:
        """Nine of ten were solved within so many."""
        return percentile(self.solutions, 90)

    @property
    def reopen_percent(self) -> int | None:
        """How many of a hundred solved cases were opened again; None if none was solved."""
        return round(100 * self.reopened / self.solved) if self.solved else None

    @property
    def good_percent(self) -> int | None:
        """How many of a hundred ratings were good; None if there was none."""
        return round(100 * self.good / self.rated) if self.rated else None


def percentile(values: Sequence[float], percent: int) -> float | None:
    """Return the smallest value that so many per cent of all do not exceed; None of nothing."""
    return sorted(values)[max(1, ceil(len(values) * percent / 100)) - 1] if values else None


def beginning(day: date) -> datetime:
    """Return the first moment of a day of the shop."""
    return timezone.make_aware(datetime.combine(day, time(0)))


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of the last days, by day and by agent; and of all of them together."""

    days: dict[date, Figures]
    agents: dict[User, Figures]
    whole: Figures


def figures(today: date) -> Report:
    """Return the figures of the last DAYS days, with ``today``; seven queries."""
    start = beginning(today - A_DAY * (DAYS - 1))
    days = {today - A_DAY * back: Figures() for back in reversed(range(DAYS))}
    agents: dict[int, Figures] = defaultdict(Figures)
    whole = Figures()

    def into(at: datetime, owner: int | None) -> Iterable[Figures]:
        yield whole
        day = timezone.localdate(at)
        if day in days:
            yield days[day]
        if owner is not None:
            yield agents[owner]

    _read_answers(start, into)
    _read_ends(start, into)
    for at, owner, is_good in ratings_since(start):
        for one in into(at, owner):
            one.rated += 1
            one.good += is_good
    people = User.objects.in_bulk(list(agents))
    by_agent = {people[pk]: agents[pk] for pk in sorted(people, key=lambda pk: people[pk].get_full_name().lower())}
    return Report(days, by_agent, whole)


Into = Callable[[datetime, int | None], Iterable[Figures]]


def _read_answers(start: datetime, into: Into) -> None:
    columns = ("opened_at", "first_answered_at", "owner")
    for opened, answered, owner in Ticket.objects.filter(first_answered_at__gte=start).order_by().values_list(*columns):
        for one in into(answered, owner):
            one.first_answers.append((answered - opened).total_seconds())
    for opened, owner in Ticket.objects.filter(opened_at__gte=start).order_by().values_list("opened_at", "owner"):
        for one in into(opened, owner):
            one.opened += 1


def _read_ends(start: datetime, into: Into) -> None:
    solved = Ticket.objects.filter(solved_at__gte=start, merged_into=None).order_by()
    for opened, ended, owner in solved.values_list("opened_at", "solved_at", "owner"):
        for one in into(ended, owner):
            one.solutions.append((ended - opened).total_seconds())
    # A case that was opened again is not solved any more: what happened stands in the events alone.
    opened_again = Q(kind="ticket.open", facts__again=True)
    happened = Event.objects.filter(Q(kind="ticket.solved") | opened_again, at__gte=start).order_by()
    # What was solved or opened again since has been in another state since.
    touched = Ticket.objects.filter(status_changed_at__gte=start).order_by()
    owners = dict(touched.values_list("pk", "owner"))
    for kind, at, key in happened.values_list("kind", "at", "subject_key"):
        for one in into(at, owners.get(int(key.rpartition(":")[2]))):
            one.solved += kind == "ticket.solved"
            one.reopened += kind == "ticket.open"


def _median_of(days: Iterable[date]) -> dict[date, float]:
    found = {}
    for day in days:
        answered = Ticket.objects.filter(
            first_answered_at__gte=beginning(day), first_answered_at__lt=beginning(day + A_DAY)
        )
        waits = [
            (end - begin).total_seconds()
            for begin, end in answered.order_by().values_list("opened_at", "first_answered_at")
        ]
        if (median := percentile(waits, 50)) is not None:
            found[day] = median
    return found


_medians: KeptEach[date, float] = KeptEach(_median_of, seconds=60)


def median_today() -> float | None:
    """Return how long half of those waited who have had their first answer today; a minute old at most."""
    today = timezone.localdate()
    return _medians.get([today]).get(today)
