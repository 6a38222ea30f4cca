"""The port every adapter fills: our words in and out, every answer classified."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from suppliers.models import Supplier


class Refused(Exception):
    """Nothing happened, and repeating will not help. ``code`` is the contract's problem code."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code


class KeyRefused(Refused):
    """Our credentials are not taken: a person must look, and nothing else will work until then."""


class TryLater(Exception):
    """Nothing happened; the same request may go through later. ``retry_after`` in seconds, or None."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Unclear(Exception):
    """It may have happened: look it up, or repeat with the same key. Never a new key."""


class AlreadyThere(Exception):
    """The supplier knows the reference under another key: read it, compare, adopt."""


@dataclass(slots=True)
class Walk:
    """An incremental read of a list: iterate ``items``; ``as_of`` is set once the walk has ended."""

    items: Iterator[dict[str, Any]]
    as_of: list[str] = field(default_factory=list)


class Adapter(ABC):
    """One supplier's API. Copies returned are the contract's objects (docs/supplier-contract.yaml).

    All methods talk to the network; they raise TryLater, Unclear or Refused.
    """

    # Whether a repeat with the same key never orders twice.
    honours_keys = False
    # Whether an order can be read back by our reference.
    reads_by_reference = False

    def __init__(self, supplier: Supplier) -> None:
        self.supplier = supplier

    @abstractmethod
    def account(self) -> dict[str, Any]:
        """Return who answers, and what it can."""

    @abstractmethod
    def place(self, request: dict[str, Any], *, key: str) -> dict[str, Any]:
        """Place an order; safe to repeat with the same key. Raises AlreadyThere too."""

    @abstractmethod
    def find(self, reference: str) -> dict[str, Any] | None:
        """Return the order under our reference, or None if the supplier has none."""

    @abstractmethod
    def cancel(self, reference: str, request: dict[str, Any], *, key: str) -> dict[str, Any]:
        """Ask to cancel units that have not left; return the contract's CancelResult."""

    @abstractmethod
    def open_return(self, request: dict[str, Any], *, key: str) -> dict[str, Any]:
        """Ask to return units. Raises AlreadyThere too."""

    @abstractmethod
    def find_return(self, return_reference: str) -> dict[str, Any] | None:
        """Return the return under our reference, or None."""

    @abstractmethod
    def walk(self, what: str, *, since: str = "") -> Walk:
        """Read ``catalog``, ``stock``, ``orders``, ``shipments`` or ``returns`` changed since."""

    @abstractmethod
    def picture(self, url: str) -> bytes:
        """Fetch one picture of the catalogue."""
