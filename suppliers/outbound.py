"""The one HTTP client for calls to the outside: guarded, bounded, logged by its caller."""

from __future__ import annotations

import ipaddress
import json
import socket
import ssl
import time
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from http.client import HTTPException
from threading import local
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

import certifi
from django.conf import settings
from django.db import connection
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.util.ssl_ import create_urllib3_context

from suppliers.deadline import Deadline
from suppliers.strict_json import NotStrictJson, strict_json

__all__ = ["Answer", "Failed", "Forbidden", "InTransaction", "NeverConnected", "NotStrictJson", "call", "strict_json"]
MOST_BYTES = 5 * 1024 * 1024
CHUNK = 65_536
# Seconds; whoever asks for more is not believed.
MOST_WAIT = 86_400
# A kept connection is used again within so many seconds only: servers close what is idle, and a request
# sent at that moment would leave us in doubt.
KEPT_SECONDS = 1.5
MOST_KEPT = 8


class Forbidden(Exception):
    """The address must not be called: not https, not on the list, or inside a private network."""


class NeverConnected(Exception):
    """No connection came about: it is proven that nothing arrived."""


class Failed(Exception):
    """The call timed out or was cut after the request may have left: nobody knows what happened."""


class InTransaction(Exception):
    """A call was tried while a transaction was open; it would hold locks for as long as it takes."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``body`` is decompressed and at most MOST_BYTES long."""

    status: int
    headers: dict[str, str]
    body: bytes
    milliseconds: int

    @property
    def is_ok(self) -> bool:
        """True for any 2xx."""
        return 200 <= self.status < 300

    @property
    def retry_after(self) -> float | None:
        """Seconds the other side asks us to wait, at most MOST_WAIT; None if it says nothing sensible."""
        value = self.headers.get("retry-after", "").strip()
        if value.isascii() and value.isdecimal():
            return float(MOST_WAIT if len(value) > 6 else min(int(value), MOST_WAIT))
        until = _moment(value)
        # By the other side's own clock, should it tell the time.
        now = _moment(self.headers.get("date", "")) or datetime.now(UTC)
        seconds = (until - now).total_seconds() if until else 0
        return min(seconds, MOST_WAIT) if seconds > 0 else None

    def json(self) -> Any:
        """Parse the body; numbers with a point become Decimal. Raises NotStrictJson."""
        return strict_json(self.body)


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _checked_address(host: str, port: int) -> str:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NeverConnected(f"{host}: name not found") from error
    addresses = [ipaddress.ip_address(entry[4][0].partition("%")[0]) for entry in found]
    if not settings.OUTBOUND_ALLOW_PRIVATE:
        for address in addresses:
            mapped = getattr(address, "ipv4_mapped", None) or address
            if not mapped.is_global or mapped.is_multicast:
                raise Forbidden(f"{host} is not a public address")
    return str(addresses[0])


def _check_transaction() -> None:
    # As atomic(durable=True) judges: a test case's own outermost block does not count.
    if connection.atomic_blocks and not connection.atomic_blocks[-1]._from_testcase:
        raise InTransaction


def call(
    method: str,
    url: str,
    *,
    allowed_hosts: Iterable[str],
    headers: dict[str, str] | None = None,
    json_body: Any = None,
    raw_body: bytes | None = None,
    params: Any = None,
    most_bytes: int = MOST_BYTES,
) -> Answer:
    """Call ``url`` once: no redirects, no retries, no proxies or passwords from the environment.

    ``allowed_hosts`` are host names without port. The name is resolved once and that address is
    called. Everything together, from connecting to the last byte, takes at most connect and read
    time-out. ``raw_body`` goes out as it is, of the type that ``headers`` say; it is for what is signed or no
    JSON. Raises Forbidden, NeverConnected, Failed or InTransaction.
    """
    _check_transaction()
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host not in set(allowed_hosts) or (parts.scheme != "https" and not settings.OUTBOUND_ALLOW_PRIVATE):
        raise Forbidden(f"{parts.scheme}://{host} is not on the list")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = _checked_address(host, port)
    body, sent = (raw_body, {}) if raw_body is not None else _packed(json_body)
    sent |= {"Host": parts.netloc.rpartition("@")[2], "User-Agent": "Waybill/1", "Accept-Encoding": "gzip"}
    line = _Line.of_this_thread(host, parts.scheme, address, port)
    try:
        return _send(line, method, _path(parts, params), body, sent | (headers or {}), most_bytes)
    except BaseException:
        # Nobody knows what is still under way on it.
        line.hang_up()
        raise


def _packed(json_body: Any) -> tuple[bytes | None, dict[str, str]]:
    if json_body is None:
        return None, {}
    return json.dumps(json_body, allow_nan=False).encode(), {"Content-Type": "application/json"}


def _path(parts: SplitResult, params: dict[str, Any] | None) -> str:
    query = "&".join(filter(None, (parts.query, urlencode(params or {}))))
    return (parts.path or "/") + (f"?{query}" if query else "")


