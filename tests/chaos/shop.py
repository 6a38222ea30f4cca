"""The whole shop as real processes, with four suppliers, two workers, a mail server and a Redis of its own."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from tests.chaos import goods
from tests.chaos.smtp_sink import SmtpSink
from tests.chaos.valkey import PrivateRedis
from tests.demo.payment_process import SandboxProcess
from tests.demo.supplier_process import SupplierProcess
from tests.journeys.stack import Stack

LEASE_SECONDS = 6
SUPPLIER_READ_SECONDS = 2
SECRET_CANARY = "sk_test_sandbox_tests"


class ChaosShop(Stack):
    """A stack whose every part can be hurt. ``orders`` sets the pace of reconciliation."""

    names = ("web", "worker", "worker2", "relay")
    seed = "tests.chaos.seed"

    def __init__(self, folder: Path, *, with_redis: bool, orders: int) -> None:
        self.redis = PrivateRedis(folder) if with_redis else None
        if self.redis:
            self.redis.start()
        # Not the caller's own Redis: this one can be killed, or there is none.
        super().__init__(folder, speed=12, redis_url=self.redis.url if self.redis else "")
        self.redis_url = self.redis.url if self.redis else ""
        self.sink = SmtpSink()
        self.orders = orders
        self.goods: dict[str, list[str]] = {}

    def close(self) -> None:
        """Stop everything; what does not stop is killed."""
        super().close()
        self.sink.stop()
        if self.redis:
            self.redis.kill()

    def _start_outside(self) -> None:
        hook = f"{self.base}/webhooks/stripe/"
        ledger, log = self.folder / "payments.sqlite3", self.folder / "payments.log"
        self.sandbox = SandboxProcess(ledger, webhook_url=hook, log=log).start()
        self._exit.callback(self.sandbox.stop)
        self.goods = goods.write_profiles(self.folder)
        for slug in goods.SUPPLIERS:
            hook = f"{self.base}/webhooks/suppliers/{slug}/" if slug in goods.WITH_WEBHOOKS else None
            ledger = self.folder / f"{slug}-ledger.sqlite3"
            supplier = SupplierProcess(
                self.folder / f"{slug}.json",
                ledger=ledger,
                speed=self.speed,
                webhook_url=hook,
                log=self.folder / f"{slug}.log",
            )
            supplier.start()
            self._exit.callback(supplier.__exit__)
            self.suppliers[slug] = supplier

    def _environment(self) -> dict[str, str]:
        return super()._environment() | {
            "CHAOS_PROFILES": str(self.folder),
            "EMAIL_URL": f"smtp://127.0.0.1:{self.sink.port}?timeout=2.5",
            "LEASE_SECONDS": str(LEASE_SECONDS),
            "TOGETHER_SECONDS": "0.8",
            # No call may outlast the lease: connect + twice the read time-out.
            "SUPPLIER_CONNECT_SECONDS": "1",
            "SUPPLIER_READ_SECONDS": str(SUPPLIER_READ_SECONDS),
            "STRIPE_TIMEOUT_SECONDS": "2.5",
            "HAND_OVER_SECONDS": "12",
            "RETRY_SECONDS": "1",
            # A minute in production: what slips at once is one mail.
            "DELAY_SETTLE_SECONDS": "2",
            "RETRY_MAX_SECONDS": "4",
            "SUPPLIER_POLL_SECONDS": "3",
            "PROBE_SECONDS": "2",
            "WAKE_SECONDS": "2",
            # What a payment cost us is known some time after it.
            "FEE_SECONDS": "5",
            "RECONCILE_SECONDS": "5" if self.orders <= 300 else "15",
            "LOG_LEVEL": "WARNING",
        }

    @property
    def database_url(self) -> str:
        """Return the address of this run's own database."""
        return self.env["DATABASE_URL"]

    def group(self, name: str) -> int:
        """Return the process group of one of ours."""
        return self.processes[name].pid

    def freeze(self, name: str) -> None:
        """Stop a process and its children where they stand."""
        os.killpg(self.group(name), signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Let them go on as if nothing had happened."""
        os.killpg(self.group(name), signal.SIGCONT)

    def end_gently(self, name: str, *, patience: float = 15) -> bool:
        """Ask a process to end by SIGTERM; kill it after ``patience``. True if it ended by itself."""
        process = self.processes.pop(name)
        process.terminate()
        deadline = time.monotonic() + patience
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        gently = process.poll() is not None
        if not gently:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return gently

    def ledger_of(self, slug: str) -> Path:
        """Return the file of a supplier's books."""
        return self.folder / f"{slug}-ledger.sqlite3"
