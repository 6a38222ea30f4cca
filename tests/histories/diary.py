"""What happened outside the shop, as whoever was there would note it; imports nothing of the shop."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened; ``goods`` names the part of the order it is about, by who sold it."""

    at: datetime
    what: str
    goods: str = ""
    told: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.told[name]


class Diary:
    """All facts, by the number of the order they are about, in the order in which they happened."""

    def __init__(self) -> None:
        self.orders: dict[str, list[Fact]] = defaultdict(list)

    def note(self, number: str, what: str, at: datetime, *, goods: str = "", **told: Any) -> None:
        """Write down one fact."""
        self.orders[number].append(Fact(at, what, goods, told))


@dataclass(frozen=True, slots=True)
class Received:
    """One mail as it came."""

    at: datetime
    to: str
    subject: str
    text: str
    message_id: str
