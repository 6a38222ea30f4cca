"""Carry requests and answers over HTTP, and spoil them where a fault was asked for."""

from __future__ import annotations

import logging
import re
import socket
import struct
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from demo.supplier import api
from demo.supplier.control import control
from demo.supplier.faults import BREACHES, Fault, broken
from demo.supplier.messages import Answer, Request
from demo.supplier.pages import page
from demo.supplier.problems import Problem
from demo.supplier.supplier import Supplier

logger = logging.getLogger(__name__)

BODY_LIMIT_BYTES = 1024 * 1024
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
PROBLEM_TYPE = "application/problem+json"
DRIP_SECONDS = 0.25


class Dropped(Exception):
    """Tell that the connection ends here without a further word."""


class SupplierServer(ThreadingHTTPServer):
    """Listen for one supplier."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], supplier: Supplier) -> None:
        super().__init__(address, Handler)
        self.supplier = supplier


class Handler(BaseHTTPRequestHandler):
    """Turn one connection's requests into answers."""

    protocol_version = "HTTP/1.1"
    server_version = "SupplierSimulator/1.0"
    # Buffer an answer and send it in one piece; in two, delayed acknowledgements cost 40 ms each.
    wbufsize = -1
    disable_nagle_algorithm = True
    timeout = 90
    server: SupplierServer

    def do_GET(self) -> None:
        """Serve a GET."""
        self.serve()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Stay silent: the ledger keeps the log of requests."""

    def serve(self) -> None:
        """Answer one request and note it in the ledger."""
        supplier, request = self.server.supplier, self.read_head()
        status: int | None = None
        try:
            status = self.answer(supplier, request)
        except (Dropped, ConnectionError, TimeoutError):
            self.close_connection = True
        finally:
            if request.path.startswith("/v1/"):
                note_request(supplier, request, status)

    def answer(self, supplier: Supplier, request: Request) -> int:
        """Work one request off and send what comes of it; return the status that was sent."""
        try:
            answer = self.work(supplier, request)
        except Problem as problem:
            body = problem.body(request.request_id, request.path)
            answer = Answer(problem.status, body, problem.headers, PROBLEM_TYPE)
        except (Dropped, OSError):
            raise
        except Exception:
            logger.exception("%s failed", request.operation)
            body = Problem("internal-error").body(request.request_id, request.path)
            answer = Answer(500, body, content_type=PROBLEM_TYPE)
        if answer.mishap:
            answer = self.spoil(Fault(request.operation, answer.mishap), request, answer)
        self.send(answer, request)
        return answer.status

    def work(self, supplier: Supplier, request: Request) -> Answer:
        """Find out who answers: the contract's paths, the control, or a public page."""
        if request.path == "/_control/ping":
            return Answer(200, {"ok": True, "supplier": supplier.profile.slug})
        shown = page(supplier, request.path)
        if shown:
            return shown
        api.check_key(supplier, request)
        if request.path.startswith("/_control/"):
            self.read_body(request)
            return control(supplier, request, api.parse(request.body) if request.body else {})
        rates = supplier.limit.count()
        try:
            answer = self.work_contract(supplier, request)
        except Problem as problem:
            problem.headers = rates | problem.headers
            raise
        answer.headers = rates | answer.headers
        return answer

    def work_contract(self, supplier: Supplier, request: Request) -> Answer:
        """Answer a path of the contract, with the fault that was asked for, if any."""
        fault = supplier.faults.take(request.operation)
        self.read_body(request)
        if fault is None:
            return api.respond(supplier, request)
        if fault.kind == "delay":
            request.pause_seconds = fault.lasts
            return api.respond(supplier, request)
        refusal = fault.refusal()
        if refusal:
            raise refusal
        answer = api.respond(supplier, request) if fault.after else Answer(200, {})
        if fault.kind in BREACHES:
            return Answer(answer.status, broken(fault.kind, answer.body), answer.headers)
        return self.spoil(fault, request, answer)

    def spoil(self, fault: Fault, request: Request, answer: Answer) -> Answer:
        """Commit a fault in place of an answer."""
        if fault.kind == "accept_then_500":
            body = Problem("internal-error", "Something broke on the way out").body(request.request_id, request.path)
            return Answer(500, body, content_type=PROBLEM_TYPE)
        if fault.kind == "garbage_html":
            return Answer(200, b"<html><body><h1>It works!</h1>", content_type="text/html")
        if fault.kind == "nan":
            return Answer(answer.status, b'{"reference": NaN, "version": Infinity}')
        if fault.kind == "huge":
            return Answer(answer.status, b'{"data": "' + b"x" * (fault.megabytes * 1024 * 1024) + b'"}')
        if fault.kind == "slow_drip":
            self.drip(fault, answer)
        if fault.kind in {"hang", "accept_then_hang"}:
            self.server.supplier.stopping.wait(fault.lasts)
        if fault.kind == "reset":
            # Lingering for no time makes the kernel send RST instead of FIN.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Dropped

    def drip(self, fault: Fault, answer: Answer) -> None:
        """Send an answer byte by byte, and never finish it."""
        payload = answer.payload()
        self.start(answer, len(payload) + 1000)
        deadline = time.monotonic() + fault.lasts
        for place in range(len(payload)):
            if time.monotonic() > deadline or self.server.supplier.stopping.is_set():
                return
            self.wfile.write(payload[place : place + 1])
            self.wfile.flush()
            time.sleep(DRIP_SECONDS)

    def read_head(self) -> Request:
        """Read everything but the body."""
        address = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        told = headers.get("x-request-id", "")
        request_id = told if REQUEST_ID.fullmatch(told) else uuid.uuid4().hex
        query = parse_qs(address.query, keep_blank_values=True)
        return Request(self.command, address.path, query, headers, b"", request_id)

    def read_body(self, request: Request) -> None:
        """Read the body, unless it is too large or its length unknown."""
        told = request.headers.get("content-length", "0")
        if "transfer-encoding" in request.headers or not told.isdigit():
            self.close_connection = True
            raise Problem("invalid-request", "Send the body with a Content-Length")
        if int(told) > BODY_LIMIT_BYTES:
            self.close_connection = True
            raise Problem("payload-too-large", "At most 1 MiB")
        request.body = self.rfile.read(int(told))

    def start(self, answer: Answer, length: int) -> None:
        """Write the head of an answer."""
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(length))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def send(self, answer: Answer, request: Request) -> None:
        """Send an answer."""
        payload = answer.payload()
        answer.headers.setdefault("X-Request-Id", request.request_id)
        if request.headers.get("content-length", "0") != str(len(request.body)):
            # What was not read would be taken for the next request.
            self.close_connection = True
        self.start(answer, len(payload))
        self.wfile.write(payload)
        self.wfile.flush()


def note_request(supplier: Supplier, request: Request, status: int | None) -> None:
    """Write a request into the log; status None means that no whole answer was sent."""
    supplier.ledger.execute(
        "INSERT INTO requests (at, method, path, status, key, request_id) VALUES (?,?,?,?,?,?)",
        supplier.ledger.stamp(),
        request.method,
        request.path,
        status,
        request.headers.get("idempotency-key"),
        request.request_id,
    )
