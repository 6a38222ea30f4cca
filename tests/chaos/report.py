"""Say what a run was and what came of it: a table for people, one line for scripts."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.chaos.facts import Verdict

MOST_NAMED = 40
RECOVERY_SECONDS = 30


def hits_by_kind(evidence: dict[str, Any]) -> Counter[str]:
    """Count the faults that hit work in flight."""
    return Counter(fault["kind"] for fault in evidence["faults"] if fault["hit"])


def shortcomings(
    evidence: dict[str, Any], verdict: Verdict, *, least_faults: int, least_kinds: int, timed: bool = True
) -> list[str]:
    """Return everything that keeps a run from counting as passed; not ``timed``, however long the recovery took."""
    hits = hits_by_kind(evidence)
    short = list(verdict.broken)
    recovery = evidence["recovery_seconds"]
    if timed and recovery is not None and recovery > RECOVERY_SECONDS:
        short.append(f"recovery took {recovery:.1f} s, the promise is {RECOVERY_SECONDS}")
    if hits.total() < least_faults or len(hits) < least_kinds:
        short.append(f"only {hits.total()} faults of {len(hits)} kinds hit, wanted {least_faults} of {least_kinds}")
    return short


def table(evidence: dict[str, Any], verdict: Verdict) -> str:
    """Return what happened, readable."""
    hits, planned = hits_by_kind(evidence), Counter(fault["kind"] for fault in evidence["faults"])
    answers = Counter(str(answer["status"]) for answer in evidence["answers"])
    paid = sum(order["state"] == "paid" for order in evidence["export"])
    placed = sum(len(book["orders"]) for book in evidence["books"].values())
    work = Counter(item["reason"] for order in evidence["export"] for item in order["work_items"] if item["open"])
    lines = ["", f"{'fault':30} hit  of"]
    lines += [f"{kind:30} {hits[kind]:3} {count:3}" for kind, count in sorted(planned.items())]
    recovery = evidence["recovery_seconds"]
    rows = [
        ("orders acknowledged, paid", f"{len(evidence['acknowledged'])}, {paid}"),
        ("orders at suppliers", placed),
        ("faults hit, kinds", f"{hits.total()}, {len(hits)}"),
        ("lost", len(verdict.lost)),
        ("doubled", len(verdict.doubled)),
        ("double refunds", len(verdict.double_refunds)),
        ("broken invariants", len(verdict.invariants)),
        ("mails received", len(evidence["mails"])),
        ("mails missing, extra", f"{len(verdict.mails_missing)}, {len(verdict.mails_extra)}"),
        ("second copies, allowed", f"{verdict.ambiguous}, {verdict.ambiguous_allowed}"),
        ("refunds by agents", len(evidence["refunds_asked"])),
        ("answers 5xx, cut or slow", dict(answers) or "none"),
        ("open work for people", dict(work) or "none"),
        ("recovery seconds", "never" if recovery is None else f"{recovery:.1f}"),
    ]
    lines += ["", *[f"{name:30} {value}" for name, value in rows]]
    if evidence["faults_failed"]:
        lines += ["", "faults that could not be committed:"]
        lines += [
            f"  {fact['kind']} {fact['target']}: {fact['why']}" for fact in evidence["faults_failed"][:MOST_NAMED]
        ]
    return "\n".join(lines)


def result_line(evidence: dict[str, Any], verdict: Verdict, *, seconds: float) -> str:
    """Return the line that scripts read."""
    hits = hits_by_kind(evidence)
    recovery = evidence["recovery_seconds"]
    facts = {
        "orders": len(evidence["acknowledged"]),
        "faults": hits.total(),
        "kinds": len(hits),
        "lost": len(verdict.lost),
        "doubled": len(verdict.doubled),
        "double_refunds": len(verdict.double_refunds),
        "invariants": len(verdict.invariants),
        "mails_missing": len(verdict.mails_missing),
        "mails_extra": len(verdict.mails_extra),
        "recovery_s": "never" if recovery is None else f"{recovery:.1f}",
        "seconds": f"{seconds:.0f}",
    }
    return "RESULT " + " ".join(f"{name}={value}" for name, value in facts.items())
