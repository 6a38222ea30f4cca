"""Run the chaos suite: ``python -m tests.chaos [--full] [--seed N] [--orders N] [--database sqlite]``."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.chaos import report
from tests.chaos.run import Outcome, Size, arm_of, run

GATE = Size(orders=150, faults=48, least=30, kinds=12)
# As fast as two cores bear for so long, with everybody else's processes on them as well: any faster, and what
# the suppliers have to tell piles up with them, and is still coming in minutes after the last fault.
FULL = {
    "postgres": Size(orders=2_000, faults=290, least=200, kinds=24, threads=10, per_second=1.4),
    "sqlite": Size(orders=2_000, faults=290, least=200, kinds=16, threads=8, per_second=1.4),
}
# In a run smaller than the gate, about one fault in four orders.
ONE_FAULT_IN = 4


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="./test --chaos", description=__doc__)
    parser.add_argument("--full", action="store_true", help="2,000 orders and at least 200 faults that hit")
    parser.add_argument("--seed", type=int, help="repeat a plan; without it one is drawn and printed")
    parser.add_argument("--orders", type=int, help="another number of orders than 150 (2,000 with --full)")
    parser.add_argument("--faults", type=int, help="how many faults to plan")
    parser.add_argument("--only", default="", help="kinds of faults, separated by commas")
    parser.add_argument("--database", choices=["postgres", "sqlite"], help="PostgreSQL if TEST_DATABASE_URL is set")
    parser.add_argument("--keep", type=Path, help="folder for plan, journal, evidence and logs")
    parser.add_argument("--untimed", action="store_true", help="tell how long the recovery took, and do not judge it")
    return parser.parse_args()


def size_of(told: argparse.Namespace, arm: str) -> Size:
    """Return the size that was asked for; only the two named sizes ask for a number of hits."""
    size = FULL[arm] if told.full else GATE
    if told.orders and told.orders != size.orders:
        faults = max(4, told.orders // ONE_FAULT_IN) if told.faults is None else told.faults
        return replace(size, orders=told.orders, faults=faults, least=0, kinds=0)
    if told.faults is not None or told.only:
        return replace(size, faults=size.faults if told.faults is None else told.faults, least=0, kinds=0)
    return size


def main() -> int:
    """Run, print, and return 0 if every promise was kept."""
    told = arguments()
    arm = arm_of(told.database or "")
    size = size_of(told, arm)
    seed = told.seed if told.seed is not None else random.randrange(1_000_000)
    where = "PostgreSQL and Redis" if arm == "postgres" else "SQLite and a broker of files"
    print(f"chaos: {size.orders} orders, {size.faults} faults planned, on {where}, --seed {seed}", flush=True)
    folder = told.keep or Path(tempfile.mkdtemp(prefix="chaos-"))
    only = frozenset(kind for kind in told.only.split(",") if kind)
    outcome = run(folder, arm=arm, size=size, seed=seed, say=_say, only=only, timed=not told.untimed)
    _show(outcome, seed)
    return 1 if outcome.short else 0


def _say(text: str) -> None:
    print(f"chaos: {text}", flush=True)


def _show(outcome: Outcome, seed: int) -> None:
    print(report.table(outcome.evidence, outcome.verdict))
    if outcome.short:
        print(f"\nBROKEN (--seed {seed}):")
        for one in outcome.short[: report.MOST_NAMED]:
            print(f"  - {one}")
        if len(outcome.short) > report.MOST_NAMED:
            print(f"  … and {len(outcome.short) - report.MOST_NAMED} more")
    print(report.result_line(outcome.evidence, outcome.verdict, seconds=outcome.seconds), flush=True)


if __name__ == "__main__":
    sys.exit(main())
