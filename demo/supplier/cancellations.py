"""Stop units that have not shipped, on the platform's request or by the supplier's own decision."""

from __future__ import annotations

from typing import Any

from demo.supplier.changes import publish, without_address
from demo.supplier.counters import Line, open_units, settle, stoppable_units, unlabelled_units
from demo.supplier.ledger import Record
from demo.supplier.messages import Answer, Request
from demo.supplier.orders import read_order
from demo.supplier.problems import Problem, entry, invalid
from demo.supplier.shipments import void_parcel
from demo.supplier.stock import move_stock
from demo.supplier.supplier import Supplier

PLATFORM = "cancelled_by_platform"
SUPPLIER = "cancelled_by_supplier"


def cancel_order(supplier: Supplier, request: Request, reference: str) -> Answer:
    """Answer a cancel request: decided at once with 200, or passed on with 202.

    Raises Problem ``not-cancellable`` or ``validation-failed``.
    """
    order = read_order(supplier, reference)
    wanted = wanted_units(supplier, order, request.json.get("lines"))
    if supplier.profile.manners.cancel_later or "TEST-NOCANCEL" in order.private["behaviours"]:
        return pass_on(supplier, order, wanted)
    results = []
    for line, count in wanted:
        stopped = stop_units(supplier, order, line, min(count, stoppable_units(supplier, order, line)), PLATFORM)
        detail = None if stopped == count else "The other units cannot be stopped any more"
        results.append(result_of(line, count, stopped, detail))
    finish(supplier, order)
    whole = all(result["quantity_cancelled"] == result["quantity_requested"] for result in results)
    return answer(200, "cancelled" if whole else "partially_cancelled", results, order)


def wanted_units(supplier: Supplier, order: Record, asked: list[dict[str, Any]] | None) -> list[tuple[Line, int]]:
    """Pair lines with the units to cancel; without ``asked`` everything not yet shipped is meant.

    Raises Problem ``not-cancellable`` or ``validation-failed``.
    """
    lines = {line["line_id"]: line for line in order.document["lines"]}
    if asked is None:
        wanted = [(line, open_units(line)) for line in lines.values() if open_units(line)]
    else:
        refuse_wrong_lines(asked, lines)
        wanted = [(lines[part["line_id"]], part["quantity"]) for part in asked]
    if not sum(stoppable_units(supplier, order, line) for line, _count in wanted):
        raise Problem("not-cancellable", "Every unit has shipped, fallen away or cannot be stopped")
    faults = [
        entry(f"/lines/{index}/quantity", "out-of-range", f"{open_units(line)} units are open")
        for index, (line, count) in enumerate(wanted)
        if count > open_units(line)
    ]
    if faults:
        raise invalid(*faults)
    return wanted


def refuse_wrong_lines(asked: list[dict[str, Any]], lines: dict[str, Any]) -> None:
    """Refuse lines that the order does not have, or that are named twice.

    Raises Problem ``validation-failed``.
    """
    faults, seen = [], set()
    for index, part in enumerate(asked):
        place = f"/lines/{index}/line_id"
        if part["line_id"] not in lines:
            faults.append(entry(place, "unknown-reference", "The order has no such line"))
        if part["line_id"] in seen:
            faults.append(entry(place, "duplicate", "Named before"))
        seen.add(part["line_id"])
    if faults:
        raise invalid(*faults)


def pass_on(supplier: Supplier, order: Record, wanted: list[tuple[Line, int]]) -> Answer:
    """Note a request for the warehouse, which decides it later."""
    for line, count in wanted:
        line["quantity_cancel_requested"] += count
    supplier.later(supplier.profile.timeline.cancel_decide, "order.cancel", order.id)
    finish(supplier, order)
    results = [result_of(line, count, 0, "Passed to the warehouse") for line, count in wanted]
    return answer(202, "requested", results, order)


def decide_cancellation(supplier: Supplier, order: Record, _payload: dict[str, Any]) -> None:
    """Decide what was asked: stop what can still be stopped, and close the request."""
    refused = "TEST-NOCANCEL" in order.private["behaviours"]
    for line in order.document["lines"]:
        count, line["quantity_cancel_requested"] = line["quantity_cancel_requested"], 0
        if count and not refused:
            stop_units(supplier, order, line, min(count, stoppable_units(supplier, order, line)), PLATFORM)
    finish(supplier, order)


def drop_order(supplier: Supplier, order: Record, _payload: dict[str, Any]) -> None:
    """Cancel everything that has not shipped, as the supplier's own decision."""
    for line in order.document["lines"]:
        line["quantity_cancel_requested"] = 0
        stop_units(supplier, order, line, open_units(line), SUPPLIER)
    finish(supplier, order)


def stop_units(supplier: Supplier, order: Record, line: Line, count: int, cause: str) -> int:
    """Cancel units of one line, those farthest from leaving first, and return how many."""
    left = count
    for counter in ("quantity_pending", "quantity_backordered"):
        taken = min(left, line[counter])
        line[counter] -= taken
        left -= taken
    if left > unlabelled_units(order, line):
        void_labels_with(supplier, order, line)
    line["quantity_accepted"] -= left
    line["quantity_cancelled"] += count
    move_stock(supplier, {line["sku"]: -left})
    # A reason that a rejection or an earlier decision of the supplier left behind stays.
    if count and (line["reason"] is None or cause == SUPPLIER):
        line["reason"] = {"code": cause, "detail": None}
    return count


def void_labels_with(supplier: Supplier, order: Record, line: Line) -> None:
    """Void the waiting parcels that hold units of a line; what stays in the order gets new ones."""
    for parcel in supplier.ledger.of("shipment", order.id):
        document = parcel.document
        waiting = document["status"] == "label_created" and document["kind"] == "outbound"
        if waiting and any(part["line_id"] == line["line_id"] for part in document["lines"]):
            void_parcel(supplier, order, parcel)
            supplier.later(supplier.profile.timeline.label, "order.label", order.id)


def finish(supplier: Supplier, order: Record) -> None:
    """Derive and publish what a cancellation left."""
    settle(supplier, order)
    publish(supplier, order)


def result_of(line: Line, requested: int, cancelled: int, detail: str | None) -> dict[str, Any]:
    """Write what became of one line's request."""
    outcome = {"quantity_requested": requested, "quantity_cancelled": cancelled, "detail": detail}
    return {"line_id": line["line_id"]} | outcome


def answer(status: int, outcome: str, results: list[dict[str, Any]], order: Record) -> Answer:
    """Write the answer to a cancel request."""
    return Answer(status, {"outcome": outcome, "lines": results, "order": without_address(order.document)})
