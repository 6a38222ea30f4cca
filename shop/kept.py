"""Small tables that every page reads, kept in the process for a few seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Generic, TypeVar

# Another process shows what changed after so long.
SECONDS = 5
T = TypeVar("T")
_all: list[Kept] = []


class Kept(Generic[T]):
    """What ``load`` returned, until SECONDS have passed or somebody says that it changed.

    For names and structure only, never for prices or stock.
    """

    def __init__(self, load: Callable[[], T]) -> None:
        self._load = load
        self._value: tuple[float, T] | None = None
        _all.append(self)

    def get(self) -> T:
        """Return it; costs what loading costs, once in a while."""
        known = self._value
        if known is None or known[0] < time.monotonic():
            known = (time.monotonic() + SECONDS, self._load())
            self._value = known
        return known[1]

    def forget(self, **kwargs: object) -> None:
        """Load it anew next time. Takes anything, so that signals can call it."""
        self._value = None


def forget_all() -> None:
    """Load everything anew next time."""
    for one in _all:
        one.forget()
