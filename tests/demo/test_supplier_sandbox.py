"""The contract's sandbox SKUs behave as it says."""

import uuid

import pytest
import requests

from tests.demo.supplier_checks import CheckedSupplier, check_event, check_sums, order_body, write_profile
from tests.demo.supplier_process import WebhookSink, wait_until


@pytest.fixture(scope="module")
def sink():
    with WebhookSink() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def supplier(tmp_path_factory, sink):
    profile = write_profile(tmp_path_factory.mktemp("harbour"))
    with CheckedSupplier(profile, webhook_url=sink.url, sandbox=True) as process:
        yield process


def statuses(parcel):
    """List the statuses of a parcel's events, repeats counted once."""
    return list(dict.fromkeys(event["status"] for event in parcel["events"]))


def test_a_supplier_lists_sandbox_skus_only_when_it_is_told_to(supplier, tmp_path):
    listed = supplier.call("GET", "/catalog", params={"limit": 500}).json()["data"]
    with CheckedSupplier(write_profile(tmp_path)) as plain:
        sober = plain.call("GET", "/catalog").json()["data"]
        order = plain.place(("TEST-OK", 1))

    assert len([item for item in listed if item["sku"].startswith("TEST-")]) == 18
    assert {item["cost"]["amount"] for item in listed if item["sku"].startswith("TEST-")} == {"10.00"}
    assert [item for item in sober if item["sku"].startswith("TEST-")] == []
    assert order["lines"][0]["reason"]["code"] == "unknown_sku"


@pytest.mark.parametrize(
    ("sku", "expected"),
    [
        ("TEST-OK", ["label_created", "in_transit", "out_for_delivery", "delivered"]),
        ("TEST-DELAY", ["label_created", "in_transit", "out_for_delivery", "delivered"]),
        (
            "TEST-ATTEMPT",
            ["label_created", "in_transit", "out_for_delivery", "attempt_failed", "available_for_pickup", "delivered"],
        ),
        ("TEST-LOST", ["label_created", "in_transit", "exception"]),
        ("TEST-RTS", ["label_created", "in_transit", "exception", "returning", "returned"]),
    ],
)
def test_a_parcel_goes_the_way_its_sku_names(supplier, sku, expected):
    order = supplier.place((sku, 2))
    supplier.advance(200)

    parcels = supplier.parcels(order["reference"])

    assert [statuses(parcel) for parcel in parcels] == [expected]
    check_sums(supplier.order(order["reference"]), parcels)


def test_pending_is_decided_later(supplier):
    order = supplier.place(("TEST-PENDING", 2))
    assert (order["status"], order["decided_at"]) == ("received", None)

    supplier.advance(200)

    assert supplier.order(order["reference"])["status"] == "delivered"


def test_backordered_units_come_later(supplier):
    order = supplier.place(("TEST-BACKORDER", 3))
    line = order["lines"][0]
    assert (line["quantity_accepted"], line["quantity_backordered"]) == (1, 2)
    assert line["expected_ship_date"]

    supplier.advance(200)

    assert supplier.order(order["reference"])["status"] == "delivered"
    assert [parcel["lines"][0]["quantity"] for parcel in supplier.parcels(order["reference"])] == [1, 2]


def test_out_of_stock_and_price_are_rejected(supplier):
    order = supplier.place(("TEST-OOS", 1), ("TEST-PRICE", 1))

    assert [line["reason"]["code"] for line in order["lines"]] == ["out_of_stock", "price_changed"]
    assert [line["unit_cost"]["amount"] for line in order["lines"]] == ["10.00", "12.50"]


def test_split_sends_every_unit_in_a_parcel_of_its_own(supplier):
    order = supplier.place(("TEST-SPLIT", 3))
    supplier.advance(200)

    parcels = supplier.parcels(order["reference"])

    assert [[part["quantity"] for part in parcel["lines"]] for parcel in parcels] == [[1], [1], [1]]
    assert len({parcel["tracking_number"] for parcel in parcels}) == 3


def test_drop_is_cancelled_by_the_supplier_before_shipping(supplier):
    order = supplier.place(("TEST-DROP", 2))
    supplier.advance(200)

    dropped = supplier.order(order["reference"])

    assert (order["status"], dropped["status"]) == ("accepted", "cancelled")
    assert dropped["lines"][0]["reason"]["code"] == "cancelled_by_supplier"
    assert supplier.parcels(order["reference"]) == []


