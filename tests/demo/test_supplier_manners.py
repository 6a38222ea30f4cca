"""Three suppliers, three temperaments."""

from datetime import UTC, date, datetime

import pytest
import requests

from demo.supplier.estimates import add_working_days, first_working_day
from demo.supplier.profile import load_profile
from tests.demo.supplier_checks import CheckedSupplier, check_sums, order_body, write_profile
from tests.demo.supplier_process import PROFILES

SLUGS = ["harbour", "meridian", "kestrel"]


@pytest.fixture(scope="module")
def suppliers(tmp_path_factory):
    processes = {slug: CheckedSupplier(write_profile(tmp_path_factory.mktemp(slug), slug)) for slug in SLUGS}
    with processes["harbour"], processes["meridian"], processes["kestrel"]:
        yield processes


@pytest.mark.parametrize(
    ("slug", "first", "parcels"), [("harbour", "accepted", 1), ("meridian", "received", 2), ("kestrel", "received", 1)]
)
def test_each_supplier_answers_and_packs_in_its_own_way(suppliers, slug, first, parcels):
    supplier = suppliers[slug]
    order = supplier.place(("MUG", 2), ("BOWL", 1))
    supplier.advance(200)

    sent = supplier.parcels(order["reference"])

    assert (order["status"], len(sent)) == (first, parcels)
    assert supplier.order(order["reference"])["status"] == "delivered"
    check_sums(supplier.order(order["reference"]), sent)


@pytest.mark.parametrize("slug", SLUGS)
def test_an_order_is_delivered_within_45_to_80_seconds(suppliers, slug):
    supplier = suppliers[slug]
    order = supplier.place(("MUG", 2), ("BOWL", 1))
    supplier.advance(45)
    early = supplier.order(order["reference"])["status"]
    supplier.advance(35)

    assert early != "delivered"
    assert supplier.order(order["reference"])["status"] == "delivered"


def test_meridian_splits_one_line_of_several_units(suppliers):
    order = suppliers["meridian"].place(("MUG", 5))
    suppliers["meridian"].advance(200)

    parcels = suppliers["meridian"].parcels(order["reference"])

    assert [parcel["lines"][0]["quantity"] for parcel in parcels] == [2, 3]


def test_meridian_cannot_stop_what_has_a_label(suppliers):
    supplier = suppliers["meridian"]
    order = supplier.place(("MUG", 2), ("EMPTY", 1))
    supplier.advance(15)
    path = f"/orders/{order['reference']}/cancel"

    part = supplier.call("POST", path, json={"reason_code": "customer_request"})
    late = supplier.call("POST", path, json={"reason_code": "customer_request"})

    assert (part.status_code, part.json()["outcome"]) == (200, "partially_cancelled")
    assert [(line["quantity_requested"], line["quantity_cancelled"]) for line in part.json()["lines"]] == [
        (2, 0),
        (1, 1),
    ]
    assert late.json()["code"] == "not-cancellable"


def test_an_order_that_is_not_decided_yet_can_be_cancelled(suppliers):
    supplier = suppliers["meridian"]
    order = supplier.place(("MUG", 2))

    answer = supplier.call("POST", f"/orders/{order['reference']}/cancel", json={"reason_code": "other"})
    supplier.advance(100)

    assert answer.json()["order"]["status"] == "cancelled"
    assert supplier.order(order["reference"])["status"] == "cancelled"
    assert supplier.parcels(order["reference"]) == []


def test_kestrel_decides_a_cancellation_later(suppliers):
    supplier = suppliers["kestrel"]
    order = supplier.place(("MUG", 2))
    asked = supplier.call("POST", f"/orders/{order['reference']}/cancel", json={"reason_code": "other"})
    supplier.advance(8)

    assert (asked.status_code, asked.json()["outcome"]) == (202, "requested")
    assert asked.json()["lines"] == [
        {
            "line_id": "L1",
            "quantity_requested": 2,
            "quantity_cancelled": 0,
            "detail": "Passed to the warehouse",
        }
    ]
    assert supplier.order(order["reference"])["status"] == "cancelled"


