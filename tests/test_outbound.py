"""The one outbound client: guarded addresses, bounded answers, strict JSON, never inside a transaction."""

from __future__ import annotations

import gzip
import itertools
import socket
import ssl
import time
import tracemalloc
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event as Flag, Thread

import certifi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import transaction

from suppliers import outbound
from suppliers.outbound import Failed, Forbidden, InTransaction, NeverConnected, NotStrictJson, strict_json

# 20 MB in 20 kB.
BOMB = gzip.compress(b"0" * 20_000_000)


class Handler(BaseHTTPRequestHandler):
    """Serves what the path asks for, and remembers what was asked."""

    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

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
        self.answer(200, BOMB, {"Content-Encoding": "gzip"})

    def serve_drip(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        for _piece in range(40):
            self.wfile.write(b" ")
            self.wfile.flush()
            time.sleep(0.1)

    def serve_dripping_head(self) -> None:
        for piece in itertools.cycle([b"X-Padding: 1", b"\r\n"]):
            self.wfile.write(piece)
            self.wfile.flush()
            if self.server.over.wait(0.05):
                return

    def serve_dripping_piece(self) -> None:
        # All of it is one piece to whoever reads by announced length.
        self.send_response(200)
        self.send_header("Content-Length", "60000")
        self.end_headers()
        while not self.server.over.wait(0.05):
            self.wfile.write(b" ")
            self.wfile.flush()

    def serve_endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        while not self.server.over.is_set():
            self.wfile.write(b" " * 65_536)
        self.close_connection = True

    def serve_cut(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b'{"ok": true}')
        self.close_connection = True

    def serve_cut_gzip(self) -> None:
        self.answer(200, gzip.compress(b'{"ok": true}' * 100)[:-12], {"Content-Encoding": "gzip"})

    def serve_no_gzip(self) -> None:
        self.answer(200, b'{"ok": true}', {"Content-Encoding": "gzip"})

    def serve_other_encoding(self) -> None:
        self.answer(200, b"\x0b\x02\x80{}\x03", {"Content-Encoding": "br"})

    def serve_gzip(self) -> None:
        self.answer(200, gzip.compress(b'{"ok": 1.10}'), {"Content-Encoding": "gzip"})

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
    running.seen, running.connections, running.over = [], 0, Flag()
    yield running
    running.over.set()
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


@pytest.mark.parametrize("path", ["drip", "silent", "dripping_head", "dripping_piece"])
def test_what_is_too_slow_is_given_up_in_doubt_whatever_drips(server, settings, path):
    settings.SUPPLIER_CONNECT_SECONDS = settings.SUPPLIER_READ_SECONDS = 0.5
    began = time.monotonic()
    with pytest.raises(Failed):
        call(server, path)
    # Without the deadline two of these would never end.
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("path", ["bomb", "endless", "cut", "cut_gzip", "no_gzip", "other_encoding"])
def test_what_is_too_large_cut_or_packed_in_another_way_is_given_up_in_doubt(server, path):
    with pytest.raises(Failed):
        call(server, path)


def test_a_bomb_is_not_unpacked_beyond_the_limit(server):
    tracemalloc.start()
    try:
        with pytest.raises(Failed, match="too large"):
            call(server, "bomb")
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 3 * outbound.MOST_BYTES


def test_a_packed_answer_is_read(server):
    assert str(call(server, "gzip").json()["ok"]) == "1.10"


def test_a_connection_is_kept_and_used_again(server):
    for _time in range(3):
        call(server, "plain")
    assert (len(server.seen), server.connections) == (3, 1)


def test_an_idle_connection_is_not_used_again(server, monkeypatch):
    monkeypatch.setattr(outbound, "KEPT_SECONDS", 0)
    for _time in range(3):
        call(server, "plain")
    assert server.connections == 3


def test_a_connection_that_failed_is_not_used_again(server):
    with pytest.raises(Failed):
        call(server, "bomb")
    call(server, "plain")
    assert server.connections == 2


def test_each_thread_has_connections_of_its_own(server):
    threads = [Thread(target=call, args=(server, "plain")) for _number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert (len(server.seen), server.connections) == (3, 3)


def test_what_a_name_means_is_asked_once_and_that_address_is_called(server, monkeypatch):
    asked = []

    def resolve(host, port, **kwargs):
        asked.append(host)
        # Whoever asked a second time would be led elsewhere.
        address = "127.0.0.1" if len(asked) == 1 else "10.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    resolved, real = [], socket.getaddrinfo

    def numeric_only(host, port, *args, **kwargs):
        if host == "supplier.example":
            return resolve(host, port)
        resolved.append(host)
        return real(host, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", numeric_only)
    assert call(server, "plain", host="supplier.example", allowed=("supplier.example",)).is_ok
    assert asked == ["supplier.example"]
    assert set(resolved) <= {"127.0.0.1"}
    assert server.seen[0][1]["Host"] == f"supplier.example:{server.server_port}"


# --- TLS


@pytest.fixture
def tls(server, tmp_path, monkeypatch):
    """Let the server speak TLS as supplier.example, known to a certificate authority we trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test authority")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("supplier.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "both.pem").write_bytes(private + certificate.public_bytes(pem))
    (tmp_path / "trusted.pem").write_bytes(certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    outbound.trusted.cache_clear()
    monkeypatch.setattr(certifi, "where", lambda: str(tmp_path / "trusted.pem"))
    here = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.server_port))]
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *args, **kwargs: here if "example" in str(host) else real(host, *args, **kwargs),
    )
    yield server
    outbound.trusted.cache_clear()


def secure_call(server, host: str):
    return outbound.call("GET", f"https://{host}:{server.server_port}/plain", allowed_hosts=[host])


def test_a_certificate_is_checked_against_the_name_although_the_address_is_called(tls):
    assert secure_call(tls, "supplier.example").is_ok


def test_another_ones_certificate_is_refused_before_anything_was_sent(tls):
    with pytest.raises(NeverConnected):
        secure_call(tls, "other.example")
    assert tls.seen == []


def test_a_certificate_of_nobody_we_know_is_refused_before_anything_was_sent(tls, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda *args, **kwargs: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", tls.server_port))],
    )
    with pytest.raises(NeverConnected):
        secure_call(tls, "supplier.example")
    assert tls.seen == []


# --- how long to wait


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("9" * 400, outbound.MOST_WAIT),
        ("Tue, 24 Nov 2026 12:00:30 GMT", 30),
        ("Tue, 24 Nov 2020 12:00:30 GMT", None),
        ("\u00b2", None),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("1e9", None),
    ],
)
def test_how_long_to_wait_is_read_in_seconds_or_as_a_date(value, seconds):
    headers = {"retry-after": value, "date": "Tue, 24 Nov 2026 12:00:00 GMT"}
    assert outbound.Answer(503, headers, b"", 1).retry_after == seconds


@pytest.mark.django_db
def test_no_call_is_made_inside_a_transaction(server):
    with pytest.raises(InTransaction), transaction.atomic():
        call(server, "plain")
    assert server.seen == []


@pytest.mark.parametrize(
    "body",
    [
        b"NaN",
        b'{"a": Infinity}',
        b"[" * 100_000,
        b"[" * 60 + b"]" * 60,
        b"",
        b"\xff",
        b"1" * 5000,
        b"1" * 4000,
        # Made whole, this number would fill the memory.
        b"1e999999999",
        b"-1.5E-999999999999999999999",
        b"[" + b"[]," * 300_000 + b"[]]",
    ],
)
def test_json_that_is_not_strict_is_refused(body):
    with pytest.raises(NotStrictJson):
        strict_json(body)
