"""The checker of mails bites: each fault that is planted into honest mails is named, and nothing else is."""

from __future__ import annotations

import ast
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.histories.checker import Verdict, check
from tests.histories.diary import Diary, Received

NUMBER, MARY, TOM = "LF-1234567", "mary@example.com", "tom@example.com"
SOLD = datetime(2027, 2, 2, 9, tzinfo=UTC)
UNTIL = SOLD + timedelta(days=10)
SLIP = SOLD + timedelta(hours=2)
SENT, CAME = datetime(2027, 2, 5, 16, tzinfo=UTC), datetime(2027, 2, 9, 11, tzinfo=UTC)
NEW = date(2027, 2, 9)
LINK = "https://shop.example/orders/delay/1:abc/"


def told() -> Diary:
    """Return a short diary: declined, paid, told as late, sent, delivered."""
    diary = Diary()
    bought = {"parts": {"harbour": (2, (1, 2))}, "cancels": {}, "market": None, "transfer": False, "others": set()}
    diary.note(NUMBER, "sold", SOLD, email=MARY, language="en-gb", **bought)
    diary.note(NUMBER, "declined", SOLD + timedelta(minutes=15))
    diary.note(NUMBER, "paid", SOLD + timedelta(minutes=30))
    diary.note(NUMBER, "placed", SOLD + timedelta(minutes=40), goods="harbour")
    diary.note(NUMBER, "word", SLIP, goods="harbour", parcel="", speaker="supplier", earliest=NEW, latest=NEW)
    for at, state in ((SENT, "in_transit"), (CAME, "delivered")):
        parcel = {"parcel": "1", "state": state, "tracking": "CE1", "units": 2, "scanned": True}
        diary.note(NUMBER, "parcel", at, goods="harbour", **parcel)
    return diary


def mails() -> list[Received]:
    """Return what must come of it, each a moment after it was due."""
    subjects = [
        (SOLD + timedelta(minutes=15), "Payment did not go through"),
        (SOLD + timedelta(minutes=30), "Order confirmed: arrives Wed 3 – Fri 5 Feb"),
        (SLIP + timedelta(minutes=1), "Later than promised: arrives Tue 9 Feb"),
        (SENT, "Sent: arrives Tue 9 Feb"),
        (CAME, "Delivered: parcel 1 of 1"),
    ]
    return [
        Received(at + timedelta(seconds=5), MARY, f"{subject} ({NUMBER})", LINK.replace("delay", "x") if place != 2 else LINK, f"<{place}>")
        for place, (at, subject) in enumerate(subjects)
    ]  # fmt: skip


def verdict(changed: list[Received]) -> Verdict:
    return check(told().orders, changed, UNTIL)


def test_honest_mails_are_faultless():
    assert verdict(mails()).broken == []


@pytest.mark.parametrize("place", range(5))
def test_each_mail_that_is_dropped_is_missed(place):
    honest = mails()

    found = verdict([mail for mail in honest if mail is not honest[place]])

    assert len(found.missing) == 1
    assert found.broken == [f"missing: {found.missing[0]}"]


@pytest.mark.parametrize("place", range(5))
def test_each_mail_that_comes_twice_is_one_too_many(place):
    second = replace(mails()[place], message_id="<second>", at=mails()[place].at + timedelta(hours=3))

    found = verdict([*mails(), second])

    assert second.subject in found.extra[0]
    assert len(found.extra) == 1
    assert not found.missing


def test_a_copy_under_the_same_message_id_is_named_too():
    found = verdict([*mails(), mails()[3]])

    assert found.copies == ["<3> came 2 times"]


@pytest.mark.parametrize("place", range(5))
def test_each_mail_to_somebody_else_is_named(place):
    found = verdict([replace(mail, to=TOM) if number == place else mail for number, mail in enumerate(mails())])

    assert len(found.broken) == 1
    assert f"to {TOM}" in found.stranger[0]


def test_a_mail_before_the_payment_is_named():
    changed = mails()
    changed[1] = replace(changed[1], at=SOLD + timedelta(minutes=5))

    found = verdict(changed)

    assert "Order confirmed" in found.before_payment[0]
    assert len(found.early) == 1


def test_a_mail_about_an_order_that_is_never_paid_is_one_before_payment():
    diary = told()
    diary.orders[NUMBER] = [fact for fact in diary.orders[NUMBER] if fact.what in {"sold", "declined"}]

    found = check(diary.orders, mails()[:2], UNTIL)

    assert (len(found.before_payment), len(found.extra)) == (1, 1)


def test_a_delay_that_is_told_an_hour_after_it_was_known_is_late():
    changed = mails()
    changed[2] = replace(changed[2], at=SLIP + timedelta(hours=1))

    assert len(verdict(changed).late) == 1


def test_a_mail_in_another_language_is_named():
    changed = mails()
    changed[3] = replace(changed[3], subject=f"Versandt: kommt Di., 9. Feb. an ({NUMBER})")

    assert len(verdict(changed).language) == 1


def test_a_delay_without_its_choice_is_named():
    changed = mails()
    changed[2] = replace(changed[2], text="It is late.")

    assert len(verdict(changed).choice) == 1


def test_a_mail_about_no_order_and_one_of_no_known_kind_are_too_many():
    strange = [
        Received(CAME, MARY, "Sent: arrives (LF-7654321)", "", "<a>"),
        Received(CAME, MARY, f"Ten per cent off! ({NUMBER})", "", "<b>"),
    ]

    assert len(verdict([*mails(), *strange]).extra) == 2


@pytest.mark.parametrize("name", ["diary", "days", "goods", "silence", "expected", "checker"])
def test_whoever_works_out_what_must_come_knows_nothing_of_the_shop(name):
    tree = ast.parse((Path(__file__).parent / f"{name}.py").read_text())
    imported = {node.module.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {
        alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }

    assert not imported & {"shop", "orders", "suppliers", "support", "notifications", "config", "django"}
