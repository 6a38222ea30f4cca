"""Sign what other systems are told, by Standard Webhooks (its specification, version 1.0.0): symmetric, ``v1``."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Iterable

PREFIX = "whsec_"
# The specification: between 24 and 64 bytes.
SHORTEST, LONGEST = 24, 64


class NoSecret(Exception):
    """A text that is no secret of the form ``whsec_`` and base64 of 24 to 64 bytes."""


def new_secret() -> str:
    """Return a new secret of 32 bytes."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def key_of(secret: str) -> bytes:
    """Return the bytes of a secret. Raises NoSecret."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoSecret from error
    if not secret.startswith(PREFIX) or not SHORTEST <= len(key) <= LONGEST:
        raise NoSecret
    return key


def signed_headers(webhook_id: str, timestamp: int, body: bytes, secrets_in_use: Iterable[str]) -> dict[str, str]:
    """Return the headers that prove a message: one signature for each secret, so that keys can be changed in peace."""
    text = f"{webhook_id}.{timestamp}.".encode() + body
    made = (hmac.new(key_of(secret), text, hashlib.sha256).digest() for secret in secrets_in_use)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in made),
    }
