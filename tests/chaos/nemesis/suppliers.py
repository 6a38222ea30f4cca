"""Spoil suppliers' answers, and kill suppliers. A turn that the simulator used up is a hit."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from tests.chaos.nemesis.world import World, fault
from tests.chaos.plan import Planned
from tests.demo.supplier_process import API_KEY

PLACING = "POST /v1/orders"
ANYTHING = "* /v1/*"
READING = "GET /v1/*"


def control(world: World, slug: str, path: str, body: Any = None) -> Any:
    """Reach behind a supplier's counter, on a connection of its own; wait for one that is being restarted."""
    return commanded(world.shop.suppliers[slug].base, API_KEY, path, body)


def commanded(base: str, key: str, path: str, body: Any) -> Any:
    """Call a simulator's control, patiently."""
    headers = {"Authorization": f"Bearer {key}", "Connection": "close"}
    method = "GET" if body is None else "POST"
    for _try in range(30):
        try:
            answer = requests.request(method, f"{base}/_control/{path}", headers=headers, json=body, timeout=180)
        except requests.ConnectionError:
            time.sleep(0.3)
            continue
        answer.raise_for_status()
        return answer.json()
    raise TimeoutError(f"{base} does not come back")


def _used(world: World, slug: str, armed: int) -> int:
    waiting = control(world, slug, "faults")["faults"]
    return armed - sum(one["times"] for one in waiting)


def spoil(world: World, planned: Planned, kind: str, match: str = PLACING, **more: Any) -> str:
    """Arm a fault, wait until its turns are used up, disarm it."""
    slug, turns = planned.target, more.pop("times", planned.turns)
    control(world, slug, "faults", [{"match": match, "kind": kind, "times": turns, **more}])
    world.until(lambda: _used(world, slug, turns) >= turns, 8)
    used = _used(world, slug, turns)
    control(world, slug, "faults", [])
    return f"{slug} spoilt {used} answers" if used else ""


def for_a_while(world: World, planned: Planned, kind: str, match: str, seconds: float) -> str:
    """Spoil every matching answer for some seconds."""
    slug, many = planned.target, 10_000
    control(world, slug, "faults", [{"match": match, "kind": kind, "times": many, "seconds": 1}])
    time.sleep(seconds)
    used = _used(world, slug, many)
    control(world, slug, "faults", [])
    return f"{slug} spoilt {used} answers" if used else ""


def _enter(name: str, text: str, lane: str, act: Callable[[World, Planned], str]) -> None:
    act.__name__, act.__doc__ = name, text
    fault(lane)(act)


SIMPLE = {
    "supplier_error_500": ("error_500", "500 without any effect", {}),
    "supplier_503": ("503", "503 with Retry-After", {"seconds": 2}),
    "supplier_429": ("429", "429 with Retry-After", {"seconds": 2}),
    "supplier_slow": ("delay", "an answer just within the time-out", {"seconds": 1.2}),
    "supplier_accepts_then_hangs": ("accept_then_hang", "it takes the order and never says so", {"seconds": 4}),
    "supplier_accepts_then_cuts": ("accept_then_drop", "it takes the order and cuts the line", {}),
    "supplier_accepts_then_500": ("accept_then_500", "it takes the order and says 500", {}),
    "supplier_hangs": ("hang", "silence without any effect", {"seconds": 4}),
    "supplier_garbage": ("garbage_html", "200 with a page of HTML, after the effect", {"after": True}),
    "supplier_nan": ("nan", "JSON with NaN, after the effect", {"after": True}),
    "supplier_huge": ("huge", "an answer beyond every cap, after the effect", {"after": True, "megabytes": 8}),
    "supplier_drips": ("slow_drip", "a byte now and then, after the effect", {"after": True, "seconds": 6}),
    "supplier_resets": ("reset", "the connection is reset, after the effect", {"after": True}),
    "supplier_wrong_sums": ("wrong_sums", "a copy whose counters do not add up", {}),
    "supplier_wrong_reference": ("wrong_reference", "a copy of somebody else's order", {}),
}
for _name, (_kind, _text, _more) in SIMPLE.items():
    _enter(
        _name,
        _text,
        "suppliers" if _name < "supplier_h" else "suppliers2",
        lambda world, planned, kind=_kind, more=_more: spoil(world, planned, kind, **more),
    )