def test_hold_waits_for_a_person(supplier):
    order = supplier.place(("TEST-HOLD", 1))
    supplier.advance(200)
    waiting = supplier.order(order["reference"])
    supplier.control(f"orders/{order['reference']}/hold", {"held": False})
    supplier.advance(200)

    assert (waiting["status"], waiting["hold"]["code"]) == ("accepted", "address_check")
    assert supplier.order(order["reference"])["status"] == "delivered"


def test_a_held_order_can_still_be_cancelled(supplier):
    order = supplier.place(("TEST-HOLD", 1))

    answer = supplier.call("POST", f"/orders/{order['reference']}/cancel", json={"reason_code": "address_error"})

    assert (answer.json()["outcome"], answer.json()["order"]["hold"]) == ("cancelled", None)


def test_delay_moves_the_parcels_estimate_by_four_days_or_to_the_monday_after(supplier, sink):
    order = supplier.place(("TEST-DELAY", 1))
    supplier.advance(200)
    parcel = supplier.parcels(order["reference"])[0]

    told = wait_until(lambda: delays_of(sink, order["reference"]))

    assert parcel["eta"]["latest"] > parcel["original_eta"]["latest"]
    assert parcel["delay"]["previous_latest"] == parcel["original_eta"]["latest"]
    assert (parcel["delay"]["reason_code"], told[0]["data"]["delay"]) == ("weather", parcel["delay"])


def delays_of(sink, reference):
    return [
        event
        for event in sink.events
        if event["type"] == "shipment.delayed" and event["data"]["reference"] == reference
    ]


def test_late_misses_its_day_and_ships_afterwards(supplier):
    order = supplier.place(("TEST-LATE", 1))
    supplier.advance(6)
    late = supplier.order(order["reference"])
    supplier.advance(200)

    assert late["eta"]["ship_by"] > late["original_eta"]["ship_by"]
    assert late["delay"]["latest"] == late["eta"]["latest"]
    assert supplier.order(order["reference"])["status"] == "delivered"


def test_nocancel_passes_the_request_on_and_cancels_nothing(supplier):
    order = supplier.place(("TEST-NOCANCEL", 2))
    path = f"/orders/{order['reference']}/cancel"
    asked = supplier.call("POST", path, json={"reason_code": "customer_request"})
    again = supplier.call("POST", path, json={"reason_code": "customer_request"})
    supplier.advance(200)

    assert (asked.status_code, asked.json()["outcome"]) == (202, "requested")
    assert asked.json()["order"]["lines"][0]["quantity_cancel_requested"] == 2
    assert again.json()["code"] == "not-cancellable"
    line = supplier.order(order["reference"])["lines"][0]
    assert (line["status"], line["quantity_cancelled"], line["quantity_cancel_requested"]) == ("delivered", 0, 0)


def test_500_and_hang_store_the_order_and_replay_it(supplier):
    for sku, first_status in (("TEST-500", 500), ("TEST-HANG", None)):
        body, key = order_body((sku, 1)), uuid.uuid4().hex
        try:
            first = supplier.call("POST", "/orders", key=key, json=body).status_code
        except requests.ConnectionError:
            first = None

        second = supplier.call("POST", "/orders", key=key, json=body)

        assert (first, second.status_code) == (first_status, 201)
        assert second.headers["Idempotent-Replayed"] == "true"


def test_503_stores_nothing_the_first_time(supplier):
    body, key = order_body(("TEST-503", 1)), uuid.uuid4().hex

    first = supplier.call("POST", "/orders", key=key, json=body)
    missing = supplier.call("GET", f"/orders/{body['reference']}")
    second = supplier.call("POST", "/orders", key=key, json=body)

    assert (first.status_code, first.headers["Retry-After"]) == (503, "2")
    assert missing.status_code == 404
    assert (second.status_code, second.headers.get("Idempotent-Replayed")) == (201, None)


def test_hooks_come_twice_and_backwards(supplier, sink):
    order = supplier.place(("TEST-HOOKS", 1))
    supplier.advance(200)

    def told():
        return [event for event in sink.events if event["data"].get("reference") == order["reference"]]

    hooks = [hook for hook in supplier.books()["webhooks"] if hook["reference"] == order["reference"]]
    wait_until(lambda: len(told()) == 2 * len(hooks))
    order_versions = [event["data"]["version"] for event in told() if event["type"] == "order.updated"]

    assert order_versions == sorted(order_versions, reverse=True)
    assert {order_versions.count(version) for version in order_versions} == {2}
    for event in told():
        check_event(event)
