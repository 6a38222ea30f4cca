"""The contract's rules about questions (C-25, C-26), held against a real simulated supplier over HTTP."""

import pytest

from tests.demo.supplier_checks import CheckedSupplier, write_profile

INQUIRY = {"kind": "unsent", "answer_by": "2026-12-01T00:00:00Z"}


@pytest.fixture(scope="module")
def supplier(tmp_path_factory):
    profile = write_profile(tmp_path_factory.mktemp("harbour"), capabilities=["inquiries", "questions"])
    with CheckedSupplier(profile, sandbox=True) as process:
        yield process


def test_c25_an_inquiry_is_noted_and_changes_nothing_of_its_order(supplier):
    order = supplier.place(("MUG", 1))

    asked = supplier.call("POST", f"/orders/{order['reference']}/inquiries", json=INQUIRY)
    unknown = supplier.call("POST", "/orders/never-stored/inquiries", json=INQUIRY)

    assert (asked.status_code, asked.json()["kind"]) == (202, "unsent")
    assert unknown.status_code == 404
    assert supplier.order(order["reference"])["version"] == order["version"]


def test_c26_a_question_in_words_needs_its_words_and_a_place_to_answer_and_goes_to_a_person_once(supplier):
    reference = supplier.place(("MUG", 1))["reference"]
    path, asks = f"/orders/{reference}/inquiries", {"kind": "question", "answer_by": INQUIRY["answer_by"]}
    words = {"text": "Is the lid there?", "answer_url": "https://shop.example/supplier/x/"}

    bare = supplier.call("POST", path, json=asks)
    told = [
        supplier.call("POST", path, json=asks | words, headers={"Idempotency-Key": "question-one-of-the-test"})
        for _time in "12"
    ]

    assert (bare.status_code, {row["pointer"] for row in bare.json()["errors"]}) == (422, {"/text", "/answer_url"})
    assert [answer.status_code for answer in told] == [202, 202]
    (order,) = [row for row in supplier.books()["orders"] if row["reference"] == reference]
    assert [(kept["text"], kept["answer_url"]) for kept in order["questions"]] == [tuple(words.values())]
