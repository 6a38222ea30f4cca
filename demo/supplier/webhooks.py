"""Write and sign the events that go to the platform (section 8 of the contract)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from typing import Any

from demo.supplier.supplier import Supplier

BODY_LIMIT_BYTES = 256 * 1024
ENCLOSED = ("order", "shipment", "return")
# The sandbox SKU whose orders tell their story twice and backwards, once it is over.
BACKWARDS = "TEST-HOOKS"


def announce(supplier: Supplier, event: str, facts: dict[str, Any], *, reference: str = "", held: bool = False) -> None:
    """Store an event for delivery, in the transaction of what it tells.

    ``held`` keeps it back until ``release_backwards``.
    """
    if "webhooks" not in supplier.profile.capabilities:
        return
    identifier = f"evt_{uuid.uuid4().hex[:24]}"
    state, copies, due = dispatch_of(supplier, identifier)
    if held and state == "due":
        state = "held"
    supplier.ledger.execute(
        "INSERT INTO hooks (id, serial, type, reference, body, state, copies, attempts, due) VALUES (?,?,?,?,?,?,?,0,?)",
        identifier,
        supplier.ledger.next_number("hook"),
        event,
        reference,
        write_body(identifier, event, supplier.ledger.stamp(), facts),
        state,
        copies,
        due,
    )
    supplier.news.set()


def dispatch_of(supplier: Supplier, identifier: str) -> tuple[str, int, float]:
    """Decide whether an event is sent, how many times, and from when (Unix seconds, real time)."""
    now = time.time()
    mode = supplier.ledger.setting("webhooks:mode", "normal" if supplier.webhooks_on else "off")
    if supplier.ledger.setting("webhooks:gone", default=False):
        return "gone", 1, now
    if mode == "off" or not supplier.webhook_url:
        return "off", 1, now
    if mode == "duplicate":
        return "due", supplier.ledger.setting("webhooks:copies", 2), now
    if mode == "shuffle":
        return "due", supplier.ledger.setting("webhooks:copies", 1), now + supplier.dice.uniform(0, 3) / supplier.speed
    manners = supplier.profile.manners
    copies = 2 if supplier.happens_to(identifier, "twice", manners.hooks_twice_one_in) else 1
    late = 4 if supplier.happens_to(identifier, "late", manners.hooks_late_one_in) else 0
    return "due", copies, now + late / supplier.speed


def release_backwards(supplier: Supplier, reference: str) -> None:
    """Let an order's held events go, the last one first, each twice."""
    held = supplier.ledger.rows(
        "SELECT id FROM hooks WHERE state='held' AND reference=? ORDER BY serial DESC", reference
    )
    for place, hook in enumerate(held):
        due = time.time() + place * 0.001
        supplier.ledger.execute("UPDATE hooks SET state='due', copies=2, due=? WHERE id=?", due, hook["id"])
    supplier.news.set()


def write_body(identifier: str, event: str, created_at: str, facts: dict[str, Any]) -> str:
    """Write the envelope; an object that would not fit is left out and ``truncated`` says so."""
    envelope = {"id": identifier, "type": event, "created_at": created_at, "test": True, "data": facts}
    body = json.dumps(envelope, separators=(",", ":"))
    if len(body.encode()) > BODY_LIMIT_BYTES:
        slim = {name: value for name, value in facts.items() if name not in ENCLOSED}
        body = json.dumps(envelope | {"data": slim | {"truncated": True}}, separators=(",", ":"))
    return body


def signature(secret: str, identifier: str, timestamp: int, body: bytes) -> str:
    """Sign one attempt, after the symmetric scheme of Standard Webhooks 1.0.0."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{identifier}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()
