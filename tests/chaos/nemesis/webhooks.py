"""Suppliers' webhooks: forged, stale, repeated, out of order, doubled, lost."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

import requests

from tests.chaos.goods import WITH_WEBHOOKS
from tests.chaos.nemesis.suppliers import control
from tests.chaos.nemesis.world import World, fault
from tests.chaos.plan import Planned
from tests.demo.supplier_process import SECRET

STRANGER = "whsec_" + base64.b64encode(b"somebody who is not the supplier").decode()
NEWEST = "SELECT id, type, reference, body FROM hooks WHERE reference<>'' ORDER BY serial DESC LIMIT ?"


def signed(body: bytes, event_id: str, *, secret: str = SECRET, at: float | None = None) -> dict[str, str]:
    """Return the headers of a webhook after Standard Webhooks."""
    stamp = str(int(time.time() if at is None else at))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{event_id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    signature = "v1," + base64.b64encode(digest).decode()
    kind = {"Content-Type": "application/json"}
    return kind | {"webhook-id": event_id, "webhook-timestamp": stamp, "webhook-signature": signature}


def _slug(planned: Planned) -> str:
    return WITH_WEBHOOKS[planned.index % len(WITH_WEBHOOKS)]


def _events(world: World, slug: str, count: int) -> list[dict[str, Any]]:
    """Return the newest events about live orders, newest first."""

    def found() -> list[dict[str, Any]]:
        rows = world.supplier_rows(slug, NEWEST, count)
        return [{"id": row[0], "reference": row[2], "body": json.loads(row[3])} for row in rows]

    return world.until(lambda: events if len(events := found()) >= count else [], 15) or found()


def _post(world: World, slug: str, body: bytes, headers: Mapping[str, str]) -> int | None:
    """Deliver a webhook, and again while the shop is away; None if it stays away."""
    for _try in range(20):
        try:
            answer = requests.post(
                f"{world.shop.base}/webhooks/suppliers/{slug}/", data=body, headers=dict(headers), timeout=20
            )
        except requests.RequestException:
            time.sleep(0.5)
            continue
        if answer.status_code != 503:
            return answer.status_code
        time.sleep(0.5)
    return None


def _expect(world: World, what: str, status: int | None, wanted: set[int]) -> bool:
    if status is not None and status not in wanted:
        world.journal.note("broken_promise", what=f"{what} was answered {status}")
    return status in wanted


@fault("hooks")
def webhook_forged(world: World, planned: Planned) -> str:
    """News of live orders that the supplier never signed: another key, and an altered body."""
    slug, refused = _slug(planned), 0
    for event in _events(world, slug, 3):
        lie = event["body"] | {"id": uuid.uuid4().hex}
        if "order" in lie["data"]:
            order = lie["data"]["order"]
            lie["data"] = lie["data"] | {"order": order | {"version": order["version"] + 100, "status": "cancelled"}}
        body = json.dumps(lie).encode()
        status = _post(world, slug, body, signed(body, lie["id"], secret=STRANGER))
        refused += _expect(world, "a forged webhook", status, {401})
        honest = json.dumps(event["body"]).encode()
        status = _post(world, slug, body, signed(honest, lie["id"]))
        refused += _expect(world, "an altered webhook", status, {401})
    return f"{refused} lies about {slug}'s orders were refused" if refused else ""


@fault("hooks")
def webhook_stale(world: World, planned: Planned) -> str:
    """Genuine news, signed an hour ago: a replay by somebody who listened."""
    slug, refused = _slug(planned), 0
    for event in _events(world, slug, 3):
        body = json.dumps(event["body"]).encode()
        status = _post(world, slug, body, signed(body, event["id"], at=time.time() - 3600))
        refused += _expect(world, "a stale webhook", status, {401})
    return f"{refused} old signatures were refused" if refused else ""


@fault("hooks")
def webhook_repeated(world: World, planned: Planned) -> str:
    """The same genuine news again and again."""
    slug, taken = _slug(planned), 0
    for event in _events(world, slug, 4):
        body = json.dumps(event["body"], separators=(",", ":")).encode()
        for _copy in range(5):
            status = _post(world, slug, body, signed(body, event["id"]))
            taken += _expect(world, "a repeated webhook", status, {200, 202, 204})
    return f"{taken} repeats of {slug}'s news" if taken else ""


@fault("hooks")
def webhook_reordered(world: World, planned: Planned) -> str:
    """Older news of the same orders under new ids, the newest first."""
    slug, taken = _slug(planned), 0
    for event in _events(world, slug, 15):
        stale = event["body"] | {"id": f"late-{uuid.uuid4().hex[:20]}"}
        body = json.dumps(stale).encode()
        status = _post(world, slug, body, signed(body, stale["id"]))
        taken += _expect(world, "late news", status, {200, 202, 204})
    return f"{taken} pieces of old news of {slug} came late" if taken else ""


def _serial(world: World, slug: str) -> int:
    return int(world.supplier_rows(slug, "SELECT coalesce(max(serial), 0) FROM hooks")[0][0])


def _in_mode(world: World, planned: Planned, mode: str, condition: str, **more: Any) -> int:
    """Let a supplier send in one mode for some seconds; return how many events it did that to."""
    slug = _slug(planned)
    before = _serial(world, slug)
    control(world, slug, "webhooks", {"mode": mode, **more})
    time.sleep(2 + planned.seconds)
    control(world, slug, "webhooks", {"mode": "normal"})
    query = f"SELECT count(*) FROM hooks WHERE serial > ? AND {condition}"
    return int(world.supplier_rows(slug, query, before)[0][0])


@fault("hooks")
def webhooks_doubled(world: World, planned: Planned) -> str:
    """The supplier sends everything three times."""
    count = _in_mode(world, planned, "duplicate", "copies = 3", copies=3)
    return f"{count} events were sent three times" if count else ""


@fault("hooks")
def webhooks_shuffled(world: World, planned: Planned) -> str:
    """The supplier sends in any order, twice."""
    count = _in_mode(world, planned, "shuffle", "copies = 2", copies=2)
    return f"{count} events came in any order" if count > 1 else ""


@fault("hooks")
def webhooks_lost(world: World, planned: Planned) -> str:
    """The supplier sends nothing: only reading its lists tells."""
    count = _in_mode(world, planned, "off", "state = 'off'")
    return f"{count} events were never sent" if count else ""
