"""Decide from other people's ledgers whether every promise was kept.

Imports nothing of the shop. Compares the suppliers' books, the payment provider's ledger, every
copy of a mail that was received and what customers were told with the shop's documented export;
the shop's opinion of itself (its audit) is only one line among them.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Evidence = dict[str, Any]
NUMBER = re.compile(r"\b([A-Z]{2}-\d{7})\b")
# What a subject begins with says what kind of mail it is, to a reader who knows nothing of the shop's tables.
SUBJECTS = {
    "confirmed": re.compile(r"^Order confirmed"),
    "sent": re.compile(r"^Sent:"),
    "delivered": re.compile(r"^Delivered:"),
    "refund": re.compile(r"^Refund of .* on its way"),
    "cancelled": re.compile(r"^Cancelled:"),
    "payment_failed": re.compile(r"^Payment did not go through"),
}
ON_ITS_WAY = {"in_transit", "out_for_delivery", "available_for_pickup", "attempt_failed", "exception", "delivered"}
NOT_BACK = {"failed", "canceled"}
SLACK_SECONDS = 2.5
# What suppliers of a run ask for with 429 and 503.
RETRY_AFTER_SECONDS = 2
# What may send a mail twice under one Message-ID: whoever sends dies, sleeps or is cut off between send and note.
INTERRUPTS = re.compile(r"^(kill_|freeze_worker|mail_cut|rolling|backends|all_connections|tables_locked|write_lock)")


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


def check(evidence: Evidence) -> Verdict:
    """Hold everything against everything."""
    verdict = Verdict()
    facts = Facts(evidence)
    for rule in (
        _acknowledged,
        _money,
        _refunds,
        _goods,
        _books_agree,
        _retry_after,
        _unpaid,
        _mails,
        _mail_rows,
        _pages,
        _itself,
    ):
        rule(facts, verdict)
    return verdict


class Facts:
    """The evidence, with the look-ups that several rules need."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.orders: dict[str, dict[str, Any]] = {order["number"]: order for order in evidence["export"]}
        self.notes = {note["number"]: note for note in evidence["acknowledged"]}
        self.paid = {fact["number"] for fact in evidence["paid"]}
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


def _acknowledged(facts: Facts, verdict: Verdict) -> None:
    for number in facts.notes:
        if number not in facts.orders:
            verdict.lost.append(f"{number} was shown to a customer and does not exist")
    second = {fact["number"] for fact in facts.evidence["second_orders"]}
    verdict.lost += [f"{number} was shown to a customer and does not exist" for number in second - set(facts.orders)]


def _money(facts: Facts, verdict: Verdict) -> None:
    for number in facts.paid:
        if not facts.captures[number]:
            verdict.invariants.append(f"V02 {number}: the customer paid, and the provider has taken nothing")
    for number, intents in facts.captures.items():
        if number in facts.orders:
            _money_of(facts, number, intents, verdict)
        else:
            verdict.lost.append(f"{number}: money was taken for an order that does not exist")
    known = {intent["id"] for intents in facts.captures.values() for intent in intents}
    for number, order in facts.orders.items():
        strange = {row["id"] for row in order["payments"]} - known
        verdict.invariants += [f"V02 {number}: a payment the provider does not know: {one}" for one in strange]


def _money_of(facts: Facts, number: str, intents: list[dict[str, Any]], verdict: Verdict) -> None:
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


def _refunds(facts: Facts, verdict: Verdict) -> None:
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
    if not cancelled and not late and back > asked:
        verdict.double_refunds.append(f"{number}: {back} paid back, {asked} asked for")
    if back < asked:
        verdict.invariants.append(f"V03 {number}: only {back} of {asked} promised was paid back")
    if cancelled and order["payments"] and not back:
        verdict.invariants.append(f"V05 {number}: {cancelled} units cancelled and nothing paid back")


def _goods(facts: Facts, verdict: Verdict) -> None:
    """Every paid unit is alive at exactly one supplier, or cancelled; the content is what was bought."""
    for number, order in facts.orders.items():
        note = facts.notes.get(number)
        ordered = {line["sku"]: line["ordered"] for line in order["lines"]}
        if note and ordered != note["goods"]:
            verdict.invariants.append(f"V04 {number}: bought {note['goods']}, the shop has {ordered}")
        if order["state"] == "paid":
            _units(facts, number, order, verdict)


def _units(facts: Facts, number: str, order: dict[str, Any], verdict: Verdict) -> None:
    live = _alive(facts, number)
    for line in order["lines"]:
        sku, units = line["sku"], line["ordered"] - line["cancelled"]
        there = live.pop(sku, 0)
        if there < units and facts.has_open_work(number):
            verdict.explained.append(f"{number}: {units - there} of {sku} wait for a person")
        elif there < units:
            verdict.lost.append(f"{number}: {there} of {units} {sku} are at a supplier")
        elif there > units:
            verdict.doubled.append(f"{number}: {there} instead of {units} {sku} at suppliers")
    verdict.doubled += [f"{number}: {sku} was never ordered" for sku, units in live.items() if units]


