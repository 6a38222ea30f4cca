"""Of what comes back: suppliers and shop know the same returns, and whoever withdrew has all of their money."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.chaos.facts import Facts, Verdict

# Nothing is awaited of these: they are over, or a person looks at them, or the customer has yet to hand it in.
QUIET = {"resolved", "declined", "cancelled", "expired", "review", "ready"}


def known_on_both_sides(facts: Facts, verdict: Verdict) -> None:
    """Each return is at one supplier once, is one of ours, and is about no more than was sent."""
    for number, theirs in facts.books.items():
        order = facts.orders.get(number)
        ours = {row["number"]: row for row in order["returns"]} if order else {}
        asked = Counter(back["return_reference"] for book in theirs for back in book["returns"])
        verdict.doubled += [f"{name} was asked {count} times" for name, count in asked.items() if count > 1]
        verdict.doubled += [
            f"{name} is at a supplier, and the shop knows nothing of it" for name in asked - ours.keys()
        ]
        for book in theirs:
            _no_more_than_sent(book, verdict)
        _once_each(number, order, verdict)


def _no_more_than_sent(book: dict[str, Any], verdict: Verdict) -> None:
    back = Counter[str]()
    for row in book["returns"]:
        if row["status"] not in {"rejected", "cancelled", "expired"}:
            for part in row["lines"]:
                back[part["line_id"]] += part["quantity"] - part["quantity_rejected"]
    sent = {line["line_id"]: line["quantity_shipped"] for line in book["lines"]}
    over = [name for name, units in back.items() if units > sent.get(name, 0)]
    verdict.invariants += [f"V15 {book['reference']}: more of {name} comes back than was sent" for name in over]


def _once_each(number: str, order: dict[str, Any] | None, verdict: Verdict) -> None:
    if order is None:
        return
    sent = Counter[str]()
    for line in order["lines"]:
        sent[line["sku"]] += line["shipped"]
    back = Counter[str]()
    for row in order["returns"]:
        for line in row["lines"]:
            if line["settled"] > line["quantity"]:
                verdict.double_refunds.append(
                    f"{number}: {line['settled']} of {line['quantity']} {line['sku']} settled"
                )
            if row["state"] not in {"declined", "cancelled", "expired"}:
                back[line["sku"]] += line["quantity"]
    over = [sku for sku, units in back.items() if units > sent[sku]]
    verdict.invariants += [f"V15 {number}: more of {sku} is in returns than was sent" for sku in over]


def withdrawn(facts: Facts, verdict: Verdict) -> None:
    """Whoever withdrew from the whole contract has all of their money, unless goods are still on their way or a person looks."""
    for number in facts.withdrawn:
        order = facts.orders.get(number)
        if order is None:
            verdict.lost.append(f"{number} was withdrawn, and does not exist")
            continue
        captured = sum(intent["amount_received"] for intent in facts.captures[number])
        back = sum(refund["amount"] for refund in facts.refunds_of(number))
        is_open = any(row["state"] in QUIET - {"resolved"} for row in order["returns"])
        if back < captured and not is_open and not facts.has_open_work(number):
            verdict.invariants.append(f"V15 {number}: withdrawn, and only {back} of {captured} paid back")
        strange = [row["number"] for row in order["returns"] if row["state"] not in QUIET]
        if strange and not facts.has_open_work(number):
            verdict.invariants.append(f"V15 {number}: {', '.join(strange)} stands still")


def renewed(facts: Facts, verdict: Verdict) -> None:
    """Whoever asked for the same again has it, has the money, or a person looks; and nobody has it twice."""
    wanted = {fact["number"] for fact in facts.evidence["new_wanted"]}
    for number, order in facts.orders.items():
        new = sum(line["ordered"] for line in order["lines"] if line["replaces"])
        decided = [row for row in order["returns"] if row["decided"] == "replacement"]
        settled = sum(line["settled"] for row in decided for line in row["lines"])
        if new > settled:
            verdict.doubled.append(f"{number}: {new} units were sent anew, {settled} were to be")
        quiet = facts.has_open_work(number) or any(row["state"] in QUIET for row in order["returns"])
        if number in wanted and not new and not facts.refunds_of(number) and not quiet:
            verdict.lost.append(f"{number}: the same again was asked for, and nothing came of it")
