"""Run the simulated carriers' service as a process, for any test that needs it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[2]
API_KEY = "test-key-of-the-simulated-carriers"
SECRET = "secret-of-the-simulated-carriers"


class CarrierProcess:
    """Start, stop and steer the service; its books live until it is stopped for good."""

    def __init__(self, *, webhook_url: str = "") -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="carriers-")
        self.webhook_url = webhook_url
        self.port = 0
        self.http = requests.Session()
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> CarrierProcess:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()
        self.http.close()
        self._folder.cleanup()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the process and wait until it listens; the second time on the same port, with the same books."""
        command = [sys.executable, "-m", "demo.carrier", "--port", str(self.port), "--api-key", API_KEY]
        command += ["--ledger", f"{self._folder.name}/carriers.sqlite3", "--webhook-secret", SECRET]
        command += ["--webhook-url", self.webhook_url] if self.webhook_url else []
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        line = self._process.stdout.readline()
        if " listen on " not in line:
            raise RuntimeError(f"the carriers did not start: {line!r}")
        self.port = int(line.rsplit(":", 1)[1])

    def stop(self) -> int:
        """Ask the process to end, and return its exit code."""
        self._process.terminate()
        code = self._process.wait(timeout=15)
        self._process.stdout.close()
        return code

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send one request to the service's own paths."""
        headers = {"as-api-key": API_KEY} | options.pop("headers", {})
        return self.http.request(method, f"{self.base}/tracking/2026-07{path}", headers=headers, timeout=30, **options)

    def control(self, path: str, body: Any = None) -> Any:
        """Reach behind the counter: a POST with a body, a GET without."""
        method = "GET" if body is None else "POST"
        headers = {"as-api-key": API_KEY}
        response = self.http.request(method, f"{self.base}/_control/{path}", headers=headers, json=body, timeout=30)
        assert response.ok, response.text
        return response.json()

    def fault(self, kind: str, *, times: int = 1, seconds: float = 2, match: str = "*") -> None:
        """Let something go wrong so many times."""
        self.control("faults", [{"match": match, "kind": kind, "times": times, "seconds": seconds}])

    def requests(self, method: str = "") -> list[str]:
        """Return method and path of each request so far, or of those with one method."""
        seen = [f"{row['method']} {row['path']}" for row in self.control("ledger")["requests"]]
        return [one for one in seen if one.startswith(method)]
