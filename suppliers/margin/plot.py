"""The plot of a margin page: sales and margin over time, as the numbers of an SVG. No script, no inline style."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from babel.dates import format_date
from django.utils.translation import get_language, gettext as _, to_locale

from shop.money import Money
from suppliers.margin.figures import Period, Sums

WIDTH, HEIGHT = 960, 260
LEFT, RIGHT, TOP, BOTTOM = 84, 8, 12, 30
# As many labels of time as fit beside each other.
MOST_LABELS = 12
DAYS_BY_DAY, DAYS_BY_WEEK = 31, 190


@dataclass(frozen=True, slots=True)
class Bar:
    """One step of time: the two bars in it, and their figures in words."""

    label: str
    shown: str
    x: float
    middle: float
    width: float
    sales_y: float
    sales_height: float
    margin_y: float
    margin_height: float
    is_loss: bool
    sales: str
    margin: str
    unknown: int


@dataclass(frozen=True, slots=True)
class Plot:
    """All that the template draws; ``ticks`` are heights and amounts of the scale."""

    bars: list[Bar]
    ticks: list[tuple[float, str]]
    zero: float
    step: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    foot: int = HEIGHT - 8


@dataclass(slots=True)
class _Step:
    first: date
    sales: int = 0
    margin: int = 0
    unknown: int = 0


def plot_of(days: Iterable[Sums], period: Period) -> Plot | None:
    """Draw the days of a period, by day, week or month as its length asks; None where nothing was sold."""
    length = (period.last - period.first).days
    unit = "day" if length <= DAYS_BY_DAY else "week" if length <= DAYS_BY_WEEK else "month"
    steps = {begin: _Step(begin) for begin in _begins(period, unit)}
    is_empty = True
    for sums in days:
        is_empty = False
        step = steps[_begin_of(_day(sums.key[0]), unit, period.first)]
        step.sales += sums.amounts["net"] or 0
        step.margin += sums.margin or 0
        step.unknown += sums.unknown
    return None if is_empty else _draw(list(steps.values()), period, unit)


def _draw(steps: list[_Step], period: Period, unit: str) -> Plot:
    top = max(0, *(max(step.sales, step.margin) for step in steps))
    low = min(0, *(min(step.sales, step.margin) for step in steps))
    grid = _grid(low, top)
    low, top = min(grid), max(grid)
    scale = (HEIGHT - TOP - BOTTOM) / ((top - low) or 1)

    def at(minor: int) -> float:
        return round(TOP + (top - minor) * scale, 1)

    width = (WIDTH - LEFT - RIGHT) / len(steps)
    every = -(-len(steps) // MOST_LABELS)
    bars = []
    for number, step in enumerate(steps):
        label = _label(step.first, unit)
        bars.append(
            Bar(
                label=label,
                shown=label if number % every == 0 else "",
                x=round(LEFT + number * width + width * 0.12, 1),
                middle=round(LEFT + (number + 0.5) * width, 1),
                width=round(width * 0.76, 1),
                sales_y=min(at(step.sales), at(0)),
                sales_height=round(abs(at(step.sales) - at(0)), 1),
                margin_y=min(at(step.margin), at(0)),
                margin_height=round(abs(at(step.margin) - at(0)), 1),
                is_loss=step.margin < 0,
                sales=str(Money(step.sales, period.currency)),
                margin=str(Money(step.margin, period.currency)),
                unknown=step.unknown,
            )
        )
    ticks = [(at(minor), str(Money(minor, period.currency))) for minor in grid]
    words = {"day": _("by day"), "week": _("by week"), "month": _("by month")}
    return Plot(bars, ticks, at(0), words[unit])


def _grid(low: int, top: int) -> list[int]:
    """Return round amounts from below the lowest to above the highest, 0 among them."""
    rough = max(1, (top - low) // 4)
    size = 10 ** (len(str(rough)) - 1)
    step = next(factor * size for factor in (1, 2, 5, 10) if factor * size >= rough)
    return [step * number for number in range(low // step, -(-top // step) + 1)]


def _begins(period: Period, unit: str) -> Iterable[date]:
    day = period.first
    while day <= period.last:
        yield day
        if unit == "month":
            day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
        else:
            day += timedelta(days=1 if unit == "day" else 7)


def _begin_of(day: date, unit: str, first: date) -> date:
    if unit == "month":
        return max(day.replace(day=1), first)
    return day if unit == "day" else day - timedelta(days=(day - first).days % 7)


def _day(told: date | str) -> date:
    # SQLite has no dates of its own.
    return told if isinstance(told, date) else date.fromisoformat(str(told)[:10])


def _label(day: date, unit: str) -> str:
    pattern = "MMM y" if unit == "month" else "d MMM"
    return format_date(day, pattern, locale=to_locale(get_language() or "en-gb"))
