"""Small plots of figures over days, as the numbers of an SVG. No script, no inline style."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise

from shop.words import day as day_words

WIDTH, HEIGHT = 640, 180
LEFT, RIGHT, TOP, BOTTOM = 56, 8, 10, 26
TICKS = 4
# Of few bars none is as wide as the plot: they stand at its left, where a phone shows them.
WIDEST_STEP = 88
# As many labels of days as fit beside each other on a phone.
LABEL_EVERY = 7
MINUTE, HOUR, DAY = 60, 3600, 86_400
# Steps of a scale of times that are written without a rest: minutes, hours, days.
TIME_STEPS = [
    *(MINUTE * count for count in (1, 2, 5, 10, 15, 30)),
    *(HOUR * count for count in (1, 2, 3, 6, 12)),
    *(DAY * count for count in (1, 2, 5, 10, 30, 90)),
]
Words = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: where its bar stands, and its figure in words; empty for a day without one."""

    label: str
    shown: str
    words: str
    x: float
    middle: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Plot:
    """All that the template draws; ``ticks`` are heights and amounts of the scale."""

    key: str
    title: str | Promise
    bars: list[Bar]
    ticks: list[tuple[float, str]]
    bar_width: float
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    zero: int = HEIGHT - BOTTOM
    foot: int = HEIGHT - 8


def top_of_times(values: Iterable[float | None]) -> float:
    """Return the top of a scale, in seconds, that holds some times and is divided into plain steps."""
    highest = max((value for value in values if value is not None), default=0)
    step = next((step for step in TIME_STEPS if step * TICKS >= highest), None)
    return step * TICKS if step else highest


def plot_of(
    key: str, title: str | Promise, values: Sequence[tuple[date, float | None]], words: Words, *, top: float
) -> Plot:
    """Return the bars of some days; ``words`` writes a figure, ``top`` is the highest of the scale."""
    labelled = [(day_words(day), value) for day, value in values]
    return bars_of(key, title, labelled, words, top=top, every=LABEL_EVERY)


def bars_of(
    key: str,
    title: str | Promise,
    values: Sequence[tuple[str, float | None]],
    words: Words,
    *,
    top: float,
    every: int = 1,
) -> Plot:
    """Return bars with a label each, of which every so many are written, the last one among them."""
    step = min(WIDEST_STEP, (WIDTH - LEFT - RIGHT) / max(1, len(values)))
    room = HEIGHT - TOP - BOTTOM
    bars = []
    for number, (label, value) in enumerate(values):
        height = round(room * min(1, (value or 0) / top), 1)
        bars.append(
            Bar(
                label=label,
                shown=label if number % every == len(values) % every else "",
                words="" if value is None else words(value),
                x=round(LEFT + number * step + step * 0.15, 1),
                middle=round(LEFT + (number + 0.5) * step, 1),
                y=HEIGHT - BOTTOM - height,
                height=height,
            )
        )
    ticks = [
        (round(HEIGHT - BOTTOM - room * part / TICKS, 1), words(top * part / TICKS)) for part in range(1, TICKS + 1)
    ]
    return Plot(key, title, bars, ticks, round(step * 0.7, 1))
