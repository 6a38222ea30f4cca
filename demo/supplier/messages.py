"""Name what comes in and what goes out, apart from the sockets that carry it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Request:
    """Hold one HTTP request; header names are in lower case, ``query`` keeps repeated parameters."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    request_id: str
    pause_seconds: float = 0
    json: Any = None

    @property
    def operation(self) -> str:
        """Name the operation that an idempotency key is scoped to."""
        return f"{self.method} {self.path}"

    @property
    def bearer(self) -> str:
        """Return the API key that was sent, or an empty text."""
        scheme, _space, key = self.headers.get("authorization", "").partition(" ")
        return key.strip() if scheme.lower() == "bearer" else ""

    @property
    def fingerprint(self) -> str:
        """Digest the parsed body, so that member order and white space do not count."""
        return hashlib.sha256(json.dumps(self.json, sort_keys=True).encode()).hexdigest()


@dataclass
class Answer:
    """Hold one HTTP answer; ``mishap`` is a fault the server commits after the work was done."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    mishap: str | None = None

    def payload(self) -> bytes:
        """Return the exact bytes of the body."""
        if isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body, ensure_ascii=False).encode()
