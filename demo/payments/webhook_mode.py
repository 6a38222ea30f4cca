from __future__ import annotations

import random
import time
from dataclasses import dataclass

MODES = ("normal", "off", "drop", "duplicate", "shuffle", "delay")
JITTER = random.Random()


@dataclass(frozen=True)
class WebhookMode:
    """How kindly webhooks are delivered; the control API changes it.

    off: nothing is sent until the mode changes or somebody asks for it; drop: what happens meanwhile is
    never sent; duplicate: ``copies`` of each;
    delay: each after ``seconds``; shuffle: ``copies`` of each, spread at random over ``seconds``.
    """

    mode: str = "normal"
    copies: int = 1
    seconds: float = 0

    def due_times(self) -> list[float]:
        """When each copy of an event that happens now is to be sent."""
        now = time.time()
        if self.mode == "drop":
            return []
        if self.mode == "shuffle":
            return [now + JITTER.uniform(0, self.seconds) for _ in range(self.copies)]
        return [now + self.seconds if self.mode == "delay" else now for _ in range(self.copies)]
