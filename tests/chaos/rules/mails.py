"""Of the mail server's copies: the mails that came are those that were due, and those the shop says it sent."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import Any

from tests.chaos.facts import Facts, Verdict

# The number of an order; those of returns and replacements look alike.
NUMBER = re.compile(r"\b((?!R[TP]-)[A-Z]{2}-\d{7})\b")
RETURN = re.compile(r"\b(RT-\d{7})\b")
# What is said of a return at most once, whatever is repeated. Money, labels and a second look may come again.
ONCE_PER_RETURN = re.compile(r"^(We have your return request|Handed in|Received|Complete|Not accepted|Taken back)")
# What a subject begins with says what kind of mail it is, to a reader who knows nothing of the shop's tables.
SUBJECTS = {
    "confirmed": re.compile(r"^Order confirmed"),
    "sent": re.compile(r"^Sent:"),
    "delivered": re.compile(r"^Delivered:"),
    "refund": re.compile(r"^Refund of .* on its way"),
    # One answer of a supplier may have stopped some units and not others.
    "cancelled": re.compile(r"^(Cancelled|Partly cancelled):"),
    "payment_failed": re.compile(r"^Payment did not go through"),
    "tried": re.compile(r"^Delivery tried:"),
    "to_collect": re.compile(r"^Ready to collect:"),
    "back": re.compile(r"^On its way back:"),
}
# Where suppliers are asked in words; what they are asked is about an order, and none of its customer's mails.
SUPPLIERS = re.compile(r"^service@[a-z]+\.test$")
ON_ITS_WAY = {"in_transit", "out_for_delivery", "available_for_pickup", "attempt_failed", "exception", "delivered"}
GOING_BACK = {"returning", "returned"}
# What may send a mail twice under one Message-ID: whoever sends dies, sleeps or is cut off between send and note.
INTERRUPTS = re.compile(r"^(kill_|freeze_worker|mail_cut|rolling|backends|all_connections|tables_locked|write_lock)")


def due(facts: Facts, verdict: Verdict) -> None:
    """The mails that came are those that had to come, to the right people."""
    emails = facts.emails()
    came: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for mail in _to_customers(facts):
        found = NUMBER.search(mail["subject"])
        kind = next((name for name, begins in SUBJECTS.items() if begins.search(mail["subject"])), "")
        if found is None:
            continue
        number = found.group(1)
        if number in emails and mail["to"] != emails[number]:
            verdict.mails_extra.append(f"{number}: “{mail['subject']}” went to a stranger, {mail['to']}")
        if number not in facts.orders:
            verdict.mails_extra.append(f"“{mail['subject']}” is about no order")
        # What a return pays back its own mails tell; see below.
        if kind and not RETURN.search(mail["subject"]):
            came[number][kind].add(mail["message_id"])
    for number in facts.orders:
        _due_of(facts, number, came[number], verdict)
    copies = Counter(mail["message_id"] for mail in facts.evidence["mails"])
    verdict.ambiguous = sum(count - 1 for count in copies.values())
    hits = [fault for fault in facts.evidence["faults"] if fault["hit"] and INTERRUPTS.match(fault["kind"])]
    verdict.ambiguous_allowed = sum(_most_copies(fault) for fault in hits)
    if verdict.ambiguous > verdict.ambiguous_allowed:
        verdict.mails_extra.append(f"{verdict.ambiguous} second copies, {verdict.ambiguous_allowed} interruptions")


def _to_customers(facts: Facts) -> list[dict[str, Any]]:
    return [mail for mail in facts.evidence["mails"] if not SUPPLIERS.match(mail["to"])]


def asked(facts: Facts, verdict: Verdict) -> None:
    """No supplier is asked the same twice."""
    told: dict[tuple[str, str], set[str]] = defaultdict(set)
    for mail in facts.evidence["mails"]:
        if SUPPLIERS.match(mail["to"]):
            told[mail["to"], mail["subject"]].add(mail["message_id"])
    for (to, subject), ids in told.items():
        if len(ids) > 1:
            verdict.mails_extra.append(f"{to} was asked {len(ids)} times: “{subject}”")


def returns(facts: Facts, verdict: Verdict) -> None:
    """No step of a return is told twice, and each to whom it is about."""
    told: dict[tuple[str, str], set[str]] = defaultdict(set)
    for mail in _to_customers(facts):
        begins = ONCE_PER_RETURN.search(mail["subject"])
        for number in RETURN.findall(mail["subject"]) if begins else []:
            told[number, begins.group(1)].add(mail["message_id"])
    for (number, what), ids in told.items():
        if len(ids) > 1:
            verdict.mails_extra.append(f"{number}: “{what}” came {len(ids)} times")


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
    # And so did what its customer had, before they withdrew from all of it.
    went_on = order["state"] == "paid" or bool(order["supplier_orders"]) or number in facts.withdrawn
    paid = bool(facts.captures[number]) and went_on
    exactly = {
        "confirmed": int(paid),
        "delivered": sum(parcel["status"] == "delivered" for parcel in parcels),
    }
    sent, back = (sum(parcel["status"] in states for parcel in parcels) for states in (ON_ITS_WAY, GOING_BACK))
    exactly["back"] = back
    cancelled = sum(line["cancelled"] for line in order["lines"])
    # New goods in the place of old ones that nobody can send are paid back, and told as such.
    bought = sum(line["cancelled"] for line in order["lines"] if not line["replaces"])
    late = order["state"] == "cancelled" and not went_on
    between = {
        "refund": (asked + late, asked + late),
        "cancelled": (int(bool(bought and paid)), cancelled),
        "payment_failed": (0, 1),
        # Nobody is told that it was sent who hears first that it comes back.
        "sent": (sent, sent + back),
        # Who reads a list sees how a parcel stands, and not always what came between.
        "tried": (0, _with_scan(parcels, "attempt_failed")),
        "to_collect": (0, _with_scan(parcels, "available_for_pickup")),
    }
    for kind, (least, most) in ({kind: (count, count) for kind, count in exactly.items()} | between).items():
        count = len(came[kind])
        if count < least:
            verdict.mails_missing.append(f"{number}: {count} of {least} “{kind}” came")
        if count > most:
            verdict.mails_extra.append(f"{number}: {count} “{kind}” came, {most} were due")


def _with_scan(parcels: list[dict[str, Any]], status: str) -> int:
    return sum(any(event["status"] == status for event in parcel.get("events", ())) for parcel in parcels)


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
    for mail in _to_customers(facts):
        if NUMBER.search(mail["subject"]) and mail["message_id"] not in claimed:
            verdict.mails_extra.append(f"“{mail['subject']}” came, and the shop knows nothing of it")
