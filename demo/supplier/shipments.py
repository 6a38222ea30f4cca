"""Send parcels and follow them (section 6 of the contract)."""

from __future__ import annotations

import hashlib
from typing import Any

from demo.supplier.changes import publish
from demo.supplier.counters import settle
from demo.supplier.estimates import delay_of, moved
from demo.supplier.ledger import Record
from demo.supplier.problems import Problem
from demo.supplier.scripts import Scan, write_script
from demo.supplier.supplier import Supplier

Units = dict[str, int]


def split_units(units: Units, manner: str) -> list[Units]:
    """Share units by line over parcels: ``one``, ``two``, or ``each`` unit in a parcel of its own."""
    singles = [line_id for line_id, count in units.items() for _unit in range(count)]
    if manner == "each":
        return [{line_id: 1} for line_id in singles]
    if manner == "one" or len(singles) < 2:
        return [units] if singles else []
    if len(units) == 1:
        half = len(singles) // 2
        return [{singles[0]: half}, {singles[0]: len(singles) - half}]
    names, middle = list(units), len(units) // 2
    return [{name: units[name] for name in part} for part in (names[:middle], names[middle:])]


def create_parcels(supplier: Supplier, order: Record, units: Units) -> None:
    """Print labels for these units, and schedule the hand-over of each parcel; the caller publishes the order."""
    each = "TEST-SPLIT" in order.private["behaviours"]
    parcels = split_units(units, "each" if each else supplier.profile.manners.split)
    for place, parcel in enumerate(parcels):
        for line_id, count in parcel.items():
            order.private["labelled"][line_id] = order.private["labelled"].get(line_id, 0) + count
        wait = place * supplier.profile.timeline.between_parcels
        create_shipment(supplier, order, parcel, kind="outbound", wait=wait)


def create_shipment(
    supplier: Supplier, order: Record, units: Units, *, kind: str, wait: float = 0, return_reference: str | None = None
) -> Record:
    """Print one label, and schedule the scans that follow after so many seconds more."""
    skus = {line["line_id"]: line["sku"] for line in order.document["lines"]}
    code = order.document["shipping"]["service_code"]
    ship_to = order.document["ship_to"]
    service = supplier.profile.service(ship_to["country"], code)
    if service is None:
        raise LookupError(f"no service {code} to {ship_to['country']}")
    number = tracking_number(supplier, order.id)
    stamp = supplier.ledger.stamp()
    eta = order.document["eta"] | {"ship_by": None, "source": "carrier", "updated_at": stamp}
    document = {
        "shipment_id": supplier.name_next("shipment", "P"),
        "reference": order.id,
        "supplier_order_id": order.document["supplier_order_id"],
        "return_reference": return_reference,
        "kind": kind,
        "version": 1,
        "test": True,
        "status": "label_created",
        "reason_code": None,
        "carrier": service.carrier,
        "service_name": service.name,
        "tracking_number": number,
        "tracking_url": f"{supplier.public_base}/track/{number}",
        "lines": [{"line_id": line_id, "sku": skus[line_id], "quantity": count} for line_id, count in units.items()],
        "weight_g": weight_of(supplier, units, skus),
        "shipped_at": None,
        "delivered_at": None,
        "eta": eta,
        "original_eta": eta,
        "delay": None,
        "events": [],
        "updated_at": stamp,
    }
    story = write_script(supplier.profile, ship_to, order.private["behaviours"])
    parcel = Record("shipment", document["shipment_id"], order.id, document, {"script": story})
    place = {"city": supplier.profile.city, "country": supplier.profile.country}
    add_event(supplier, parcel, "label_created", "Label printed, waiting for the carrier", place)
    publish(supplier, parcel, event="shipment.created")
    supplier.later(wait + story[0]["after"], "parcel.ship", order.id, shipment=parcel.id, position=0)
    return parcel


def tracking_number(supplier: Supplier, reference: str) -> str:
    """Make a number as carriers do; it differs from the parcel's own identifier."""
    serial = supplier.ledger.next_number("tracking")
    digest = hashlib.sha256(f"{supplier.profile.slug}:{reference}:{serial}".encode()).hexdigest()
    return f"{supplier.profile.country}{int(digest[:12], 16) % 10**10:010d}{serial:04d}"


