"""How many calls each supplier may have under way in this process, so that a slow one leaves room for the others.

A worker has a fixed number of threads, and a supplier that answers after ten seconds would soon
hold them all. What is over a supplier's share goes back to the database, due again about when
its turn comes: nothing waits in memory, and nothing can be lost here.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from django.conf import settings

# Seconds from which on a supplier's answers are slow, and from which on something must be waiting for one:
# what we do ourselves may take long on a busy machine, and is not the supplier's fault.
SLOW = 1.0
WAITING = 3.0
# Seconds after a supplier's last call for which it counts as one of those that share the threads,
# and after which nothing is known of how fast it is.
ACTIVE_FOR = 5.0
KNOWN_FOR = 60.0
SOONEST = 0.2


class Full(Exception):
    """The supplier's share is used up; its turn comes in about ``seconds``."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"{seconds:.1f} s")
        self.seconds = seconds


class Place:
    """A place among a supplier's calls; whoever holds it may make several, one after the other."""

    def __init__(self) -> None:
        self.began = time.monotonic()

    def begin(self) -> None:
        """Note that a call begins now."""
        self.began = time.monotonic()


def few() -> int:
    """Return how many threads a slow supplier gets: an eighth."""
    return max(1, settings.SUPPLIER_THREADS // 8)


@dataclass
class Lane:
    """What this process knows of one supplier: which calls run, how long they take."""

    running: list[Place] = field(default_factory=list)
    average: float | None = None
    ended_at: float = float("-inf")
    # Until when those who were sent away have the places to come.
    taken_until: float = 0.0

    def is_active(self, now: float) -> bool:
        return bool(self.running) or now - self.ended_at < ACTIVE_FOR

    def is_slow(self, now: float) -> bool:
        waiting = sum(now - place.began > WAITING for place in self.running)
        return waiting >= few() or (self.average or 0) > SLOW


class Lanes:
    """The shares of all suppliers in one process; safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._lanes: dict[int, Lane] = defaultdict(Lane)

    @contextmanager
    def call(self, supplier_id: int) -> Iterator[Place]:
        """Hold a place for calls. Raises Full if the supplier has none left."""
        place = Place()
        with self._lock:
            lane = self._lanes[supplier_id]
            most = self._most(lane, place.began)
            if len(lane.running) >= most:
                raise Full(self._turn(lane, most, place.began))
            lane.running.append(place)
        try:
            yield place
        finally:
            now = time.monotonic()
            with self._lock:
                lane.running.remove(place)
                lane.ended_at = now

    def so_many(self, supplier_id: int, seconds: float) -> int:
        """Return how many calls, one after the other, a supplier answers in so many seconds; 1 if nobody knows."""
        with self._lock:
            average = self._lanes[supplier_id].average
        return 1 if average is None else max(1, int(seconds / max(average, 0.001)))

    def note(self, supplier_id: int, seconds: float) -> None:
        """Note how long a supplier took to answer, or not to."""
        with self._lock:
            lane = self._lanes[supplier_id]
            lane.ended_at = time.monotonic()
            # Lately counts most: a supplier that has become fast again is soon believed.
            lane.average = seconds if lane.average is None else 0.7 * lane.average + 0.3 * seconds

    def _most(self, lane: Lane, now: float) -> int:
        threads = settings.SUPPLIER_THREADS
        if now - lane.ended_at > KNOWN_FOR:
            lane.average = None
        if lane.is_slow(now):
            return few()
        others = [other for other in self._lanes.values() if other is not lane and other.is_active(now)]
        slow = sum(other.is_slow(now) for other in others)
        # What the slow ones cannot have, the fast ones share.
        share = -(-(threads - slow * few()) // (len(others) - slow + 1))
        # Of one that nobody knows yet, not all threads wait for the first answer.
        most = threads if lane.average is not None else threads * 3 // 8
        return max(few(), min(most, share))

    @staticmethod
    def _turn(lane: Lane, most: int, now: float) -> float:
        lane.taken_until = max(lane.taken_until, now) + (lane.average or SOONEST) / most
        wait = min(max(SOONEST, lane.taken_until - now), settings.HAND_OVER_SECONDS)
        if wait == settings.HAND_OVER_SECONDS:
            # A long queue comes again in its order; there is no use in counting further.
            lane.taken_until = now
        return wait


lanes = Lanes()
