"""Misbehave on demand: what a test or a demonstration asked to go wrong, and how often."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

REFUSALS = {"error_500": 500, "503": 503, "429": 429, "401": 401}
KINDS = {*REFUSALS, "garbage_html", "hang", "reset", "strange", "forget", "exhausted"}


@dataclass
class Fault:
    """One fault. ``match`` is a method and path, with ``*`` for any part; ``seconds`` how long it lasts.

    ``strange``: trackings come with a shape nobody expects; ``forget``: without those that are asked for;
    ``exhausted``: a good answer whose headers say that no call is left.
    """

    match: str
    kind: str
    times: int = 1
    seconds: float = 2

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"known kinds: {', '.join(sorted(KINDS))}")


class Faults:
    """The faults that are still to happen, in the order they were asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def replace(self, wanted: list[dict[str, Any]]) -> None:
        """Plan these instead of those before."""
        faults = [Fault(**fault) for fault in wanted]
        with self._lock:
            self._waiting = faults

    def waiting(self) -> list[dict[str, Any]]:
        """List the planned faults with the turns they have left."""
        with self._lock:
            return [asdict(fault) for fault in self._waiting]

    def take(self, operation: str) -> Fault | None:
        """Use up one turn of the first that matches; None if all is well."""
        with self._lock:
            for fault in self._waiting:
                if fault.times > 0 and fnmatchcase(operation, fault.match):
                    fault.times -= 1
                    return fault
        return None
