"""Small tables that every page reads, kept in the process for a moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Hashable, Mapping
from typing import Generic, TypeVar

# Another process shows what changed after so long: names and structure, and what prices are made of.
SECONDS = 5
BRIEF_SECONDS = 1
# Of what is kept by a key; more than any shop needs within a second.
MOST_KEYS = 500
K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
_all: list[Kept | KeptEach | Lately | Recently] = []


class Kept(Generic[T]):
    """What ``load`` returned, until SECONDS have passed or somebody says that it changed.

    For names and structure only; ``is_brief`` also for the rates and terms that prices are made of, for BRIEF_SECONDS.
    Prices and stock themselves are never kept, nor anything of a visitor.
    """

    def __init__(self, load: Callable[[], T], *, is_brief: bool = False) -> None:
        self._load = load
        self._is_brief = is_brief
        self._value: tuple[float, T] | None = None
        _all.append(self)

    def get(self) -> T:
        """Return it; costs what loading costs, once in a while. It is everybody's: change nothing of it."""
        known = self._value
        if known is None or known[0] < time.monotonic():
            # The time before the look: what changes during it counts as not seen.
            until = time.monotonic() + (BRIEF_SECONDS if self._is_brief else SECONDS)
            known = (until, self._load())
            self._value = known
        return known[1]

    def forget(self, **kwargs: object) -> None:
        """Load it anew next time. Takes anything, so that signals can call it."""
        self._value = None


class KeptEach(Generic[K, T]):
    """The same by a key, for BRIEF_SECONDS or as long as is said: what there is for some keys; all others have nothing."""

    def __init__(self, load: Callable[[Collection[K]], Mapping[K, T]], *, seconds: int = BRIEF_SECONDS) -> None:
        self._load = load
        self._seconds = seconds
        self._values: dict[K, tuple[float, T | None]] = {}
        _all.append(self)

    def get(self, keys: Collection[K]) -> dict[K, T]:
        """Return what there is for some keys; costs what loading those costs that are not kept."""
        now, values = time.monotonic(), self._values
        found = {key: known[1] for key in keys if (known := values.get(key)) is not None and known[0] >= now}
        missing = [key for key in keys if key not in found]
        if missing:
            loaded = self._load(missing)
            if len(values) > MOST_KEYS:
                # Another dict, for somebody may be reading this one.
                values = self._values = {}
            for key in missing:
                found[key] = loaded.get(key)
                values[key] = (now + self._seconds, found[key])
        return {key: value for key, value in found.items() if value is not None}

    def forget(self, **kwargs: object) -> None:
        """Load all anew next time."""
        self._values = {}


class Lately(Generic[K, T]):
    """What was worked out lately, by all that it was worked out from: it is right for ever, so it only leaves for want of room.

    At most ``most`` of them. What has not been asked for since half of the room was filled anew goes first.
    """

    def __init__(self, most: int) -> None:
        self._half = most // 2
        self._young: dict[K, T] = {}
        self._old: dict[K, T] = {}
        _all.append(self)

    def get(self, key: K) -> T | None:
        """Return what was kept; None if it is not here."""
        found = self._young.get(key)
        if found is None and (found := self._old.get(key)) is not None:
            self.put(key, found)
        return found

    def put(self, key: K, value: T) -> None:
        """Keep it. Of two at once both may; no lock is needed."""
        if len(self._young) >= self._half:
            self._old, self._young = self._young, {}
        self._young[key] = value

    def forget(self, **kwargs: object) -> None:
        """Forget all."""
        self._young, self._old = {}, {}


class Recently(Generic[K, T]):
    """What was found by a key, as it was within some seconds: at most ``most`` of what is worth it, the rest anew each time."""

    def __init__(self, most: int, *, seconds: int, is_worth_it: Callable[[T], bool]) -> None:
        self._seconds = seconds
        self._is_worth_it = is_worth_it
        self._found: Lately[tuple[int, K], tuple[float, T]] = Lately(most)
        self._times_forgotten = 0
        _all.append(self)

    def get(self, key: K, find: Callable[[], T]) -> T:
        """Return what was found lately, or find it. It is everybody's: change nothing of it."""
        # What is forgotten while it is looked for is put where nobody asks any more.
        place, now = (self._times_forgotten, key), time.monotonic()
        known = self._found.get(place)
        if known is not None and known[0] >= now:
            return known[1]
        value = find()
        if self._is_worth_it(value):
            self._found.put(place, (now + self._seconds, value))
        return value

    def forget(self, **kwargs: object) -> None:
        """Find all anew next time."""
        self._times_forgotten += 1
        self._found.forget()


def forget_all(**kwargs: object) -> None:
    """Load everything anew next time."""
    for one in _all:
        one.forget()
