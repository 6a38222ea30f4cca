"""Idempotency keys, as Stripe keeps them (Stripe docs, "Idempotent requests")."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager

from demo.payments.errors import Invalid
from demo.payments.messages import Answer, Request
from demo.payments.sandbox import Sandbox

LONGEST_KEY = 255


@contextmanager
def claimed(sandbox: Sandbox, key: str) -> Iterator[None]:
    """Hold a key while its request is worked on; raises Invalid (409) if another one holds it."""
    if len(key) > LONGEST_KEY:
        raise Invalid(f"Idempotency keys have at most {LONGEST_KEY} characters.", kind="idempotency_error")
    with sandbox.running_keys_lock:
        if key in sandbox.running_keys:
            raise Invalid(
                "There is currently another in-progress request using this Idempotency Key "
                f"({key}). Please try again later.",
                status=409,
                kind="idempotency_error",
                code="idempotency_key_in_use",
            )
        sandbox.running_keys.add(key)
    try:
        yield
    finally:
        with sandbox.running_keys_lock:
            sandbox.running_keys.discard(key)


def kept_answer(sandbox: Sandbox, key: str, request: Request) -> Answer | None:
    """Find the first answer under this key; raises Invalid if it was to another request."""
    rows = sandbox.ledger.run("SELECT * FROM answers WHERE key = ?", key)
    if not rows:
        return None
    if rows[0]["fingerprint"] != _fingerprint(request):
        raise Invalid(
            "Keys for idempotent requests can only be used with the same parameters they were first used with. "
            f"Try using a key other than '{key}' if you meant to execute a different request.",
            kind="idempotency_error",
        )
    headers = {"Content-Type": "application/json", "Idempotent-Replayed": "true"}
    return Answer(rows[0]["status"], rows[0]["body"].encode(), headers)


def keep_answer(sandbox: Sandbox, key: str, request: Request, answer: Answer) -> None:
    """Keep an answer; call it inside the change whose outcome it tells, so that both survive or neither."""
    sandbox.ledger.run(
        "INSERT INTO answers (key, fingerprint, status, body, created) VALUES (?, ?, ?, ?, ?)",
        key,
        _fingerprint(request),
        answer.status,
        answer.body.decode(),
        time.time(),
    )


def _fingerprint(request: Request) -> str:
    # The order of the parameters does not matter, so that two spellings of one request agree.
    parameters = b"&".join(sorted(request.body.split(b"&")))
    return hashlib.sha256(request.call.encode() + b"\n" + parameters).hexdigest()
