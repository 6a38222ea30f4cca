"""Webhooks are signed, repeated until they are taken, and stop when they are no longer wanted (C-21)."""

import base64
import hashlib
import hmac

import pytest

from demo.supplier.webhooks import BODY_LIMIT_BYTES, signature, write_body
from tests.demo.supplier_checks import CheckedSupplier, check_event, write_profile
from tests.demo.supplier_process import SECRET, WebhookSink, wait_until


@pytest.fixture(scope="module")
def sink():
    with WebhookSink() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def shared(tmp_path_factory, sink):
    profile = write_profile(tmp_path_factory.mktemp("harbour"))
    with CheckedSupplier(profile, webhook_url=sink.url) as process:
        yield process


@pytest.fixture
def supplier(shared, sink):
    shared.control("webhooks", {"mode": "normal"})
    sink.status = 202
    return shared


def is_genuine(headers, body):
    """Verify one attempt as Standard Webhooks describes it, without the supplier's own code."""
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return hmac.compare_digest(expected, headers["webhook-signature"])


def about(sink, reference):
    return [event for event in sink.events if event["data"].get("reference") == reference]


def test_the_contracts_vector_is_signed_as_it_says():
    body = b'{"id":"evt_0001","type":"ping","created_at":"2025-11-23T12:13:20Z","test":true,"data":{}}'

    signed = signature("whsec_c3VwcGxpZXItY29udHJhY3QtdGVzdC1rZXktMDE=", "evt_0001", 1763900000, body)

    assert signed == "v1,OSdEDUMhaSaLGVFH0m1JK3+6R1Gv4VKgODmuDHqQZNU="


def test_c21_every_attempt_is_signed_afresh_and_retries_keep_the_id(supplier, sink):
    sink.status = 500
    order = supplier.place(("MUG", 1))
    wait_until(lambda: len(about(sink, order["reference"])) > 2)
    sink.status = 202
    wait_until(lambda: all(hook["state"] == "delivered" for hook in supplier.books()["webhooks"]))

    attempts = [headers for headers, body in sink.attempts if order["reference"].encode() in body]

    assert len({headers["webhook-id"] for headers in attempts}) == 1
    assert all(is_genuine(headers, body) for headers, body in sink.attempts)
    for event, (headers, _body) in zip(sink.events, sink.attempts, strict=True):
        assert event["id"] == headers["webhook-id"]
        check_event(event)


def test_a_ping_can_be_sent(supplier, sink):
    supplier.control("webhooks", {"ping": True})

    told = wait_until(lambda: [event for event in sink.events if event["type"] == "ping"])

    assert told[0]["data"] == {}


def test_switched_off_nothing_is_sent_and_polling_tells_the_same(supplier, sink):
    supplier.control("webhooks", {"mode": "off"})
    order = supplier.place(("MUG", 1))
    supplier.advance(100)

    hooks = [hook for hook in supplier.books()["webhooks"] if hook["reference"] == order["reference"]]

    assert {(hook["state"], hook["attempts"]) for hook in hooks} == {("off", 0)}
    assert about(sink, order["reference"]) == []
    assert supplier.order(order["reference"])["status"] == "delivered"


def test_each_event_can_be_sent_many_times_in_any_order(supplier, sink):
    supplier.control("webhooks", {"mode": "shuffle", "copies": 3})
    order = supplier.place(("MUG", 1))
    supplier.advance(100)
    expected = len([hook for hook in supplier.books()["webhooks"] if hook["reference"] == order["reference"]])

    told = wait_until(lambda: found(sink, order["reference"], 3 * expected))

    identifiers = [event["id"] for event in told]
    assert {identifiers.count(identifier) for identifier in identifiers} == {3}


def found(sink, reference, count):
    events = about(sink, reference)
    return events if len(events) == count else []


def test_410_ends_it_for_good_until_someone_switches_it_on_again(supplier, sink):
    sink.status = 410
    first = supplier.place(("MUG", 1))
    wait_until(lambda: supplier.books()["webhooks"][-1]["state"] == "gone")
    sink.status = 202
    second = supplier.place(("MUG", 1))
    supplier.control("webhooks", {"mode": "normal"})
    third = supplier.place(("MUG", 1))
    wait_until(lambda: about(sink, third["reference"]))

    assert len(about(sink, first["reference"])) <= 1
    assert about(sink, second["reference"]) == []


def test_an_object_that_does_not_fit_is_left_out():
    facts = {"reference": "SO-1", "version": 3, "order": {"note": "x" * BODY_LIMIT_BYTES}}

    body = write_body("evt_1", "order.updated", "2026-11-24T12:00:00Z", facts)

    assert '"data":{"reference":"SO-1","version":3,"truncated":true}' in body
