"""Of what customers saw: their orders, pages without an error or a long wait; and what the shop says of itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.chaos.facts import Facts, Verdict

SLACK_SECONDS = 2.5


def acknowledged(facts: Facts, verdict: Verdict) -> None:
    """Whatever order a customer was shown exists."""
    for number in facts.notes:
        if number not in facts.orders:
            verdict.lost.append(f"{number} was shown to a customer and does not exist")
    second = {fact["number"] for fact in facts.evidence["second_orders"]}
    verdict.lost += [f"{number} was shown to a customer and does not exist" for number in second - set(facts.orders)]


def pages(facts: Facts, verdict: Verdict) -> None:
    """Customers saw no error but 503 while the database was away, and waited for nothing for long.

    How long they wait says nothing about the shop where other work shares the machine with it (an untimed run).
    """
    windows = facts.evidence["windows"]
    for answer in facts.evidence["answers"]:
        status, where = answer["status"], f"{answer['method']} {answer['path']}"
        database = _within(answer, windows, {"database"})
        if status == 503 and not database:
            verdict.invariants.append(f"V14 {where}: 503 while the database was there")
        elif isinstance(status, int) and status >= 500 and status != 503:
            verdict.invariants.append(f"V14 {where}: {status}")
        elif facts.evidence["timed"] and answer["took"] > 10 and not _within(answer, windows, {"database", "web"}):
            verdict.invariants.append(f"V14 {where}: {answer['took']} s")
    verdict.invariants += [f"V14 {fact['number']}: wrong page" for fact in facts.evidence["wrong_pages"]]
    for fact in facts.evidence["gave_up"]:
        verdict.invariants.append(f"V14 a customer gave up: {fact['why']} ({fact['behaviour']})")
    verdict.invariants += [f"a customer stumbled: {fact['why']}" for fact in facts.evidence["customer_failed"]]


def _within(answer: dict[str, Any], windows: Iterable[dict[str, Any]], of: set[str]) -> bool:
    begins, ends = answer["began"], answer["began"] + answer["took"]
    return any(
        window["of"] in of and begins <= window["ends"] + SLACK_SECONDS and ends >= window["begins"]
        for window in windows
    )


def itself(facts: Facts, verdict: Verdict) -> None:
    """The shop's audit, its logs and its processes have nothing against it."""
    audit = facts.evidence["audit"]
    if audit["code"] or "unexplained: 0" not in audit["text"]:
        broken = [line for line in audit["text"].splitlines() if "BROKEN" in line or line.startswith("  -")]
        verdict.invariants.append("audit: " + "; ".join(broken)[:1500])
    verdict.invariants += [f"V13 {one}" for one in facts.evidence["canaries"]]
    verdict.invariants += facts.evidence["broken_promises"]
    for fact in facts.evidence["did_not_drain"]:
        verdict.invariants.append(f"SIGTERM did not end {', '.join(fact['names'])}")
    verdict.invariants += [f"{name} had ended by itself" for name in facts.evidence["ended"]]
    if facts.evidence["recovery_seconds"] is None:
        verdict.invariants.append("V10 the shop never came to rest")
