"""What the rules are given and what they find: the evidence with its look-ups, and the verdict."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

Evidence = dict[str, Any]
NOT_BACK = {"failed", "canceled"}


@dataclass
class Verdict:
    """What was broken, by promise; all lists empty: every promise was kept."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    double_refunds: list[str] = field(default_factory=list)
    invariants: list[str] = field(default_factory=list)
    mails_missing: list[str] = field(default_factory=list)
    mails_extra: list[str] = field(default_factory=list)
    ambiguous: int = 0
    ambiguous_allowed: int = 0
    explained: list[str] = field(default_factory=list)

    @property
    def broken(self) -> list[str]:
        """All of it, named."""
        parts = ("lost", "doubled", "double_refunds", "invariants", "mails_missing", "mails_extra")
        return [f"{part}: {one}" for part in parts for one in getattr(self, part)]


class Facts:
    """The evidence, with the look-ups that several rules need."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.orders: dict[str, dict[str, Any]] = {order["number"]: order for order in evidence["export"]}
        self.notes = {note["number"]: note for note in evidence["acknowledged"]}
        self.paid = {fact["number"] for fact in evidence["paid"]}
        self.withdrawn = {fact["number"] for fact in evidence["withdrawn"]}
        self.captures: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for intent in evidence["intents"]:
            if intent["status"] == "succeeded":
                self.captures[intent["metadata"].get("order", "")].append(intent)
        self.books: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for slug, book in evidence["books"].items():
            for order in book["orders"]:
                self.books[_order_of(order["reference"])].append(order | {"supplier": slug})
        # Several refunds for one payment are looked up by it.
        self.refunds: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for refund in evidence["sandbox_refunds"]:
            if refund["status"] not in NOT_BACK:
                self.refunds[refund["payment_intent"]].append(refund)

    def has_open_work(self, number: str) -> bool:
        """True if a person has been asked about an order."""
        return any(item["open"] for item in self.orders[number]["work_items"])

    def refunds_of(self, number: str) -> list[dict[str, Any]]:
        """Return what the provider has paid back for an order."""
        return [refund for intent in self.captures[number] for refund in self.refunds[intent["id"]]]

    def emails(self) -> dict[str, str]:
        """Return whose each order is; the second order of somebody is theirs as well."""
        return {number: note["email"] for number, note in self.notes.items()}


def _order_of(reference: str) -> str:
    return "-".join(reference.split("-")[:2])
