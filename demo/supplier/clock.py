"""Keep the simulated clock by which scheduled steps fall due."""

from __future__ import annotations

import time

from demo.supplier.ledger import Ledger


class Clock:
    """Tell the simulated time in seconds: the real time, moved by jumps and pauses that the ledger remembers."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def now(self) -> float:
        """Return the simulated time as Unix seconds; it stands still while paused."""
        stopped_at = self._ledger.setting("clock:stopped_at")
        if stopped_at is not None:
            return float(stopped_at)
        return time.time() + float(self._ledger.setting("clock:offset", 0))

    def advance(self, seconds: float) -> None:
        """Jump ahead, also while paused."""
        with self._ledger.transaction():
            stopped_at = self._ledger.setting("clock:stopped_at")
            if stopped_at is not None:
                self._ledger.remember("clock:stopped_at", stopped_at + seconds)
                return
            self._ledger.remember("clock:offset", self._ledger.setting("clock:offset", 0) + seconds)

    def pause(self) -> None:
        """Stop the clock; may run twice."""
        with self._ledger.transaction():
            self._ledger.remember("clock:stopped_at", self.now())

    def resume(self) -> None:
        """Let the clock go on from where it stopped; may run twice."""
        with self._ledger.transaction():
            self._ledger.remember("clock:offset", self.now() - time.time())
            self._ledger.remember("clock:stopped_at", None)
