"""Our Stripe client against a stand-in that others wrote (localstripe): no shared misunderstanding of the API.

What it covers and what it cannot is in docs/payments.md.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from demo.house import free_port
from orders import stripe_client
from orders.stripe_client import NotSigned, StripeRefused

KEY, SECRET = "sk_test_12345", "whsec_of_a_test"
NEAR = 43_100
CARD = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2034", "cvc": "123"}


class Stranger:
    """The stand-in as a process of its own, and the calls by which a customer would pay there."""

    def __init__(self, port: int, log) -> None:
        self.port = port
        command = [sys.executable, "-c", "from localstripe.server import start; start()"]
        command += ["--port", str(port), "--from-scratch"]
        self.process = subprocess.Popen(command, stdout=log, stderr=log)
        end = time.monotonic() + 120
        while not self._answers():
            assert time.monotonic() < end, "localstripe did not start"
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            return self.request("GET", "/v1/customers")[0] == 200
        except OSError:
            return False

    def request(self, method: str, path: str, asked: dict | None = None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        connection.request(method, path, json.dumps(asked) if asked is not None else None, headers)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response.status, json.loads(body) if body.strip() else None

    def post(self, path: str, asked: dict) -> dict:
        status, answer = self.request("POST", path, asked)
        assert status == 200, answer
        return answer

    def kept(self, amount: int = 2890) -> str:
        """Let a customer's card authorise an amount that is to be captured by hand; return the intent."""
        method = self.post("/v1/payment_methods", {"type": "card", "card": CARD})["id"]
        customer = stripe_client.create_customer(email="ann@example.com", name="Ann", reference="1", key="c")
        self.post(f"/v1/payment_methods/{method}/attach", {"customer": customer})
        facts = {"amount": amount, "currency": "eur", "customer": customer, "payment_method": method}
        facts |= {"capture_method": "manual", "confirm": True}
        return self.post("/v1/payment_intents", facts)["id"]


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    with (tmp_path_factory.mktemp("localstripe") / "log").open("w") as log:
        running = Stranger(free_port(NEAR), log)
        yield running
        running.process.terminate()
        running.process.wait(timeout=20)


@pytest.fixture(autouse=True)
def pointed_at_it(stranger, settings):
    settings.STRIPE_API_BASE = f"http://127.0.0.1:{stranger.port}"
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = KEY, SECRET


pytestmark = pytest.mark.django_db


def test_a_customer_is_made_and_found_again_by_address_and_reference():
    made = stripe_client.create_customer(email="bob@example.com", name="Bob", reference="77", key="bob")

    assert made.startswith("cus_")
    assert stripe_client.find_customer(email="bob@example.com", reference="77") == made
    assert stripe_client.find_customer(email="bob@example.com", reference="78") == ""


def test_what_a_card_keeps_is_read_and_taken(stranger):
    intent = stranger.kept()
    before = stripe_client.read_intent(intent)

    after = stripe_client.capture_intent(intent, amount_minor=2890, currency="EUR", key="take")

    assert (before.status, before.captured_minor, before.currency) == ("requires_capture", 0, "EUR")
    assert (after.id, after.status) == (intent, "succeeded")


def test_part_of_it_is_taken(stranger):
    intent = stranger.kept()

    stripe_client.capture_intent(intent, amount_minor=1445, currency="EUR", key="part")

    charge = stranger.request("GET", f"/v1/payment_intents/{intent}")[1]["latest_charge"]
    assert (charge["captured"], charge["amount_refunded"]) == (True, 1445)


def test_what_is_let_go_cannot_be_taken_any_more(stranger):
    intent = stranger.kept()

    facts = stripe_client.cancel_intent(intent, key="let go")

    assert (facts.status, facts.captured_minor) == ("canceled", 0)
    assert stripe_client.read_intent(intent).status == "canceled"
    with pytest.raises(StripeRefused):
        stripe_client.cancel_intent(intent, key="let go again")


def test_a_payment_that_is_not_there_is_refused_as_missing():
    with pytest.raises(StripeRefused):
        stripe_client.read_intent("pi_nobody_knows_it")


def test_refunds_in_part_and_of_the_rest(stranger):
    intent = stranger.kept()
    stripe_client.capture_intent(intent, amount_minor=2890, currency="EUR", key="t")

    part = stripe_client.create_refund(intent, amount_minor=1000, currency="EUR", reference="a", key="r-a")
    rest = stripe_client.create_refund(intent, amount_minor=1890, currency="EUR", reference="b", key="r-b")

    assert [(one.status, one.amount_minor, one.currency) for one in (part, rest)] == [
        ("succeeded", 1000, "EUR"),
        ("succeeded", 1890, "EUR"),
    ]
    assert stripe_client.read_refund(part.id) == part
    assert stranger.request("GET", f"/v1/payment_intents/{intent}")[1]["latest_charge"]["refunded"] is True


class Ear:
    """An endpoint that keeps the webhooks it is sent."""

    def __init__(self) -> None:
        self.heard: list[tuple[bytes, str]] = []
        ear = self

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                ear.heard.append((body, self.headers["Stripe-Signature"]))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def about(self, kind: str, identifier: str) -> tuple[bytes, str]:
        """Wait for the message of a kind about one object, then listen no more."""
        end, wanted = time.monotonic() + 60, (kind.encode(), identifier.encode())
        while not (found := [one for one in self.heard if all(part in one[0] for part in wanted)]):
            assert time.monotonic() < end, "no webhook came"
            time.sleep(0.1)
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
        return found[0]


def test_its_signed_webhooks_are_believed_and_their_other_version_is_seen(stranger, settings):
    ear = Ear()
    asked = {"url": f"http://127.0.0.1:{ear.server.server_address[1]}/", "secret": SECRET}
    status, _answer = stranger.request("POST", "/_config/webhooks/ours", asked)
    assert status == 200
    intent = stranger.kept()
    stripe_client.capture_intent(intent, amount_minor=2890, currency="EUR", key="w")
    body, signed = ear.about("payment_intent.succeeded", intent)

    told = stripe_client.verified_event(body, signed)
    assert (told.kind, told.body["data"]["object"]["id"]) == ("payment_intent.succeeded", intent)
    assert told.api_version not in {"", settings.STRIPE_API_VERSION}
    with pytest.raises(NotSigned):
        stripe_client.verified_event(body + b" ", signed)
