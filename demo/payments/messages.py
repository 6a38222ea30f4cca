from __future__ import annotations

import json
from dataclasses import dataclass, field
from email.message import Message

from demo.payments.errors import ApiError


@dataclass(frozen=True)
class Request:
    """One HTTP request, read to its end."""

    method: str
    path: str
    query: str
    headers: Message
    body: bytes

    @property
    def call(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Answer:
    """What is sent back; ``is_dropped`` means that the line is cut instead."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    is_dropped: bool = False


def json_answer(body: object, *, status: int = 200) -> Answer:
    return Answer(status, json.dumps(body, indent=2).encode(), {"Content-Type": "application/json"})


def error_answer(error: ApiError) -> Answer:
    return json_answer(error.as_body(), status=error.status)
