from __future__ import annotations

import re
import socket
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from demo.payments import api, control, dashboard, pages
from demo.payments.clock import Clock
from demo.payments.errors import Invalid
from demo.payments.messages import Answer, Request, error_answer, json_answer
from demo.payments.sandbox import Sandbox
from demo.payments.webhooks import Deliverer

LARGEST_BODY = 1024 * 1024


class Server(ThreadingHTTPServer):
    """The sandbox on a port, with its two threads that work by themselves."""

    daemon_threads = True

    def __init__(self, sandbox: Sandbox, listener: socket.socket) -> None:
        super().__init__(listener.getsockname()[:2], Conversation, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.sandbox = sandbox
        self.deliverer = Deliverer(sandbox)
        self.clock = Clock(sandbox)

    def start_threads(self) -> None:
        self.clock.start()
        self.deliverer.start()

    def stop_threads(self) -> None:
        self.sandbox.stopping.set()
        self.clock.join(timeout=5)
        self.deliverer.join(timeout=5)


class Conversation(BaseHTTPRequestHandler):
    """One connection; reads a request whole, has it answered, writes the answer or cuts the line."""

    protocol_version = "HTTP/1.1"
    server_version = "PaymentSandbox"
    timeout = 60
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server
    headers: Message

    def do_GET(self) -> None:
        self._converse()

    def do_POST(self) -> None:
        self._converse()

    def do_DELETE(self) -> None:
        self._converse()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the ledger remembers every call."""

    def _converse(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not re.fullmatch(r"[0-9]{1,8}", length) or int(length) > LARGEST_BODY:
            self.close_connection = True
            self._write(error_answer(Invalid("The request is too large or has no length.", status=413)))
            return
        path, _mark, query = self.path.partition("?")
        self._write(self._answer(Request(self.command, path, query, self.headers, self.rfile.read(int(length)))))

    def _answer(self, request: Request) -> Answer:
        sandbox = self.server.sandbox
        if request.path.startswith("/pay/"):
            return pages.respond(sandbox, request)
        if request.path.startswith("/dashboard/"):
            return dashboard.respond(sandbox, request)
        if request.path.startswith("/_control/"):
            return control.respond(sandbox, self.server.deliverer, request)
        if request.call == "GET /health":
            return json_answer({"status": "ok"})
        if request.call == "GET /favicon.ico":
            return Answer(204)
        return api.respond(sandbox, request)

    def _write(self, answer: Answer) -> None:
        if answer.is_dropped:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)
