from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

KINDS = ("hang", "drop_after", "error_500_before", "error_500_after", "latency")


@dataclass
class Fault:
    """One way to misbehave, for the next ``times`` calls that match.

    hang: do the work, then say nothing for ``seconds`` and cut the line; drop_after: do the work and cut the
    line at once; error_500_before and error_500_after: answer 500 without or with the work done; latency:
    wait ``seconds``, then do the work.
    """

    match: str
    kind: str
    times: int = 1
    seconds: float = 30


class Faults:
    """The faults that are armed; they do not outlive the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[Fault] = []

    def arm(self, faults: list[Fault]) -> None:
        """Put these faults in the place of all earlier ones."""
        with self._lock:
            self._armed = list(faults)

    def armed(self) -> list[Fault]:
        """List the armed faults with the turns they have left."""
        with self._lock:
            return [replace(fault) for fault in self._armed]

    def take(self, call: str) -> Fault | None:
        """Use up one turn of the first fault that matches a call such as ``POST /v1/refunds``."""
        with self._lock:
            for fault in self._armed:
                if fault.times > 0 and fnmatchcase(call, fault.match):
                    fault.times -= 1
                    return fault
        return None
