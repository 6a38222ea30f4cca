"""Delivers events, signed as Stripe signs them, until the endpoint says 2xx."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from sqlite3 import Row
from urllib.parse import urlsplit

from demo.payments.sandbox import Sandbox
from demo.payments.webhook_mode import JITTER

TICK_SECONDS = 0.05
TIMEOUT_SECONDS = 10
AT_ONCE = 4
LONGEST_PAUSE_SECONDS = 60
GIVE_UP_SECONDS = 3 * 24 * 60 * 60
# How long one delivery under way keeps others from sending the same row; more than any attempt takes.
LEASE_SECONDS = 3 * TIMEOUT_SECONDS

WAITING = "delivered_at IS NULL AND abandoned_at IS NULL"


def signature(body: bytes, *, secret: str, at: int) -> str:
    """Sign a body as in Stripe's docs, "Verify webhook signatures manually"."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


class Deliverer(threading.Thread):
    """Sends what is due, a few at once, so that order is no more certain than with the original."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(name="webhooks", daemon=True)
        self.sandbox = sandbox
        self.pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook")

    def run(self) -> None:
        # What an earlier process began and did not finish, or would have tried again, is due at once.
        self.sandbox.ledger.run(f"UPDATE deliveries SET due_at = ? WHERE {WAITING} AND attempts > 0", time.time())
        while not self.sandbox.stopping.is_set():
            if self.sandbox.webhook_mode().mode == "off" or not self.send_due():
                self.sandbox.stopping.wait(TICK_SECONDS)
        self.pool.shutdown(wait=False, cancel_futures=True)

    def send_due(self) -> int:
        """Send one batch of what is due and return how many were tried."""
        return self._send(f"{WAITING} AND due_at <= ? ORDER BY due_at, position LIMIT 20", time.time())

    def send_everything(self) -> int:
        """Send all that waits, due or not and whatever the mode, once each; return how many were tried."""
        return self._send(f"{WAITING} ORDER BY position")

    def _send(self, condition: str, *values: object) -> int:
        ledger = self.sandbox.ledger
        with ledger.change():
            rows = ledger.run(f"SELECT * FROM deliveries WHERE {condition}", *values)
            for row in rows:
                ledger.run(
                    "UPDATE deliveries SET due_at = ?, attempts = attempts + 1 WHERE position = ?",
                    time.time() + LEASE_SECONDS,
                    row["position"],
                )
        if self.sandbox.webhook_mode().mode == "shuffle":
            JITTER.shuffle(rows)
        attempts: list[Future] = [self.pool.submit(self._attempt, row) for row in rows]
        for attempt in attempts:
            attempt.result()
        return len(rows)

    def _attempt(self, row: Row) -> None:
        event = self.sandbox.ledger.find("event", row["event_id"])
        if event is None:
            return
        status, error = self._post(json.dumps(event, indent=2).encode())
        if status is not None and 200 <= status < 300:
            self._note_delivered(row, event, status)
            return
        now = time.time()
        pause = min(LONGEST_PAUSE_SECONDS, 2 ** min(row["attempts"], 10))
        self.sandbox.ledger.run(
            "UPDATE deliveries SET due_at = ?, last_status = ?, last_error = ?, abandoned_at = ? WHERE position = ?",
            now + pause,
            status,
            error,
            now if now - event["created"] > GIVE_UP_SECONDS else None,
            row["position"],
        )

    def _note_delivered(self, row: Row, event: dict, status: int) -> None:
        ledger = self.sandbox.ledger
        with ledger.change():
            ledger.run(
                "UPDATE deliveries SET delivered_at = ?, last_status = ?, last_error = NULL WHERE position = ?",
                time.time(),
                status,
                row["position"],
            )
            ledger.save(event | {"pending_webhooks": 0})

    def _post(self, body: bytes) -> tuple[int | None, str | None]:
        options = self.sandbox.options
        address = urlsplit(options.webhook_url or "")
        secure = address.scheme == "https"
        opener = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = opener(address.hostname or "", address.port, timeout=TIMEOUT_SECONDS)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (payment sandbox)",
            "Stripe-Signature": signature(body, secret=options.webhook_secret or "", at=int(time.time())),
        }
        path = f"{address.path or '/'}{'?' + address.query if address.query else ''}"
        try:
            connection.request("POST", path, body=body, headers=headers)
            response = connection.getresponse()
            text = response.read(500).decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            return None, f"{type(error).__name__}: {error}"
        finally:
            connection.close()
        return response.status, text
