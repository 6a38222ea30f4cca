"""Answer over HTTP: the service's own paths, and those behind the counter (``/_control/``, the same key)."""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from demo.carrier.books import Service
from demo.carrier.copies import strange, tracking
from demo.carrier.faults import REFUSALS, Fault
from demo.carrier.hooks import MODES, Delivery, tell

PATH = "/tracking/2026-07/trackings"
BODY_LIMIT_BYTES = 1024 * 1024
CALLS_PER_SECOND = 10
# As many numbers as one call may name.
MOST_NUMBERS = 50
Answer = tuple[int, Any, dict[str, str]]


def envelope(code: int, message: str = "", data: Any = None) -> dict[str, Any]:
    """Write the envelope around every answer."""
    meta: dict[str, Any] = {"code": code} | ({"message": message, "type": "Error"} if message else {})
    return {"meta": meta, "data": {} if data is None else data}


class CarrierServer(ThreadingHTTPServer):
    """Listen for one simulated service."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], service: Service) -> None:
        super().__init__(address, Handler)
        self.service = service

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that were cut: some are cut on purpose."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def start(self) -> None:
        """Serve and send webhooks in threads of their own."""
        Delivery(self.service).start()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    """Turn one connection's requests into answers."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    timeout = 90
    server: CarrierServer

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Stay silent: the books keep the log of requests."""

    def do_GET(self) -> None:
        """Serve a GET or a POST."""
        service, parts = self.server.service, urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(min(length, BODY_LIMIT_BYTES))
        if self.headers.get("as-api-key") != service.key and parts.path != "/":
            self._send((401, envelope(401, "The API key is invalid"), {}))
            return
        if parts.path.startswith("/_control/"):
            self._send(control(service, self.command, parts.path.removeprefix("/_control/"), body))
            return
        fault = service.faults.take(f"{self.command} {parts.path}")
        answer = spoilt(fault) if fault and fault.kind in REFUSALS else respond(service, self.command, parts, body)
        service.books.execute(
            "INSERT INTO requests VALUES (?,?,?,?)", service.books.stamp(), self.command, self.path, answer[0]
        )
        self._send(answer if fault is None else self._spoil(fault, answer))

    do_POST = do_GET

    def _spoil(self, fault: Fault, answer: Answer) -> Answer:
        status, content, headers = answer
        if fault.kind == "garbage_html":
            return 200, b"<html><body><h1>It works!</h1>", headers
        if fault.kind == "hang":
            self.server.service.stopping.wait(fault.seconds)
        if fault.kind == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            raise ConnectionResetError
        if fault.kind == "exhausted":
            headers = headers | {
                "X-RateLimit-Remaining": "0",
                "X-RateLimit-Reset": str(int(time.time() + fault.seconds)),
            }
        if fault.kind in {"strange", "forget"} and "trackings" in content["data"]:
            listed = content["data"]["trackings"]
            content["data"]["trackings"] = [strange(copy) for copy in listed] if fault.kind == "strange" else []
        return status, content, headers

    def _send(self, answer: Answer) -> None:
        status, content, headers = answer
        payload = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        told = {"Content-Type": "application/json", "Content-Length": str(len(payload))} | headers
        for name, value in told.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(payload)
        self.wfile.flush()


def spoilt(fault: Fault) -> Answer:
    """Refuse as it was asked for."""
    status = REFUSALS[fault.kind]
    headers = {"Retry-After": str(int(fault.seconds))} if status in {429, 503} else {}
    return status, envelope(status, "This fault was asked for"), headers


def respond(service: Service, method: str, parts: Any, body: bytes) -> Answer:
    """Answer the service's own paths: register a number, list registrations."""
    rates = {"X-RateLimit-Limit": str(CALLS_PER_SECOND), "X-RateLimit-Remaining": str(CALLS_PER_SECOND - 1)}
    if parts.path != PATH:
        return 404, envelope(404, "Nothing is here"), rates
    if method == "GET":
        return list_trackings(service, parse_qs(parts.query), rates)
    try:
        asked = json.loads(body)
        number, slug = str(asked["tracking_number"]).strip(), str(asked.get("slug") or "detected")
    except (ValueError, KeyError, TypeError):
        return 400, envelope(4001, "The request body is no JSON as we take it"), rates
    if not number.isalnum():
        return 400, envelope(4005, "tracking_number is invalid"), rates
    made = service.register(number, slug, asked.get("custom_fields") or {})
    if made is None:
        return 400, envelope(4003, "Tracking already exists"), rates
    row = service.books.execute("SELECT * FROM trackings WHERE id=?", made)[0]
    return 201, envelope(201, data=tracking(service, row)), rates


def list_trackings(service: Service, query: dict[str, list[str]], rates: dict[str, str]) -> Answer:
    """List the registrations of at most fifty numbers."""
    numbers = ",".join(query.get("tracking_numbers", [])).split(",")
    if len(numbers) > MOST_NUMBERS:
        return 400, envelope(4001, f"At most {MOST_NUMBERS} numbers"), rates
    sql = f"SELECT * FROM trackings WHERE number IN ({','.join('?' * len(numbers))}) ORDER BY created_at"  # noqa: S608
    copies = [tracking(service, row) for row in service.books.execute(sql, *numbers)]
    page = {"total": len(copies), "next_cursor": None, "has_next_page": False}
    return 200, envelope(200, data={"pagination": page, "trackings": copies}), rates


def control(service: Service, method: str, path: str, body: bytes) -> Answer:
    """Let a carrier, a test or a demonstration reach behind the counter."""
    if (method, path) == ("GET", "ledger"):
        rows = service.books.execute("SELECT * FROM trackings ORDER BY created_at")
        hooks = service.books.execute("SELECT id, attempts, state, last_status FROM hooks ORDER BY due")
        requests = service.books.execute("SELECT * FROM requests ORDER BY rowid")
        copies = [tracking(service, row) for row in rows]
        told = {"trackings": copies, "webhooks": hooks, "requests": requests, "faults": service.faults.waiting()}
        return 200, told, {}
    try:
        asked = json.loads(body or b"{}")
        if path == "parcel":
            # What a carrier's own scanners report: all scans so far, and when it is to arrive.
            facts = {name: asked.get(name) for name in ("events", "eta", "delay")}
            if service.books.put_parcel(str(asked["number"]), facts):
                tell(service, str(asked["number"]))
        elif path == "faults":
            service.faults.replace(asked)
        elif path == "webhooks" and asked["mode"] in MODES:
            service.mode = asked["mode"]
        else:
            return 404, envelope(404, "No such control"), {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return 400, envelope(400, repr(error)), {}
    return 200, {"done": True}, {}
