"""An end that comes for certain: what waits too long for the network is cut off from outside.

A time-out of a socket counts from the last byte, so whoever drips bytes keeps a reader for ever,
in a header as in a body. One thread per process watches the clock for all.
"""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable
from threading import Condition, Lock, Thread
from types import TracebackType


class _Watch:
    """Cuts what is over time. Its thread starts with the first deadline, and anew in a forked process."""

    def __init__(self) -> None:
        self._news = Condition()
        self._queue: list[tuple[float, int, Deadline]] = []
        self._serial = itertools.count()
        self._thread: Thread | None = None

    def add(self, deadline: Deadline) -> None:
        with self._news:
            heapq.heappush(self._queue, (deadline.at, next(self._serial), deadline))
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._watch, name="deadlines", daemon=True)
                self._thread.start()
            elif self._queue[0][2] is deadline:
                self._news.notify()

    def _watch(self) -> None:
        while True:
            with self._news:
                while self._queue and self._queue[0][2].is_left:
                    heapq.heappop(self._queue)
                wait = self._queue[0][0] - time.monotonic() if self._queue else None
                if wait is None or wait > 0:
                    self._news.wait(wait)
                    continue
                deadline = heapq.heappop(self._queue)[2]
            deadline.come()


_watch = _Watch()


class Deadline:
    """Calls ``cut`` from another thread when ``at`` (monotonic) comes before the block is left."""

    def __init__(self, at: float, cut: Callable[[], None]) -> None:
        self.at = at
        self.is_over = False
        self.is_left = False
        self._cut = cut
        self._lock = Lock()

    def __enter__(self) -> Deadline:
        _watch.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Waits for a cut that has begun: it must not hit whatever comes next.
        with self._lock:
            self.is_left = True

    def come(self) -> None:
        """Cut, unless the block was left meanwhile."""
        with self._lock:
            if not self.is_left:
                self.is_over = True
                self._cut()
