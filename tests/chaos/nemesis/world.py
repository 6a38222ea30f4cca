"""What every fault works with, and the table of all faults."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.chaos.customers import Crowd
from tests.chaos.database import Lease, PostgresLook, SqliteLook
from tests.chaos.journal import Journal
from tests.chaos.plan import Planned
from tests.chaos.shop import ChaosShop

POSTGRES, SQLITE = "postgres", "sqlite"
BOTH = frozenset({POSTGRES, SQLITE})
# How long a fault waits for work that it can hit, in seconds.
WAITS = 10.0
# So long after a moment a healthy worker has given back what it held then; the lease is longer.
GIVEN_BACK = 3.2


@dataclass
class World:
    """The shop, its customers, and eyes."""

    shop: ChaosShop
    crowd: Crowd
    journal: Journal
    look: PostgresLook | SqliteLook

    def held(self, *, seconds: float = WAITS) -> set[Lease]:
        """Wait until workers hold something, and return it; empty if they do not in time."""
        return self.until(self.look.leases, seconds, every=0.03) or set()

    def flying(self, *, seconds: float = WAITS) -> int:
        """Wait until a customer's request is under way, and return how many are."""
        return self.until(self.crowd.flying.count, seconds, every=0.02) or 0

    def until(self, question: Callable[[], Any], seconds: float, *, every: float = 0.1) -> Any:
        """Ask until the answer is true, or the time is over; return the last answer."""
        deadline = time.monotonic() + seconds
        while not (answer := question()) and time.monotonic() < deadline:
            time.sleep(every)
        return answer

    def cuts_since(self, moment: float) -> int:
        """Count the customers' requests that were cut after a moment they had begun before."""
        answers = self.journal.all("answer")
        return sum(one["began"] <= moment <= one["at"] and isinstance(one["status"], str) for one in answers)

    def supplier_rows(self, slug: str, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Read a supplier's own books, whether or not it is up."""
        with sqlite3.connect(f"file:{self.shop.ledger_of(slug)}?mode=ro", uri=True, timeout=10) as books:
            return books.execute(query, values).fetchall()

    def payment_rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Read the payment sandbox's own ledger."""
        file = self.shop.folder / "payments.sqlite3"
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10) as ledger:
            return ledger.execute(query, values).fetchall()


# A fault commits itself, ends itself, and returns the evidence that it hit; an empty text if it did not.
Act = Callable[[World, Planned], str]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault: where it runs, and which others it must not overlap."""

    name: str
    lane: str
    arms: frozenset[str]
    act: Act


KINDS: dict[str, Kind] = {}


def fault(lane: str, *, arms: frozenset[str] = BOTH) -> Callable[[Act], Act]:
    """Enter a function into the table under its own name."""

    def enter(act: Act) -> Act:
        KINDS[act.__name__] = Kind(act.__name__, lane, arms, act)
        return act

    return enter


def lanes_of(arm: str) -> dict[str, list[str]]:
    """Return the kinds that an arm knows, by lane."""
    lanes: dict[str, list[str]] = {}
    for kind in KINDS.values():
        if arm in kind.arms:
            lanes.setdefault(kind.lane, []).append(kind.name)
    return lanes
