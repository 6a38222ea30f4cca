"""The one outbound client: guarded addresses, bounded answers, strict JSON, never inside a transaction."""

from __future__ import annotations

import gzip
import socket
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from django.db import transaction

from suppliers import outbound
from suppliers.outbound import Failed, Forbidden, InTransaction, NeverConnected, NotStrictJson, strict_json


class Handler(BaseHTTPRequestHandler):
    """Serves what the path asks for, and remembers what was asked."""

    def do_GET(self) -> None:
        self.server.seen.append((self.path, dict(self.headers)))
        getattr(self, "serve_" + self.path.strip("/"), self.serve_plain)()

    def serve_plain(self) -> None:
        self.answer(200, b'{"ok": 1.10}')

    def serve_redirect(self) -> None:
        self.send_response(302)
        self.send_header("Location", "/plain")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def serve_bomb(self) -> None:
        self.answer(200, gzip.compress(b"0" * 20_000_000), {"Content-Encoding": "gzip"})

    def serve_drip(self) -> None:
        self.send_response(200)
        self.end_headers()
        for _piece in range(40):
            self.wfile.write(b" ")
            self.wfile.flush()
            time.sleep(0.1)

    def serve_silent(self) -> None:
        time.sleep(1.5)

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def server():
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    running.seen = []
    yield running
    running.shutdown()
    running.server_close()


def call(server, path: str, host: str = "127.0.0.1", allowed: tuple[str, ...] = ("127.0.0.1", "localhost")):
    return outbound.call("GET", f"http://{host}:{server.server_port}/{path}", allowed_hosts=allowed)


def test_an_answer_with_money_is_read_exactly(server):
    answer = call(server, "plain", host="localhost")
    assert str(answer.json()["ok"]) == "1.10"
    assert server.seen[0][1]["Host"] == f"localhost:{server.server_port}"


def test_a_redirect_is_an_answer_and_is_not_followed(server):
    assert call(server, "redirect").status == 302
    assert len(server.seen) == 1


def test_a_host_that_is_not_on_the_list_is_not_called(server):
    with pytest.raises(Forbidden):
        call(server, "plain", allowed=("supplier.example",))
    assert server.seen == []


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "::1",
        "fe80::1",
        "::ffff:127.0.0.1",
        "0.0.0.0",
        "224.0.0.1",
    ],
)
def test_no_private_address_is_called_in_production(settings, monkeypatch, address):
    settings.OUTBOUND_ALLOW_PRIVATE = False
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = [(family, socket.SOCK_STREAM, 6, "", (address, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found)
    with pytest.raises(Forbidden):
        outbound.call("GET", "https://supplier.example/", allowed_hosts=["supplier.example"])


def test_plain_http_is_refused_in_production(settings):
    settings.OUTBOUND_ALLOW_PRIVATE = False
    with pytest.raises(Forbidden):
        outbound.call("GET", "http://supplier.example/", allowed_hosts=["supplier.example"])


def test_nobody_listening_is_proof_that_nothing_arrived():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(NeverConnected):
        outbound.call("GET", f"http://127.0.0.1:{port}/", allowed_hosts=["127.0.0.1"])


def test_a_name_that_is_not_found_is_proof_that_nothing_arrived(monkeypatch):
    def unknown(*args, **kwargs):
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(NeverConnected):
        outbound.call("GET", "http://supplier.example/", allowed_hosts=["supplier.example"])


@pytest.mark.parametrize("path", ["bomb", "drip", "silent"])
def test_what_is_too_large_or_too_slow_is_given_up_in_doubt(server, settings, path):
    settings.SUPPLIER_CONNECT_SECONDS = settings.SUPPLIER_READ_SECONDS = 0.5
    with pytest.raises(Failed):
        call(server, path)


@pytest.mark.django_db
def test_no_call_is_made_inside_a_transaction(server):
    with pytest.raises(InTransaction), transaction.atomic():
        call(server, "plain")
    assert server.seen == []


@pytest.mark.parametrize(
    "body", [b"NaN", b'{"a": Infinity}', b"[" * 100_000, b"[" * 60 + b"]" * 60, b"", b"\xff", b"1" * 5000]
)
def test_json_that_is_not_strict_is_refused(body):
    with pytest.raises(NotStrictJson):
        strict_json(body)
