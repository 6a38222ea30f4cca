"""Take orders, once for each reference."""

from __future__ import annotations

from typing import Any

from demo.supplier import sandbox
from demo.supplier.addresses import faults_of
from demo.supplier.changes import publish
from demo.supplier.counters import COUNTERS, settle
from demo.supplier.fulfilment import decide_order
from demo.supplier.ledger import Record
from demo.supplier.messages import Answer, Request
from demo.supplier.money import amount
from demo.supplier.problems import Problem, entry, invalid
from demo.supplier.profile import Service
from demo.supplier.supplier import Supplier

SANDBOX_DECIDE_SECONDS = 5


def create_order(supplier: Supplier, request: Request) -> Answer:
    """Store an order and decide it, at once or a while later.

    Raises Problem ``validation-failed`` (nothing is stored) or ``unavailable`` for TEST-503.
    """
    body = request.json
    service = check_order(supplier, body)
    behaviours = sandbox.behaviours_in(body["lines"], sandbox=supplier.profile.sandbox)
    order = new_order(supplier, body, service, behaviours)
    reference, ledger = order.id, supplier.ledger
    effect = "INSERT INTO effects (reference, supplier_id, at) VALUES (?,?,?)"
    ledger.execute(effect, reference, order.document["supplier_order_id"], ledger.stamp())
    wait = supplier.profile.timeline.decide
    if "TEST-PENDING" in behaviours:
        wait = wait or SANDBOX_DECIDE_SECONDS
    if wait:
        settle(supplier, order)
        supplier.later(wait, "order.decide", reference)
        publish(supplier, order)
    else:
        decide_order(supplier, order)
    mishap = next((sandbox.MISHAPS[sku] for sku in behaviours if sku in sandbox.MISHAPS), None)
    return Answer(201, order.document, {"Location": f"/v1/orders/{reference}"}, mishap=mishap)


def turn_away_once(supplier: Supplier, body: dict[str, Any]) -> None:
    """Refuse the first POST of an order with TEST-503; nothing but the refusal is remembered.

    Raises Problem ``unavailable``. Needs a transaction of its own, because the refusal undoes the order's.
    """
    if sandbox.BUSY not in sandbox.behaviours_in(body["lines"], sandbox=supplier.profile.sandbox):
        return
    name = f"turned-away:{body['reference']}"
    if not supplier.ledger.setting(name, default=False):
        supplier.ledger.remember(name, value=True)
        raise Problem("unavailable", "Too busy for a moment", retry_after=2)


def refuse_known_reference(supplier: Supplier, body: Any) -> None:
    """Refuse a reference that an order has, whatever else the body says.

    Raises Problem ``duplicate-reference``.
    """
    reference = body.get("reference") if isinstance(body, dict) else None
    order = supplier.ledger.get("order", reference) if isinstance(reference, str) else None
    if order:
        raise Problem(
            "duplicate-reference",
            f"An order with the reference {order.id} was stored at {order.document['received_at']}",
            reference=order.id,
            resource_url=f"/v1/orders/{order.id}",
            supplier_id=order.document["supplier_order_id"],
        )


def check_order(supplier: Supplier, body: dict[str, Any]) -> Service | None:
    """Hold an order against the rules between its fields, and find its shipping service.

    None means that nothing is delivered to its country. Raises Problem ``validation-failed``.
    """
    lines, shipping = body["lines"], body.get("shipping", {})
    faults = faults_of(body["ship_to"], "/ship_to") + currency_faults(supplier, body)
    if len(lines) > supplier.profile.max_lines:
        faults.append(entry("/lines", "out-of-range", f"At most {supplier.profile.max_lines} lines"))
    seen: set[str] = set()
    for index, line in enumerate(lines):
        if line["line_id"] in seen:
            faults.append(entry(f"/lines/{index}/line_id", "duplicate", "Used by a line before"))
        seen.add(line["line_id"])
    country = body["ship_to"]["country"]
    service = supplier.profile.service(country, shipping.get("service_code", "standard"))
    if service is None and supplier.profile.services_to(country):
        faults.append(entry("/shipping/service_code", "not-allowed", "No such service to this country"))
    if service and "max_cost" in shipping and amount(shipping["max_cost"]) < amount({"amount": service.cost}):
        faults.append(entry("/shipping/max_cost", "out-of-range", f"This service costs {service.cost}"))
    if faults:
        raise invalid(*faults)
    return service


def currency_faults(supplier: Supplier, body: dict[str, Any]) -> list[dict[str, str]]:
    """List the amounts that are not in the order's currency, and an order that is not in ours."""
    told = [(f"/lines/{index}/unit_cost/currency", line["unit_cost"]) for index, line in enumerate(body["lines"])]
    if "max_cost" in body.get("shipping", {}):
        told.append(("/shipping/max_cost/currency", body["shipping"]["max_cost"]))
    faults = [
        entry(place, "currency-mismatch", "Differs from the order's currency")
        for place, value in told
        if value["currency"] != body["currency"]
    ]
    if body["currency"] != supplier.profile.currency:
        faults.append(entry("/currency", "currency-mismatch", f"This account buys in {supplier.profile.currency}"))
    return faults


def new_order(supplier: Supplier, body: dict[str, Any], service: Service | None, behaviours: list[str]) -> Record:
    """Write a new order with every unit pending."""
    stamp = supplier.ledger.stamp()
    code = body.get("shipping", {}).get("service_code", "standard")
    document = {
        "reference": body["reference"],
        "supplier_order_id": supplier.name_next("order"),
        "version": 1,
        "test": True,
        "status": "received",
        "currency": body["currency"],
        "cancellable": True,
        "hold": None,
        "ship_to": body["ship_to"],
        "lines": [new_line(line) for line in body["lines"]],
        "totals": {},
        "shipping": {"service_code": code, "service_name": service.name if service else None},
        "eta": None,
        "original_eta": None,
        "delay": None,
        "received_at": stamp,
        "decided_at": None,
        "packing_started_at": None,
        "completed_at": None,
        "metadata": body.get("metadata", {}),
        "updated_at": stamp,
    }
    private = {
        "allow_partial": body.get("allow_partial", True),
        "allow_backorder": body.get("allow_backorder", True),
        "behaviours": behaviours,
        "service_found": service is not None,
        "shipping_cost": service.cost if service else "0",
        "labelled": {},
    }
    return Record("order", body["reference"], body["reference"], document, private)


def new_line(line: dict[str, Any]) -> dict[str, Any]:
    """Write a new line with every unit pending."""
    counters = dict.fromkeys(COUNTERS, 0) | {"quantity": line["quantity"], "quantity_pending": line["quantity"]}
    told = {name: line[name] for name in ("line_id", "sku", "unit_cost")}
    return told | {"status": "pending"} | counters | {"expected_ship_date": None, "reason": None}


def read_order(supplier: Supplier, reference: str) -> Record:
    """Fetch an order.

    Raises Problem ``not-found``.
    """
    order = supplier.ledger.get("order", reference)
    if order is None:
        raise Problem("not-found", f"No order {reference}")
    return order
