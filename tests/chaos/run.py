"""One chaos run from beginning to end: start, buy under faults, recover, collect, judge."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chaos import evidence as ledgers, plan, report
from tests.chaos.agent import Agent
from tests.chaos.checker import check
from tests.chaos.customers import Crowd
from tests.chaos.database import look_into
from tests.chaos.facts import Verdict
from tests.chaos.journal import Journal
from tests.chaos.nemesis import Nemesis
from tests.chaos.nemesis.world import World, lanes_of
from tests.chaos.shop import ChaosShop

# Two lanes of suppliers, each with its own two, so that faults of different suppliers overlap.
TARGETS = {"suppliers": ["harbour", "kestrel"], "suppliers2": ["meridian", "quay"]}
# A machine that is busy with other things takes longer than the promise; the number is measured all the same.
REST_WAITS = 300
SETTLED_IN_A_ROW = 3


@dataclass(frozen=True, slots=True)
class Size:
    """How large a run is. ``faults`` are planned; ``least`` and ``kinds`` must hit, 0 where it does not matter."""

    orders: int
    faults: int
    least: int
    kinds: int
    threads: int = 6
    per_second: float = 20


@dataclass
class Outcome:
    """What came of a run."""

    evidence: dict[str, Any]
    verdict: Verdict
    seconds: float
    short: list[str]


def run(
    folder: Path,
    *,
    arm: str,
    size: Size,
    seed: int,
    say: Callable[[str], None],
    only: frozenset[str] = frozenset(),
    timed: bool = True,
) -> Outcome:
    """Run once in ``folder``, which then holds plan, journal, evidence and every process's log.

    ``only`` keeps the plan to some kinds of faults; not ``timed``, a slow recovery is told and not judged.
    """
    began = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    with ChaosShop(folder, with_redis=arm == "postgres", orders=size.orders) as shop:
        say(f"shop is up after {time.monotonic() - began:.0f} s")
        world, nemesis, errands = _prepare(folder, shop, arm, size, seed, only)
        try:
            _storm(world, nemesis, errands, size, say)
            recovery = _come_to_rest(world, say)
            evidence = ledgers.collect(world, recovery_seconds=recovery) | {"timed": timed}
        finally:
            world.look.close()
            world.journal.close()
    (folder / "evidence.json").write_text(json.dumps(evidence, indent=1))
    verdict = check(evidence)
    short = report.shortcomings(evidence, verdict, least_faults=size.least, least_kinds=size.kinds, timed=timed)
    return Outcome(evidence, verdict, time.monotonic() - began, short)


def _prepare(
    folder: Path, shop: ChaosShop, arm: str, size: Size, seed: int, only: frozenset[str]
) -> tuple[World, Nemesis, list[plan.Errand]]:
    journal = Journal(folder / "journal.ndjson")
    lanes = lanes_of(arm)
    if only:
        lanes = {lane: kept for lane, kinds in lanes.items() if (kept := [kind for kind in kinds if kind in only])}
    faults = plan.draw_faults(seed, size.orders, size.faults, lanes, TARGETS) if size.faults else []
    (folder / "plan.json").write_text(json.dumps({"seed": seed, "faults": plan.as_lines(faults)}, indent=1))
    crowd = Crowd(shop, journal, shop.goods, may_start=lambda order: None)
    world = World(shop, crowd, journal, look_into(shop.database_url))
    nemesis = Nemesis(world, faults)
    slack = max(6, size.orders // 50)
    crowd.may_start = lambda order: nemesis.may_start(order, slack=slack)
    crowd.find_pages()
    return world, nemesis, plan.draw_errands(seed, size.orders, shop.goods)


def _storm(world: World, nemesis: Nemesis, errands: list[plan.Errand], size: Size, say: Callable[[str], None]) -> None:
    agent = Agent(world.crowd)
    agent.start()
    nemesis.start()
    began = time.monotonic()
    world.crowd.run(errands, threads=size.threads, per_second=size.per_second)
    say(f"{len(errands)} customers were served in {time.monotonic() - began:.0f} s")
    nemesis.join()
    agent.over.set()
    agent.join(timeout=120)
    say(f"the nemesis and the agent were done after {time.monotonic() - began:.0f} s")


def _come_to_rest(world: World, say: Callable[[str], None]) -> float | None:
    """Wait until nothing is due, here and at the others; return the seconds, or None if it never came."""
    began, quiet, rest, waits_for = time.monotonic(), 0, 0.0, ""
    while time.monotonic() - began < REST_WAITS:
        waits_for = _unrest(world)
        world.journal.note("rest", seconds=round(time.monotonic() - began, 1), waits_for=waits_for)
        if waits_for:
            quiet = 0
            time.sleep(0.3)
            continue
        rest = rest if quiet else time.monotonic()
        quiet += 1
        if quiet == SETTLED_IN_A_ROW:
            return rest - began
        # Long enough for a reading of a supplier's lists to bring what is still unknown.
        time.sleep(1.5)
    say(f"still due: {waits_for}")
    return None


def _unrest(world: World) -> str:
    """Say what is still to come; an empty text when all is quiet."""
    if what := world.look.what_is_to_come():
        return what
    # An overdue note in two days is no work; neither is anything else that waits for a real clock.
    soon = "SELECT count(*) FROM steps WHERE due < strftime('%s', 'now') + 3600"
    unsent = "SELECT count(*) FROM hooks WHERE state='due'"
    for slug in world.shop.suppliers:
        if world.supplier_rows(slug, f"SELECT ({soon}) + ({unsent})")[0][0]:
            return f"{slug} has something to do or to tell"
    waiting = "SELECT count(*) FROM deliveries WHERE delivered_at IS NULL AND abandoned_at IS NULL"
    return "payment webhooks" if world.payment_rows(waiting)[0][0] else ""


def arm_of(asked: str) -> str:
    """Return the arm to run on: as asked, else PostgreSQL where TEST_DATABASE_URL leads to one."""
    if asked == "sqlite" or not os.environ.get("TEST_DATABASE_URL"):
        if asked == "postgres":
            raise SystemExit("--database postgres needs TEST_DATABASE_URL.")
        os.environ.pop("DATABASE_URL", None)
        return "sqlite"
    os.environ["DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]
    return "postgres"
