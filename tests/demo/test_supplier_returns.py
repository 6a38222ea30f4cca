"""Units that are stopped before they ship, or come back afterwards (C-17, C-20)."""

import pytest
import requests

from tests.demo.supplier_checks import (
    CheckedSupplier,
    check_sums,
    write_profile,
)


@pytest.fixture(scope="module")
def supplier(tmp_path_factory):
    with CheckedSupplier(write_profile(tmp_path_factory.mktemp("harbour"))) as process:
        yield process


def delivered(supplier, *lines, **changes):
    order = supplier.place(*lines, **changes)
    supplier.advance(100)
    return supplier.order(order["reference"])


def test_c17_cancel_stops_what_has_not_shipped(supplier):
    order = supplier.place(("MUG", 3), ("BOWL", 2))
    stock = shelf(supplier, "MUG")
    path = f"/orders/{order['reference']}/cancel"
    too_many = supplier.call("POST", path, json={"reason_code": "other", "lines": [{"line_id": "L1", "quantity": 4}]})
    strange = supplier.call("POST", path, json={"reason_code": "other", "lines": [{"line_id": "L9", "quantity": 1}]})
    part = supplier.call("POST", path, json={"reason_code": "other", "lines": [{"line_id": "L1", "quantity": 1}]})
    supplier.advance(13)
    labelled = supplier.parcels(order["reference"])[0]
    whole_line = supplier.call("POST", path, json={"reason_code": "other", "lines": [{"line_id": "L1", "quantity": 2}]})
    supplier.advance(100)
    late = supplier.call("POST", path, json={"reason_code": "other"})

    assert [fault["code"] for fault in too_many.json()["errors"]] == ["out-of-range"]
    assert [fault["code"] for fault in strange.json()["errors"]] == ["unknown-reference"]
    assert (part.status_code, part.json()["outcome"]) == (200, "cancelled")
    assert labelled["status"] == "label_created"
    assert whole_line.json()["outcome"] == "cancelled"
    assert (late.status_code, late.json()["code"]) == (409, "not-cancellable")
    parcels = supplier.parcels(order["reference"])
    assert sorted(parcel["status"] for parcel in parcels) == ["cancelled", "delivered"]
    assert shelf(supplier, "MUG") == stock + 3
    final = supplier.order(order["reference"])
    assert [line["quantity_cancelled"] for line in final["lines"]] == [3, 0]
    check_sums(final, parcels)


def shelf(supplier, sku):
    return supplier.call("GET", "/stock", params={"sku": sku}).json()["data"][0]["quantity"]


def return_body(reference, order, quantity, line="L1", wanted="refund", reason="defective"):
    return {
        "return_reference": reference,
        "reference": order["reference"],
        "resolution_requested": wanted,
        "lines": [{"line_id": line, "quantity": quantity, "reason_code": reason, "note": "Broken"}],
    }


def test_c20_a_return_goes_its_way_and_never_exceeds_what_shipped(supplier):
    order = delivered(supplier, ("DEAR", 2))
    early = supplier.place(("DEAR", 1))
    created = supplier.call("POST", "/returns", json=return_body("C20-A", order, 2))
    again = supplier.call("POST", "/returns", json=return_body("C20-A", order, 1))
    too_many = supplier.call("POST", "/returns", json=return_body("C20-B", order, 1))
    unshipped = supplier.call("POST", "/returns", json=return_body("C20-C", early, 1))
    nowhere = supplier.call("POST", "/returns", json=return_body("C20-D", {"reference": "unknown"}, 1))
    seen = []
    for _moment in range(10):
        supplier.advance(4)
        seen.append(supplier.call("GET", "/returns/C20-A").json())

    assert (created.status_code, created.headers["Location"]) == (201, "/v1/returns/C20-A")
    assert again.json()["code"] == "duplicate-reference"
    assert {too_many.json()["code"], unshipped.json()["code"]} == {"not-returnable"}
    assert nowhere.status_code == 404
    assert list(dict.fromkeys(back["status"] for back in seen)) == [
        "requested",
        "approved",
        "in_transit",
        "received",
        "resolved",
    ]
    assert seen[-1]["resolution"]["amount"] == {"amount": "40.00", "currency": "EUR"}
    assert seen[-1]["resolution"]["type"] == "refund"
    assert supplier.order(order["reference"])["lines"][0]["quantity_returned"] == 2
    assert supplier.call("POST", "/returns/C20-A/cancel", json={}).json()["code"] == "not-cancellable"
    assert requests.get(seen[-1]["label"]["url"], timeout=5).content.startswith(b"%PDF-1.4")


def test_c20_cheap_goods_stay_and_are_credited(supplier):
    order = delivered(supplier, ("MUG", 3))
    supplier.call("POST", "/returns", json=return_body("C20-E", order, 3))
    supplier.advance(10)

    back = supplier.call("GET", "/returns/C20-E").json()

    assert (back["status"], back["goods_back_required"], back["label"]) == ("resolved", False, None)
    assert (back["resolution"]["type"], back["resolution"]["amount"]["amount"]) == ("credit", "13.56")


def test_c20_a_replacement_is_a_parcel_of_its_own_that_is_not_counted(supplier):
    order = delivered(supplier, ("DEAR", 1))
    supplier.call("POST", "/returns", json=return_body("C20-F", order, 1, wanted="replacement"))
    supplier.advance(200)

    back = supplier.call("GET", "/returns/C20-F").json()
    parcels = supplier.parcels(order["reference"])

    assert [(parcel["kind"], parcel["return_reference"], parcel["status"]) for parcel in parcels] == [
        ("outbound", None, "delivered"),
        ("replacement", "C20-F", "delivered"),
    ]
    assert back["resolution"]["shipment_ids"] == [parcels[1]["shipment_id"]]
    assert supplier.order(order["reference"])["lines"][0]["quantity_shipped"] == 1
    check_sums(supplier.order(order["reference"]), parcels)


@pytest.mark.parametrize(
    ("outcome", "status", "resolution"),
    [("reject", "rejected", None), ("expire", "expired", None), ("refuse", "resolved", "none")],
)
def test_c20_a_return_may_end_badly(supplier, outcome, status, resolution):
    order = delivered(supplier, ("DEAR", 1))
    name = f"C20-{outcome}"
    supplier.call("POST", "/returns", json=return_body(name, order, 1))
    supplier.control(f"returns/{name}/decide", {"outcome": outcome})
    supplier.advance(100)

    back = supplier.call("GET", f"/returns/{name}").json()

    assert (back["status"], (back["resolution"] or {}).get("type")) == (status, resolution)


def test_c20_goods_that_cannot_come_back_are_rejected_unless_they_are_faulty(supplier):
    order = delivered(supplier, ("SOAP", 2))
    supplier.call("POST", "/returns", json=return_body("C20-G", order, 1, reason="no_longer_needed"))
    supplier.call("POST", "/returns", json=return_body("C20-H", order, 1, reason="defective"))
    supplier.advance(7)

    withdrawn, faulty = (supplier.call("GET", f"/returns/{name}").json() for name in ("C20-G", "C20-H"))

    assert (withdrawn["status"], withdrawn["lines"][0]["decision_reason"]) == ("rejected", "Hygiene goods")
    assert faulty["status"] == "approved"