def _alive(facts: Facts, number: str) -> Counter[str]:
    """Count by the shop's SKU the units that suppliers hold or have delivered for an order."""
    same, live = facts.evidence["same_goods"], Counter[str]()
    for theirs in facts.books[number]:
        for line in theirs["lines"]:
            gone = line["quantity_rejected"] + line["quantity_cancelled"]
            live[same.get(line["sku"], line["sku"])] += line["quantity"] - gone
    return live


def _books_agree(facts: Facts, verdict: Verdict) -> None:
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


def _retry_after(facts: Facts, verdict: Verdict) -> None:
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


def _unpaid(facts: Facts, verdict: Verdict) -> None:
    for number, theirs in facts.books.items():
        if theirs and not facts.captures[number]:
            verdict.invariants.append(f"V06 {number} was never paid, and is at {theirs[0]['supplier']}")


def _mails(facts: Facts, verdict: Verdict) -> None:
    """The mails that came are those that had to come, to the right people."""
    emails = facts.emails()
    came: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for mail in facts.evidence["mails"]:
        found = NUMBER.search(mail["subject"])
        kind = next((name for name, begins in SUBJECTS.items() if begins.search(mail["subject"])), "")
        if found is None:
            continue
        number = found.group(1)
        if number in emails and mail["to"] != emails[number]:
            verdict.mails_extra.append(f"{number}: “{mail['subject']}” went to a stranger, {mail['to']}")
        if number not in facts.orders:
            verdict.mails_extra.append(f"“{mail['subject']}” is about no order")
        if kind:
            came[number][kind].add(mail["message_id"])
    for number in facts.orders:
        _mails_of(facts, number, came[number], verdict)
    copies = Counter(mail["message_id"] for mail in facts.evidence["mails"])
    verdict.ambiguous = sum(count - 1 for count in copies.values())
    hits = [fault for fault in facts.evidence["faults"] if fault["hit"] and INTERRUPTS.match(fault["kind"])]
    verdict.ambiguous_allowed = sum(_most_copies(fault) for fault in hits)
    if verdict.ambiguous > verdict.ambiguous_allowed:
        verdict.mails_extra.append(f"{verdict.ambiguous} second copies, {verdict.ambiguous_allowed} interruptions")


def _most_copies(fault: dict[str, Any]) -> int:
    # A cut is counted by the mail server itself; a process that dies may have been sending in each of its threads.
    if fault["kind"] == "mail_cut_after_data":
        return int(fault["evidence"].split()[0])
    return 8 if fault["kind"] in {"kill_everything", "kill_both_workers", "rolling_restart"} else 4


def _mails_of(facts: Facts, number: str, came: dict[str, set[str]], verdict: Verdict) -> None:
    order = facts.orders[number]
    parcels = [parcel for book in facts.books[number] for parcel in book["shipments"]]
    asked = sum(fact["number"] == number for fact in facts.evidence["refunds_asked"])
    paid = bool(facts.captures[number]) and order["state"] == "paid"
    exactly = {
        "confirmed": int(paid),
        "sent": sum(parcel["status"] in ON_ITS_WAY for parcel in parcels),
        "delivered": sum(parcel["status"] == "delivered" for parcel in parcels),
    }
    cancelled = sum(line["cancelled"] for line in order["lines"])
    late = order["state"] == "cancelled"
    between = {
        "refund": (asked + late, asked + late),
        "cancelled": (int(bool(cancelled and paid)), cancelled),
        "payment_failed": (0, 1),
    }
    for kind, (least, most) in ({kind: (count, count) for kind, count in exactly.items()} | between).items():
        count = len(came[kind])
        if count < least:
            verdict.mails_missing.append(f"{number}: {count} of {least} “{kind}” came")
        if count > most:
            verdict.mails_extra.append(f"{number}: {count} “{kind}” came, {most} were due")


def _mail_rows(facts: Facts, verdict: Verdict) -> None:
    """Whatever the shop says it sent has come, and whatever came the shop says it sent."""
    received = {mail["message_id"] for mail in facts.evidence["mails"]}
    claimed: set[str] = set()
    for number, order in facts.orders.items():
        for row in order["notifications"]:
            claimed.add(row["message_id"])
            if row["state"] == "sent" and row["message_id"] not in received:
                verdict.mails_missing.append(f"{number}: {row['key']} was sent, it says, and never came")
            if row["state"] != "sent" and not facts.has_open_work(number):
                verdict.mails_missing.append(f"{number}: {row['key']} is {row['state']}, and nobody is asked")
    for mail in facts.evidence["mails"]:
        if NUMBER.search(mail["subject"]) and mail["message_id"] not in claimed:
            verdict.mails_extra.append(f"“{mail['subject']}” came, and the shop knows nothing of it")


def _pages(facts: Facts, verdict: Verdict) -> None:
    """Customers saw no error but 503 while the database was away, and waited for nothing for long."""
    windows = facts.evidence["windows"]
    for answer in facts.evidence["answers"]:
        status, where = answer["status"], f"{answer['method']} {answer['path']}"
        database = _within(answer, windows, {"database"})
        if status == 503 and not database:
            verdict.invariants.append(f"V14 {where}: 503 while the database was there")
        elif isinstance(status, int) and status >= 500 and status != 503:
            verdict.invariants.append(f"V14 {where}: {status}")
        elif answer["took"] > 10 and not _within(answer, windows, {"database", "web"}):
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


def _itself(facts: Facts, verdict: Verdict) -> None:
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
