"""Of the suppliers' books: every paid unit is there once, as it was bought, and nobody was asked too soon."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from tests.chaos.facts import Facts, Verdict

# What suppliers of a run ask for with 429 and 503.
RETRY_AFTER_SECONDS = 2


def bought(facts: Facts, verdict: Verdict) -> None:
    """Every paid unit is alive at exactly one supplier, or cancelled; the content is what was bought."""
    for number, order in facts.orders.items():
        note = facts.notes.get(number)
        # What replaces other goods was not bought.
        ordered = {line["sku"]: line["ordered"] for line in order["lines"] if not line["replaces"]}
        if note and ordered != note["goods"]:
            verdict.invariants.append(f"V04 {number}: bought {note['goods']}, the shop has {ordered}")
        if order["state"] == "paid":
            _units(facts, number, order, verdict)


def _units(facts: Facts, number: str, order: dict[str, Any], verdict: Verdict) -> None:
    live = _alive(facts, number)
    wanted = Counter[str]()
    for line in order["lines"]:
        wanted[line["sku"]] += line["ordered"] - line["cancelled"]
    for sku, units in wanted.items():
        there = live.pop(sku, 0)
        if there < units and facts.has_open_work(number):
            verdict.explained.append(f"{number}: {units - there} of {sku} wait for a person")
        elif there < units:
            verdict.lost.append(f"{number}: {there} of {units} {sku} are at a supplier")
        elif there > units:
            verdict.doubled.append(f"{number}: {there} instead of {units} {sku} at suppliers")
    verdict.doubled += [f"{number}: {sku} was never ordered" for sku, units in live.items() if units]


def _alive(facts: Facts, number: str) -> Counter[str]:
    """Count by the shop's SKU the units that suppliers hold or have delivered for an order, those sent anew as well."""
    same, live = facts.evidence["same_goods"], Counter[str]()
    for theirs in facts.books[number]:
        for line in theirs["lines"]:
            gone = line["quantity_rejected"] + line["quantity_cancelled"]
            live[same.get(line["sku"], line["sku"])] += line["quantity"] - gone
        for parcel in theirs["shipments"]:
            # What a supplier sends by itself in the place of goods that came back stands in no line of its order.
            if parcel["kind"] == "replacement" and parcel["status"] != "cancelled":
                for line in parcel["lines"]:
                    live[same.get(line["sku"], line["sku"])] += line["quantity"]
    return live


def books_agree(facts: Facts, verdict: Verdict) -> None:
    """Each reference has one effect, ours know each of theirs, and the counters are the same."""
    for number, theirs in facts.books.items():
        order = facts.orders.get(number)
        ours = {row["reference"]: row for row in order["supplier_orders"]} if order else {}
        note = facts.notes.get(number)
        for book in theirs:
            reference = book["reference"]
            if book["effects"] != 1:
                verdict.doubled.append(f"{reference} had {book['effects']} effects at {book['supplier']}")
            if reference not in ours:
                verdict.doubled.append(f"{reference} is at {book['supplier']}, and the shop knows nothing of it")
                continue
            if note and (book["ship_to"]["name"], book["ship_to"]["line1"]) != (note["name"], note["line1"]):
                verdict.invariants.append(f"V06 {reference} goes to somebody else")
            _same_counters(reference, ours[reference], book, verdict)
        _same_parcels(number, order, theirs, verdict)


def _same_counters(reference: str, ours: dict[str, Any], book: dict[str, Any], verdict: Verdict) -> None:
    names = ("quantity", "accepted", "backordered", "rejected", "cancelled", "shipped")
    mine = sorted((line["supplier_sku"], *(line[name] for name in names)) for line in ours["lines"])
    yours = sorted(
        (
            line["sku"],
            line["quantity"],
            line["quantity_accepted"],
            line["quantity_backordered"],
            line["quantity_rejected"],
            line["quantity_cancelled"],
            line["quantity_shipped"],
        )
        for line in book["lines"]
    )
    if mine != yours:
        verdict.invariants.append(f"V07 {reference}: the shop says {mine}, {book['supplier']} says {yours}")


def _same_parcels(number: str, order: dict[str, Any] | None, theirs: list[dict[str, Any]], verdict: Verdict) -> None:
    if order is None:
        return
    told = Counter(parcel["status"] for book in theirs for parcel in book["shipments"])
    known = Counter(parcel["status"] for parcel in order["shipments"])
    if told != known:
        verdict.invariants.append(f"V07 {number}: parcels {dict(known)}, the suppliers say {dict(told)}")


def retry_after(facts: Facts, verdict: Verdict) -> None:
    """Nobody who said "not before" was asked for the same order before."""
    for slug, book in facts.evidence["books"].items():
        told: dict[str, datetime] = {}
        for call in book["placing"]:
            at = datetime.fromisoformat(call["at"])
            asked_at = told.pop(call["key"], None)
            if asked_at and (at - asked_at).total_seconds() < RETRY_AFTER_SECONDS - 0.05:
                early = (at - asked_at).total_seconds()
                verdict.invariants.append(f"F23 {slug}: {call['key']} came again {early:.2f} s after Retry-After: 2")
            if call["status"] in {429, 503}:
                told[call["key"]] = at


def unpaid(facts: Facts, verdict: Verdict) -> None:
    """What nobody paid is at no supplier."""
    for number, theirs in facts.books.items():
        if theirs and not facts.captures[number]:
            verdict.invariants.append(f"V06 {number} was never paid, and is at {theirs[0]['supplier']}")