def _send(line: _Line, method: str, path: str, body: bytes | None, headers: dict[str, str], most_bytes: int) -> Answer:
    began = time.monotonic()
    connecting, reading = settings.SUPPLIER_CONNECT_SECONDS, settings.SUPPLIER_READ_SECONDS
    deadline = Deadline(began + connecting + reading, line.cut)
    try:
        with deadline:
            response = line.pool.urlopen(
                method, path, body, headers, timeout=Timeout(connect=connecting, read=reading),
                retries=False, redirect=False, assert_same_host=False, preload_content=False, decode_content=False,
            )  # fmt: skip
            content = _read(response, most_bytes)
    except (HTTPError, HTTPException, OSError, ValueError, zlib.error) as error:
        why = "too slow" if deadline.is_over else type(error).__name__
        if not line.is_connected:
            # Refused, not reachable, or no TLS came about: the request cannot have left.
            raise NeverConnected(why) from error
        raise Failed(why) from error
    if deadline.is_over:
        raise Failed("too slow")
    line.used_at = time.monotonic()
    lower = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status, lower, content, round((line.used_at - began) * 1000))


def _read(response: BaseHTTPResponse, most_bytes: int) -> bytes:
    try:
        return _unpacked(response, most_bytes)
    except BaseException:
        response.close()
        raise


def _unpacked(response: BaseHTTPResponse, most_bytes: int) -> bytes:
    """Read what is there, piece by piece, and unpack it ourselves: both sizes are watched, whatever was announced."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", ""}:
        raise Failed("an encoding we did not ask for")
    unpacking = zlib.decompressobj(16 + zlib.MAX_WBITS) if encoding == "gzip" else None
    body, raw_bytes = bytearray(), 0
    while chunk := response.read1(CHUNK, decode_content=False):
        raw_bytes += len(chunk)
        if unpacking is None:
            body += chunk
        else:
            # One byte more than allowed is enough to know; a bomb is not unpacked any further.
            body += unpacking.decompress(chunk, most_bytes - len(body) + 1)
        if max(raw_bytes, len(body)) > most_bytes or (unpacking and unpacking.unconsumed_tail):
            raise Failed("answer too large")
    if unpacking is not None and raw_bytes and not unpacking.eof:
        raise Failed("answer cut short")
    return bytes(body)


_mine = local()


@cache
def trusted() -> ssl.SSLContext:
    """Return whom we trust, read from Certifi's list once in a process."""
    context = create_urllib3_context()
    context.load_verify_locations(certifi.where())
    return context


class _Line:
    """A connection kept by one thread to one address, with the means to cut it from outside.

    It connects to the address that was checked, whatever the name resolves to a moment later.
    """

    def __init__(self, host: str, scheme: str, address: str, port: int) -> None:
        self.used_at = time.monotonic()
        self.is_connected = False
        self._handle: socket.socket | None = None
        if scheme == "https":
            names = {"server_hostname": host, "assert_hostname": host}
            self.pool = HTTPSConnectionPool(address, port, cert_reqs="CERT_REQUIRED", ssl_context=trusted(), **names)
            self.pool.ConnectionCls = _shown(HTTPSConnection, self)
        else:
            self.pool = HTTPConnectionPool(address, port)
            self.pool.ConnectionCls = _shown(HTTPConnection, self)

    def __del__(self) -> None:
        # The thread has ended; the pool closes what is its own.
        if self._handle is not None:
            self._handle.close()

    @staticmethod
    def of_this_thread(host: str, scheme: str, address: str, port: int) -> _Line:
        """Return the line to an address as this thread keeps it; what was idle for long is made anew."""
        lines: dict[tuple[str, str, str, int], _Line] = _mine.__dict__.setdefault("lines", {})
        now = time.monotonic()
        for line in [line for line in lines.values() if now - line.used_at > KEPT_SECONDS]:
            line.hang_up()
        key = (host, scheme, address, port)
        if key not in lines:
            if len(lines) >= MOST_KEPT:
                next(iter(lines.values())).hang_up()
            lines[key] = _Line(*key)
        return lines[key]

    def hold(self, connected: socket.socket) -> None:
        """Remember a new connection. A copy of its handle stays valid when TLS takes the first one over."""
        if self._handle is not None:
            self._handle.close()
        self._handle = connected.dup()

    def cut(self) -> None:
        """End the connection at once, from another thread: whoever waits for it wakes up."""
        if self._handle is not None:
            with suppress(OSError):
                self._handle.shutdown(socket.SHUT_RDWR)

    def hang_up(self) -> None:
        """Close the connection and forget the line."""
        for key in [key for key, line in _mine.__dict__.get("lines", {}).items() if line is self]:
            del _mine.lines[key]
        self.cut()
        self.pool.close()
        if self._handle is not None:
            self._handle.close()
            self._handle = None


def _shown(kind: type, line: _Line) -> type:
    """Return a class of connections that show themselves to their line as soon as they exist."""

    class Shown(kind):
        def connect(self) -> None:
            line.is_connected = False
            super().connect()
            line.is_connected = True

        def _new_conn(self) -> socket.socket:
            connected = super()._new_conn()
            line.hold(connected)
            return connected

    return Shown
