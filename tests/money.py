"""Buy, pay and be told of it, at the payment sandbox: what tests of authorisations, disputes and fees share."""

from __future__ import annotations

import json
import random
import time

from django.test import Client
from django.utils import timezone

from config.audit import run_audit
from demo.payments.webhooks import signature
from orders.actions.opening import open_session
from orders.models import IncomingEvent, Order, WorkItem
from tests.demo.payment_process import WEBHOOK_SECRET


def pay(sandbox, order: Order, **asked: object) -> None:
    """Pay an order's open page, without telling the shop."""
    session = open_session(order.sessions.get(state__in=["new", "open"]))
    sandbox.control(f"sessions/{session.stripe_id}/pay", asked)


def tell(sandbox, settings, *, kinds: str = "", times: int = 1, order_of: str = "") -> None:
    """Deliver all webhooks so far, each so many times; ``order_of``: "newest first", or "any"."""
    settings.STRIPE_WEBHOOK_SECRET = WEBHOOK_SECRET
    events = [event for event in reversed(sandbox.control("ledger")["events"]) if event["type"].startswith(kinds)]
    events *= times
    if order_of == "newest first":
        events.reverse()
    elif order_of:
        random.Random(7).shuffle(events)
    for event in events:
        body = json.dumps({name: value for name, value in event.items() if name != "deliveries"}).encode()
        signed = signature(body, secret=WEBHOOK_SECRET, at=int(time.time()))
        answer = Client().post(
            "/webhooks/stripe/", body, content_type="application/json", headers={"Stripe-Signature": signed}
        )
        assert answer.status_code == 200


def work_again() -> None:
    """Let every message be worked on once more."""
    IncomingEvent.objects.update(done_at=None, due_at=timezone.now(), failures=0)


def open_work() -> list[str]:
    """Return why persons are asked at the moment."""
    return sorted(WorkItem.objects.filter(closed_at=None).values_list("reason", flat=True))


def assert_it_adds_up() -> None:
    """Every invariant holds."""
    wrong = {finding.check.name: finding.violations for finding in run_audit() if finding.violations}
    assert wrong == {}


def intents(sandbox) -> list[tuple[str, int]]:
    """Return state and taken amount of each payment at the sandbox, oldest first."""
    found = reversed(sandbox.control("ledger")["payment_intents"])
    return [(row["status"], row["amount_received"]) for row in found]
