"""How fast paid orders reach their suppliers, beside the plain limit of the same worker, in the same run.

``DATABASE_URL=postgres://… REDIS_URL=redis://… python -m benchmarks.forwarding`` makes a database of its own on that
server and drops it again. Two workers with 8 threads each, as in docker-compose.yml, for the shop as for the plain
limit; the relay; and a supplier that answers after 50 ms.

share         supplier orders placed per second (from paid orders in the database, all rows written) / plain POST tasks
drain_s       seconds until all paid orders, for two suppliers each, are placed
p95_s         from a payment's commit to the supplier's being called, one order at a time
others_share  orders placed per second at a fast supplier while another answers after 10 s / while that one is fast

Mails wait in their own queue, for a worker of their own that is not started here.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryDirectory

import requests

from benchmarks.stage import database, make_tables, process, production

PORT = 18_451
STUB = f"http://127.0.0.1:{PORT}"
WORKERS = 2
THREADS = "8"
LATENCY = "0.05"
SLOW = "10"


@contextmanager
def workers(app: str, queues: str) -> Iterator[None]:
    """Run the workers, each as in docker-compose.yml."""
    words = ("-m", "celery", "-A", app, "worker", "--pool", "threads", "--concurrency", THREADS, "--loglevel", "ERROR")
    with ExitStack() as stack:
        for number in range(WORKERS):
            name = ("-n", f"{app.partition('.')[0]}{number}@bench")
            more = ("-Q", queues, "--without-gossip", "--without-mingle", "--without-heartbeat")
            stack.enter_context(process(*words, *name, *more))
        yield


def prepare(folder: str, url: str, redis_url: str) -> None:
    """Set the environment of all processes, and make the tables."""
    os.environ |= production(folder, url, redis_url) | {
        "OUTBOUND_ALLOW_PRIVATE": "1",
        "FORWARD_GRACE_SECONDS": "0",
        "SUPPLIER_THREADS": THREADS,
        "BARE_URL": f"{STUB}/{LATENCY}/bare",
    }
    make_tables(os.environ)
    import django

    django.setup()


def arrivals() -> dict[str, float]:
    """Return when each reference arrived at the supplier."""
    return requests.get(f"{STUB}/log", timeout=30).json()


def rate_of_bare(count: int) -> float:
    """Return plain POST tasks per second."""
    from benchmarks.bare import app

    requests.post(f"{STUB}/forget", timeout=10)
    with app.producer_or_acquire() as producer:
        for number in range(count):
            app.send_task("bare.post", (f"bare-{number}",), queue="bare", producer=producer)
    with workers("benchmarks.bare", "bare"):
        wait_until(lambda: len(arrivals()) == count, 120)
    times = sorted(arrivals().values())
    # Its start-up is not its speed.
    return (count - 1 - count // 10) / (times[-1] - times[count // 10])


def wait_until(question: Callable[[], bool], seconds: float) -> None:
    """Ask until it is true; give up loudly."""
    until = time.monotonic() + seconds
    while not question():
        if time.monotonic() > until:
            raise SystemExit("it did not come to an end in time")
        time.sleep(0.05)


class Shop:
    """Suppliers, one thing of each, and paid orders."""

    def __init__(self) -> None:
        from tests.factories import make_supplier, make_variant

        self.variants = []
        for slug, seconds in (("first", LATENCY), ("second", LATENCY), ("third", LATENCY), ("slow", SLOW)):
            supplier = make_supplier(slug, base_url=f"{STUB}/{seconds}/v1", uses_polling=False)
            self.variants.append(make_variant(supplier, stock=None))
        self.first, self.second, self.third, self.slow = self.variants

    def pay(self, count: int, *variants: object) -> float:
        """Have so many orders paid; return the time of the last commit."""
        from tests.factories import make_order, record_payment

        for _number in range(count):
            order = make_order(*((variant, 1) for variant in variants))
            record_payment(
                order, stripe_id=f"pi_{order.number}", paid=order.total, card_brand="visa", card_last4="4242"
            )
        return time.time()

    def check(self) -> None:
        """Give up unless every answer was taken in: what goes wrong costs other work than what is measured."""
        from orders.models import WorkItem

        if work := list(WorkItem.objects.values_list("reason", "summary")[:3]):
            raise SystemExit(f"people were asked: {work}")

    def drain(self, count: int, *, slugs: tuple[str, ...] = ("first", "second"), seconds: float = 300) -> float:
        """Start the relay, wait until so many supplier orders are placed, return how long it took."""
        from suppliers.models import SupplierOrder

        placed = SupplierOrder.objects.filter(status="placed", supplier__slug__in=slugs)
        before = placed.count()
        with process("manage.py", "relay", says="running"):
            began = time.monotonic()
            wait_until(lambda: placed.count() - before >= count, seconds)
            return time.monotonic() - began

    def rate_beside(self, other: object, count: int) -> float:
        """Return orders placed per second at the first supplier, with one order in six for another one."""
        for _number in range(count // 5):
            self.pay(5, self.first)
            self.pay(1, other)
        return count / self.drain(count)

    def latencies(self, count: int) -> list[float]:
        """Return seconds from a payment to the supplier's being called, one after the other."""
        found = []
        with process("manage.py", "relay", says="running"):
            time.sleep(3)
            for _number in range(count):
                known = len(arrivals())
                paid_at = self.pay(1, self.first)
                wait_until(lambda known=known: len(arrivals()) > known, 60)
                found.append(max(arrivals().values()) - paid_at)
                # Not in step with the relay, and idle again by then.
                time.sleep(random.uniform(2.2, 2.9))
        return found


def measure(orders: int, tries: int) -> dict[str, float]:
    """Measure everything once."""
    shop = Shop()
    # The limit before and after, for the machine is not alone.
    bare = [rate_of_bare(orders)]
    with workers("config", "engine,suppliers"):
        shop.pay(20, shop.first, shop.second)
        shop.drain(40)
        shop.pay(orders, shop.first, shop.second)
        drain_s = shop.drain(orders * 2)
        latencies = shop.latencies(tries)
        beside_fast = shop.rate_beside(shop.third, orders // 2)
        beside_slow = shop.rate_beside(shop.slow, orders // 2)
    shop.check()
    bare.append(rate_of_bare(orders))
    print(f"plain limit {', '.join(f'{rate:.0f}' for rate in bare)}/s; forwarded {orders * 2 / drain_s:.0f}/s")
    print(f"one supplier beside a fast one {beside_fast:.0f}/s, beside a slow one {beside_slow:.0f}/s")
    print(f"payment to call: median {statistics.median(latencies):.2f} s, longest {max(latencies):.2f} s")
    return {
        "share": orders * 2 / drain_s / statistics.mean(bare),
        "drain_s": drain_s,
        "p95_s": statistics.quantiles(latencies, n=20)[-1],
        "others_share": beside_slow / beside_fast,
    }


def main() -> None:
    """Measure, and end with one line of results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=1000, help="paid orders, for two suppliers each")
    parser.add_argument("--tries", type=int, default=30, help="payments whose way is timed")
    options = parser.parse_args()
    server, redis_url = os.environ["DATABASE_URL"], os.environ["REDIS_URL"]
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory())
        url = stack.enter_context(database(server))
        prepare(folder, url, redis_url)
        stack.enter_context(process("-m", "benchmarks.stub_supplier", str(PORT), says="listens"))
        found = measure(options.orders, options.tries)
        from django.db import connections

        connections.close_all()
    print("RESULT", " ".join(f"{name}={value:.2f}" for name, value in found.items()))


if __name__ == "__main__":
    main()
