"""Processes die, answers are lost, the broker forgets: nothing is lost, nothing is doubled."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
import shutil
import time

import pytest
import redis
import requests

from tests.demo.payment_process import WEBHOOK_SECRET
from tests.demo.supplier_process import SECRET
from tests.journeys.buying import buy, wait_delivered
from tests.journeys.stack import Stack, wait_for

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("faults")) as running:
        yield running


@pytest.fixture
def stack(house):
    """The one shop of these tests, whole again after each of them."""
    yield house
    house.make_whole()


def placed_once(stack: Stack, order: dict) -> bool:
    """True if the suppliers' books have this order's parts, each once, and no part that no order knows."""
    effects = stack.effects()
    known = {row["reference"] for every in stack.export() for row in every["supplier_orders"]}
    mine = [row["reference"] for row in order["supplier_orders"]]
    return bool(mine) and all(effects[reference] == 1 for reference in mine) and effects.keys() <= known


def test_a_worker_killed_in_the_middle_of_a_call_orders_once(stack):
    for supplier in stack.suppliers.values():
        # The supplier takes the order and then keeps its answer back for longer than the worker lives.
        supplier.control("faults", [{"match": "POST /v1/orders", "kind": "accept_then_hang", "times": 1, "seconds": 4}])
    before = stack.effects().keys()

    _shopper, _path, number = buy(stack)
    wait_for(lambda: stack.effects().keys() - before, "a supplier has taken an order")
    stack.kill("worker")
    stack.start("worker")

    order = wait_delivered(stack, number)
    assert placed_once(stack, order)
    assert "unexplained: 0" in stack.manage("audit")


def test_an_answer_that_is_lost_is_looked_up_and_not_repeated_blindly(stack):
    for supplier in stack.suppliers.values():
        supplier.control("faults", [{"match": "POST /v1/orders", "kind": "accept_then_drop", "times": 2}])

    _shopper, _path, number = buy(stack)

    order = wait_delivered(stack, number)
    assert placed_once(stack, order)


def empty_broker(stack: Stack) -> None:
    """Forget every message that waits to be worked on."""
    if stack.redis_url:
        client = redis.Redis.from_url(stack.redis_url)
        prefix = stack.env["REDIS_KEY_PREFIX"]
        for key in client.scan_iter(f"{prefix}:*"):
            client.delete(key)
    else:
        shutil.rmtree(stack.folder / "var" / "broker" / "messages")
        (stack.folder / "var" / "broker" / "messages").mkdir()


def test_a_broker_emptied_between_queueing_and_running_loses_no_order(stack):
    stack.kill("worker")
    _shopper, _path, number = buy(stack)
    time.sleep(2.5)
    empty_broker(stack)
    stack.start("worker")

    order = wait_delivered(stack, number)
    assert placed_once(stack, order)


def test_with_no_worker_at_all_the_messages_wait_and_nothing_is_doubled(stack):
    before = stack.effects()
    stack.kill("worker")
    stack.kill("relay")
    _shopper, _path, number = buy(stack)
    assert stack.order(number)["state"] == "paid"
    assert stack.effects() == before
    stack.start("relay")
    stack.start("worker")

    order = wait_delivered(stack, number)
    assert placed_once(stack, order)


def signed_by_supplier(body: bytes, event_id: str) -> dict[str, str]:
    stamp = str(int(time.time()))
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    digest = hmac.new(key, f"{event_id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": event_id,
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
        "Content-Type": "application/json",
    }


def signed_by_stripe(body: bytes) -> dict[str, str]:
    stamp = str(int(time.time()))
    digest = hmac.new(WEBHOOK_SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={stamp},v1={digest}", "Content-Type": "application/json"}


def test_the_same_webhooks_twenty_times_in_random_order_change_nothing(stack):
    earlier = len(received(stack))
    _shopper, _path, number = buy(stack)
    order = wait_delivered(stack, number)
    before = wait_for(lambda: settled(stack, number), "all is told and over")
    calls = []
    for source, event in received(stack)[earlier:]:
        body = json.dumps(event).encode()
        if source == "stripe":
            calls += [("/webhooks/stripe/", body, "stripe")] * 20
            continue
        # Under its own id it is a repeat; under a new one it is old news that comes late.
        stale = json.dumps(event | {"id": event["id"][:40] + "x"}).encode()
        path = f"/webhooks/suppliers/{source.partition(':')[2]}/"
        calls += [(path, body, "supplier")] * 10 + [(path, stale, "supplier")] * 10
    assert len(calls) >= 200
    random.Random(7).shuffle(calls)

    for path, body, sender in calls:
        headers = signed_by_stripe(body) if sender == "stripe" else signed_by_supplier(body, json.loads(body)["id"])
        answer = requests.post(stack.base + path, data=body, headers=headers, timeout=20)
        assert answer.status_code in {200, 204}, (path, answer.status_code)
    time.sleep(3)

    after = wait_for(lambda: settled(stack, number), "everything is worked on")
    assert after == before
    assert placed_once(stack, order)
    assert "unexplained: 0" in stack.manage("audit")


def received(stack: Stack) -> list[tuple[str, dict]]:
    """Return every webhook the shop has been sent so far: source and body."""
    script = "import json; from orders.models import IncomingEvent as E; print(json.dumps(list(E.objects.order_by('pk').values_list('source', 'body'))))"
    return json.loads(stack.manage("shell", "-v0", "-c", script).splitlines()[-1])


def settled(stack: Stack, number: str) -> dict | None:
    """Return an order once its mails are sent and its suppliers have said that they are done with it."""
    order = stack.order(number)
    mails_sent = all(row["state"] == "sent" for row in order["notifications"])
    return order if mails_sent and all(row["state"] == "closed" for row in order["supplier_orders"]) else None
