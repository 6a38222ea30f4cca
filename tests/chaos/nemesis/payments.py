"""The payment provider: calls that hang, cut lines, lost and doubled webhooks, and its death."""

from __future__ import annotations

import json
import time
from typing import Any

import requests

from tests.chaos.nemesis.suppliers import commanded
from tests.chaos.nemesis.world import World, fault
from tests.chaos.plan import Planned
from tests.demo.payment_process import SECRET_KEY

SESSIONS = "POST /v1/checkout/sessions"
REFUNDS = "POST /v1/refunds"
NEWEST_EVENT = "SELECT coalesce(max(position), 0) FROM objects WHERE kind = 'event'"
UNSENT = (
    "SELECT count(*) FROM objects WHERE kind = 'event' AND position > ? AND id NOT IN (SELECT event_id FROM deliveries)"
)


def control(world: World, path: str, body: Any = None) -> Any:
    """Command the sandbox."""
    assert world.shop.sandbox is not None
    return commanded(world.shop.sandbox.base, SECRET_KEY, path, body)


def _used(world: World, armed: int) -> int:
    return armed - sum(one["times"] for one in control(world, "faults")["armed"])


def spoil(world: World, match: str, kind: str, turns: int, *, seconds: float = 4, waits: float = 8) -> int:
    """Arm a fault, wait until its turns are used up, disarm it; return how many were."""
    control(world, "faults", [{"match": match, "kind": kind, "times": turns, "seconds": seconds}])
    world.until(lambda: _used(world, turns) >= turns, waits)
    used = _used(world, turns)
    control(world, "faults", [])
    return used


def _said(used: int, what: str) -> str:
    return f"{used} calls {what}" if used else ""


@fault("payments")
def stripe_session_hangs(world: World, planned: Planned) -> str:
    """A session is made, and nobody says so before the time-out."""
    return _said(spoil(world, SESSIONS, "hang", planned.turns), "for a pay page hung")


@fault("payments")
def stripe_session_cut(world: World, planned: Planned) -> str:
    """A session is made, and the line is cut."""
    return _said(spoil(world, SESSIONS, "drop_after", planned.turns), "for a pay page were cut")


@fault("payments")
def stripe_session_500(world: World, planned: Planned) -> str:
    """500 for a pay page, with or without one having been made; the provider repeats it under the same key."""
    kind = ("error_500_before", "error_500_after")[planned.index % 2]
    return _said(spoil(world, SESSIONS, kind, planned.turns), "for a pay page were answered 500")


@fault("payments")
def stripe_refund_500(world: World, planned: Planned) -> str:
    """500 for a refund, with or without one having been made; the provider repeats it under the same key."""
    kind = ("error_500_before", "error_500_after")[planned.index % 2]
    return _said(spoil(world, REFUNDS, kind, 1, waits=14), "for a refund were answered 500")


@fault("payments")
def stripe_slow(world: World, planned: Planned) -> str:
    """Everything takes a second more."""
    return _said(spoil(world, "* /v1/*", "latency", 5 * planned.turns, seconds=1), "were slow")


@fault("payments")
def stripe_reading_fails(world: World, planned: Planned) -> str:
    """500 to whoever asks how a payment stands."""
    used = spoil(world, "GET /v1/*", "error_500_before", 3 * planned.turns)
    return _said(used, "about payments failed")


@fault("payments")
def stripe_refund_hangs(world: World, planned: Planned) -> str:
    """A refund is made, and nobody says so before the time-out."""
    return _said(spoil(world, REFUNDS, "hang", 1, waits=14), "for a refund hung")


@fault("payments")
def stripe_refund_cut(world: World, planned: Planned) -> str:
    """A refund is made, and the line is cut."""
    return _said(spoil(world, REFUNDS, "drop_after", 2, waits=14), "for a refund were cut")


@fault("payments")
def kill_stripe(world: World, planned: Planned) -> str:
    """The provider dies while a call of ours is with it; its ledger is durable."""
    assert world.shop.sandbox is not None
    control(world, "faults", [{"match": "* /v1/*", "kind": "latency", "times": 5, "seconds": 1.0}])
    used = world.until(lambda: _used(world, 5), 8, every=0.05)
    world.shop.sandbox.kill()
    time.sleep(planned.seconds)
    world.shop.sandbox.start()
    return f"it died with {used} calls under way" if used else ""


def _in_mode(world: World, planned: Planned, mode: dict[str, Any], having: str) -> int:
    """Send payment webhooks in one mode for some seconds; return how many events it befell."""
    before = int(world.payment_rows("SELECT coalesce(max(position), 0) FROM deliveries")[0][0])
    events = int(world.payment_rows(NEWEST_EVENT)[0][0])
    control(world, "webhooks", mode)
    time.sleep(2 + planned.seconds)
    control(world, "webhooks", {"mode": "normal"})
    if having:
        query = f"SELECT count(*) FROM (SELECT event_id FROM deliveries WHERE position > ? GROUP BY event_id HAVING {having})"
        return int(world.payment_rows(query, before)[0][0])
    return int(world.payment_rows(UNSENT, events)[0][0])


@fault("payments")
def payment_webhooks_dropped(world: World, planned: Planned) -> str:
    """What is paid meanwhile is never told: return page and reconciliation must find out."""
    count = _in_mode(world, planned, {"mode": "drop"}, "")
    return f"{count} events were never sent" if count else ""


@fault("payments")
def payment_webhooks_doubled(world: World, planned: Planned) -> str:
    """Every event three times."""
    count = _in_mode(world, planned, {"mode": "duplicate", "copies": 3}, "count(*) = 3")
    return f"{count} events were sent three times" if count else ""


@fault("payments")
def payment_webhooks_shuffled(world: World, planned: Planned) -> str:
    """Every event twice, in any order, up to some seconds late."""
    count = _in_mode(world, planned, {"mode": "shuffle", "copies": 2, "seconds": 3}, "count(*) = 2")
    return f"{count} events came in any order" if count > 1 else ""


@fault("payments")
def payment_webhook_forged(world: World, planned: Planned) -> str:
    """Somebody says that an order is paid, without Stripe's signature."""
    found = world.crowd.journal.all("acknowledged")[-3:]
    refused = 0
    for order in found:
        subject = {"id": "cs_forged", "client_reference_id": order["number"], "metadata": {"session": "1"}}
        event = {"id": f"evt_forged_{order['number']}", "type": "checkout.session.completed"}
        body = json.dumps(event | {"data": {"object": subject}, "object": "event"})
        headers = {"Stripe-Signature": f"t={int(time.time())},v1={'0' * 64}", "Content-Type": "application/json"}
        try:
            answer = requests.post(f"{world.shop.base}/webhooks/stripe/", data=body, headers=headers, timeout=20)
        except requests.RequestException:
            continue
        if answer.status_code == 400:
            refused += 1
        elif answer.status_code != 503:
            world.journal.note("broken_promise", what=f"a forged payment was answered {answer.status_code}")
    return f"{refused} forged payments were refused" if refused else ""
