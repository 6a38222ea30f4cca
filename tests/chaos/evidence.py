"""Collect what everybody wrote down: suppliers, payment provider, mail server, customers, and the shop's export."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import asdict
from typing import Any

from tests.chaos import goods
from tests.chaos.nemesis import payments, suppliers
from tests.chaos.nemesis.world import World
from tests.chaos.shop import SECRET_CANARY, ChaosShop
from tests.demo.supplier_process import API_KEY, ROOT

Evidence = dict[str, Any]
CUSTOMER = re.compile(r"customer-\d+@buyers\.example|Kim Buyer \d+")


def collect(world: World, *, recovery_seconds: float | None) -> Evidence:
    """Return everything the checker needs, as plain JSON values."""
    journal, shop = world.journal, world.shop
    books = {slug: suppliers.control(world, slug, "ledger") for slug in shop.suppliers}
    ledger = payments.control(world, "ledger")
    code, audit = _manage(shop, "audit")
    return {
        "acknowledged": journal.all("acknowledged"),
        "paid": journal.all("paid"),
        "second_orders": journal.all("second_order"),
        "refunds_asked": journal.all("refund_asked"),
        "withdrawn": journal.all("withdrawn"),
        "new_wanted": journal.all("new_wanted"),
        "answers": journal.all("answer"),
        "gave_up": journal.all("gave_up"),
        "customer_failed": journal.all("customer_failed"),
        "wrong_pages": journal.all("wrong_page"),
        "faults": journal.all("fault"),
        "faults_failed": journal.all("fault_failed"),
        "windows": journal.all("window"),
        "broken_promises": [fact["what"] for fact in journal.all("broken_promise")],
        "did_not_drain": journal.all("did_not_drain"),
        "ended": [name for name, process in shop.processes.items() if process.poll() is not None],
        "books": {slug: _slim(book) for slug, book in books.items()},
        "intents": [_intent(intent) for intent in ledger["payment_intents"]],
        "sandbox_refunds": ledger["refunds"],
        "mails": [asdict(copy) for copy in shop.sink.received],
        "export": [json.loads(line) for line in _manage(shop, "audit", "--export")[1].splitlines()],
        "audit": {"code": code, "text": audit},
        "same_goods": goods.same_goods(),
        "canaries": canaries(shop),
        "recovery_seconds": recovery_seconds,
    }


def _manage(shop: ChaosShop, *words: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "manage.py", *words], cwd=ROOT, env=shop.env, capture_output=True, text=True, timeout=300
    )
    if done.returncode not in {0, 1} or done.stderr.strip():
        raise AssertionError(f"manage.py {words}: {done.stderr[-3000:]}")
    return done.returncode, done.stdout


def _slim(book: dict[str, Any]) -> dict[str, Any]:
    orders = [
        {name: order[name] for name in ("reference", "status", "effects", "ship_to", "lines", "shipments", "returns")}
        for order in book["orders"]
    ]
    placing = [one for one in book["requests"] if one["method"] == "POST" and one["path"] == "/v1/orders"]
    return {"orders": orders, "placing": placing, "webhooks": len(book["webhooks"])}


def _intent(intent: dict[str, Any]) -> dict[str, Any]:
    wanted = ("id", "status", "amount", "amount_received", "currency", "metadata")
    return {name: intent[name] for name in wanted}


def canaries(shop: ChaosShop) -> list[str]:
    """Name the process logs that hold what no log may hold: customers' data, keys."""
    found = []
    for name in shop.names:
        text = shop.log(name)
        if CUSTOMER.search(text):
            found.append(f"{name}.log tells who a customer is: {CUSTOMER.search(text).group(0)}")  # type: ignore[union-attr]
        found += [f"{name}.log holds a secret" for secret in (SECRET_CANARY, API_KEY) if secret in text]
    return found
