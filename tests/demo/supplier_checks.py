"""Hold everything a simulated supplier says against its contract: schemas, statuses and invariants I1 to I7."""

from __future__ import annotations

import copy
import functools
import itertools
import json
import re
from pathlib import Path
from typing import Any

import requests
import yaml
from jsonschema import Draft202012Validator, FormatChecker

from tests.demo.supplier_process import PROFILES, ROOT, SupplierProcess

CONTRACT = yaml.load((ROOT / "docs" / "supplier-contract.yaml").read_text(), Loader=yaml.CSafeLoader)
MONEY = re.compile(r"(0|[1-9][0-9]{0,11})(\.[0-9]{1,4})?")
numbers = itertools.count(1)

ITEMS = [
    {"sku": "MUG", "cost": "4.52", "weight_g": 300, "quantity": 5000},
    {"sku": "BOWL", "cost": "9.9000", "quantity": 5000, "attributes": {"Material": "Clay"}},
    {"sku": "DEAR", "cost": "20.00", "quantity": 5000},
    {"sku": "RARE", "cost": "5.00", "quantity": 2, "restock": 10},
    {"sku": "EMPTY", "cost": "5.00", "quantity": 0, "restock": 20},
    {"sku": "GONE", "cost": "5.00", "quantity": 0, "status": "discontinued"},
    {"sku": "PAUSED", "cost": "5.00", "quantity": 5, "status": "suspended"},
    {"sku": "NEAR", "cost": "5.00", "quantity": 5000, "ships_to": ["IE"]},
    {"sku": "FEW", "cost": "5.00", "quantity": 5000, "min_quantity": 2, "max_quantity": 6, "quantity_step": 2},
    {"sku": "MADE", "cost": "5.00", "quantity": None, "handling_days": {"min": 5, "max": 8}},
    {"sku": "SOAP", "cost": "30.00", "quantity": 5000, "attributes": {"Not returnable": "Hygiene goods"}},
]


def write_profile(folder: Path, slug: str = "harbour", **changes: Any) -> Path:
    """Copy a supplier's profile into a folder, with the small catalogue of the tests."""
    items = []
    for told in copy.deepcopy(ITEMS):
        quantity, restock = told.pop("quantity"), told.pop("restock", None)
        level = {None: "made_to_order", 0: "out_of_stock"}.get(quantity, "in_stock")
        cost = {"amount": told.pop("cost"), "currency": "EUR"}
        item = {"name": f"A {told['sku'].lower()}", "status": "active", "cost": cost} | told
        stock = {"quantity": quantity, "availability": level, "restock_date_in_days": restock}
        items.append({"item": item, "stock": stock, "pictures": []})
    (folder / "catalogue.json").write_text(json.dumps({"supplier": slug, "items": items}))
    profile = json.loads((PROFILES / f"{slug}.json").read_text())
    path = folder / "profile.json"
    path.write_text(json.dumps(profile | {"catalogue": "catalogue.json"} | changes))
    return path


class CheckedSupplier(SupplierProcess):
    """Speak to a supplier whose clock stands still, and check every answer against the contract."""

    def start(self) -> None:
        super().start()
        self.control("pause", {"paused": True})

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        response = super().call(method, path, **options)
        check_answer(method, path.partition("?")[0], response)
        return response

    def place(self, *lines: tuple[str, int], expect: int = 201, **changes: Any) -> dict[str, Any]:
        """Place an order of (sku, quantity) and return the answer's body."""
        response = self.call("POST", "/orders", json=order_body(*lines, **changes))
        assert response.status_code == expect, response.text
        return response.json()

    def order(self, reference: str) -> dict[str, Any]:
        return self.call("GET", f"/orders/{reference}").json()

    def parcels(self, reference: str) -> list[dict[str, Any]]:
        return self.call("GET", "/shipments", params={"reference": reference}).json()["data"]

    def advance(self, seconds: float) -> None:
        """Let simulated seconds pass, and everything happen that they bring."""
        self.control("advance", {"seconds": seconds / self.speed})


