"""What the pages of the shop window and a whole purchase cost, beside lean pages in the same run.

``DATABASE_URL=postgres://… python -m benchmarks.pages`` makes a database for each size on that server, which must
run on this machine, and drops them again; with ``REDIS_URL`` the cache is there. A small run:
``--sizes 1000,20000 --rounds 1 --seconds 1``. A million variants take a while to write: with ``--keep`` a copy of
each filled database stays on the server, and the next run with it begins there (a change of the tables begins anew).

Each shop runs as in docker-compose.yml: gunicorn with 2 processes, lasting connections, DEBUG off. Four customers ask
again and again; targets and sizes take turns in rounds, every second round backwards; medians are told.

CPU is that of the server's processes and of its connections to PostgreSQL, in milliseconds per request; that of the
customers (``load``) stands by itself; that of Redis and of the payment sandbox, whose webhooks do not come, counts
nowhere. Lean pages and the bare view are those of ``benchmarks/lean.py``; whoever asks for one, or for one of ours
beside it, comes without cookies. A purchase is a guest's: product, basket, checkout, pay page, thank-you. What a large
list holds is kept for a minute (docs/adr/0024), and a turn comes when it is over: the shorter the turns, the more of
their searches are first ones.

worst_growth       CPU at the largest size / at the smallest, of the page (or the purchase) where it is worst
worst_cpu_share    CPU of home, category, product, search / of the lean page beside it, at 20,000 variants (or what
                   comes next to it), of the page where it is worst; visitors without cookies
orders_per_second  whole purchases per second, at that size
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from tempfile import TemporaryDirectory
from zlib import crc32

from benchmarks.house import House, Sample, is_open
from benchmarks.stage import ROOT

PORT = 18_470
LEAN = {"home": "lean list", "category": "lean list", "product": "lean product", "search": "lean search"}
# The next product shows those that were looked at before as well.
OURS = (*LEAN, "next product", "basket", "purchase")
BESIDE = ("lean list", "lean product", "lean search", "bare")
USUAL_SIZE = 20_000
WARM_UP_SECONDS = 1.0

Medians = dict[tuple[str, int], Sample]


def open_houses(sizes: list[int], server: str, port: int, stack: ExitStack, *, keep: bool) -> list[House]:
    """Bring up a shop of each size; ``keep``: with goods that stay for the next time."""
    folder = stack.enter_context(TemporaryDirectory())
    ports = [port + 2 * place for place in range(len(sizes))]
    if taken := [one for first in ports for one in (first, first + 1) if is_open(one)]:
        raise SystemExit(f"port {taken[0]} is in use; choose others by --port")
    houses = []
    for size, first in zip(sizes, ports, strict=True):
        if not houses:
            collect_static(folder)
        houses.append(House(size, server, first, folder, stack, kept_name(size) if keep else ""))
    return houses


def kept_name(size: int) -> str:
    """Return what a filled database is called; another one as soon as the tables or the goods are others."""
    written_by = (ROOT / "benchmarks" / name for name in ("goods.py", "lean_tables.py"))
    sources = [*sorted(ROOT.glob("*/migrations/*.py")), *written_by]
    mark = crc32(b"".join(file.read_bytes() for file in sources))
    return f"waybill_kept_{size}_{mark:08x}"


def collect_static(folder: str) -> None:
    """Write the files that pages name, with the marks of their contents, where all shops look for them."""
    env = os.environ | {"WAYBILL_IGNORE_ENV_FILES": "1", "VAR_DIR": folder, "ALLOWED_HOSTS": "x", "DEBUG": "0"}
    env |= dict.fromkeys(("SECRET_KEY", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"), "x" * 50)
    env |= {"FIELD_ENCRYPTION_KEY": "x" * 43 + "="}
    subprocess.run([sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"], cwd=ROOT, env=env, check=True)


def measure(houses: list[House], names: Sequence[str], rounds: int, seconds: float) -> Medians:
    """Let all targets of all sizes take turns."""
    turns = [(name, house) for name in (*names, *BESIDE) for house in houses]
    for name, house in turns:
        house.measure(name, min(seconds, WARM_UP_SECONDS))
    samples: dict[tuple[str, int], list[Sample]] = {}
    for number in range(rounds):
        for name, house in reversed(turns) if number % 2 else turns:
            samples.setdefault((name, house.size), []).append(house.measure(name, seconds))
        print(f"round {number + 1} of {rounds}", flush=True)
    return {key: _median(found) for key, found in samples.items()}


def _median(found: list[Sample]) -> Sample:
    # The turn in the middle, by its CPU: its columns then belong together.
    return sorted(found, key=lambda one: one.cpu_ms)[(len(found) - 1) // 2]


def table(house: House, found: Medians) -> None:
    """Print all targets of one size."""
    counted, size = house.statements(), house.size
    print(f"\n{size:,} variants; the server's processes keep {house.memory():.0f} MiB")
    print(
        f"{'':14}{'SQL':>5}{'+basket':>9}{'kB':>7}{'req/s':>8}{'CPU ms':>8}{'app':>7}{'db':>7}{'load':>7}{'of lean':>9}"
    )
    for name in (name for name in (*OURS, *BESIDE) if (name, size) in found):
        one = found[name, size]
        guest, holder = counted["guest"].get(name), counted["with a basket"].get(name)
        sql = guest[0] if guest else ""
        more = f"{holder[0] - guest[0]:+}" if guest and holder else holder[0] if holder else ""
        kilobytes = f"{(guest or holder)[1] / 1000:.1f}" if guest or holder else ""
        share = f"{one.cpu_ms / found[LEAN[name], size].cpu_ms:.2f}" if name in LEAN else ""
        print(
            f"{name:14}{sql:>5}{more:>9}{kilobytes:>7}{one.per_second:>8.1f}{one.cpu_ms:>8.2f}{one.app_ms:>7.2f}"
            f"{one.database_ms:>7.2f}{one.load_ms:>7.2f}{share:>9}"
        )
    calls = counted["purchase"]
    print(f"a purchase: {len(calls)} requests, {sum(count for _call, count in calls)} statements:")
    print("  " + ", ".join(f"{call} {count}" for call, count in calls))


def results(sizes: list[int], names: Sequence[str], found: Medians) -> dict[str, float]:
    """Return the three figures, as far as what they are about was measured."""
    usual = min(sizes, key=lambda size: abs(size - USUAL_SIZE))
    growth = {name: found[name, max(sizes)].cpu_ms / found[name, min(sizes)].cpu_ms for name in names}
    shares = [found[name, usual].cpu_ms / found[LEAN[name], usual].cpu_ms for name in names if name in LEAN]
    print("\ngrowth  " + "  ".join(f"{name} {value:.2f}" for name, value in growth.items()))
    figures = {"worst_growth": max(growth.values())}
    if shares:
        figures["worst_cpu_share"] = max(shares)
    if "purchase" in names:
        figures["orders_per_second"] = found["purchase", usual].per_second
    return figures


def main() -> None:
    """Measure, and end with one line of results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="1000,20000,1000000", help="numbers of variants, with commas")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each target")
    parser.add_argument("--seconds", type=float, default=15, help="length of a turn")
    parser.add_argument("--port", type=int, default=PORT, help="the first of two for each size")
    parser.add_argument("--keep", action="store_true", help="keep the filled databases for the next run")
    parser.add_argument("--only", default=",".join(OURS), help="what is measured, with commas; all of it by default")
    options = parser.parse_args()
    names = options.only.split(",")
    if unknown := set(names) - set(OURS):
        parser.error(f"--only knows {', '.join(OURS)}, not {', '.join(unknown)}")
    sizes = sorted({int(text) for text in options.sizes.split(",")})
    # So that the databases are dropped and the processes ended then, too.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit("ended before the end"))
    with ExitStack() as stack:
        houses = open_houses(sizes, os.environ["DATABASE_URL"], options.port, stack, keep=options.keep)
        found = measure(houses, names, options.rounds, options.seconds)
        for house in houses:
            table(house, found)
        figures = results(sizes, names, found)
    print("RESULT", " ".join(f"{name}={value:.2f}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
