"""What a minute's asking about parcels costs, however many are on their way, beside a plain reading of what is due.

``DATABASE_URL=postgres://… python -m benchmarks.polling`` makes a database of its own on that server, with so many
orders and parcels on their way, and drops it again (``--parcels 20000``: a small one). The tracking service answers
after 50 ms and has news of every fifth parcel. PostgreSQL must be on the same machine.

calls         calls to the service in one minute
statements    statements per parcel asked about
s             seconds that minute's work takes one reader; 60 would be too many
app_ms, db_ms CPU of the reader and of the database per parcel
memory_mib    growth of the reader's memory from its first batch to its last: flat, or it would not end
times_select  seconds of the whole work beside those of a plain SELECT of the due rows, without a call or a write
"""

from __future__ import annotations

import argparse
import os
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from benchmarks.meter import DatabaseMeter, used_between
from benchmarks.stage import database, make_tables, process, production
from benchmarks.stub_carrier import OLD

PORT = 18_461
STUB = f"http://127.0.0.1:{PORT}"
# A parcel on its way is asked about every four hours.
MINUTES = 240


def prepare(folder: str, url: str) -> None:
    """Set the environment, and make the tables."""
    os.environ |= production(folder, url, "") | {
        "OUTBOUND_ALLOW_PRIVATE": "1",
        "AFTERSHIP_API_KEY": "benchmark",
        "AFTERSHIP_API_BASE": STUB,
    }
    make_tables(os.environ)
    import django

    django.setup()


def fill(count: int) -> None:
    """Make so many orders of one line, each in a parcel on its way; they are due within four hours of each other."""
    from django.db import connection

    from orders.models import Order, OrderDelivery, OrderLine, Shipment, ShipmentLine
    from suppliers.models import ParcelWatch
    from tests.factories import make_paid_order, make_supplier, make_variant
    from tests.parcels import told_parcel

    # One of each is made as the shop makes it, and copied.
    order = make_paid_order((make_variant(make_supplier(), stock=None), 1))
    told_parcel(order, "in_transit", tracking_number="N0")
    Shipment.objects.update(carrier_scanned_at=OLD, is_followed=True)
    watch = {"service": "aftership", "service_id": "id-N0", "tracking_number": "N0", "told_at": OLD}
    ParcelWatch.objects.create(shipment=Shipment.objects.get(), due_at=OLD, **watch)
    number = "'N' || g"
    # None comes due by itself while it is measured.
    due = f"now() + interval '1 day' + interval '1 minute' * ((g %% {MINUTES * 60}) / 60.0)"
    own = {"number": "'B-' || g", "token": "md5(g::text) || md5('t' || g)", "basket_generation": "g"}
    copy(Order, count, own)
    copy(OrderDelivery, count, {"order_id": "g"})
    copy(OrderLine, count, {"order_id": "g", "delivery_id": "g"})
    copy(Shipment, count, {"order_id": "g", "delivery_id": "g", "tracking_number": number})
    copy(ShipmentLine, count, {"shipment_id": "g", "line_id": "g"})
    ids = {"shipment_id": "g", "tracking_number": number, "service_id": f"'id-' || {number}", "due_at": due}
    copy(ParcelWatch, count, ids)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def copy(model: Any, count: int, changes: dict[str, str]) -> None:
    """Copy the one row of a table, under the ids from 10 on; ``changes`` are columns that differ, in SQL of ``g``."""
    from django.db import connection

    names = [field.column for field in model._meta.concrete_fields if field.column != "id"]
    quoted = [f'"{name}"' for name in names]
    values = [changes.get(name, f't."{name}"') for name in names]
    table = model._meta.db_table
    first = model.objects.order_by("pk").values_list("pk", flat=True)[0]
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{table}" (id, {", ".join(quoted)}) SELECT g, {", ".join(values)} FROM "{table}" t, '  # noqa: S608
            f"generate_series(10, %s) g WHERE t.id = %s",
            [count + 9, first],
        )


