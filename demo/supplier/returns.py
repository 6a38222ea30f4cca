"""Take goods back, replace them or credit them (section 7 of the contract)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from demo.supplier.addresses import faults_of
from demo.supplier.cancellations import refuse_wrong_lines
from demo.supplier.changes import publish
from demo.supplier.counters import Line
from demo.supplier.ledger import Record
from demo.supplier.messages import Answer, Request
from demo.supplier.money import amount, money
from demo.supplier.orders import read_order
from demo.supplier.problems import Problem, invalid
from demo.supplier.shipments import create_shipment, tracking_number
from demo.supplier.stock import move_stock, on_shelf
from demo.supplier.supplier import Supplier

# Below this the goods are not worth their way back.
KEEP_BELOW = Decimal("15.00")
LABEL_DAYS = 21
NEVER_COMES_BACK = {"lost_in_transit"}
WITHDRAWAL = {"no_longer_needed", "arrived_late"}
UNDONE = {"rejected", "cancelled", "expired"}


def refuse_known_return(supplier: Supplier, body: Any) -> None:
    """Refuse a return reference that a return has, whatever else the body says.

    Raises Problem ``duplicate-reference``.
    """
    reference = body.get("return_reference") if isinstance(body, dict) else None
    known = supplier.ledger.get("return", reference) if isinstance(reference, str) else None
    if known:
        raise Problem(
            "duplicate-reference",
            f"A return with the reference {known.id} was stored at {known.document['created_at']}",
            reference=known.id,
            resource_url=f"/v1/returns/{known.id}",
            supplier_id=known.document["supplier_return_id"],
        )


def create_return(supplier: Supplier, request: Request) -> Answer:
    """Store a return, to be decided in a moment.

    Raises Problem ``not-found``, ``validation-failed`` or ``not-returnable``.
    """
    body = request.json
    order = read_order(supplier, body["reference"])
    lines = {line["line_id"]: line for line in order.document["lines"]}
    refuse_wrong_lines(body["lines"], lines)
    faults = faults_of(body["ship_from"], "/ship_from") if body.get("ship_from") else []
    if faults:
        raise invalid(*faults)
    for part in body["lines"]:
        line = lines[part["line_id"]]
        if returned_before(supplier, order, line) + part["quantity"] > line["quantity_shipped"]:
            raise Problem("not-returnable", f"Fewer units of {line['line_id']} have shipped, or they are in a return")
    back = new_return(supplier, body, lines)
    publish(supplier, back)
    supplier.later(supplier.profile.timeline.return_decide, "return.decide", order.id, return_reference=back.id)
    return Answer(201, back.document, {"Location": f"/v1/returns/{back.id}"})


def returned_before(supplier: Supplier, order: Record, line: Line) -> int:
    """Count the units of a line in returns that were not turned down."""
    returns = [back.document for back in supplier.ledger.of("return", order.id)]
    parts = [part for back in returns if back["status"] not in UNDONE for part in back["lines"]]
    return sum(part["quantity"] - part["quantity_rejected"] for part in parts if part["line_id"] == line["line_id"])


def new_return(supplier: Supplier, body: dict[str, Any], lines: dict[str, Line]) -> Record:
    """Write a new return."""
    stamp = supplier.ledger.stamp()
    counters = dict.fromkeys(("quantity_approved", "quantity_rejected", "quantity_received", "quantity_refused"), 0)
    parts = [
        {name: part[name] for name in ("line_id", "quantity", "reason_code")}
        | {"sku": lines[part["line_id"]]["sku"], "decision_reason": None}
        | counters
        for part in body["lines"]
    ]
    document = {
        "return_reference": body["return_reference"],
        "supplier_return_id": supplier.name_next("return", "R"),
        "reference": body["reference"],
        "version": 1,
        "test": True,
        "status": "requested",
        "goods_back_required": None,
        "resolution_requested": body["resolution_requested"],
        "lines": parts,
        "return_to": None,
        "label": None,
        "instructions": None,
        "return_by": None,
        "resolution": None,
        "created_at": stamp,
        "updated_at": stamp,
    }
    return Record("return", body["return_reference"], body["reference"], document, {"script": ""})


def decide_return(supplier: Supplier, order: Record, payload: dict[str, Any]) -> None:
    """Approve a return, unless a line may not come back or a person said no."""
    back = read_return(supplier, payload["return_reference"])
    if back.document["status"] != "requested":
        return
    for part in back.document["lines"]:
        refusal = refusal_of(supplier, back, part)
        part["quantity_rejected" if refusal else "quantity_approved"] = part["quantity"]
        part["decision_reason"] = refusal
    approved = [part for part in back.document["lines"] if part["quantity_approved"]]
    if not approved:
        back.document["status"] = "rejected"
        publish(supplier, back)
        return
    back.document["status"] = "approved"
    worth_it = value_of(order, back) >= KEEP_BELOW
    needed = worth_it and any(part["reason_code"] not in NEVER_COMES_BACK for part in approved)
    back.document["goods_back_required"] = needed
    if needed:
        send_label(supplier, order, back)
    publish(supplier, back)
    wait = supplier.profile.timeline.return_move
    supplier.later(wait if needed else 0, "return.move", order.id, return_reference=back.id)


def refusal_of(supplier: Supplier, back: Record, part: dict[str, Any]) -> str | None:
    """Return why a line may not come back; None if it may."""
    if back.private["script"] == "reject":
        return "The supplier does not agree"
    item = supplier.ledger.get("item", part["sku"])
    kept = item.document.get("attributes", {}).get("Not returnable") if item else None
    return kept if part["reason_code"] in WITHDRAWAL else None


def value_of(order: Record, back: Record) -> Decimal:
    """Add up what the approved units cost, without those refused after receipt."""
    costs = {line["line_id"]: amount(line["unit_cost"]) for line in order.document["lines"]}
    parts = back.document["lines"]
    values = [costs[part["line_id"]] * (part["quantity_approved"] - part["quantity_refused"]) for part in parts]
    return sum(values, Decimal(0))


def send_label(supplier: Supplier, order: Record, back: Record) -> None:
    """Say where the goods go, and with which label."""
    ends = datetime.now(UTC) + timedelta(days=LABEL_DAYS)
    services = supplier.profile.services_to(order.document["ship_to"]["country"])
    back.document["return_to"] = supplier.profile.return_address
    back.document["label"] = {
        "url": f"{supplier.public_base}/labels/{back.document['supplier_return_id']}.pdf",
        "carrier": services[0].carrier,
        "tracking_number": tracking_number(supplier, back.id),
        "expires_at": ends.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    back.document["instructions"] = "Stick the label over the old one and hand the parcel in at any parcel shop."
    back.document["return_by"] = ends.date().isoformat()


def move_return(supplier: Supplier, order: Record, payload: dict[str, Any]) -> None:
    """Take a return one move further, until it is resolved or expired."""
    back = read_return(supplier, payload["return_reference"])
    status = back.document["status"]
    if status == "approved" and back.private["script"] == "expire":
        back.document["status"] = "expired"
    elif status == "approved" and back.document["goods_back_required"]:
        back.document["status"] = "in_transit"
    elif status == "in_transit":
        receive(supplier, order, back)
    elif status in {"approved", "received"}:
        resolve(supplier, order, back)
    publish(supplier, back)
    if back.document["status"] in {"in_transit", "received"}:
        supplier.later(supplier.profile.timeline.return_move, "return.move", order.id, return_reference=back.id)


def receive(supplier: Supplier, order: Record, back: Record) -> None:
    """Count what came back, and refuse it where a person said so."""
    back.document["status"] = "received"
    lines = {line["line_id"]: line for line in order.document["lines"]}
    for part in back.document["lines"]:
        part["quantity_received"] = part["quantity_approved"]
        lines[part["line_id"]]["quantity_returned"] += part["quantity_received"]
        if back.private["script"] == "refuse" and part["quantity_received"]:
            part["quantity_refused"] = part["quantity_received"]
            part["decision_reason"] = "Came back used"
    publish(supplier, order)


def resolve(supplier: Supplier, order: Record, back: Record) -> None:
    """Do what was asked, or the next best: what cannot be replaced is credited."""
    back.document["status"] = "resolved"
    wanted = back.document["resolution_requested"]
    owed = {
        part["line_id"]: part["quantity_approved"] - part["quantity_refused"]
        for part in back.document["lines"]
        if part["quantity_approved"] > part["quantity_refused"]
    }
    resolution: dict[str, Any] = {"type": "none", "amount": None, "detail": "Nothing is owed"}
    if owed and wanted == "replacement" and replaceable(supplier, order, owed):
        parcel = create_shipment(supplier, order, owed, kind="replacement", return_reference=back.id)
        resolution = {"type": "replacement", "shipment_ids": [parcel.id], "detail": None}
    elif owed:
        refund = wanted == "refund" and back.document["goods_back_required"]
        total = money(value_of(order, back), order.document["currency"])
        resolution = {"type": "refund" if refund else "credit", "amount": total, "detail": None}
    back.document["resolution"] = resolution | {"resolved_at": supplier.ledger.stamp()}


def replaceable(supplier: Supplier, order: Record, owed: dict[str, int]) -> bool:
    """Take the units of a replacement from the shelves if they are all there."""
    needed: dict[str, int] = {}
    for line in order.document["lines"]:
        if line["line_id"] in owed:
            needed[line["sku"]] = needed.get(line["sku"], 0) + owed[line["line_id"]]
    shelves = {sku: on_shelf(supplier, sku) for sku in needed}
    if any(left is not None and left < needed[sku] for sku, left in shelves.items()):
        return False
    move_stock(supplier, needed)
    return True


def cancel_return(supplier: Supplier, _request: Request, return_reference: str) -> Answer:
    """Withdraw a return that is still requested or approved.

    Raises Problem ``not-found`` or ``not-cancellable``.
    """
    back = read_return(supplier, return_reference)
    if back.document["status"] not in {"requested", "approved"}:
        raise Problem("not-cancellable", f"The return is {back.document['status']}")
    back.document["status"] = "cancelled"
    publish(supplier, back)
    return Answer(200, back.document)


def read_return(supplier: Supplier, reference: str) -> Record:
    """Fetch a return.

    Raises Problem ``not-found``.
    """
    back = supplier.ledger.get("return", reference)
    if back is None:
        raise Problem("not-found", f"No return {reference}")
    return back
