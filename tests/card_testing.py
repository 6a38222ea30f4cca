"""Thieves and honest buyers at the till: their browsers, and what Stripe tells of their cards."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import re
import time

from django.http import HttpResponse
from django.test import Client

from orders.actions import incoming
from orders.actions.payment import record_payment
from orders.models import CheckoutSession, IncomingEvent, Order
from tests.demo.payment_process import WEBHOOK_SECRET
from tests.test_checkout import TYPED

_number = itertools.count(1)


def browser(address: str = "81.2.69.1", *, sku: str, **headers: str) -> Client:
    """Return a visitor from an address with one thing in the basket, who looks at the checkout."""
    visitor = Client(REMOTE_ADDR=address, headers=headers)
    visitor.post("/basket/add/", {"variant": sku, "quantity": "1"})
    visitor.get("/checkout/")
    return visitor


def order(visitor: Client, **changes: str) -> HttpResponse:
    """Press "Continue to payment"."""
    return visitor.post("/checkout/", TYPED | changes)


def opens(visitor: Client, **changes: str) -> bool:
    """Press it, and say whether it led to a pay page (or to the order whose page does not answer here)."""
    answer = order(visitor, **changes)
    return answer.status_code in {302, 303} and "/checkout/check/" not in answer["Location"]


def event(kind: str, subject: dict, *, event_id: str = "", at: float | None = None) -> HttpResponse:
    """Send a webhook as Stripe signs it, and let it be worked on."""
    event_id = event_id or f"evt_defence_{next(_number)}"
    told = {"id": event_id, "object": "event", "type": kind, "created": int(at or time.time())}
    body = json.dumps(told | {"data": {"object": subject}}).encode()
    now = int(time.time())
    signed = hmac.new(WEBHOOK_SECRET.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"Stripe-Signature": f"t={now},v1={signed}"}
    answer = Client().post("/webhooks/stripe/", body, content_type="application/json", headers=headers)
    incoming.work_on(IncomingEvent.objects.get(event_id=event_id).pk)
    return answer


def refuse_card(order: Order, *, code: str = "generic_decline", charge: str = "") -> None:
    """Let Stripe tell that a card was refused on an order's pay page."""
    subject = {
        "id": f"pi_{order.number}",
        "object": "payment_intent",
        "metadata": {"order": order.number, "session": "1"},
        "latest_charge": charge or f"ch_{next(_number)}",
        "last_payment_error": {"decline_code": code},
    }
    event("payment_intent.payment_failed", subject)


def pay(order: Order) -> None:
    """Let an order be paid."""
    record_payment(order, stripe_id=f"pi_{order.number}", paid=order.total)
    CheckoutSession.objects.filter(order=order).update(state="complete", due_at=None)


def answer_question(visitor: Client) -> HttpResponse:
    """Answer the question on the page as a person does who reads it."""
    asked = question_on(visitor.get("/checkout/check/"))
    return visitor.post("/checkout/check/", {"answer": answer_to(asked)})


def question_on(page: HttpResponse) -> str:
    """Return the question that a page shows beside its field."""
    asked = re.search(r'<label for="id_answer">([^<]+)</label>', page.content.decode())
    assert asked, page.content.decode()
    return asked.group(1)


def answer_to(question: str) -> str:
    """Return the answer, worked out from the words of the question."""
    numbers = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    numbers = [*numbers.split(), "seventeen", "eighteen"]
    if found := re.fullmatch(r"How much is (\w+) plus (\w+)\?", question):
        return str(numbers.index(found.group(1)) + numbers.index(found.group(2)))
    words = question.partition(": ")[2].rstrip("?").split(", ")
    if found := re.match(r"Which is the (\w+) of these words", question):
        return words[["first", "second", "third", "fourth"].index(found.group(1))].upper()
    return next(word for word in words if word in numbers)


def attack(sku: str, cards: int) -> None:
    """Let so many cards be refused, each from another place."""
    for number in range(cards):
        visitor = browser(f"82.{number}.1.1", sku=sku)
        if not opens(visitor, email=f"thief{number}@example.com"):
            answer_question(visitor)
            assert opens(visitor, email=f"thief{number}@example.com")
        refuse_card(Order.objects.latest("pk"))