@fault("suppliers")
def supplier_key_refused(world: World, planned: Planned) -> str:
    """401 to everything for some seconds: our key is not taken."""
    return for_a_while(world, planned, "401", ANYTHING, 1 + planned.seconds)


@fault("suppliers2")
def supplier_lists_broken(world: World, planned: Planned) -> str:
    """Garbage to every reading for some seconds: polling fails."""
    return for_a_while(world, planned, "garbage_html", READING, 2 + planned.seconds)


@fault("suppliers2")
def supplier_down(world: World, planned: Planned) -> str:
    """Everything fails for some seconds, long enough to open the breaker."""
    return for_a_while(world, planned, "error_500", ANYTHING, 3 + planned.seconds)


def connections_to(port: int) -> int:
    """Count the open connections to a port of this machine."""
    wanted, count = f":{port:04X}", 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _number, local, _remote, state, *_rest = line.split()
        count += local.endswith(wanted) and state == "01"
    return count


@fault("suppliers")
def kill_supplier(world: World, planned: Planned) -> str:
    """``kill -9`` of a supplier while a call of ours is with it; its books are durable."""
    slug = planned.target
    supplier = world.shop.suppliers[slug]
    turns = 20
    control(world, slug, "faults", [{"match": PLACING, "kind": "delay", "times": turns, "seconds": 1}])
    placing = world.until(lambda: _used(world, slug, turns), 8, every=0.05)
    calls = connections_to(supplier.port)
    supplier.kill()
    time.sleep(planned.seconds)
    supplier.start()
    return f"{slug} died with {calls} calls under way" if placing and calls else ""


@fault("suppliers2")
def supplier_cancels(world: World, planned: Planned) -> str:
    """A supplier drops an order that it had taken."""
    slug = planned.target
    deadline = time.monotonic() + 8
    while time.monotonic() < deadline:
        for reference in _live(world, slug):
            # It may have left meanwhile; then the next one is tried.
            with contextlib.suppress(requests.HTTPError):
                control(world, slug, f"orders/{reference}/cancel_by_supplier", {})
                return f"{slug} dropped {reference}"
        time.sleep(0.1)
    return ""


@fault("suppliers2")
def supplier_raises_price(world: World, planned: Planned) -> str:
    """Everything costs more for a while: what is ordered at the old price is rejected."""
    slug = planned.target
    query = "SELECT id, document FROM documents WHERE kind='item'"
    costs = {sku: json.loads(document)["cost"]["amount"] for sku, document in world.supplier_rows(slug, query)}
    rejected = _rejected(world, slug)
    for sku, cost in costs.items():
        control(world, slug, "cost", {"sku": sku, "amount": f"{float(cost) * 1.1:.4f}"})
    world.until(lambda: _rejected(world, slug) > rejected, 6, every=0.4)
    for sku, cost in costs.items():
        control(world, slug, "cost", {"sku": sku, "amount": cost})
    more = _rejected(world, slug) - rejected
    return f"{slug} rejected {more} orders" if more else ""


def _rejected(world: World, slug: str) -> int:
    query = "SELECT count(*) FROM documents WHERE kind='order' AND document LIKE '%\"price_changed\"%'"
    return int(world.supplier_rows(slug, query)[0][0])


def _live(world: World, slug: str) -> list[str]:
    query = "SELECT id, document FROM documents WHERE kind='order' ORDER BY rowid DESC LIMIT 30"
    rows = [(name, json.loads(document)) for name, document in world.supplier_rows(slug, query)]
    return [name for name, order in rows if order["status"] in {"received", "accepted", "partially_accepted"}]
