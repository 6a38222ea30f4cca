"""Misbehave on demand: what a test or a demonstration asked to go wrong, and when."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

from demo.supplier.problems import Problem, entry, invalid

REFUSALS = {"error_500": "internal-error", "503": "unavailable", "429": "rate-limited", "401": "unauthorized"}
AFTER_THE_EFFECT = {"accept_then_drop", "accept_then_hang", "accept_then_500"}
INSTEAD = {"garbage_html", "nan", "huge", "slow_drip", "reset", "hang"}
BREACHES = {"wrong_sums", "wrong_reference"}
KINDS = {"delay", *REFUSALS, *AFTER_THE_EFFECT, *INSTEAD, *BREACHES}
HUGE_MEGABYTES = 50


@dataclass
class Fault:
    """Describe one fault.

    ``match`` is a method and path such as ``POST /v1/orders``, with ``*`` for any part. ``seconds`` is
    how long a hang, a drip or a delay lasts, or the Retry-After of a refusal. With ``after`` the
    request takes effect before the answer is spoilt. ``wrong_sums`` and ``wrong_reference`` take effect
    and answer with a copy that breaks the contract.
    """

    match: str
    kind: str
    times: int = 1
    seconds: float | None = None
    after: bool = False
    megabytes: int = HUGE_MEGABYTES

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise invalid(entry("/kind", "not-allowed", f"Known kinds: {', '.join(sorted(KINDS))}"))
        self.after = self.after or self.kind in AFTER_THE_EFFECT | BREACHES

    @property
    def lasts(self) -> float:
        """Return how long the fault goes on, in seconds."""
        return 60 if self.seconds is None else self.seconds

    def refusal(self) -> Problem | None:
        """Return the problem this fault answers with; None if it does something worse."""
        if self.kind not in REFUSALS:
            return None
        wait = {"503", "429"} & {self.kind}
        retry_after = int(2 if self.seconds is None else self.seconds) if wait else None
        return Problem(REFUSALS[self.kind], "This fault was asked for", retry_after=retry_after)


def broken(kind: str, document: Any) -> Any:
    """Return a copy of an order or parcel that breaks the contract; anything else as it is."""
    if not isinstance(document, dict) or not document.get("lines"):
        return document
    if kind == "wrong_reference":
        return document | {"reference": "SOMEBODY-ELSES"}
    counter = "quantity_accepted" if "quantity_accepted" in document["lines"][0] else "quantity"
    return document | {"lines": [line | {counter: line[counter] + 7} for line in document["lines"]]}


class Faults:
    """Keep the faults that are still to happen, in the order they were asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def replace(self, wanted: list[dict[str, Any]]) -> None:
        """Plan these faults instead of those before; an empty list ends them."""
        faults = [Fault(**fault) for fault in wanted]
        with self._lock:
            self._waiting = faults

    def waiting(self) -> list[dict[str, Any]]:
        """List the planned faults with the turns they have left."""
        with self._lock:
            return [asdict(fault) for fault in self._waiting]

    def take(self, operation: str) -> Fault | None:
        """Use up one turn of the first fault that matches; None if all is well."""
        with self._lock:
            for fault in self._waiting:
                if fault.times > 0 and fnmatchcase(operation, fault.match):
                    fault.times -= 1
                    return fault
        return None
