"""The contract's rules about orders and transport (C-01 to C-15, C-22 to C-24), held against a real simulated supplier over HTTP."""

import json
import threading
import uuid

import pytest
import requests

from tests.demo.supplier_checks import (
    CheckedSupplier,
    check_event,
    check_history,
    check_meaning,
    check_sums,
    order_body,
    write_profile,
)
from tests.demo.supplier_process import API_KEY, WebhookSink, wait_until


@pytest.fixture(scope="module")
def sink():
    with WebhookSink() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def supplier(tmp_path_factory, sink):
    profile = write_profile(tmp_path_factory.mktemp("harbour"))
    with CheckedSupplier(profile, webhook_url=sink.url, sandbox=True) as process:
        yield process


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A supplier that offers nothing optional, and reads slowly."""
    profile = write_profile(tmp_path_factory.mktemp("plain"), capabilities=[], requests_per_minute=12, max_page=5)
    with CheckedSupplier(profile, arguments=("--read-only-key", "reader-key")) as process:
        yield process


def delivered(supplier, *lines, **changes):
    order = supplier.place(*lines, **changes)
    supplier.advance(100)
    return supplier.order(order["reference"])


def test_c01_every_path_is_served_and_an_undeclared_one_answers_501(supplier, plain):
    body = {"currency": "EUR", "destination": {"country": "DE"}, "lines": [{"sku": "MUG", "quantity": 1}]}
    order = delivered(supplier, ("MUG", 1))
    back = {"return_reference": "C01", "reference": order["reference"], "resolution_requested": "refund"}
    back["lines"] = [{"line_id": "L1", "quantity": 1, "reason_code": "defective"}]

    served = [
        supplier.call("GET", "/account"),
        supplier.call("GET", "/catalog"),
        supplier.call("GET", "/stock"),
        supplier.call("POST", "/shipping-quotes", json=body),
        supplier.call("GET", "/orders"),
        supplier.call("GET", f"/shipments/{supplier.parcels(order['reference'])[0]['shipment_id']}"),
        supplier.call("POST", "/returns", json=back),
        supplier.call("GET", "/returns"),
        supplier.call("GET", "/returns/C01"),
        supplier.call("POST", "/returns/C01/cancel", json={}),
    ]
    refused = [
        plain.call("POST", "/shipping-quotes", json=body),
        plain.call("GET", "/returns"),
        plain.call("POST", "/returns", json=back),
        plain.call("POST", "/orders/X/cancel", json={"reason_code": "other"}),
        plain.call("POST", "/orders/X/inquiries", json={"kind": "unsent"}),
    ]

    assert [answer.status_code for answer in served] == [200, 200, 200, 200, 200, 200, 201, 200, 200, 200]
    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(501, "not-supported")] * 5


def test_c02_a_wrong_key_answers_401_before_anything_else(supplier, plain):
    answers = [
        supplier.call("POST", "/orders", data=b"not json", headers={"Authorization": told})
        for told in ("", "Bearer wrong", f"Basic {API_KEY}")
    ]
    nowhere = requests.get(f"{supplier.base}/v1/nowhere", timeout=5)
    reader = {"Authorization": "Bearer reader-key"}

    assert {answer.status_code for answer in [*answers, nowhere]} == {401}
    assert plain.call("GET", "/account", headers=reader).status_code == 200
    assert plain.call("POST", "/orders", json=order_body(("MUG", 1)), headers=reader).status_code == 403


def test_c03_the_request_id_is_echoed_where_it_fits(supplier):
    echoed = supplier.call("GET", "/account", headers={"X-Request-Id": "abc.DEF_1-2"})
    replaced = supplier.call("GET", "/account", headers={"X-Request-Id": "no spaces please"})

    assert echoed.headers["X-Request-Id"] == "abc.DEF_1-2"
    assert replaced.headers["X-Request-Id"] != "no spaces please"


def test_c04_a_repeat_with_one_key_creates_one_order(supplier):
    body, key = order_body(("MUG", 1)), uuid.uuid4().hex
    first = supplier.call("POST", "/orders", key=key, json=body)
    shuffled = json.dumps(dict(reversed(body.items())), indent=3)
    second = supplier.call(
        "POST", "/orders", key=f'"{key}"', data=shuffled, headers={"Content-Type": "application/json; charset=utf-8"}
    )

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.headers["Location"] == f"/v1/orders/{body['reference']}"
    assert [order["effects"] for order in supplier.books()["orders"] if order["reference"] == body["reference"]] == [1]


@pytest.mark.parametrize("kind", ["accept_then_drop", "accept_then_500", "accept_then_hang"])
def test_c04_a_lost_answer_is_replayed(supplier, kind):
    body, key = order_body(("MUG", 1)), uuid.uuid4().hex
    supplier.control("faults", [{"match": "POST /v1/orders", "kind": kind, "seconds": 0.2}])
    try:
        first = supplier.call("POST", "/orders", key=key, json=body).status_code
    except requests.ConnectionError:
        first = None

    second = supplier.call("POST", "/orders", key=key, json=body)

    assert first == (500 if kind == "accept_then_500" else None)
    assert (second.status_code, second.headers["Idempotent-Replayed"]) == (201, "true")
    assert second.json()["reference"] == body["reference"]


def test_c05_one_key_with_another_body_changes_nothing(supplier):
    body, key = order_body(("MUG", 1)), uuid.uuid4().hex
    supplier.call("POST", "/orders", key=key, json=body)
    before = supplier.order(body["reference"])

    other = supplier.call("POST", "/orders", key=key, json=order_body(("MUG", 2)))

    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert supplier.order(body["reference"]) == before


def test_c06_two_simultaneous_posts_with_one_key_create_one_order(supplier):
    body, key = order_body(("MUG", 1)), uuid.uuid4().hex
    supplier.control("faults", [{"match": "POST /v1/orders", "kind": "delay", "seconds": 0.8}])
    headers = {"Authorization": f"Bearer {API_KEY}", "Idempotency-Key": key}
    answers = []

    def slow():
        answers.append(requests.post(f"{supplier.base}/v1/orders", json=body, headers=headers, timeout=10))

    thread = threading.Thread(target=slow)
    thread.start()
    wait_until(lambda: supplier.books()["faults"][0]["times"] == 0)
    loser = supplier.call("POST", "/orders", key=key, json=body)
    thread.join()

    assert (loser.status_code, loser.json()["code"]) == (409, "idempotency-in-progress")
    assert loser.headers["Retry-After"] == "1"
    assert answers[0].status_code == 201
    assert supplier.call("POST", "/orders", key=key, json=body).json() == answers[0].json()


def test_c07_a_known_reference_answers_409_for_ever(supplier):
    body, key = order_body(("MUG", 1)), uuid.uuid4().hex
    stored = supplier.call("POST", "/orders", key=key, json=body).json()
    again = supplier.call("POST", "/orders", json=body)
    broken = supplier.call("POST", "/orders", json={"reference": body["reference"]})
    supplier.advance(20 * 25 * 3600)
    forgotten = supplier.call("POST", "/orders", key=key, json=body)

    for answer in (again, broken, forgotten):
        assert (answer.status_code, answer.json()["code"]) == (409, "duplicate-reference")
        assert answer.json()["reference"] == body["reference"]
        assert answer.json()["resource_url"] == f"/v1/orders/{body['reference']}"
        assert answer.json()["supplier_id"] == stored["supplier_order_id"]
    assert supplier.order(body["reference"])["status"] == "delivered"


def test_c08_a_422_stores_nothing_and_the_key_can_be_used_again(supplier):
    key, body = uuid.uuid4().hex, order_body(("MUG", 1), country="ES")
    wrong = body | {"ship_to": body["ship_to"] | {"postal_code": "46"}}

    refused = supplier.call("POST", "/orders", key=key, json=wrong)
    unknown = supplier.call("GET", f"/orders/{body['reference']}")
    corrected = supplier.call("POST", "/orders", key=key, json=body)

    assert refused.status_code == 422
    assert [(fault["pointer"], fault["code"]) for fault in refused.json()["errors"]] == [
        ("/ship_to/postal_code", "invalid-format")
    ]
    assert unknown.status_code == 404
    assert corrected.status_code == 201


def test_c09_an_order_that_is_wholly_rejected_is_stored_and_readable(supplier):
    order = supplier.place(("NOBODY-HAS-IT", 1), ("GONE", 2))

    assert order["status"] == "rejected"
    assert [line["reason"]["code"] for line in order["lines"]] == ["unknown_sku", "discontinued"]
    assert supplier.order(order["reference"]) == order
    assert (order["eta"], order["totals"]["total"]["amount"]) == (None, "0.00")


@pytest.mark.parametrize(
    ("sku", "count", "cost", "country", "reason"),
    [
        ("MUG", 1, "4.51", "IE", "price_changed"),
        ("NEAR", 1, "50.00", "DE", "destination_not_served"),
        ("FEW", 1, "50.00", "IE", "quantity_limit"),
        ("FEW", 3, "50.00", "IE", "quantity_limit"),
        ("FEW", 8, "50.00", "IE", "quantity_limit"),
        ("PAUSED", 1, "50.00", "IE", "out_of_stock"),
    ],
)
def test_c09_each_reason_against_a_line_has_its_code(supplier, sku, count, cost, country, reason):
    order = supplier.place((sku, count), cost=cost, country=country)

    assert order["lines"][0]["reason"]["code"] == reason
    assert order["lines"][0]["unit_cost"]["amount"] == ("4.52" if sku == "MUG" else "5.00")


def test_c10_the_invariants_hold_in_every_answer_and_every_webhook(supplier, sink):
    order = supplier.place(("MUG", 3), ("RARE", 4), ("GONE", 1))
    reference = order["reference"]
    for _moment in range(40):
        supplier.advance(3)
        check_sums(supplier.order(reference), supplier.parcels(reference))

    told = wait_until(lambda: [event for event in sink.events if is_end_of(event, reference)])

    assert told[0]["data"]["order"]["lines"][1]["quantity_delivered"] == 4
    for event in sink.events:
        check_event(event)
    copies = [event["data"]["order"] for event in sink.events if "order" in event["data"]]
    for name in {order["reference"] for order in copies}:
        check_history([order for order in copies if order["reference"] == name])


def is_end_of(event, reference):
    return event["data"].get("order", {}).get("status") == "delivered" and event["data"]["reference"] == reference


def test_c11_an_order_whose_answer_was_lost_is_visible_at_once(supplier):
    body = order_body(("MUG", 1))
    supplier.control("faults", [{"match": "POST /v1/orders", "kind": "accept_then_drop"}])
    with pytest.raises(requests.ConnectionError):
        supplier.call("POST", "/orders", json=body)

    assert supplier.order(body["reference"])["status"] == "accepted"
    assert supplier.call("GET", "/orders/never-stored").status_code == 404


def test_c12_without_partial_delivery_it_is_all_or_nothing(supplier):
    refused = supplier.place(("MUG", 2), ("EMPTY", 1), allow_partial=False, allow_backorder=False)
    waiting = supplier.place(("MUG", 2), ("EMPTY", 1), allow_partial=False)

    assert refused["status"] == "rejected"
    assert [line["reason"]["code"] for line in refused["lines"]] == ["all_or_nothing", "out_of_stock"]
    assert [(line["quantity_accepted"], line["quantity_backordered"]) for line in waiting["lines"]] == [(2, 0), (0, 1)]


def test_c13_without_backorders_no_unit_waits(supplier):
    supplier.control("stock", {"sku": "RARE", "quantity": 2})

    order = supplier.place(("RARE", 1), ("RARE", 4), allow_backorder=False)

    assert [(line["quantity_accepted"], line["quantity_rejected"]) for line in order["lines"]] == [(1, 0), (1, 3)]
    assert order["status"] == "partially_accepted"
    levels = supplier.call("GET", "/stock", params={"sku": "RARE"}).json()["data"]
    assert [(level["quantity"], level["availability"]) for level in levels] == [(0, "out_of_stock")]


def test_c14_a_pending_order_is_decided(supplier):
    order = supplier.place(("TEST-PENDING", 1))
    assert (order["status"], order["eta"]) == ("received", None)

    supplier.advance(6)

    assert supplier.order(order["reference"])["status"] == "accepted"


def test_c15_the_version_rises_with_every_change_and_the_stamp_never_goes_back(supplier):
    reference = supplier.place(("MUG", 1))["reference"]
    seen = [supplier.order(reference)]
    for _moment in range(30):
        supplier.advance(2)
        seen.append(supplier.order(reference))

    for before, after in zip(seen, seen[1:], strict=False):
        changed = before != after
        assert (after["version"] > before["version"]) == changed
        assert (after["updated_at"] > before["updated_at"]) == changed
    assert seen[-1]["status"] == "delivered"


def test_c22_a_refused_request_had_no_effect_and_says_when_to_come_back(supplier, plain):
    body, key = order_body(("MUG", 1)), uuid.uuid4().hex
    supplier.control("faults", [{"match": "POST /v1/orders", "kind": kind, "seconds": 3} for kind in ("429", "503")])

    answers = [supplier.call("POST", "/orders", key=key, json=body) for _attempt in range(2)]
    missing = supplier.call("GET", f"/orders/{body['reference']}")
    limited = next(answer for answer in (plain.call("GET", "/account") for _try in range(13)) if not answer.ok)

    assert [(answer.status_code, answer.headers["Retry-After"]) for answer in answers] == [(429, "3"), (503, "3")]
    assert missing.status_code == 404
    assert supplier.call("POST", "/orders", key=key, json=body).status_code == 201
    assert (limited.status_code, limited.json()["code"]) == (429, "rate-limited")
    assert 0 <= int(limited.headers["Retry-After"]) <= 60
    assert limited.headers["RateLimit"].startswith('"default";r=0;t=')


def test_c23_an_unknown_member_is_named_by_its_pointer(supplier):
    body = order_body(("MUG", 1), gift=True)
    body["lines"][0]["colour"] = "red"
    body["ship_to"]["a/b~c"] = 1

    answer = supplier.call("POST", "/orders", json=body)

    assert {(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]} == {
        ("/gift", "unknown-field"),
        ("/lines/0/colour", "unknown-field"),
        ("/ship_to/a~1b~0c", "unknown-field"),
    }


def test_c23_each_fault_of_a_body_has_its_code(supplier):
    body = order_body(("MUG", 0), ("MUG", 1), metadata={"k" * 41: "x"})
    body["ship_to"] |= {"name": "x" * 101, "email": "nobody"}
    del body["ship_to"]["city"]
    duplicate = order_body(("MUG", 1), ("MUG", 1))
    duplicate["lines"][1]["line_id"] = "L1"

    faults = supplier.call("POST", "/orders", json=body).json()["errors"]
    twice = supplier.call("POST", "/orders", json=duplicate).json()["errors"]

    assert {(fault["pointer"], fault["code"], fault.get("max_length")) for fault in faults} == {
        ("/lines/0/quantity", "out-of-range", None),
        ("/metadata", "too-long", 40),
        ("/ship_to/name", "too-long", 100),
        ("/ship_to/email", "invalid-format", None),
        ("/ship_to/city", "required", None),
    }
    assert [(fault["pointer"], fault["code"]) for fault in twice] == [("/lines/1/line_id", "duplicate")]


def test_c24_money_is_text_in_one_currency(supplier):
    foreign, number = order_body(("MUG", 1)), order_body(("MUG", 1))
    foreign["lines"][0]["unit_cost"]["currency"] = "USD"
    number["lines"][0]["unit_cost"]["amount"] = 5.0

    answers = [supplier.call("POST", "/orders", json=body).json()["errors"] for body in (foreign, number)]

    assert [(fault["pointer"], fault["code"]) for faults in answers for fault in faults] == [
        ("/lines/0/unit_cost/currency", "currency-mismatch"),
        ("/lines/0/unit_cost/amount", "invalid-format"),
    ]


@pytest.mark.parametrize(
    ("headers", "data", "status", "code"),
    [
        ({"Idempotency-Key": "short"}, b"{}", 400, "idempotency-key-missing"),
        ({}, b"{", 400, "invalid-request"),
        ({}, b'{"a": NaN}', 400, "invalid-request"),
        ({}, b"[" * 100_000, 400, "invalid-request"),
        ({"Content-Type": "text/plain"}, b"{}", 415, "unsupported-media-type"),
        ({}, b" " * (1024 * 1024 + 1), 413, "payload-too-large"),
        ({}, b"[]", 422, "validation-failed"),
    ],
)
def test_transport_faults_have_their_problem(supplier, headers, data, status, code):
    try:
        answer = supplier.call("POST", "/orders", data=data, headers={"Content-Type": "application/json"} | headers)
    except requests.ConnectionError:
        # The server answers before such a body has gone out, and the client may be cut off writing.
        assert status == 413
        return

    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    "spoil",
    [
        {"quantity_accepted": 1},
        {"quantity_delivered": 3},
        {"quantity_cancel_requested": 3},
        {"status": "delivered"},
        {"unit_cost": {"amount": 4.52, "currency": "EUR"}},
    ],
)
def test_the_checks_of_these_tests_notice_a_broken_line(supplier, spoil):
    order = supplier.place(("MUG", 2))
    order["lines"][0] |= spoil

    with pytest.raises((AssertionError, TypeError)):
        check_meaning(order)
