"""The simulated carriers' service speaks AfterShip's dialect, keeps its books, and misbehaves as it was asked to."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest
import requests

from tests.demo.carrier_process import SECRET, CarrierProcess
from tests.demo.supplier_checks import CheckedSupplier, order_body, write_profile
from tests.demo.supplier_process import WebhookSink, wait_until

NUMBER = "LX123456785IE"
SCAN = {
    "status": "in_transit",
    "occurred_at": "2026-11-23T09:15:00Z",
    "description": "Left the depot",
    "location": {"city": "Cork", "country": "IE"},
}


@pytest.fixture(scope="module")
def carriers():
    with CarrierProcess() as running:
        yield running


def register(carriers, number=NUMBER, **facts):
    return carriers.call("POST", "/trackings", json={"tracking_number": number, "slug": "an-post"} | facts)


def listed(carriers, number=NUMBER):
    return carriers.call("GET", "/trackings", params={"tracking_numbers": number, "limit": 200}).json()


def test_a_number_is_registered_once_and_shows_what_its_carrier_has_scanned(carriers):
    first, second = register(carriers, custom_fields={"parcel": "7"}), register(carriers)
    assert (first.status_code, second.status_code, second.json()["meta"]["code"]) == (201, 400, 4003)
    made = first.json()["data"]
    assert (made["tag"], made["checkpoints"], made["custom_fields"]) == ("Pending", [], {"parcel": "7"})
    eta = {"earliest": "2026-11-24", "latest": "2026-11-25"}
    carriers.control("parcel", {"number": NUMBER, "events": [SCAN], "eta": eta})
    answer = listed(carriers)
    (tracking,) = answer["data"]["trackings"]
    assert answer["meta"] == {"code": 200}
    assert (tracking["id"], tracking["tag"], tracking["subtag"]) == (made["id"], "InTransit", "InTransit_001")
    (checkpoint,) = tracking["checkpoints"]
    assert (checkpoint["city"], checkpoint["country_region"], checkpoint["message"]) == (
        "Cork",
        "IRL",
        "Left the depot",
    )
    assert tracking["latest_estimated_delivery"]["datetime_max"] == "2026-11-25"
    assert tracking["updated_at"] > made["updated_at"]
    assert listed(carriers) == answer


@pytest.mark.parametrize(
    ("status", "reason", "tag", "subtag"),
    [
        ("label_created", None, "InfoReceived", "InfoReceived_001"),
        ("attempt_failed", None, "AttemptFail", "AttemptFail_001"),
        ("delivered", None, "Delivered", "Delivered_001"),
        ("exception", "weather", "Exception", "Exception_001"),
        ("exception", "lost", "Exception", "Exception_013"),
        ("returning", None, "Exception", "Exception_010"),
        ("returned", None, "Exception", "Exception_011"),
    ],
)
def test_scans_are_told_in_the_services_own_words(carriers, status, reason, tag, subtag):
    number = f"{NUMBER}{status}{reason or ''}".replace("_", "")
    register(carriers, number)
    carriers.control("parcel", {"number": number, "events": [SCAN | {"status": status, "reason_code": reason}]})
    (tracking,) = listed(carriers, number)["data"]["trackings"]
    assert (tracking["tag"], tracking["subtag"]) == (tag, subtag)


def test_refusals_have_the_services_own_codes(carriers):
    def code_of(response):
        return response.status_code, response.json()["meta"]["code"]

    assert code_of(register(carriers, "not a number!")) == (400, 4005)
    assert code_of(carriers.call("POST", "/trackings", data=b"{")) == (400, 4001)
    assert code_of(carriers.call("GET", "/trackings", headers={"as-api-key": "wrong"})) == (401, 401)
    assert code_of(carriers.call("GET", "/couriers")) == (404, 404)
    many = ",".join(str(number) for number in range(51))
    assert code_of(carriers.call("GET", "/trackings", params={"tracking_numbers": many})) == (400, 4001)


@pytest.mark.parametrize(("kind", "status"), [("error_500", 500), ("503", 503), ("429", 429), ("401", 401)])
def test_a_refusal_comes_as_often_as_it_was_asked_for(carriers, kind, status):
    carriers.fault(kind, times=2, match="GET *")
    answers = [carriers.call("GET", "/trackings", params={"tracking_numbers": NUMBER}) for _time in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert ("Retry-After" in answers[0].headers) == (kind in {"429", "503"})


def test_worse_faults_are_what_they_say(carriers):
    register(carriers, "STRANGE1")
    carriers.fault("garbage_html")
    assert carriers.call("GET", "/trackings").text.startswith("<html>")
    carriers.fault("strange")
    assert listed(carriers, "STRANGE1")["data"]["trackings"][0]["tag"] == ["InTransit"]
    carriers.fault("forget")
    assert listed(carriers, "STRANGE1")["data"]["trackings"] == []
    carriers.fault("exhausted")
    assert carriers.call("GET", "/trackings").headers["X-RateLimit-Remaining"] == "0"
    carriers.fault("reset")
    with pytest.raises(requests.ConnectionError):
        carriers.call("GET", "/trackings")


def test_webhooks_are_signed_over_their_bytes_and_come_until_they_are_taken():
    with WebhookSink(status=503) as sink, CarrierProcess(webhook_url=sink.url) as carriers:
        register(carriers)
        carriers.control("parcel", {"number": NUMBER, "events": [SCAN]})
        wait_until(lambda: sink.attempts)
        sink.status = 200
        refused = len(sink.attempts)
        wait_until(lambda: len(sink.attempts) > refused)
        headers, body = sink.attempts[-1]
    wanted = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
    assert headers["aftership-hmac-sha256"] == wanted
    assert json.loads(body)["event_id"] == json.loads(sink.attempts[0][1])["event_id"]
    assert json.loads(body)["msg"]["tag"] == "InTransit"


def test_in_duplicate_mode_each_webhook_comes_twice_and_when_off_none():
    with WebhookSink(status=200) as sink, CarrierProcess(webhook_url=sink.url) as carriers:
        register(carriers)
        carriers.control("webhooks", {"mode": "duplicate"})
        carriers.control("parcel", {"number": NUMBER, "events": [SCAN]})
        wait_until(lambda: len(sink.attempts) == 2)
        carriers.control("webhooks", {"mode": "off"})
        carriers.control("parcel", {"number": NUMBER, "events": [SCAN, SCAN | {"status": "delivered"}]})
        assert len(carriers.control("ledger")["webhooks"]) == 1
    assert len({event["event_id"] for event in sink.events}) == 1


def test_a_restart_forgets_nothing():
    with CarrierProcess() as carriers:
        register(carriers)
        carriers.control("parcel", {"number": NUMBER, "events": [SCAN]})
        before = listed(carriers)
        assert carriers.stop() == 0
        carriers.start()
        assert listed(carriers) == before


def test_a_supplier_may_run_the_carriers_beside_itself_and_lets_them_see_its_parcels(tmp_path):
    with CarrierProcess() as carriers:
        told = ("--carriers-url", carriers.base, "--carriers-key", "test-key-of-the-simulated-carriers")
        with CheckedSupplier(write_profile(tmp_path), arguments=told) as supplier:
            body = order_body(("MUG", 1))
            supplier.call("POST", "/orders", json=body)
            supplier.advance(200)
            (parcel,) = supplier.parcels(body["reference"])
            register(carriers, parcel["tracking_number"])
            tracking = wait_until(
                lambda: next(
                    (
                        copy
                        for copy in listed(carriers, parcel["tracking_number"])["data"]["trackings"]
                        if copy["tag"] == "Delivered"
                    ),
                    None,
                )
            )
    assert [point["message"] for point in tracking["checkpoints"]] == [
        event["description"] for event in parcel["events"]
    ]
