"""The payment sandbox as a real process, and an endpoint for its webhooks, for any test that needs them."""

import contextlib
import http.client
import json
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import stripe

ROOT = Path(__file__).resolve().parents[2]
SECRET_KEY = "sk_test_sandbox_tests"
WEBHOOK_SECRET = "whsec_tests"


class SandboxProcess:
    """Starts, stops and commands one payment sandbox; ``start`` after ``stop`` keeps ledger and port."""

    def __init__(self, ledger, *, webhook_url=None, port=0, settle_seconds=0.3, min_expiry_seconds=1800, log=None):
        self.ledger = ledger
        self.webhook_url = webhook_url
        self.port = port
        self.settle_seconds = settle_seconds
        self.min_expiry_seconds = min_expiry_seconds
        # Where the process complains; None: where this one does.
        self.log = log
        self.process = None

    @property
    def base(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        command = [sys.executable, "-m", "demo.payments", "--port", str(self.port), "--ledger", str(self.ledger)]
        command += ["--secret-key", SECRET_KEY, "--settle-seconds", str(self.settle_seconds)]
        command += ["--min-expiry-seconds", str(self.min_expiry_seconds)]
        if self.webhook_url:
            command += ["--webhook-url", self.webhook_url, "--webhook-secret", WEBHOOK_SECRET]
        with contextlib.ExitStack() as files:
            errors = files.enter_context(self.log.open("a")) if self.log else None
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True)
        line = self.process.stdout.readline()
        assert "listening on" in line, f"the payment sandbox did not start: {line!r}"
        self.port = urlsplit(line.split()[-1]).port
        return self

    def stop(self):
        self.process.terminate()
        return self._ended()

    def kill(self):
        self.process.kill()
        return self._ended()

    def _ended(self):
        code = self.process.wait(timeout=20)
        self.process.stdout.close()
        return code

    def client(self, key=SECRET_KEY, **options):
        return stripe.StripeClient(key, base_addresses={"api": self.base}, max_network_retries=0, **options)

    def request(self, method, path, body=None, headers=None):
        """Speak plain HTTP and return (status, headers, body); redirects are not followed."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read().decode()
        finally:
            connection.close()

    def control(self, path, asked=None, *, method=None):
        """Call the control API: ``control("ledger")`` reads, ``control("faults", [...])`` commands."""
        method = method or ("GET" if path == "ledger" else "POST")
        body = None if asked is None else json.dumps(asked)
        headers = {"Authorization": f"Bearer {SECRET_KEY}"}
        status, _headers, text = self.request(method, f"/_control/{path}", body, headers)
        assert status == 200, text
        return json.loads(text)


class WebhookEndpoint:
    """Receives webhooks; ``status`` is what it answers, ``received`` holds (body, signature) pairs."""

    def __init__(self, port=0):
        self.received = []
        self.status = 200
        endpoint = self

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                endpoint.received.append((body, self.headers["Stripe-Signature"]))
                self.send_response(endpoint.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Receiver)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}/webhooks/stripe/"

    def events(self):
        """Verify all that came with the real library and return it in the order of arrival."""
        return [stripe.Webhook.construct_event(body, sign, WEBHOOK_SECRET) for body, sign in list(self.received)]

    def kinds(self):
        return sorted(event.type for event in self.events())

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def wait_until(is_true, seconds=15):
    """Wait for something that another process does."""
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def session_params(**changes):
    """What the shop asks for: two lines and delivery, 74.50 EUR."""

    def line(name, unit_minor, quantity):
        price = {"currency": "eur", "unit_amount": unit_minor, "product_data": {"name": name}}
        return {"price_data": price, "quantity": quantity}

    return {
        "mode": "payment",
        "success_url": "http://shop.test/return/?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://shop.test/checkout/",
        "client_reference_id": "LF-1001",
        "customer_email": "ann@example.com",
        "metadata": {"order": "LF-1001"},
        "payment_intent_data": {"metadata": {"order": "LF-1001"}},
        "line_items": [line("Linen towel", 2200, 2), line("Kettle", 2555, 1), line("Delivery", 495, 1)],
    } | changes
