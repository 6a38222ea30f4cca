"""The port every adapter fills: our words in and out, every answer classified."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, ClassVar

from suppliers.models import Supplier, SupplierCall


class Doubt(StrEnum):
    """What a supplier lets us do when nobody knows whether an order arrived."""

    IDEMPOTENT = "idempotent"  # Repeat with the same key; it can be read by our reference too.
    LOOKUP = "lookup"  # Read by our reference; place again only once it surely is not there.
    BLIND = "blind"  # Neither: never sent again by itself, a person asks and decides.


class Refused(Exception):
    """Nothing happened, and repeating will not help. ``code`` is the contract's problem code."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code


class KeyRefused(Refused):
    """Our credentials or the address we have are not taken: nothing will work until a person has looked."""


class TryLater(Exception):
    """Nothing happened; the same request may go through later. ``retry_after`` in seconds, or None."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Resting(TryLater):
    """No call was made: the supplier's breaker is open, or it asked us to wait. Not a failure of the row."""


class Unclear(Exception):
    """It may have happened: look it up, or repeat with the same key. Never a new key."""


class AlreadyThere(Exception):
    """The supplier knows the reference under another key: read it, compare, adopt."""


@dataclass(slots=True)
class Walk:
    """An incremental read of a list: iterate ``items``; ``as_of`` is set once the walk has ended."""

    items: Iterator[dict[str, Any]]
    as_of: list[str] = field(default_factory=list)
    # What in the list made no sense and was passed over, in a word each.
    strange: list[str] = field(default_factory=list)


class Adapter(ABC):
    """One supplier's API. Copies returned are the contract's objects (docs/supplier-contract.yaml).

    All methods talk to the network; they raise TryLater, Unclear or Refused.
    """

    # Whoever writes an adapter and says nothing gets what can do no harm.
    doubt: ClassVar[Doubt] = Doubt.BLIND
    # How long a supplier surely remembers a key; later it is asked before anything is repeated.
    key_life: ClassVar[timedelta] = timedelta(hours=20)
    # How long after a lost call "not there" may only mean "not there yet" (rule C-11 of our contract).
    settles_in: ClassVar[timedelta] = timedelta(seconds=60)

    def __init__(self, supplier: Supplier, *, is_probe: bool = False, is_checked: bool = False) -> None:
        """``is_probe``: its calls are made although the breaker is open, and a good answer closes it.

        ``is_checked``: that the supplier may be called was asked a moment ago; holds for one call.
        """
        self.supplier = supplier
        self.is_probe = is_probe
        self.is_checked = is_checked
        # Where records of good calls wait for whoever makes many; None: each is written at once.
        self.good_calls: list[SupplierCall] | None = None
        # Called before each page of a walk is asked for, and by whoever works long on what came. What it raises ends it.
        self.before_page: Callable[[], None] = lambda: None

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

    def inquire(self, reference: str, request: dict[str, Any], *, key: str) -> None:
        """Ask where an order is that comes late (``inquiries``); its answer is newer copies. Safe to repeat.

        With ``kind`` "question" a person is asked in words (``questions``): ``text``, answered at ``answer_url``.
        """
        raise Refused("not-supported")

    @abstractmethod
    def open_return(self, request: dict[str, Any], *, key: str) -> dict[str, Any]:
        """Ask to return units. Raises AlreadyThere too."""

    @abstractmethod
    def find_return(self, return_reference: str) -> dict[str, Any] | None:
        """Return the return under our reference, or None."""

    def cancel_return(self, return_reference: str, *, key: str) -> dict[str, Any]:
        """Withdraw a return that is asked for or approved; return its copy. Safe to repeat with the same key."""
        raise Refused("not-supported")

    @abstractmethod
    def walk(self, what: str, *, since: str = "") -> Walk:
        """Read ``catalog``, ``stock``, ``orders``, ``shipments`` or ``returns`` changed since."""

    @abstractmethod
    def picture(self, url: str) -> bytes:
        """Fetch one picture of the catalogue."""
