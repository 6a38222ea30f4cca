"""What a platform reads from a simulated supplier: lists, shipments, delays, quotes (C-16, C-18, C-19)."""

import pytest

from tests.demo.supplier_checks import (
    CheckedSupplier,
    write_profile,
)
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


def test_c16_a_walk_returns_every_item_although_some_change(supplier):
    references = {supplier.place(("MUG", 1))["reference"] for _number in range(7)}
    first = supplier.call("GET", "/orders", params={"limit": 3}).json()
    changing = first["data"][0]["reference"]
    supplier.advance(10)
    pages, cursor = [first], first["next_cursor"]
    while cursor:
        pages.append(supplier.call("GET", "/orders", params={"limit": 3, "cursor": cursor}).json())
        cursor = pages[-1]["next_cursor"]

    found = [order["reference"] for page in pages for order in page["data"]]
    assert references <= set(found)
    assert changing in found
    assert len({page["as_of"] for page in pages}) == 1
    assert all("ship_to" not in order for page in pages for order in page["data"])


def test_c16_updated_since_is_inclusive_and_names_pick_items(supplier):
    order = supplier.place(("MUG", 1))
    since = {"updated_since": order["updated_at"]}

    assert [found["reference"] for found in supplier.call("GET", "/orders", params=since).json()["data"]] == [
        order["reference"]
    ]
    picked = supplier.call("GET", "/catalog", params={"sku": ["GONE", "MUG", "unknown"]}).json()["data"]
    assert {item["sku"]: item["status"] for item in picked} == {"GONE": "discontinued", "MUG": "active"}


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "limit=x", "cursor=nonsense", "updated_since=yesterday", "limit=1&limit=2"]
)
def test_c16_a_wrong_question_answers_400(supplier, query):
    answer = supplier.call("GET", f"/stock?{query}")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request")


def test_c16_a_cursor_lives_a_quarter_of_an_hour(supplier):
    cursor = supplier.call("GET", "/stock", params={"limit": 1}).json()["next_cursor"]
    supplier.advance(20 * 14 * 60)
    alive = supplier.call("GET", "/stock", params={"cursor": cursor})
    supplier.advance(20 * 2 * 60)

    dead = supplier.call("GET", "/stock", params={"cursor": cursor})

    assert alive.status_code == 200
    assert (dead.status_code, dead.json()["code"]) == (410, "cursor-expired")
    assert supplier.call("GET", "/catalog", params={"cursor": cursor}).status_code == 400


def test_c18_shipped_at_is_set_once_and_events_stay_as_they_are(supplier):
    reference = supplier.place(("MUG", 1))["reference"]
    seen = []
    for _moment in range(30):
        supplier.advance(2)
        seen += supplier.parcels(reference)

    assert seen[-1]["status"] == "delivered"
    assert len({parcel["shipped_at"] for parcel in seen if parcel["shipped_at"]}) == 1
    for before, after in zip(seen, seen[1:], strict=False):
        assert after["events"][: len(before["events"])] == before["events"]


def test_c19_a_delay_is_published_and_the_first_estimate_stays(supplier, sink):
    order = supplier.place(("MUG", 1))
    supplier.control(f"orders/{order['reference']}/delay", {"days": 3})
    delayed = supplier.order(order["reference"])

    told = wait_until(lambda: [event for event in sink.events if event["type"] == "order.delayed"])

    assert delayed["original_eta"] == order["original_eta"] == order["eta"]
    assert delayed["eta"]["latest"] > order["eta"]["latest"]
    assert (delayed["delay"]["previous_latest"], delayed["delay"]["latest"]) == (
        order["eta"]["latest"],
        delayed["eta"]["latest"],
    )
    assert [event["data"]["delay"] for event in told if event["data"]["reference"] == order["reference"]] == [
        delayed["delay"]
    ]


def test_c19_a_shipping_day_that_passes_is_published_once_a_day(supplier):
    order = supplier.place(("TEST-HOLD", 1))
    supplier.advance(20 * 24 * 3600 * 5)

    late = supplier.order(order["reference"])

    assert late["hold"]["code"] == "address_check"
    assert late["eta"]["ship_by"] > order["eta"]["ship_by"]
    assert late["delay"]["reason_code"] == "capacity"
    assert late["lines"][0]["quantity_shipped"] == 0


def test_a_quote_lists_services_cheapest_first_and_none_where_nothing_goes(supplier):
    basket = {"currency": "EUR", "destination": {"country": "IE"}, "lines": [{"sku": "NEAR", "quantity": 1}]}
    served = supplier.call("POST", "/shipping-quotes", json=basket).json()["services"]
    nothing = supplier.call("POST", "/shipping-quotes", json=basket | {"destination": {"country": "DE"}}).json()
    unknown = supplier.call("POST", "/shipping-quotes", json=basket | {"lines": [{"sku": "X", "quantity": 1}]})

    assert [(service["service_code"], service["cost"]["amount"]) for service in served] == [
        ("standard", "3.90"),
        ("express", "6.90"),
    ]
    assert nothing == {"services": []}
    assert [(fault["pointer"], fault["code"]) for fault in unknown.json()["errors"]] == [
        ("/lines/0/sku", "unknown-reference")
    ]


def test_a_changed_price_is_listed_and_told(supplier, sink):
    began = supplier.call("GET", "/catalog").json()["as_of"]
    supplier.control("cost", {"sku": "BOWL", "amount": "10.2500"})
    supplier.control("stock", {"sku": "BOWL", "quantity": 3})

    items = supplier.call("GET", "/catalog", params={"updated_since": began}).json()["data"]
    levels = supplier.call("GET", "/stock", params={"updated_since": began}).json()["data"]

    assert [(item["sku"], item["cost"]["amount"]) for item in items] == [("BOWL", "10.2500")]
    assert [(level["sku"], level["availability"]) for level in levels] == [("BOWL", "low_stock")]
    wait_until(lambda: [event for event in sink.events if event["data"] == {"skus": ["BOWL"]}])
    wait_until(lambda: [event for event in sink.events if event["data"] == {"items": levels}])
