"""Run the checks and the suite, once per database, and say at the end what ran on what."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from shares import ON_POSTGRESQL, ON_SQLITE

ROOT = Path(__file__).resolve().parent.parent
# Each of these brings up a whole shop of real processes, and waits most of its time for the world to turn.
HOUSES = ["tests/journeys", "tests/faults", "tests/browser", "tests/test_scripts.py"]
CHECKS = [
    ["-m", "ruff", "check", "."],
    ["-m", "ruff", "format", "--check", "-q", "."],
    ["manage.py", "makemigrations", "--check", "--dry-run"],
    # Ten processes read the tests; this one writes down for them what it understood.
    ["-m", "pytest", "-qq", "-p", "no:xdist", "--collect-only"],
    ["-m", "yamllint", "-d", "{extends: relaxed, rules: {line-length: {max: 140}}}", "docker-compose.yml"],
]


def run(words: list[str], env: dict[str, str], *, shown: bool = True) -> tuple[int, str]:
    """Run Python in the project's folder, and return its exit code and output; ``shown``: while it is coming."""
    process = subprocess.Popen(
        [sys.executable, *words], cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if shown:
            sys.stdout.write(line)
            sys.stdout.flush()
    return process.wait(), "".join(lines)


class Beside:
    """A run that goes on while others do; its output is shown when it is asked for."""

    def __init__(self, words: list[str], env: dict[str, str]) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._run = self._thread.submit(run, words, env, shown=False)

    def result(self) -> tuple[int, str]:
        """Wait for its end; show its output, and return it with the exit code."""
        code, output = self._run.result()
        self._thread.shutdown()
        print(output, flush=True)
        return code, output


def pytest_turns(given: list[str], left_out: list[str]) -> list[list[str]]:
    """Return the pytest calls of one pass, which run at the same time: one is busy, the other mostly waits."""
    if given:
        return [given]
    ignored = [f"--ignore={path}" for path in left_out]
    # One more than processors: a test often waits for the suppliers and the payment sandbox.
    busy = ["-n", "3", "--dist", "worksteal", *ignored, *[f"--ignore={folder}" for folder in HOUSES]]
    # A file shares one house: it stays together.
    houses = ["-n", "2", "--dist", "loadfile", *ignored, *[folder for folder in HOUSES if folder not in left_out]]
    return [busy, houses]


def one_pass(name: str, env: dict[str, str], given: list[str], left_out: list[str]) -> tuple[bool, str]:
    """Run the suite once, but for ``left_out``; return whether all passed, and a line about it."""
    began, counts, good, failed = time.monotonic(), {}, True, []
    first, *others = [["-m", "pytest", "-q", *words] for words in pytest_turns(given, left_out)]
    beside = [Beside(words, env | {"WAYBILL_TEST_TURN": "beside"}) for words in others]
    for code, output in [run(first, env), *[one.result() for one in beside]]:
        good = good and code == 0
        for number, what in re.findall(r"(\d+) (passed|failed|errors?|skipped)", last_line(output)):
            counts[what] = counts.get(what, 0) + int(number)
        failed += re.findall(r"^(?:FAILED|ERROR) (\S+)", output, re.MULTILINE)
    words = ", ".join(f"{number} {what}" for what, number in counts.items()) or "nothing ran"
    if os.environ.get("FORBID_SKIPS") and counts.get("skipped"):
        good = False
        words += " (skips are forbidden here)"
    return good, named(f"{name}: {words} in {time.monotonic() - began:.0f} s", failed)


def named(line: str, what: list[str]) -> str:
    """Return a line of the summary with what went wrong below it: the output above it may be cut off somewhere."""
    more = [f"… and {len(what) - MOST_NAMED} more"] if len(what) > MOST_NAMED else []
    return "\n    ".join([line, *what[:MOST_NAMED], *more])


def last_line(output: str) -> str:
    """Return the last line of what a run has said."""
    return (output.splitlines() or ["nothing ran"])[-1]


# The summary names so many failures of one part.
MOST_NAMED = 25
# The plan of every day; ./test --chaos draws another each time.
GATE_SEED = "21"
# The sizes of races and property tests: those of every day stand in the tests, these are asked for by --full.
FULL = {"RACE_ROUNDS": "200", "MONEY_SEQUENCES": "5000", "MONEY_STEPS": "50", "HISTORY_ORDERS": "1000"}
# The money machine and the histories speak to no database of their own kind; on the second one a part of them will do.
SECOND_TIME = {"MONEY_SEQUENCES": "40", "HISTORY_ORDERS": "15"}


def chaos(given: list[str], env: dict[str, str]) -> int:
    """Run the chaos suite instead: --full, --seed N, --orders N, --database sqlite and more (--help)."""
    words = [word for word in given if word != "--chaos"]
    return subprocess.call([sys.executable, "-m", "tests.chaos", *words], cwd=ROOT, env=env)


def gate(*words: str) -> list[str]:
    """Return the call that buys under faults.

    How fast it recovers depends on what else the machine does: it is told here, and judged by ./test --chaos.
    """
    return ["-m", "tests.chaos", "--seed", GATE_SEED, "--untimed", *words]


def judged(name: str, output: str) -> str:
    """Return the summary's line about a gate: its result, and every promise that it saw broken."""
    return named(f"{name}: {last_line(output)}", re.findall(r"^  - (.*)$", output, re.MULTILINE))


def databases(env: dict[str, str], *, shared: bool = True) -> list[tuple[str, dict[str, str], list[str]]]:
    """Return what the suite runs on: a name, the environment, and which files are left out there.

    ``shared``: of two databases each runs its share, and both what is about databases.
    """
    sqlite = ("SQLite, broker of files", env | {"WAYBILL_TEST_ON": "sqlite"})
    if not env.get("TEST_DATABASE_URL"):
        return [(*sqlite, [])]
    name = "PostgreSQL" + (", Redis" if env.get("TEST_REDIS_URL") else ", broker of files")
    postgresql = (name, SECOND_TIME | env | {"WAYBILL_TEST_ON": "postgres"})
    return [(*sqlite, ON_POSTGRESQL if shared else []), (*postgresql, ON_SQLITE if shared else [])]


def everything(env: dict[str, str], *, shared: bool) -> Iterator[tuple[bool, str]]:
    """Run all there is; yield whether each part passed, and a line about it."""
    places = databases(env, shared=shared)
    # Every migration, from nothing, on each database. All tests copy what comes of it.
    made = [Beside(["-m", "tests.tables"], on) for _name, on, _left_out in places]
    for words in CHECKS:
        code, output = run(words, env, shown=False)
        if code:
            print(output, flush=True)
        yield code == 0, " ".join(words[:3])
    small = None
    for (name, on, left_out), tables in zip(places, made, strict=True):
        yield tables.result()[0] == 0, f"{name}: migrate from nothing"
        # A little buying under faults on SQLite, while the suite is on the second database: both often wait.
        if name != places[0][0]:
            small = Beside(gate("--database", "sqlite", "--orders", "30"), env)
        yield one_pass(name, on, [], left_out)
    small = small or Beside(gate("--database", "sqlite", "--orders", "30"), env)
    code, output = small.result()
    yield code == 0, judged("chaos on SQLite", output)
    if env.get("TEST_DATABASE_URL") and env.get("TEST_REDIS_URL"):
        # The whole gate has the machine for itself.
        code, output = run(gate("--database", "postgres"), env)
        yield code == 0, judged("chaos on PostgreSQL", output)


def main() -> int:
    """Run everything, or what was asked for on each database; return 0 if all passed."""
    given = sys.argv[1:]
    env = os.environ | {"WAYBILL_IGNORE_ENV_FILES": "1", "DEBUG": "1", "PYTHONWARNINGS": "default"}
    # Where Python keeps no compiled files, each of some hundred processes compiles the whole project for itself.
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    if "--chaos" in given:
        return chaos(given, env)
    is_full = "--full" in given
    if is_full:
        given.remove("--full")
        env |= FULL
    if given:
        told = [one_pass(name, on, given, []) for name, on, _left_out in databases(env)]
    else:
        told = list(everything(env, shared=not is_full))
    good = all(passed for passed, _line in told)
    print("\n" + "\n".join(line if passed else f"FAILED: {line}" for passed, line in told))
    print("all passed" if good else "FAILED")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
