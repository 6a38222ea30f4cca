"""The chaos checker bites: each defect planted into honest ledgers turns exactly its promise red."""

from __future__ import annotations

import pytest

from tests.chaos.checker import check
from tests.chaos.report import shortcomings
from tests.faults.planted import (
    DEFECTS,
    NUMBER,
    answer,
    honest,
    let_a_customer_wait,
    lose_the_supplier_order,
    mail,
    row,
    send_a_second_copy_without_a_cause,
    the_order,
)


def test_honest_ledgers_pass():
    evidence = honest()

    verdict = check(evidence)

    assert verdict.broken == []
    assert shortcomings(evidence, verdict, least_faults=0, least_kinds=0) == []


@pytest.mark.parametrize(("plant", "promise"), DEFECTS, ids=[plant.__name__ for plant, _promise in DEFECTS])
def test_a_planted_defect_turns_its_promise_red(plant, promise):
    evidence = honest()
    plant(evidence)

    verdict = check(evidence)

    assert getattr(verdict, promise), verdict.broken


def test_a_return_that_is_told_once_is_as_it_should_be_and_its_number_is_not_taken_for_an_orders():
    evidence = honest()
    for kind, says in (("return-asked", "We have your return request"), ("return-kept", "Refund of €9.00 on its way")):
        evidence["mails"].append(mail(kind, f"{says}: return RT-1234567"))
        the_order(evidence)["notifications"].append(row(kind))
    assert check(evidence).mails_extra == []


def test_a_unit_that_waits_for_a_person_is_explained_and_not_lost():
    evidence = honest()
    lose_the_supplier_order(evidence)
    the_order(evidence)["supplier_orders"].clear()
    the_order(evidence)["shipments"].clear()
    the_order(evidence)["work_items"].append({"reason": "no_offer", "open": True})

    verdict = check(evidence)

    assert verdict.lost == []
    assert verdict.explained == [f"{NUMBER}: 2 of HB-1 wait for a person"]


def test_a_503_while_the_database_is_away_is_no_broken_promise():
    evidence = honest()
    evidence["answers"].append(answer(503, began=102.0))

    assert check(evidence).broken == []


def test_a_long_wait_counts_only_where_the_run_has_the_machine_for_itself():
    evidence = honest() | {"timed": False}
    let_a_customer_wait(evidence)

    assert check(evidence).broken == []
    assert check(evidence | {"timed": True}).broken


def test_a_second_copy_is_allowed_where_the_mail_server_was_cut_off():
    evidence = honest()
    send_a_second_copy_without_a_cause(evidence)
    evidence["faults"].append(
        {"kind": "mail_cut_after_data", "hit": True, "evidence": "1 mails were taken without a word"}
    )

    verdict = check(evidence)

    assert (verdict.ambiguous, verdict.broken) == (1, [])


def test_too_few_hits_or_a_slow_recovery_fail_a_run_that_kept_its_promises():
    evidence = honest() | {"recovery_seconds": 31.0}

    short = shortcomings(evidence, check(evidence), least_faults=30, least_kinds=12)

    assert short == [
        "recovery took 31.0 s, the promise is 30",
        "only 0 faults of 0 kinds hit, wanted 30 of 12",
    ]
