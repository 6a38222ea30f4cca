"""Deliver webhooks, at least once, with retries that survive a restart."""

from __future__ import annotations

import http.client
import threading
import time
from typing import Any
from urllib.parse import urlsplit

from demo.supplier.supplier import Supplier
from demo.supplier.webhooks import signature

# The contract's ladder reaches from 5 s to 24 h. This is the accelerated one, in seconds before --speed:
# as many rungs, so that a platform that is down for a while still meets every one of them.
LADDER = (1, 2, 5, 10, 30, 60, 120, 300, 600)
ANSWER_SECONDS = 15
IDLE_SECONDS = 0.2
SENDERS = 4
LOOK_AHEAD = 200


class Delivery(threading.Thread):
    """Send due events until the supplier stops."""

    def __init__(self, supplier: Supplier) -> None:
        super().__init__(name="webhooks", daemon=True)
        self._supplier = supplier
        self._sending: dict[str, str] = {}

    def run(self) -> None:
        """Look for due events, and give each a thread of its own."""
        while not self._supplier.stopping.is_set():
            for hook in self._due():
                # A daemon, because a platform that does not answer must not keep the process alive;
                # what was under way is still due when it starts again.
                threading.Thread(target=self._send, args=(hook,), daemon=True).start()
            self._supplier.news.wait(IDLE_SECONDS)
            self._supplier.news.clear()

    def _due(self) -> list[dict[str, Any]]:
        sql = "SELECT * FROM hooks WHERE state='due' AND due<=? ORDER BY due, serial LIMIT ?"
        chosen = []
        for hook in self._supplier.ledger.rows(sql, time.time(), LOOK_AHEAD):
            # One at a time for each order, so that only what is meant to come out of order does.
            order_is_busy = hook["reference"] and hook["reference"] in self._sending.values()
            if len(self._sending) < SENDERS and hook["id"] not in self._sending and not order_is_busy:
                self._sending[hook["id"]] = hook["reference"]
                chosen.append(hook)
        return chosen

    def _send(self, hook: dict[str, Any]) -> None:
        try:
            status: int | None = None
            for _copy in range(hook["copies"]):
                status = attempt(self._supplier, hook)
            note_result(self._supplier, hook, status)
        finally:
            del self._sending[hook["id"]]
            self._supplier.news.set()


def attempt(supplier: Supplier, hook: dict[str, Any]) -> int | None:
    """Post one event, freshly signed; None when no answer came. Follows no redirect."""
    address = urlsplit(supplier.webhook_url or "")
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = kind(address.netloc, timeout=ANSWER_SECONDS)
    body, timestamp = hook["body"].encode(), int(time.time())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"supplier-simulator/{supplier.profile.slug}",
        "webhook-id": hook["id"],
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(supplier.webhook_secret, hook["id"], timestamp, body),
    }
    try:
        connection.request("POST", address.path or "/", body, headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def note_result(supplier: Supplier, hook: dict[str, Any], status: int | None) -> None:
    """Write down how an attempt ended, and when the next one is due."""
    attempts = hook["attempts"] + hook["copies"]
    state, due = "delivered", hook["due"]
    if status == 410:
        state = "gone"
    elif status is None or not 200 <= status < 300:
        # Copies of one turn count as one rung.
        rung = hook["attempts"] // hook["copies"]
        state = "due" if rung < len(LADDER) else "given_up"
        pause = LADDER[min(rung, len(LADDER) - 1)] / supplier.speed
        due = time.time() + pause * supplier.dice.uniform(0.9, 1.1)
    with supplier.ledger.transaction():
        if state == "gone":
            supplier.ledger.remember("webhooks:gone", value=True)
            supplier.ledger.execute("UPDATE hooks SET state='gone' WHERE state='due'")
        sql = "UPDATE hooks SET state=?, attempts=?, due=?, last_status=? WHERE id=?"
        supplier.ledger.execute(sql, state, attempts, due, status, hook["id"])