def weight_of(supplier: Supplier, units: Units, skus: dict[str, str]) -> int | None:
    """Weigh a parcel; None if the weight of an item is not known."""
    total = 0
    for line_id, count in units.items():
        item = supplier.ledger.get("item", skus[line_id])
        weight = item.document.get("weight_g") if item else None
        if weight is None:
            return None
        total += weight * count
    return total


def add_event(
    supplier: Supplier, parcel: Record, status: str, description: str, place: dict[str, Any], reason: str | None = None
) -> None:
    """Append one scan; events are stamped in the order in which they are added."""
    events = parcel.document["events"]
    events.append(
        {
            "event_id": f"e{len(events) + 1}",
            "occurred_at": supplier.ledger.stamp(),
            "status": status,
            "reason_code": reason,
            "description": description,
            "location": place,
        }
    )
    parcel.document["status"] = status
    parcel.document["reason_code"] = reason


def scan_parcel(supplier: Supplier, order: Record, payload: dict[str, Any]) -> None:
    """Work off one scan of a parcel, and schedule the next."""
    parcel = read_shipment(supplier, payload["shipment"])
    if parcel.document["status"] == "cancelled":
        return
    story, position = parcel.private["script"], payload["position"]
    now: Scan = story[position]
    add_event(supplier, parcel, now["status"], now["description"], now["location"], now["reason_code"])
    if position == 0:
        note_shipped(order, parcel)
    if now["status"] == "delivered":
        note_delivered(order, parcel)
    if now["delay_days"]:
        delay_parcel(supplier, parcel, now["delay_days"], "weather", now["description"])
    # A parcel that was delayed has been published with its delay, and this finds nothing left to tell.
    publish(supplier, parcel)
    settle(supplier, order)
    publish(supplier, order)
    if position + 1 < len(story):
        wait = story[position + 1]["after"]
        supplier.later(wait, "parcel.scan", order.id, shipment=parcel.id, position=position + 1)


def note_shipped(order: Record, parcel: Record) -> None:
    """Count the units of a parcel that the carrier has taken over."""
    parcel.document["shipped_at"] = parcel.document["events"][-1]["occurred_at"]
    if parcel.document["kind"] != "outbound":
        return
    for line, count in lines_in(order, parcel):
        line["quantity_shipped"] += count
        order.private["labelled"][line["line_id"]] -= count
        # What has left can no longer be stopped, so the open request shrinks (I7).
        left = line["quantity"] - line["quantity_rejected"] - line["quantity_cancelled"] - line["quantity_shipped"]
        line["quantity_cancel_requested"] = min(line["quantity_cancel_requested"], left)


def note_delivered(order: Record, parcel: Record) -> None:
    """Count the units of a parcel that has arrived."""
    parcel.document["delivered_at"] = parcel.document["events"][-1]["occurred_at"]
    if parcel.document["kind"] == "outbound":
        for line, count in lines_in(order, parcel):
            line["quantity_delivered"] += count


def lines_in(order: Record, parcel: Record) -> list[tuple[dict[str, Any], int]]:
    """Pair the order's lines with the units of them in a parcel."""
    lines = {line["line_id"]: line for line in order.document["lines"]}
    return [(lines[part["line_id"]], part["quantity"]) for part in parcel.document["lines"]]


def delay_parcel(supplier: Supplier, parcel: Record, days: int, reason: str, detail: str) -> None:
    """Move a parcel's estimate later, and publish the delay."""
    before = parcel.document["eta"]
    parcel.document["eta"] = moved(supplier, before, days)
    parcel.document["delay"] = delay_of(supplier, before, parcel.document["eta"], reason, detail)
    publish(supplier, parcel, event="shipment.delayed", delay=parcel.document["delay"])


def void_parcel(supplier: Supplier, order: Record, parcel: Record) -> None:
    """Cancel a label that the carrier has not seen; its units are without a parcel again."""
    place = {"city": supplier.profile.city, "country": supplier.profile.country}
    add_event(supplier, parcel, "cancelled", "Label cancelled", place)
    for line, count in lines_in(order, parcel):
        order.private["labelled"][line["line_id"]] -= count
    publish(supplier, parcel)


def read_shipment(supplier: Supplier, identifier: str) -> Record:
    """Fetch a shipment.

    Raises Problem ``not-found``.
    """
    parcel = supplier.ledger.get("shipment", identifier)
    if parcel is None:
        raise Problem("not-found", f"No shipment {identifier}")
    return parcel
