"""Count requests, and refuse what is too many (section 10 of the contract)."""

from __future__ import annotations

import math
import threading
import time

from demo.supplier.problems import Problem

WINDOW_SECONDS = 60


class RateLimit:
    """Allow so many requests in each minute."""

    def __init__(self, requests_per_minute: int) -> None:
        self._quota = requests_per_minute
        self._lock = threading.Lock()
        self._ends_at = 0.0
        self._left = requests_per_minute

    def count(self) -> dict[str, str]:
        """Count one request and return the rate-limit headers.

        Raises Problem ``rate-limited`` when the minute's quota is used up.
        """
        with self._lock:
            now = time.monotonic()
            if now >= self._ends_at:
                self._ends_at, self._left = now + WINDOW_SECONDS, self._quota
            wait = math.ceil(self._ends_at - now)
            allowed = self._left > 0
            self._left = max(0, self._left - 1)
            headers = {
                "RateLimit-Policy": f'"default";q={self._quota};w={WINDOW_SECONDS}',
                "RateLimit": f'"default";r={self._left};t={wait}',
            }
        if not allowed:
            refusal = Problem("rate-limited", "The quota of this minute is used up", retry_after=wait)
            refusal.headers |= headers
            raise refusal
        return headers
