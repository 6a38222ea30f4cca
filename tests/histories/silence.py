"""What it means that a customer who was told of a delay says nothing; imports nothing of the shop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.histories.days import DAY, begins
from tests.histories.goods import Goods

AT_LEAST = timedelta(days=2)


@dataclass
class Told:
    """A delay that was the customer's to choose; ``until``: without an answer by then it is cancelled (None: it waits)."""

    slugs: list[str]
    until: datetime | None
    is_definite: bool
    is_asked: bool = True
    is_waiting: bool = False


def answer_until(
    market: tuple[int, int] | None, later: Sequence[Goods], told: Sequence[Told], *, now: datetime
) -> datetime | None:
    """Return until when consent is needed; None where silence waits.

    ``market``: for how many days late a first delay may be waited for in silence, and within how many days after
    the promise consent is needed otherwise. None: silence always waits.
    """
    if market is None:
        return None
    before = next((one for one in reversed(told) if one.is_asked or one.is_waiting), None)
    if before is not None and before.is_waiting and not before.is_definite:
        # Who has agreed to wait without a date has agreed to this one.
        return None
    if before is not None:
        last = min(goods.known for goods in later)
    else:
        longest = max((goods.expected[1] - goods.promised.latest).days for goods in later)
        if all(goods.speaker != "ours" for goods in later) and longest <= market[0]:
            return None
        last = min(goods.promised.latest for goods in later) + market[1] * DAY
    return max(begins(last + DAY), now + AT_LEAST)
