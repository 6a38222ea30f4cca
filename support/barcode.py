"""A return's number as bars, for the counter of a post office or the supplier's scanner."""

from __future__ import annotations

from dataclasses import dataclass

# Code 39 (ISO/IEC 16388): nine bars and gaps by turns per character, w a wide one. Of its 44 characters those that the
# numbers of returns are made of; the star stands before and behind.
BARS = {
    "0": "nnnwwnwnn",
    "1": "wnnwnnnnw",
    "2": "nnwwnnnnw",
    "3": "wnwwnnnnn",
    "4": "nnnwwnnnw",
    "5": "wnnwwnnnn",
    "6": "nnwwwnnnn",
    "7": "nnnwnnwnw",
    "8": "wnnwnnwnn",
    "9": "nnwwnnwnn",
    "R": "wnnnnnwwn",
    "T": "nnnnwnwwn",
    "-": "nwnnnnwnw",
    "*": "nwnnwnwnn",
}
WIDE = 3
QUIET = 10


@dataclass(frozen=True, slots=True)
class Bars:
    """Black bars as (left edge, width), in units of the narrow bar, with the quiet zone on both sides."""

    width: int
    bars: list[tuple[int, int]]


def code_39(text: str) -> Bars:
    """Return text as bars. Raises KeyError for a character that no number of a return has."""
    at, bars = QUIET, []
    for char in f"*{text}*":
        for place, kind in enumerate(BARS[char]):
            width = WIDE if kind == "w" else 1
            if place % 2 == 0:
                bars.append((at, width))
            at += width
        at += 1
    return Bars(at - 1 + QUIET, bars)
