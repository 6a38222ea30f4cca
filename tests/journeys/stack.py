"""The whole shop as real processes: web, relay, worker, suppliers, payment sandbox, for tests."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests

from tests import tables
from tests.demo.payment_process import SECRET_KEY, WEBHOOK_SECRET, SandboxProcess
from tests.demo.supplier_process import API_KEY, PROFILES, ROOT, SECRET, SupplierProcess
from tests.journeys.account import Account

CATALOGUES = ROOT / "demo" / "catalogue"
PASSWORD = "demo-demo-demo"
AGENT = "agent@demo.test"
# Few goods, so that a stack is up in seconds; the whole catalogue has its own tests.
GOODS = {"harbour": ["HB-001-A", "HB-004"], "meridian": ["MD-001", "MD-002"]}


def free_port() -> int:
    """Return a port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(question: Callable[[], Any], what: str, seconds: float = 120) -> Any:
    """Ask until the answer is true, and return it; fail with ``what`` when it never is."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = question()
        if answer:
            return answer
        time.sleep(0.2)
    raise AssertionError(f"did not happen within {seconds:.0f} s: {what}")


class Stack:
    """Starts everything in ``folder``; processes can be killed and started again by name."""

    names: tuple[str, ...] = ("web", "worker", "relay")
    seed = "tests.journeys.seed"

    def __init__(
        self, folder: Path, *, speed: float = 12, webhooks: bool = True, polling: bool = True, redis_url: str = ""
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.webhooks = webhooks
        self.polling = polling
        self.speed = speed
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.redis_url = redis_url or os.environ.get("REDIS_URL", "")
        self._exit = ExitStack()
        self.suppliers: dict[str, SupplierProcess] = {}
        self.sandbox: SandboxProcess | None = None
        self._account: Account | None = None

    # --- life

    def __enter__(self) -> Stack:
        try:
            self._start_outside()
            self.env = self._environment()
            self.run_python("-m", self.seed)
            for name in self.names:
                self.start(name)
            wait_for(self._answers, "the web server answers")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop everything; what does not stop is killed."""
        for name in list(self.processes):
            self.stop(name)
        self._exit.close()

    def _start_outside(self) -> None:
        hook = f"{self.base}/webhooks/stripe/" if self.webhooks else None
        self.sandbox = SandboxProcess(self.folder / "payments.sqlite3", webhook_url=hook).start()
        self._exit.callback(self.sandbox.stop)
        for slug in GOODS:
            hook = f"{self.base}/webhooks/suppliers/{slug}/" if self.webhooks else None
            supplier = SupplierProcess(self._small_profile(slug), speed=self.speed, webhook_url=hook)
            supplier.start()
            self._exit.callback(supplier.__exit__)
            self.suppliers[slug] = supplier

    def _small_profile(self, slug: str) -> Path:
        catalogue = json.loads((CATALOGUES / f"{slug}.json").read_text())
        catalogue["items"] = [entry for entry in catalogue["items"] if self._is_wanted(slug, entry)]
        assert len(catalogue["items"]) >= 2, f"the demo catalogue of {slug} has changed"
        (self.folder / f"{slug}-goods.json").write_text(json.dumps(catalogue))
        profile = json.loads((PROFILES / f"{slug}.json").read_text())
        profile["catalogue"] = str(self.folder / f"{slug}-goods.json")
        path = self.folder / f"{slug}.json"
        path.write_text(json.dumps(profile))
        return path

    @staticmethod
    def _is_wanted(slug: str, entry: dict[str, Any]) -> bool:
        item, stock = entry["item"], entry["stock"]
        single = item.get("parent_sku") is None and (stock["quantity"] or 0) >= 10
        entry["pictures"] = entry["pictures"][:1]
        return single and not item.get("attributes", {}).get("Not returnable") and item["sku"][-1] in "45670"

    def _environment(self) -> dict[str, str]:
        assert self.sandbox is not None
        seed = {
            slug: {"base": supplier.base, "key": API_KEY, "secret": SECRET} for slug, supplier in self.suppliers.items()
        }
        return os.environ | {
            "WAYBILL_IGNORE_ENV_FILES": "1",
            "WAYBILL_TESTING": "",
            "DEBUG": "1",
            "VAR_DIR": str(self.folder / "var"),
            "DATABASE_URL": self._database(),
            "REDIS_URL": self.redis_url,
            "REDIS_KEY_PREFIX": f"journey-{uuid4().hex[:8]}",
            "SITE_URL": self.base,
            "OUTBOUND_ALLOW_PRIVATE": "1",
            "STRIPE_API_BASE": self.sandbox.base,
            "STRIPE_SECRET_KEY": SECRET_KEY,
            "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "SUPPLIER_POLL_SECONDS": "2" if self.polling else "86400",
            "SUPPLIER_READ_SECONDS": "2",
            "HAND_OVER_SECONDS": "3",
            "LEASE_SECONDS": "5",
            "TOGETHER_SECONDS": "0.5",
            "RETRY_SECONDS": "1",
            "RETRY_MAX_SECONDS": "4",
            "RECONCILE_SECONDS": "3",
            "FORWARD_GRACE_SECONDS": "0",
            "PAY_PAGES_PER_VISITOR": "0",
            "CARD_DECLINES_PER_VISITOR": "0",
            "CARD_CIRCUIT_PERCENT": "100",
            "CHECKOUT_MIN_SECONDS": "0",
            "EMAIL_URL": "",
            "LOG_LEVEL": "WARNING",
            "JOURNEY_SUPPLIERS": json.dumps(seed),
            "JOURNEY_POLLING": "1" if self.polling else "",
        }

    def _database(self) -> str:
        """Make this shop's own database, with its tables; return its address."""
        url = os.environ.get("DATABASE_URL", "")
        if not url.startswith("postgres"):
            tables.copy_to_file(self.folder / "shop.sqlite3")
            return f"sqlite:///{self.folder / 'shop.sqlite3'}"
        name = f"waybill_journey_{uuid4().hex[:8]}"
        tables.copy_to_database(url, name)
        self._exit.callback(tables.drop_database, url, name)
        return tables.with_name(url, name)

    # --- processes

    def manage(self, *words: str) -> str:
        """Run a management command and return what it prints."""
        return self.run_python("manage.py", *words)

    def run_python(self, *words: str) -> str:
        """Run Python in the shop's environment; fail with its output when it fails."""
        done = subprocess.run(
            [sys.executable, *words], cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, f"{words}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def command(self, name: str) -> list[str]:
        """Return what Python runs as web, worker or relay; a digit at the end makes one more of a kind."""
        worker = ["-m", "celery", "-A", "config", "worker", "--pool", "threads", "--concurrency", "4"]
        worker += ["--loglevel", "WARNING", "-Q", "engine,suppliers,payments,mail,pictures,events"]
        worker += ["--without-gossip", "--without-mingle", "-n", f"{name}@%h"]
        web = ["-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{self.port}", "--threads", "4", "--workers", "1"]
        return {"web": web, "worker": worker, "relay": ["manage.py", "relay"]}[name.rstrip("0123456789")]

    def start(self, name: str) -> None:
        """Start web, worker or relay; its output goes to a file in the folder."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *self.command(name)],
                cwd=ROOT,
                # PostgreSQL shows the name beside each connection.
                env=self.env | {"PGAPPNAME": name},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def stop(self, name: str) -> None:
        """Ask a process to end; kill it when it does not."""
        process = self.processes.pop(name)
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def kill(self, name: str) -> None:
        """End a process and its children without a warning."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def make_whole(self) -> None:
        """End what was planned to go wrong at suppliers, and start again whatever is not running."""
        for supplier in self.suppliers.values():
            supplier.control("faults", [])
        for name in set(self.names) - self.processes.keys():
            self.start(name)

    def log(self, name: str) -> str:
        """Return what a process has printed so far."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.base}/health/live", timeout=2).ok
        except requests.RequestException:
            return False

    # --- what the world knows

    def mails(self) -> list[EmailMessage]:
        """Return every mail that was sent, as received."""
        folder = self.folder / "var" / "mail"
        files = sorted(folder.glob("**/*.eml"), key=lambda file: file.stat().st_mtime_ns)
        return [BytesParser(policy=policy.default).parsebytes(file.read_bytes()) for file in files]

    def export(self) -> list[dict[str, Any]]:
        """Return the shop's own account of all orders, as outside checkers read it."""
        if self._account is None:
            self._account = Account(self.env)
            self._exit.callback(self._account.close)
        return self._account.orders()

    def order(self, number: str) -> dict[str, Any]:
        """Return the shop's own account of one order."""
        return next(order for order in self.export() if order["number"] == number)

    def effects(self) -> dict[str, int]:
        """Return, from the suppliers' own ledgers, how many orders each of our references made."""
        books = (supplier.books()["orders"] for supplier in self.suppliers.values())
        return {order["reference"]: order["effects"] for orders in books for order in orders}
