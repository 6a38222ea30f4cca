"""Run the checks and the suite, once per database, and say at the end what ran on what."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What another database changes nothing about: once is enough.
ONCE = [
    "tests/browser",
    "tests/demo",
    "tests/journeys/test_channels.py",
    "tests/properties/test_money_holes.py",
    "tests/properties/test_quotes.py",
    "tests/test_amount_field.py",
    "tests/test_authorisation.py",
    "tests/test_cancelling_pages.py",
    "tests/test_card_circuit.py",
    "tests/test_deadlines.py",
    "tests/test_delivery_zones.py",
    "tests/test_german_words.py",
    "tests/test_headers.py",
    "tests/test_independent_stripe.py",
    "tests/test_layers.py",
    "tests/test_margin_page.py",
    "tests/test_messages.py",
    "tests/test_money.py",
    "tests/test_odd_cancelling.py",
    "tests/test_odd_copies.py",
    "tests/test_outbound.py",
    "tests/test_outcomes_contract.py",
    "tests/test_paper_pages.py",
    "tests/test_paper_pdf.py",
    "tests/test_pay_pages.py",
    "tests/test_production.py",
    "tests/test_reconciliation_page.py",
    "tests/test_refund_pages.py",
    "tests/test_regions_checkout.py",
    "tests/test_scripts.py",
    "tests/test_search_sqlite.py",
    "tests/test_stripe_calls.py",
    "tests/test_supplier_credit_pages.py",
    "tests/test_support.py",
    "tests/test_tax.py",
    "tests/test_translation.py",
    "tests/test_work_pages.py",
]
# Each of these brings up a whole shop of real processes, and waits most of its time for the world to turn.
HOUSES = ["tests/journeys", "tests/faults", "tests/browser"]
CHECKS = [
    ["-m", "ruff", "check", "."],
    ["-m", "ruff", "format", "--check", "-q", "."],
    ["manage.py", "makemigrations", "--check", "--dry-run"],
    ["-m", "yamllint", "-d", "{extends: relaxed, rules: {line-length: {max: 140}}}", "docker-compose.yml"],
]


def run(words: list[str], env: dict[str, str]) -> tuple[int, str]:
    """Run Python in the project's folder, show its output, and return its exit code and last lines."""
    process = subprocess.Popen(
        [sys.executable, *words], cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    kept: list[str] = []
    for line in process.stdout:
        sys.stdout.write(line)
        sys.stdout.flush()
        kept = [*kept[-5:], line]
    return process.wait(), "".join(kept)


def pytest_turns(given: list[str], left_out: list[str]) -> list[list[str]]:
    """Return the pytest calls of one pass: what keeps the processors busy, then what mostly waits."""
    if given:
        return [given]
    ignored = [f"--ignore={path}" for path in left_out]
    # One more than processors: a test often waits for the suppliers and the payment sandbox.
    busy = ["-n", "3", "--dist", "worksteal", *ignored, *[f"--ignore={folder}" for folder in HOUSES]]
    # A file shares one house: it stays together.
    houses = ["-n", "3", "--dist", "loadfile", *ignored, *[folder for folder in HOUSES if folder not in left_out]]
    return [busy, houses]


def one_pass(name: str, env: dict[str, str], given: list[str], left_out: list[str]) -> tuple[bool, str]:
    """Run the suite once, but for ``left_out``; return whether all passed, and a line about it."""
    began, counts, good = time.monotonic(), {}, True
    for words in pytest_turns(given, left_out):
        code, tail = run(["-m", "pytest", "-q", *words], env)
        good = good and code == 0
        for number, what in re.findall(r"(\d+) (passed|failed|errors?|skipped)", tail.splitlines()[-1] if tail else ""):
            counts[what] = counts.get(what, 0) + int(number)
    words = ", ".join(f"{number} {what}" for what, number in counts.items()) or "nothing ran"
    if os.environ.get("FORBID_SKIPS") and counts.get("skipped"):
        good = False
        words += " (skips are forbidden here)"
    return good, f"{name}: {words} in {time.monotonic() - began:.0f} s"


# The plan of every day; ./test --chaos draws another each time.
GATE_SEED = "21"
# The sizes of races and property tests: those of every day stand in the tests, these are asked for by --full.
FULL = {"RACE_ROUNDS": "200", "MONEY_SEQUENCES": "5000", "MONEY_STEPS": "50"}
# The money machine speaks to no database of its own kind; on the second one a part of it will do.
SECOND_TIME = {"MONEY_SEQUENCES": "40"}


def chaos(given: list[str], env: dict[str, str]) -> int:
    """Run the chaos suite instead: --full, --seed N, --orders N, --database sqlite and more (--help)."""
    words = [word for word in given if word != "--chaos"]
    return subprocess.call([sys.executable, "-m", "tests.chaos", *words], cwd=ROOT, env=env)


def gates(env: dict[str, str]) -> tuple[bool, list[str]]:
    """Buy under faults, a little on SQLite and the whole gate on PostgreSQL; return whether all promises held, and lines.

    How fast it recovers depends on what else the machine does: it is told here, and judged by ./test --chaos.
    """
    runs = [["--database", "sqlite", "--orders", "30"]]
    if env.get("TEST_DATABASE_URL") and env.get("TEST_REDIS_URL"):
        runs.append(["--database", "postgres"])
    good, lines = True, []
    for words in runs:
        code, tail = run(["-m", "tests.chaos", "--seed", GATE_SEED, "--untimed", *words], env)
        good = good and code == 0
        lines.append(f"chaos {' '.join(words)}: {tail.splitlines()[-1] if tail else 'nothing ran'}")
    return good, lines


def main() -> int:
    """Run everything; return 0 if all passed."""
    given = sys.argv[1:]
    env = os.environ | {"WAYBILL_IGNORE_ENV_FILES": "1", "DEBUG": "1", "PYTHONWARNINGS": "default"}
    if "--chaos" in given:
        return chaos(given, env)
    if "--full" in given:
        given.remove("--full")
        env |= FULL
    good, lines = True, []
    if not given:
        for words in CHECKS:
            code, _tail = run(words, env)
            good = good and code == 0
    passed, line = one_pass("SQLite, broker of files", env | {"WAYBILL_TEST_ON": "sqlite"}, given, [])
    good, lines = good and passed, [line]
    if os.environ.get("TEST_DATABASE_URL"):
        name = "PostgreSQL" + (", Redis" if os.environ.get("TEST_REDIS_URL") else ", broker of files")
        passed, line = one_pass(name, SECOND_TIME | env | {"WAYBILL_TEST_ON": "postgres"}, given, ONCE)
        good = good and passed
        lines.append(line)
    if not given:
        passed, more = gates(env)
        good = good and passed
        lines += more
    print("\n" + "\n".join(lines))
    print("all passed" if good else "FAILED")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
