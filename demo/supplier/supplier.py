"""Hold one running supplier together: its profile, its books, its clock and its schedule."""

from __future__ import annotations

import hashlib
import json
import random
import threading
from dataclasses import dataclass, field
from typing import Any

from demo.supplier.clock import Clock
from demo.supplier.faults import Faults
from demo.supplier.handover import Handover
from demo.supplier.idempotency import RunningKeys
from demo.supplier.ledger import Ledger
from demo.supplier.limits import RateLimit
from demo.supplier.profile import Profile


@dataclass
class Supplier:
    """Pass to every part of the simulator what it works with.

    ``moment`` is the due time of the step being worked off, so that what follows it is reckoned
    from when it should have happened, not from when it did. None outside of steps.
    """

    profile: Profile
    ledger: Ledger
    api_key: str
    public_base: str
    read_only_key: str | None = None
    webhook_url: str | None = None
    webhook_secret: str = ""
    webhooks_on: bool = True
    speed: float = 1.0
    seed: int = 1
    moment: float | None = None
    carriers: Handover | None = None
    clock: Clock = field(init=False)
    limit: RateLimit = field(init=False)
    dice: random.Random = field(init=False)
    faults: Faults = field(default_factory=Faults)
    running: RunningKeys = field(default_factory=RunningKeys)
    news: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.clock = Clock(self.ledger)
        self.limit = RateLimit(self.profile.requests_per_minute)
        self.dice = random.Random(self.seed)

    def later(self, seconds: float, kind: str, subject: str, **payload: Any) -> None:
        """Schedule a step for one order, so many unaccelerated seconds after the present one."""
        start = self.clock.now() if self.moment is None else self.moment
        self.at(start + seconds / self.speed, kind, subject, **payload)

    def at(self, due: float, kind: str, subject: str, **payload: Any) -> None:
        """Schedule a step for one order at a simulated time."""
        sql = "INSERT INTO steps (due, kind, subject, payload) VALUES (?,?,?,?)"
        self.ledger.execute(sql, due, kind, subject, json.dumps(payload))

    def happens_to(self, reference: str, what: str, one_in: int) -> bool:
        """Decide by the reference alone whether something befalls it; 0 means never."""
        if not one_in:
            return False
        digest = hashlib.sha256(f"{self.seed}:{what}:{reference}".encode()).digest()
        return int.from_bytes(digest[:4], "big") % one_in == 0

    def name_next(self, series: str, letter: str = "") -> str:
        """Make the supplier's own identifier for a new order, parcel or return."""
        return f"{self.profile.code}-{letter}{self.ledger.next_number(series):06d}"
