"""Carry an order through the house: decide, pack, print labels, restock, slip."""

from __future__ import annotations

from typing import Any

from demo.supplier.changes import publish
from demo.supplier.counters import settle, unlabelled_units, unshipped_units
from demo.supplier.decisions import decide_lines
from demo.supplier.estimates import delay_of, end_of_day, estimate, moved
from demo.supplier.ledger import Record
from demo.supplier.shipments import create_parcels
from demo.supplier.supplier import Supplier

LATE_DAYS = 3
# Steps that wait while an order is held; what is with the carrier goes on.
HELD_STEPS = ("order.pack", "order.label", "order.late", "order.restock", "parcel.ship")


def decide_order(supplier: Supplier, order: Record) -> None:
    """Decide every pending unit, estimate the arrival, and schedule what follows."""
    profile = supplier.profile
    decide_lines(supplier, order)
    service = profile.service(order.document["ship_to"]["country"], order.document["shipping"]["service_code"])
    eta = estimate(supplier, order, service) if service else None
    order.document["eta"] = order.document["original_eta"] = eta
    if unshipped_units(order.document):
        schedule_packing(supplier, order)
    if any(line["quantity_backordered"] for line in order.document["lines"]):
        supplier.later(profile.timeline.restock, "order.restock", order.id)
    if eta:
        watch_ship_by(supplier, order)
    settle(supplier, order)
    if "TEST-HOLD" in order.private["behaviours"] and eta:
        hold_order(supplier, order, "address_check", "Please confirm the address with the recipient")
    publish(supplier, order)


def schedule_packing(supplier: Supplier, order: Record) -> None:
    """Schedule the packing, or the mishap that one of the sandbox SKUs puts in its place."""
    timeline, behaviours = supplier.profile.timeline, order.private["behaviours"]
    if "TEST-DROP" in behaviours:
        supplier.later(timeline.pack, "order.drop", order.id)
    elif "TEST-LATE" in behaviours:
        supplier.later(timeline.day, "order.late", order.id)
    else:
        supplier.later(timeline.pack, "order.pack", order.id)


def pack_order(supplier: Supplier, order: Record, _payload: dict[str, Any]) -> None:
    """Begin packing; a supplier that slips now says so first."""
    manners = supplier.profile.manners
    if not unshipped_units(order.document):
        return
    if order.document["delay"] is None and supplier.happens_to(order.id, "slip", manners.slip_one_in):
        slip(supplier, order, manners.slip_days, "capacity", "More orders than hands this week")
    order.document["packing_started_at"] = order.document["packing_started_at"] or supplier.ledger.stamp()
    supplier.later(supplier.profile.timeline.label, "order.label", order.id)
    settle(supplier, order)
    publish(supplier, order)


def label_order(supplier: Supplier, order: Record, _payload: dict[str, Any]) -> None:
    """Put every accepted unit that has no parcel into one."""
    units = {line["line_id"]: unlabelled_units(order, line) for line in order.document["lines"]}
    create_parcels(supplier, order, {line_id: count for line_id, count in units.items() if count > 0})
    settle(supplier, order)
    publish(supplier, order)


def restock_order(supplier: Supplier, order: Record, _payload: dict[str, Any]) -> None:
    """Accept the backordered units: they have come in."""
    waiting = [line for line in order.document["lines"] if line["quantity_backordered"]]
    for line in waiting:
        line["quantity_accepted"] += line["quantity_backordered"]
        line["quantity_backordered"] = 0
        line["expected_ship_date"] = None
    if waiting:
        supplier.later(supplier.profile.timeline.pack, "order.pack", order.id)
    settle(supplier, order)
    publish(supplier, order)


def late_order(supplier: Supplier, order: Record, _payload: dict[str, Any]) -> None:
    """Miss the shipping date, tell the platform, and ship three (accelerated) days later."""
    slip(supplier, order, LATE_DAYS, "production", "The goods were not ready in time")
    supplier.later(LATE_DAYS * supplier.profile.timeline.day, "order.pack", order.id)


def slip(supplier: Supplier, order: Record, days: int, reason: str, detail: str) -> None:
    """Move an order's estimate later, and publish the delay."""
    before = order.document["eta"]
    if before is None:
        return
    order.document["eta"] = moved(supplier, before, days)
    order.document["delay"] = delay_of(supplier, before, order.document["eta"], reason, detail)
    publish(supplier, order, event="order.delayed", delay=order.document["delay"])


def watch_ship_by(supplier: Supplier, order: Record) -> None:
    """Look again when the day on which the order should leave is over."""
    due = end_of_day(supplier.profile, order.document["eta"]["ship_by"])
    supplier.at(due, "order.overdue", order.id, ship_by=order.document["eta"]["ship_by"])


def note_overdue(supplier: Supplier, order: Record, payload: dict[str, Any]) -> None:
    """Publish a delay when accepted units are still in the house after their day."""
    eta = order.document["eta"]
    if not unshipped_units(order.document):
        return
    if eta["ship_by"] == payload["ship_by"]:
        slip(supplier, order, 1, "capacity", "Not sent on the day we named")
    # At most one such delay in 24 hours, even where the new day is over as well.
    due = max(end_of_day(supplier.profile, order.document["eta"]["ship_by"]), supplier.clock.now() + 24 * 3600)
    supplier.at(due, "order.overdue", order.id, ship_by=order.document["eta"]["ship_by"])


def hold_order(supplier: Supplier, order: Record, code: str, detail: str) -> None:
    """Stop an order until a person settles it; the caller publishes."""
    since = supplier.ledger.stamp()
    order.document["hold"] = {"code": code, "detail": detail, "since": since, "respond_by": None}


def release_order(supplier: Supplier, order: Record) -> None:
    """Let a held order go on; the caller publishes."""
    order.document["hold"] = None
    sql = "UPDATE steps SET parked=0, due=max(due, ?) WHERE subject=?"
    supplier.ledger.execute(sql, supplier.clock.now(), order.id)