def order_body(*lines: tuple[str, int], cost: str = "50.00", country: str = "IE", **changes: Any) -> dict[str, Any]:
    """Write an order of (sku, quantity) under a reference of its own."""
    postal_codes = {"IE": "T12 W5XY", "ES": "46005", "DE": "10115"}
    return {
        "reference": f"SO-{next(numbers):05d}-A",
        "currency": "EUR",
        "ship_to": {
            "name": "Ana Lopez",
            "line1": "Main Street 4",
            "city": "Valencia",
            "postal_code": postal_codes.get(country),
            "country": country,
        },
        "lines": [
            {"line_id": f"L{place}", "sku": sku, "quantity": count, "unit_cost": {"amount": cost, "currency": "EUR"}}
            for place, (sku, count) in enumerate(lines, 1)
        ],
    } | changes


def is_timestamp(value: object) -> bool:
    return not isinstance(value, str) or bool(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$", value))


formats = FormatChecker(formats=["date", "email"])
formats.checks("date-time")(is_timestamp)
formats.checks("uri")(lambda value: not isinstance(value, str) or bool(re.match(r"[a-z]+:", value)))


@functools.cache
def validator(pointer: str) -> Draft202012Validator:
    """Build the validator of the schema at a pointer into the contract."""
    return Draft202012Validator(CONTRACT | {"$ref": f"#/{pointer}"}, format_checker=formats)


def check_schema(name: str, document: Any) -> None:
    faults = [
        f"{error.json_path}: {error.message}" for error in validator(f"components/schemas/{name}").iter_errors(document)
    ]
    assert not faults, faults


def check_answer(method: str, path: str, response: requests.Response) -> None:
    """Validate one answer by its operation and status, and the invariants of every order in it."""
    template = next(known for known in CONTRACT["paths"] if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", known), path))
    answers = CONTRACT["paths"][template][method.lower()]["responses"]
    told = answers.get(str(response.status_code), answers["default"])
    if "$ref" in told:
        told = CONTRACT["components"]["responses"][told["$ref"].rsplit("/", 1)[1]]
    media_type = response.headers["Content-Type"]
    assert media_type in told["content"], (response.status_code, media_type)
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", response.headers["X-Request-Id"])
    body = response.json()
    check_schema(told["content"][media_type]["schema"]["$ref"].rsplit("/", 1)[1], body)
    check_meaning(body)
    if response.status_code >= 400:
        assert body["request_id"] == response.headers["X-Request-Id"]
        assert body["status"] == response.status_code


def check_event(event: dict[str, Any]) -> None:
    """Validate one webhook, and the invariants of what it tells."""
    check_schema("WebhookEvent", event)
    check_meaning(event)
    assert '"ship_to"' not in json.dumps(event)


def check_meaning(document: Any) -> None:
    """Find every order, shipment, return and amount in a document, and check what must hold."""
    if not isinstance(document, dict | list):
        return
    for part in document.values() if isinstance(document, dict) else document:
        check_meaning(part)
    if isinstance(document, list):
        return
    if document.keys() == {"amount", "currency"}:
        assert MONEY.fullmatch(document["amount"])
    for mark, check in (
        ("cancellable", check_order),
        ("shipped_at", check_shipment),
        ("supplier_return_id", check_return),
    ):
        if mark in document:
            check(document)


def check_order(order: dict[str, Any]) -> None:
    for line in order["lines"]:
        check_line(line)
    names = [name for name in order["lines"][0] if name.startswith("quantity")]
    sums = {name: sum(line[name] for line in order["lines"]) for name in names}
    assert order["status"] == derived(sums, order=order), order
    if sums["quantity_pending"]:
        assert sums["quantity_shipped"] == 0, "I6"
    totals = {name: round(float(value["amount"]) * 100) for name, value in order["totals"].items()}
    assert totals["total"] == totals["items"] + totals["shipping"] + totals["tax"]
    assert (order["decided_at"] is None) == (sums["quantity_pending"] > 0)
    assert (order["completed_at"] is not None) == (order["status"] in {"rejected", "cancelled", "delivered"})


def check_line(line: dict[str, Any]) -> None:
    count = {name.removeprefix("quantity_"): value for name, value in line.items() if name.startswith("quantity_")}
    parts = ("pending", "accepted", "backordered", "rejected", "cancelled")
    assert line["quantity"] == sum(count[part] for part in parts), "I1"
    assert 0 <= count["delivered"] <= count["shipped"] <= count["accepted"], "I2"
    assert count["returned"] <= count["shipped"], "I3"
    gone = count["rejected"] + count["cancelled"] + count["shipped"]
    assert count["cancel_requested"] <= line["quantity"] - gone, "I7"
    assert line["status"] == derived(line, order=None), line
    if count["rejected"]:
        assert line["reason"]["code"]


def derived(sums: dict[str, Any], *, order: dict[str, Any] | None) -> str:
    """Derive a status as the contract's text says, in its own words."""
    active = sums["quantity"] - sums["quantity_rejected"] - sums["quantity_cancelled"]
    if sums["quantity_pending"] > 0:
        return "received" if order else "pending"
    if active == 0:
        return "cancelled" if sums["quantity_cancelled"] > 0 else "rejected"
    if sums["quantity_delivered"] == active:
        return "delivered"
    if sums["quantity_shipped"] > 0:
        return "shipped" if sums["quantity_shipped"] == active else "partially_shipped"
    if sums["quantity_backordered"] == active:
        return "backordered"
    if order and order["packing_started_at"]:
        return "processing"
    short = sums["quantity_backordered"] + sums["quantity_rejected"] + sums["quantity_cancelled"]
    return "partially_accepted" if short else "accepted"


def check_history(copies: list[dict[str, Any]]) -> None:
    """I4: between the copies of one order, what may not fall or rise does not."""
    ordered = sorted(copies, key=lambda order: order["version"])
    for before, after in itertools.pairwise(ordered):
        assert after["updated_at"] >= before["updated_at"]
        for old, new in zip(before["lines"], after["lines"], strict=True):
            assert new["quantity_pending"] <= old["quantity_pending"], "I4"
            for counter in ("rejected", "cancelled", "shipped", "delivered", "returned"):
                assert new[f"quantity_{counter}"] >= old[f"quantity_{counter}"], "I4"


def check_shipment(parcel: dict[str, Any]) -> None:
    times = [(event["occurred_at"], event["event_id"]) for event in parcel["events"]]
    assert times == sorted(times)
    assert len({event["event_id"] for event in parcel["events"]}) == len(times)
    if parcel["status"] in {"label_created", "cancelled"}:
        assert parcel["shipped_at"] is None
    if parcel["status"] == "delivered":
        assert parcel["delivered_at"]


def check_return(back: dict[str, Any]) -> None:
    assert (back["resolution"] is not None) == (back["status"] == "resolved")
    assert (back["goods_back_required"] is None) == (back["status"] == "requested") or back["status"] in {
        "rejected",
        "cancelled",
    }
    for line in back["lines"]:
        if back["status"] not in {"requested", "cancelled"}:
            assert line["quantity_approved"] + line["quantity_rejected"] == line["quantity"]


def check_sums(order: dict[str, Any], parcels: list[dict[str, Any]]) -> None:
    """I5: the parcels hold what the order's counters say."""
    for counter, moment in (("quantity_shipped", "shipped_at"), ("quantity_delivered", "delivered_at")):
        held = {line["line_id"]: 0 for line in order["lines"]}
        for parcel in parcels:
            for part in parcel["lines"]:
                if parcel["kind"] == "outbound" and parcel[moment]:
                    held[part["line_id"]] += part["quantity"]
        assert held == {line["line_id"]: line[counter] for line in order["lines"]}
