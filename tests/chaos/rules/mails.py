"""Of the mail server's copies: the mails that came are those that were due, and those the shop says it sent."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import Any

from tests.chaos.facts import Facts, Verdict

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
# What may send a mail twice under one Message-ID: whoever sends dies, sleeps or is cut off between send and note.
INTERRUPTS = re.compile(r"^(kill_|freeze_worker|mail_cut|rolling|backends|all_connections|tables_locked|write_lock)")


def due(facts: Facts, verdict: Verdict) -> None:
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
        _due_of(facts, number, came[number], verdict)
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


def _due_of(facts: Facts, number: str, came: dict[str, set[str]], verdict: Verdict) -> None:
    order = facts.orders[number]
    parcels = [parcel for book in facts.books[number] for parcel in book["shipments"]]
    asked = sum(fact["number"] == number for fact in facts.evidence["refunds_asked"])
    # What came to suppliers went on, also if all of it was cancelled there; what did not came too late.
    went_on = order["state"] == "paid" or bool(order["supplier_orders"])
    paid = bool(facts.captures[number]) and went_on
    exactly = {
        "confirmed": int(paid),
        "sent": sum(parcel["status"] in ON_ITS_WAY for parcel in parcels),
        "delivered": sum(parcel["status"] == "delivered" for parcel in parcels),
    }
    cancelled = sum(line["cancelled"] for line in order["lines"])
    late = order["state"] == "cancelled" and not went_on
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


def noted(facts: Facts, verdict: Verdict) -> None:
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
