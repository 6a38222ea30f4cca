"""One shop of a size as production runs it: its database, its goods, its payment sandbox, its gunicorn, its customers."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.error import URLError
from urllib.parse import quote, urlsplit
from urllib.request import urlopen

from benchmarks.meter import DatabaseMeter, tree_seconds, used_between
from benchmarks.stage import ROOT, copy_database, database, has_database, make_tables, process, production
from benchmarks.visitor import Visitor

PAYMENT_KEY, WEBHOOK_KEY = "sk_test_sandbox_benchmark", "whsec_benchmark"
START_SECONDS = 60
# As docker-compose.yml starts it.
WORKERS, THREADS = "2", "4"
CUSTOMERS = 4
IN_BASKET = 3

Act = Callable[[Visitor], object]


@dataclass(frozen=True, slots=True)
class Sample:
    """What one target did in one round; CPU in milliseconds per request (or purchase)."""

    per_second: float
    app_ms: float
    database_ms: float
    load_ms: float

    @property
    def cpu_ms(self) -> float:
        """Server and database together."""
        return self.app_ms + self.database_ms


class House:
    """A running shop with so many variants."""

    def __init__(self, size: int, server: str, port: int, folder: str, stack: ExitStack, kept: str = "") -> None:
        """``kept``: the name of a database with these goods, to be copied; it is made first if there is none."""
        self.size, self.port, self.payments = size, port, port + 1
        is_filled = bool(kept) and has_database(server, kept)
        url = stack.enter_context(database(server, kept if is_filled else "template1"))
        self.env = os.environ | production(folder, url, os.environ.get("REDIS_URL", "")) | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "TRUSTED_PROXIES": "1",
            # Nobody reads here.
            "CHECKOUT_MIN_SECONDS": "0",
            "STRIPE_SECRET_KEY": PAYMENT_KEY,
            "STRIPE_WEBHOOK_SECRET": WEBHOOK_KEY,
            "BENCHMARK_PAYMENTS": f"http://127.0.0.1:{self.payments}",
        }  # fmt: skip
        self.file = Path(folder) / f"addresses-{size}.json"
        if not is_filled:
            self._fill(url)
            if kept:
                copy_database(server, urlsplit(url).path.removeprefix("/"), kept)
        self._look_up(server, url)
        self.known = json.loads(self.file.read_text())
        self._start(stack, folder)
        self.meter = DatabaseMeter(server, urlsplit(url).path.removeprefix("/"))
        stack.callback(self.meter.close)
        self.guests = [Visitor(port) for _number in range(CUSTOMERS)]
        self.holders = [Visitor(port) for _number in range(CUSTOMERS)]
        for holder in self.holders:
            for slug, sku in random.sample(self.known["goods"], IN_BASKET):
                holder.put_in(slug, sku)

    def _fill(self, url: str) -> None:
        make_tables(self.env)
        began = time.monotonic()
        words = [sys.executable, "-m", "benchmarks.goods", str(self.size)]
        subprocess.run(words, cwd=ROOT, env=self.env, check=True)
        print(f"{self.size:,} variants written in {time.monotonic() - began:.0f} s", flush=True)

    def _look_up(self, server: str, url: str) -> None:
        """Write down the addresses that may be asked for, and keep each statement to its own process."""
        name = urlsplit(url).path.removeprefix("/")
        with DatabaseMeter(server, name).connection as connection:
            # Helpers of a statement are gone before anybody could ask what they used: each does its work alone.
            connection.execute(f'ALTER DATABASE "{name}" SET max_parallel_workers_per_gather = 0')
        with self.file.open("w") as file:
            subprocess.run([sys.executable, "-m", "benchmarks.goods"], cwd=ROOT, env=self.env, check=True, stdout=file)

    def _start(self, stack: ExitStack, folder: str) -> None:
        sandbox = ["-m", "demo.payments", "--port", str(self.payments), "--secret-key", PAYMENT_KEY]
        sandbox += ["--ledger", f"{folder}/payments-{self.size}.sqlite3", "--webhook-secret", WEBHOOK_KEY]
        stack.enter_context(process(*sandbox, says="listening"))
        words = ["-m", "gunicorn", "benchmarks.wsgi", "--bind", f"127.0.0.1:{self.port}", "--log-level", "error"]
        words += ["--workers", WORKERS, "--threads", THREADS, "--no-control-socket"]
        self.server = stack.enter_context(process(*words, env=self.env))
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            try:
                with urlopen(f"http://127.0.0.1:{self.port}/health/live", timeout=5):
                    return
            except (URLError, OSError):
                time.sleep(0.2)
        raise SystemExit("the shop does not answer")

    def statements(self) -> dict[str, dict[str, tuple[int, int]]]:
        """Count what pages ask of the database, in a process of its own."""
        words = [sys.executable, "-m", "benchmarks.statements", str(self.file)]
        done = subprocess.run(words, cwd=ROOT, env=self.env, check=True, stdout=subprocess.PIPE, text=True)
        return json.loads(done.stdout)

    def targets(self) -> dict[str, Act]:
        """Return what customers do, by its name; each time with another product, category or word."""
        slugs, parts, words = self.known["products"], self.known["categories"], self.known["queries"]
        pick = random.choice
        return {
            "home": lambda one: one.arrive("/"),
            "category": lambda one: one.arrive(f"/c/{pick(parts)}/"),
            "product": lambda one: one.arrive(f"/p/{pick(slugs)}/"),
            "search": lambda one: one.arrive(f"/search/?q={quote(pick(words))}"),
            "next product": lambda one: one.get(f"/p/{pick(slugs)}/"),
            "basket": lambda one: one.get("/basket/"),
            "purchase": lambda one: Visitor(one.port).buy(*pick(self.known["goods"]), self.payments),
            "lean list": lambda one: one.arrive(f"/lean/c/{pick(parts)}/"),
            "lean product": lambda one: one.arrive(f"/lean/p/{pick(slugs)}/"),
            "lean search": lambda one: one.arrive(f"/lean/search/?q={quote(pick(words))}"),
            "bare": lambda one: one.arrive("/lean/bare/"),
        }

    def measure(self, name: str, seconds: float) -> Sample:
        """Let the customers do one thing again and again for so long."""
        customers = self.holders if name == "basket" else self.guests
        for one in customers:
            one.new_connection()
        own, app, base = time.process_time(), tree_seconds(self.server.pid), self.meter.seconds()
        began = time.monotonic()
        times = sum(at_once(self.targets()[name], customers, began + seconds))
        took = time.monotonic() - began
        app, own = tree_seconds(self.server.pid) - app, time.process_time() - own
        used = used_between(base, self.meter.seconds())
        return Sample(times / took, app * 1000 / times, used * 1000 / times, own * 1000 / times)

    def memory(self) -> float:
        """Return what the server's processes keep in memory, shared pages by their share, in MiB."""
        return sum(_proportional(pid) for pid in _tree(self.server.pid)) / 1024


def at_once(act: Act, customers: list[Visitor], until: float) -> list[int]:
    """Have every customer act in a thread of their own until then; return how often each did."""
    done = [0] * len(customers)
    failures: list[Exception] = []

    def go(place: int) -> None:
        while time.monotonic() < until and not failures:
            try:
                act(customers[place])
            except Exception as error:  # noqa: BLE001 - told below, where it ends the benchmark
                failures.append(error)
            else:
                done[place] += 1

    threads = [threading.Thread(target=go, args=(place,)) for place in range(len(customers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise SystemExit(f"{type(failures[0]).__name__}: {failures[0]}")
    return done


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield from _tree(int(child))


def _proportional(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def is_open(port: int) -> bool:
    """True if somebody listens there already."""
    connection = HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.connect()
    except OSError:
        return False
    connection.close()
    return True