def test_kestrel_slips_by_two_days_with_some_orders_and_always_the_same(suppliers):
    supplier = suppliers["kestrel"]
    references = [f"SLIP-{number}" for number in range(12)]
    for reference in references:
        supplier.place(("MUG", 1), reference=reference)
    supplier.advance(100)
    orders = [supplier.order(reference) for reference in references]
    supplier.control("reset", {})
    for reference in references:
        supplier.place(("MUG", 1), reference=reference)
    supplier.advance(100)

    slipped = [order["reference"] for order in orders if order["delay"]]

    assert 0 < len(slipped) < len(references)
    assert slipped == [name for name in references if supplier.order(name)["delay"]]
    for order in orders:
        assert (order["eta"]["latest"] > order["original_eta"]["latest"]) == (order["delay"] is not None)


def test_kestrel_ships_what_it_has_and_the_rest_later(suppliers):
    supplier = suppliers["kestrel"]
    supplier.control("stock", {"sku": "RARE", "quantity": 2})
    order = supplier.place(("RARE", 5))
    supplier.advance(4)
    decided = supplier.order(order["reference"])
    supplier.advance(200)

    assert decided["status"] == "partially_accepted"
    assert decided["lines"][0]["expected_ship_date"] >= decided["eta"]["ship_by"]
    assert [parcel["lines"][0]["quantity"] for parcel in supplier.parcels(order["reference"])] == [2, 3]


def test_a_street_that_nobody_knows_is_found_out_when_the_line_is_decided(suppliers):
    body = order_body(("MUG", 1))
    body["ship_to"]["line1"] = "Nowhere Street 1"

    order = suppliers["harbour"].call("POST", "/orders", json=body).json()

    assert (order["status"], order["lines"][0]["reason"]["code"]) == ("rejected", "address_invalid")


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 11, 24, 13, 59, tzinfo=UTC), date(2026, 11, 24)),
        (datetime(2026, 11, 24, 14, 0, tzinfo=UTC), date(2026, 11, 25)),
        (datetime(2026, 11, 27, 14, 0, tzinfo=UTC), date(2026, 11, 30)),
        (datetime(2026, 7, 1, 13, 0, tzinfo=UTC), date(2026, 7, 2)),
    ],
)
def test_the_cutoff_is_read_in_the_warehouses_time_zone(moment, day):
    assert first_working_day(load_profile(PROFILES / "harbour.json"), moment) == day


def test_working_days_skip_the_weekend():
    assert add_working_days(date(2026, 11, 27), 1) == date(2026, 11, 30)
    assert add_working_days(date(2026, 11, 28), 0) == date(2026, 11, 30)
    assert add_working_days(date(2026, 11, 24), 5) == date(2026, 12, 1)


def test_a_hold_stops_what_is_in_the_house_until_it_is_lifted(suppliers):
    supplier = suppliers["harbour"]
    order = supplier.place(("MUG", 2))
    supplier.advance(14)
    supplier.control(f"orders/{order['reference']}/hold", {"code": "stock_check"})
    one = {"reason_code": "other", "lines": [{"line_id": "L1", "quantity": 1}]}
    supplier.call("POST", f"/orders/{order['reference']}/cancel", json=one)
    supplier.advance(200)
    held = supplier.parcels(order["reference"])
    supplier.control(f"orders/{order['reference']}/hold", {"held": False})
    supplier.advance(200)

    assert [parcel["status"] for parcel in held] == ["cancelled"]
    assert [parcel["status"] for parcel in supplier.parcels(order["reference"])] == ["cancelled", "delivered"]
    assert supplier.order(order["reference"])["status"] == "delivered"


def test_a_supplier_may_cancel_what_it_has_accepted(suppliers):
    supplier = suppliers["harbour"]
    order = supplier.place(("MUG", 2))
    supplier.advance(14)

    supplier.control(f"orders/{order['reference']}/cancel_by_supplier", {})

    cancelled = supplier.order(order["reference"])
    assert (cancelled["status"], cancelled["lines"][0]["reason"]["code"]) == ("cancelled", "cancelled_by_supplier")
    assert [parcel["status"] for parcel in supplier.parcels(order["reference"])] == ["cancelled"]


def test_pictures_and_tracking_pages_need_no_key(suppliers):
    supplier = suppliers["harbour"]
    order = supplier.place(("MUG", 1))
    supplier.advance(100)

    page = requests.get(supplier.parcels(order["reference"])[0]["tracking_url"], timeout=5)
    picture = requests.get(f"{supplier.base}/pictures/mug-sage-main.png", timeout=20)
    nothing = requests.get(f"{supplier.base}/pictures/unheard-of-thing.png", timeout=20)

    assert "Cork: Handed over to the carrier" in page.text
    assert (picture.status_code, picture.content[:4]) == (200, b"\x89PNG")
    assert nothing.status_code == 404
