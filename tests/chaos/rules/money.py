"""Of the provider's ledger: every payment and refund is known on both sides, and made once."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from tests.chaos.facts import Facts, Verdict


def payments(facts: Facts, verdict: Verdict) -> None:
    """The provider and the shop know the same payments, for orders that exist."""
    for number in facts.paid:
        if not facts.captures[number]:
            verdict.invariants.append(f"V02 {number}: the customer paid, and the provider has taken nothing")
    for number, intents in facts.captures.items():
        if number in facts.orders:
            _payments_of(facts, number, intents, verdict)
        else:
            verdict.lost.append(f"{number}: money was taken for an order that does not exist")
    known = {intent["id"] for intents in facts.captures.values() for intent in intents}
    for number, order in facts.orders.items():
        strange = {row["id"] for row in order["payments"]} - known
        verdict.invariants += [f"V02 {number}: a payment the provider does not know: {one}" for one in strange]


def _payments_of(facts: Facts, number: str, intents: list[dict[str, Any]], verdict: Verdict) -> None:
    order = facts.orders[number]
    ours = {row["id"]: row["captured_minor"] for row in order["payments"]}
    theirs = {intent["id"]: intent["amount_received"] for intent in intents}
    if ours != theirs:
        verdict.invariants.append(f"V02 {number}: payments {ours}, the provider took {theirs}")
    note = facts.notes.get(number)
    if note and note["total_minor"] != order["total_minor"]:
        verdict.invariants.append(f"V02 {number}: shown {note['total_minor']}, ordered {order['total_minor']}")
    back = sum(refund["amount"] for refund in facts.refunds_of(number))
    if order["state"] != "paid" and back < sum(theirs.values()) and not facts.has_open_work(number):
        verdict.lost.append(f"{number}: money was taken, and the order is {order['state']}")


def paid_back(facts: Facts, verdict: Verdict) -> None:
    """Each refund was paid once, and both sides know it."""
    references = Counter(
        reference
        for refunds in facts.refunds.values()
        for refund in refunds
        if (reference := (refund.get("metadata") or {}).get("refund"))
    )
    verdict.double_refunds += [f"{name} was paid back {count} times" for name, count in references.items() if count > 1]
    asked: dict[str, int] = defaultdict(int)
    for fact in facts.evidence["refunds_asked"]:
        asked[fact["number"]] += fact["amount_minor"]
    for number, order in facts.orders.items():
        theirs = {refund["id"]: refund["amount"] for refund in facts.refunds_of(number)}
        ours = {row["id"]: row["amount_minor"] for row in order["refunds"] if row["state"] != "failed"}
        captured = sum(intent["amount_received"] for intent in facts.captures[number])
        if ours != theirs:
            verdict.invariants.append(f"V03 {number}: refunds {ours}, the provider paid {theirs}")
        if sum(theirs.values()) > captured:
            verdict.double_refunds.append(f"{number}: {sum(theirs.values())} of {captured} paid back")
        over = [line["sku"] for line in order["lines"] if line["refunded"] > line["ordered"]]
        verdict.double_refunds += [f"{number}: {sku} paid back more often than ordered" for sku in over]
        _refund_sum(number, order, theirs, asked[number], verdict)


def _refund_sum(number: str, order: dict[str, Any], theirs: dict[str, int], asked: int, verdict: Verdict) -> None:
    """Without cancelled goods, exactly what the agent gave goes back; with them, more, but something."""
    cancelled = sum(line["cancelled"] for line in order["lines"])
    back = sum(theirs.values())
    late = order["state"] == "cancelled"
    sent_back = sum(line["settled"] for row in order["returns"] for line in row["lines"])
    if not cancelled and not sent_back and not late and back > asked:
        verdict.double_refunds.append(f"{number}: {back} paid back, {asked} asked for")
    if back < asked:
        verdict.invariants.append(f"V03 {number}: only {back} of {asked} promised was paid back")
    if cancelled and order["payments"] and not back:
        verdict.invariants.append(f"V05 {number}: {cancelled} units cancelled and nothing paid back")
