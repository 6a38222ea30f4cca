"""The one HTTP client for calls to the outside: guarded, bounded, logged by its caller."""

from __future__ import annotations

import ipaddress
import json
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from django.conf import settings
from django.db import connection
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

MOST_BYTES = 5 * 1024 * 1024
DEEPEST = 40
CHUNK = 65_536
# Seconds; whoever asks for more is not believed.
MOST_WAIT = 86_400


class Forbidden(Exception):
    """The address must not be called: not https, not on the list, or inside a private network."""


class NeverConnected(Exception):
    """No connection came about: it is proven that nothing arrived."""


class Failed(Exception):
    """The call timed out or was cut after the request may have left: nobody knows what happened."""


class InTransaction(Exception):
    """A call was tried while a transaction was open; it would hold locks for as long as it takes."""


class NotStrictJson(ValueError):
    """The body is no JSON as we take it: NaN, too deep, or no JSON at all."""


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
            return float(min(int(value[:9]), MOST_WAIT))
        try:
            until = parsedate_to_datetime(value)
        except ValueError:
            return None
        # By the other side's own clock, should it tell the time.
        try:
            now = parsedate_to_datetime(self.headers.get("date", ""))
        except ValueError:
            now = datetime.now(UTC)
        seconds = (until - now).total_seconds() if until.tzinfo and now.tzinfo else 0
        return min(seconds, MOST_WAIT) if seconds > 0 else None

    def json(self) -> Any:
        """Parse the body; numbers with a point become Decimal. Raises NotStrictJson."""
        return strict_json(self.body)


def strict_json(body: bytes) -> Any:
    """Parse JSON without NaN, without endless nesting, floats as Decimal. Raises NotStrictJson."""

    def refuse(constant: str) -> None:
        raise NotStrictJson(constant)

    try:
        parsed = json.loads(body, parse_float=Decimal, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise NotStrictJson(type(error).__name__) from error
    _check_depth(parsed)
    return parsed


def _check_depth(parsed: Any) -> None:
    level = [parsed]
    for _depth in range(DEEPEST):
        level = [child for value in level for child in _children(value)]
        if not level:
            return
    raise NotStrictJson("too deep")


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


class _Pinned(HTTPAdapter):
    """Connects to the address that was checked, whatever the name resolves to a moment later."""

    def __init__(self, host: str) -> None:
        self._host = host
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        kwargs |= {"server_hostname": self._host, "assert_hostname": self._host}
        super().init_poolmanager(*args, **kwargs)


def _checked_address(host: str, port: int) -> str:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NeverConnected(f"{host}: name not found") from error
    addresses = [ipaddress.ip_address(entry[4][0]) for entry in found]
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
    params: Any = None,
    most_bytes: int = MOST_BYTES,
) -> Answer:
    """Call ``url`` once: no redirects, no retries, no proxies from the environment.

    ``allowed_hosts`` are host names without port. A body that drips is given up after connect and
    read time-out together; the piece it is waiting for may take one read time-out more. Raises Forbidden,
    NeverConnected, Failed or InTransaction.
    """
    _check_transaction()
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host not in set(allowed_hosts) or (parts.scheme != "https" and not settings.OUTBOUND_ALLOW_PRIVATE):
        raise Forbidden(f"{parts.scheme}://{host} is not on the list")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = _checked_address(host, port)
    bracketed = f"[{address}]" if ":" in address else address
    target = urlunsplit(parts._replace(netloc=f"{bracketed}:{port}"))
    sent = {"Host": parts.netloc.rpartition("@")[2], "User-Agent": "Waybill/1", "Accept-Encoding": "gzip"} | (
        headers or {}
    )
    with requests.Session() as session:
        session.trust_env = False
        if parts.scheme == "https":
            session.mount("https://", _Pinned(host))
        return _send(session, method, target, sent, json_body, params, most_bytes)


def _send(
    session: requests.Session,
    method: str,
    url: str,
    headers: dict[str, str],
    json_body: Any,
    params: Any,
    most_bytes: int,
) -> Answer:
    began = time.monotonic()
    timeouts = (settings.SUPPLIER_CONNECT_SECONDS, settings.SUPPLIER_READ_SECONDS)
    try:
        response = session.request(
            method,
            url,
            headers=headers,
            json=json_body,
            params=params,
            timeout=timeouts,
            allow_redirects=False,
            stream=True,
        )
        body = _read(response, most_bytes, began + sum(timeouts))
    except requests.ConnectTimeout as error:
        raise NeverConnected("connect time-out") from error
    except requests.ConnectionError as error:
        if _never_left(error):
            raise NeverConnected("refused") from error
        raise Failed(type(error).__name__) from error
    except requests.RequestException as error:
        raise Failed(type(error).__name__) from error
    lower = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, lower, body, round((time.monotonic() - began) * 1000))


def _never_left(error: requests.ConnectionError) -> bool:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)


def _read(response: requests.Response, most_bytes: int, deadline: float) -> bytes:
    # Decompressed size is what is counted, so that a small bomb cannot fill the memory.
    body = bytearray()
    for chunk in response.iter_content(CHUNK):
        body += chunk
        if len(body) > most_bytes:
            raise Failed("answer too large")
        if time.monotonic() > deadline:
            raise Failed("answer too slow")
    return bytes(body)
