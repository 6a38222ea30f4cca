"""Send signed webhooks, at least once, until the platform takes them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import random
import threading
import time
import uuid
from typing import Any
from urllib.parse import urlsplit

from demo.carrier.books import Facts, Service
from demo.carrier.copies import tracking

MODES = {"normal", "off", "duplicate", "shuffle"}
# Seconds between tries; a real service takes hours for as many.
LADDER = (1, 2, 5, 10, 30, 60, 120)
ANSWER_SECONDS = 15
IDLE_SECONDS = 0.2
SHUFFLED_OVER_SECONDS = 2


def tell(service: Service, number: str) -> None:
    """Owe a webhook for every registration of a number."""
    if service.mode == "off" or not service.webhook_url:
        return
    for row in service.books.execute("SELECT * FROM trackings WHERE number=?", number):
        now = time.time()
        body = {
            "ts": int(now),
            "event": "tracking_update",
            "event_id": str(uuid.uuid4()),
            "is_tracking_first_tag": False,
            "msg": tracking(service, row),
        }
        late = random.uniform(0, SHUFFLED_OVER_SECONDS) if service.mode == "shuffle" else 0
        service.books.owe_hook(body, due=now + late, copies=2 if service.mode == "duplicate" else 1)
    service.news.set()


def signature(secret: str, body: bytes) -> str:
    """Sign a body as AfterShip does: base64 of the HMAC-SHA256 of exactly these bytes."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


class Delivery(threading.Thread):
    """Send what is due, one after the other, until the service stops."""

    def __init__(self, service: Service) -> None:
        super().__init__(name="carrier-webhooks", daemon=True)
        self._service = service

    def run(self) -> None:
        """Look for due webhooks."""
        sql = "SELECT * FROM hooks WHERE state='due' AND due<=? ORDER BY due LIMIT 20"
        while not self._service.stopping.is_set():
            for hook in self._service.books.execute(sql, time.time()):
                self._send(hook)
            self._service.news.wait(IDLE_SECONDS)
            self._service.news.clear()

    def _send(self, hook: Facts) -> None:
        status: int | None = None
        for _copy in range(hook["copies"]):
            status = self._attempt(hook["body"].encode())
        is_taken = status is not None and 200 <= status < 300
        rung = hook["attempts"]
        state = "delivered" if is_taken else "due" if rung < len(LADDER) else "given_up"
        due = time.time() + LADDER[min(rung, len(LADDER) - 1)]
        sql = "UPDATE hooks SET state=?, attempts=attempts+1, due=?, last_status=? WHERE id=?"
        self._service.books.execute(sql, state, due, status, hook["id"])

    def _attempt(self, body: bytes) -> int | None:
        address: Any = urlsplit(self._service.webhook_url)
        kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
        connection = kind(address.netloc, timeout=ANSWER_SECONDS)
        headers = {
            "Content-Type": "application/json",
            "aftership-hmac-sha256": signature(self._service.webhook_secret, body),
        }
        try:
            connection.request("POST", address.path or "/", body, headers)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
