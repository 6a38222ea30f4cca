"""Let one key have one effect (section 3 of the contract)."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from demo.supplier.messages import Answer, Request
from demo.supplier.problems import Problem

if TYPE_CHECKING:
    from demo.supplier.supplier import Supplier

TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}")
KEPT_SECONDS = 24 * 3600


class RunningKeys:
    """Know which keys have a request at work this instant; a restart forgets them with their requests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[tuple[str, str]] = set()

    @contextmanager
    def claim(self, operation: str, key: str) -> Iterator[None]:
        """Hold a key while its request runs.

        Raises Problem ``idempotency-in-progress`` when another request holds it.
        """
        claimed = (operation, key)
        with self._lock:
            if claimed in self._running:
                raise Problem("idempotency-in-progress", retry_after=1)
            self._running.add(claimed)
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(claimed)


def key_of(request: Request) -> str:
    """Read the key, bare or inside one pair of double quotes.

    Raises Problem ``idempotency-key-missing``.
    """
    token = request.headers.get("idempotency-key", "")
    if len(token) > 1 and token[0] == token[-1] == '"':
        token = token[1:-1]
    if not TOKEN.fullmatch(token):
        raise Problem("idempotency-key-missing", "Send 16 to 128 letters, digits, hyphens or underscores")
    return token


def replay(supplier: Supplier, request: Request, key: str) -> Answer | None:
    """Return the stored answer of a key; None if the key is new or was forgotten.

    Raises Problem ``idempotency-key-reused`` when the body is another one.
    """
    ledger = supplier.ledger
    ledger.execute("DELETE FROM keys WHERE stored_at < ?", supplier.clock.now() - KEPT_SECONDS)
    rows = ledger.rows("SELECT * FROM keys WHERE operation=? AND key=?", request.operation, key)
    if not rows:
        return None
    stored = rows[0]
    if stored["fingerprint"] != request.fingerprint:
        raise Problem("idempotency-key-reused", "This key was first used with another body")
    headers = json.loads(stored["headers"]) | {"Idempotent-Replayed": "true"}
    return Answer(stored["status"], json.loads(stored["body"]), headers)


def store(supplier: Supplier, request: Request, key: str, answer: Answer) -> None:
    """Keep a 2xx answer, in the transaction of its effect."""
    supplier.ledger.execute(
        "INSERT INTO keys (operation, key, fingerprint, status, headers, body, stored_at) VALUES (?,?,?,?,?,?,?)",
        request.operation,
        key,
        request.fingerprint,
        answer.status,
        json.dumps(answer.headers),
        json.dumps(answer.body),
        supplier.clock.now(),
    )
