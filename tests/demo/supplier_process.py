"""Run a simulated supplier as a process, for any test that needs one."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[2]
PROFILES = ROOT / "demo" / "supplier" / "profiles"
API_KEY = "test-key-of-the-simulated-supplier"
SECRET = "whsec_" + base64.b64encode(b"secret-of-simulated-supplier").decode()


class SupplierProcess:
    """Start, stop, kill and steer one simulated supplier.

    ``profile`` is a slug (harbour, meridian, kestrel) or a path. Without ``port`` a free one is taken,
    and kept over a restart. Without ``ledger`` the books live until the object is stopped for good. What the process
    complains of goes to ``log``, or where this one's goes.
    """

    def __init__(
        self,
        profile: str | Path = "harbour",
        *,
        port: int = 0,
        ledger: Path | None = None,
        speed: float = 20,
        webhook_url: str | None = None,
        sandbox: bool = False,
        arguments: tuple[str, ...] = (),
        log: Path | None = None,
    ) -> None:
        self.profile = profile if isinstance(profile, Path) else PROFILES / f"{profile}.json"
        self.port = port
        self._folder = tempfile.TemporaryDirectory(prefix="supplier-")
        self.ledger = ledger or Path(self._folder.name) / "ledger.sqlite3"
        self.speed = speed
        self.webhook_url = webhook_url
        self.arguments = (*arguments, *(("--sandbox-skus",) if sandbox else ()))
        self.log = log
        self._process: subprocess.Popen[str] | None = None
        self.http = requests.Session()

    def __enter__(self) -> SupplierProcess:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()
        self.http.close()
        self._folder.cleanup()

    @property
    def base(self) -> str:
        """Return the address of the supplier, without ``/v1``."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the process and wait until it listens."""
        command = [sys.executable, "-m", "demo.supplier", "--profile", str(self.profile), "--port", str(self.port)]
        command += ["--ledger", str(self.ledger), "--api-key", API_KEY, "--speed", str(self.speed), *self.arguments]
        if self.webhook_url:
            command += ["--webhook-url", self.webhook_url, "--webhook-secret", SECRET]
        with ExitStack() as files:
            errors = files.enter_context(self.log.open("a")) if self.log else None
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True)
        line = self._process.stdout.readline()
        if " listens on " not in line:
            self._finish()
            raise RuntimeError(f"the supplier did not start: {line!r}")
        self.port = int(line.rsplit(":", 1)[1])

    def stop(self) -> int:
        """Ask the process to end, and return its exit code."""
        self._process.terminate()
        return self._finish()

    def kill(self) -> int:
        """End the process without a warning."""
        self._process.kill()
        return self._finish()

    def _finish(self) -> int:
        code = self._process.wait(timeout=15)
        self._process.stdout.close()
        return code

    def call(self, method: str, path: str, *, key: str | None = None, **options: Any) -> requests.Response:
        """Send one request to the contract's paths; a POST gets a fresh key unless one is given."""
        headers = {"Authorization": f"Bearer {API_KEY}"} | options.pop("headers", {})
        if method == "POST":
            headers.setdefault("Idempotency-Key", key or uuid.uuid4().hex)
        return self.http.request(method, f"{self.base}/v1{path}", headers=headers, timeout=30, **options)

    def control(self, path: str, body: Any = None) -> Any:
        """Reach behind the counter: a POST with a body, a GET without."""
        headers = {"Authorization": f"Bearer {API_KEY}"}
        method = "GET" if body is None else "POST"
        response = self.http.request(method, f"{self.base}/_control/{path}", headers=headers, json=body, timeout=60)
        assert response.ok, response.text
        return response.json()

    def books(self) -> dict[str, Any]:
        """Return the ledger: orders with their effects, requests, webhooks."""
        return self.control("ledger")


class WebhookSink:
    """Receive webhooks on a free port and keep every attempt; ``status`` is what it answers."""

    def __init__(self, status: int = 202) -> None:
        self.status = status
        self.attempts: list[tuple[dict[str, str], bytes]] = []
        sink = self

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                sink.attempts.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(sink.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks"

    def __enter__(self) -> WebhookSink:
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def events(self) -> list[dict[str, Any]]:
        """Return the bodies of all attempts, in the order of their arrival."""
        return [json.loads(body) for _headers, body in self.attempts]


def wait_until(question: Callable[[], Any], *, seconds: float = 60) -> Any:
    """Ask until the answer is true, and return it; fail when it does not become true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = question()
        if answer:
            return answer
        time.sleep(0.03)
    raise AssertionError("it did not happen in time")