def resident_mib() -> float:
    """Return how much memory this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024 / 1024


class Minute:
    """One minute's work of the reader, measured."""

    def __init__(self, meter: DatabaseMeter) -> None:
        self.meter, self.statements, self.memory = meter, 0, 0.0

    def _count(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.statements += 1
        return execute(sql, params, many, context)

    def select(self) -> float:
        """Return how long a plain reading of the due rows takes, the best of three."""
        from django.db.models.functions import Now

        from suppliers.models import ParcelWatch

        due = ParcelWatch.objects.filter(service="aftership", due_at__lte=Now()).order_by("due_at", "pk")
        times = []
        for _time in range(3):
            began = time.monotonic()
            list(due.all())
            times.append(time.monotonic() - began)
        return min(times)

    def work(self) -> dict[str, float]:
        """Let the reader work through what is due, turn by turn as the relay would."""
        from django.db import connection
        from django.db.models.functions import Now

        from orders import lease
        from suppliers.actions.follow import read_service
        from suppliers.models import ParcelWatch, TrackingService

        service = TrackingService.objects.get(slug="aftership")
        due = ParcelWatch.objects.filter(due_at__lte=Now())
        count, limit = due.count(), self.select()
        base, own, began = self.meter.seconds(), time.process_time(), time.monotonic()
        first = resident_mib()
        with connection.execute_wrapper(self._count):
            while due.exists():
                TrackingService.objects.update(due_at=lease.db_now_plus(0))
                read_service(service.pk)
        seconds = time.monotonic() - began
        left = TrackingService.objects.get(pk=service.pk)
        if left.last_error:
            raise SystemExit(left.last_error)
        return {
            "due": count,
            "statements": self.statements / count,
            "s": seconds,
            "app_ms": (time.process_time() - own) * 1000 / count,
            "db_ms": used_between(base, self.meter.seconds()) * 1000 / count,
            "memory_mib": resident_mib() - first,
            "times_select": seconds / limit,
        }


def measure(count: int, server: str, url: str) -> dict[str, float]:
    """Measure one minute, after another that warms everything up."""
    from urllib.request import urlopen

    from django.utils import timezone

    from suppliers.actions.follow import tend_carriers
    from suppliers.models import ParcelWatch

    began = time.monotonic()
    fill(count)
    print(f"{count:,} parcels on their way, written in {time.monotonic() - began:.0f} s", flush=True)
    began = time.monotonic()
    tend_carriers(now=timezone.now())
    print(f"looking for parcels that nobody follows, once an hour: {time.monotonic() - began:.2f} s", flush=True)
    meter = DatabaseMeter(server, urlsplit(url).path.removeprefix("/"))
    for _minute in ("warm", "measured"):
        rows = ParcelWatch.objects.order_by("due_at").values("pk")[: max(1, count // MINUTES)]
        ParcelWatch.objects.filter(pk__in=rows).update(due_at=timezone.now())
        with urlopen(f"{STUB}/asked", timeout=10) as told:
            before = int(told.read())
        found = Minute(meter).work()
        with urlopen(f"{STUB}/asked", timeout=10) as told:
            found["calls"] = int(told.read()) - before
    meter.close()
    return found


def main() -> None:
    """Measure, and end with one line of results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parcels", type=int, default=1_000_000, help="parcels on their way")
    options = parser.parse_args()
    server = os.environ["DATABASE_URL"]
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory())
        url = stack.enter_context(database(server))
        prepare(folder, url)
        stack.enter_context(process("-m", "benchmarks.stub_carrier", str(PORT), says="listens"))
        found = measure(options.parcels, server, url)
        from django.db import connections

        connections.close_all()
    print("RESULT", f"parcels={options.parcels}", " ".join(f"{name}={value:.2f}" for name, value in found.items()))


if __name__ == "__main__":
    main()
