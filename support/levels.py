"""The service levels and support hours that hold now, and the ones a shop begins with.

Models are asked for by name: the state machine, which the models themselves import, counts by these.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from django.apps import apps
from django.conf import settings
from django.utils import timezone

from shop.kept import Kept
from support.hours import OpenHours, rounded_up

# (topic, priority, first answer, every further answer, solved), in minutes of support hours: a day has eight hours.
FIRST_LEVELS = [
    ("", "", 480, 480, 2400),
    ("", "low", 960, 960, 4800),
    ("", "high", 240, 240, 960),
    ("", "urgent", 60, 120, 480),
    # Each hour the goods may leave.
    ("cancel", "", 120, 240, 480),
]
FIRST_DAYS = range(1, 6)
FIRST_OPENS, FIRST_CLOSES = time(9), time(17)


@dataclass(frozen=True, slots=True)
class Level:
    """How soon, in minutes; and by which hours that is counted."""

    first_answer: int
    next_answer: int
    solve: int
    hours: OpenHours

    def due(self, start: datetime, minutes: int) -> datetime:
        """Return when so much time has passed, rounded up to a quarter of an hour."""
        return rounded_up(self.hours.add(start, minutes * 60))


def _load_hours() -> OpenHours:
    spans = apps.get_model("support", "SupportHours").objects.values_list("weekday", "opens", "closes")
    closed = apps.get_model("support", "SupportClosure").objects.values_list("first_on", "last_on")
    zone: Any = timezone.get_default_timezone()
    return OpenHours(zone, tuple(spans), settings.SHOP_COUNTRY, tuple(closed))


def _load_levels() -> dict[tuple[str, str], tuple[int, int, int, bool]]:
    columns = ("topic", "priority", "first_answer_minutes", "next_answer_minutes", "solve_minutes", "around_the_clock")
    rows = apps.get_model("support", "ServiceLevel").objects.values_list(*columns)
    return {(topic, priority): tuple(rest) for topic, priority, *rest in rows}


_hours, _levels = Kept(_load_hours), Kept(_load_levels)


def support_hours() -> OpenHours:
    """Return when support is there, as it stands in the tables or did a few seconds ago."""
    return _hours.get()


def level_of(topic: str, priority: str) -> Level:
    """Return the service level of cases of a topic and priority: the one that names most, the priority before the topic."""
    known = _levels.get()
    keys = [(str(topic), str(priority)), ("", str(priority)), (str(topic), ""), ("", "")]
    first, following, solve, always = next((known[key] for key in keys if key in known), (*FIRST_LEVELS[0][2:], False))
    hours = support_hours()
    return Level(first, following, solve, OpenHours(hours.zone) if always else hours)


def forget_levels(**kwargs: object) -> None:
    """Read hours and levels anew next time. Takes anything, so that signals can call it."""
    _hours.forget()
    _levels.forget()


def keep_levels(sender: object, using: str = "default", **kwargs: object) -> None:
    """Give a shop that has none its first service levels, and its first support hours. Runs after every migrate."""
    levels = apps.get_model("support", "ServiceLevel").objects.using(using)
    if not levels.exists():
        levels.bulk_create(
            [
                levels.model(
                    topic=topic,
                    priority=priority,
                    first_answer_minutes=first,
                    next_answer_minutes=following,
                    solve_minutes=solve,
                )
                for topic, priority, first, following, solve in FIRST_LEVELS
            ],
            ignore_conflicts=True,
        )
        hours = apps.get_model("support", "SupportHours").objects.using(using)
        days = [hours.model(weekday=day, opens=FIRST_OPENS, closes=FIRST_CLOSES) for day in FIRST_DAYS]
        if not hours.exists():
            hours.bulk_create(days, ignore_conflicts=True)
    forget_levels()
