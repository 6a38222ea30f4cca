from __future__ import annotations

import threading
import time
from contextvars import ContextVar
from dataclasses import dataclass, field

from demo.payments.faults import Faults
from demo.payments.ledger import Ledger, new_id
from demo.payments.webhook_mode import WebhookMode

API_VERSION = "2026-10-28.endive"

# Which API call the current thread is answering; its events name it.
current_request: ContextVar[dict | None] = ContextVar("current_request", default=None)


@dataclass(frozen=True)
class Options:
    """How the sandbox was started."""

    secret_key: str
    public_base: str
    webhook_url: str | None
    webhook_secret: str | None
    settle_seconds: float
    min_expiry_seconds: int


@dataclass
class Sandbox:
    """Everything one running sandbox shares between its threads."""

    options: Options
    ledger: Ledger
    faults: Faults = field(default_factory=Faults)
    stopping: threading.Event = field(default_factory=threading.Event)
    running_keys: set[str] = field(default_factory=set)
    running_keys_lock: threading.Lock = field(default_factory=threading.Lock)

    def record(self, kind: str, subject: dict) -> dict:
        """Store an event about an object as it is now, and owe it to the webhook endpoint.

        Call it inside the change that it tells of, so that neither exists without the other.
        """
        event = {
            "id": new_id("evt"),
            "object": "event",
            "account": None,
            "api_version": API_VERSION,
            "created": int(time.time()),
            "data": {"object": subject},
            "livemode": False,
            "pending_webhooks": 1 if self.options.webhook_url else 0,
            "request": current_request.get() or {"id": None, "idempotency_key": None},
            "type": kind,
        }
        self.ledger.add(event)
        if self.options.webhook_url:
            self._owe(event)
        return event

    def _owe(self, event: dict) -> None:
        for due_at in self.webhook_mode().due_times():
            self.ledger.run("INSERT INTO deliveries (event_id, due_at) VALUES (?, ?)", event["id"], due_at)

    def webhook_mode(self) -> WebhookMode:
        return WebhookMode(**self.ledger.switch("webhooks", default={"mode": "normal"}))
