"""Hold a supplier's copies against the contract: sums, prices, what may never go back.

A copy that breaks it is kept for people and changes nothing (docs/supplier-contract.yaml, section 5, and
client rules P-05 and P-06).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from orders.actions.shipping import NOT_SENT
from orders.models import Shipment, ShipmentLine
from shop.prepared import Prepared
from suppliers.actions.reading import Garbage, identity, objects, section, whole_number, words
from suppliers.models import SupplierOrder, SupplierOrderLine, SupplierShipment

COUNTERS = ("pending", "accepted", "backordered", "rejected", "cancelled", "shipped", "delivered", "returned")
# What a supplier has said once, it cannot unsay (I4).
NEVER_LESS = ("rejected", "cancelled", "shipped", "delivered", "returned")
# Unit costs are kept in 1/10,000 of the currency unit.
COST_UNITS = 10_000
Counts = dict[str, dict[str, Any]]


def counts_of(supplier_order: SupplierOrder, lines: Sequence[SupplierOrderLine], copy: Mapping[str, Any]) -> Counts:
    """Return the counters of a copy by line, once they keep the contract (I1 to I3, I6, I7).

    Raises Garbage, or KeyError, TypeError or ValueError for a copy that lacks what it must have.
    """
    if str(copy["reference"]) != supplier_order.reference:
        raise Garbage("another order's reference")
    known_id = supplier_order.supplier_order_id
    if known_id and identity(copy, "supplier_order_id") != known_id:
        raise Garbage(f"another number than {known_id}")
    known = {line.line_id: line for line in lines}
    currency = str(supplier_order.request.get("currency") or copy["currency"])
    if str(copy["currency"]) != currency:
        raise Garbage(f"in {str(copy['currency'])[:3]}, not in {currency}")
    counts: Counts = {}
    for told in objects(copy, "lines"):
        line = known.get(str(told["line_id"]))
        if line is None or line.line_id in counts:
            raise Garbage(f"line {str(told['line_id'])[:40]} is not ours, or comes twice")
        counts[line.line_id] = _count_of(line, told, currency)
    if set(counts) != set(known):
        raise Garbage("lines are missing")
    if any(count["pending"] for count in counts.values()) and any(count["shipped"] for count in counts.values()):
        raise Garbage("sent before all of it was decided")
    return counts


def _count_of(line: SupplierOrderLine, told: Mapping[str, Any], currency: str) -> dict[str, Any]:
    count: dict[str, Any] = {name: whole_number(told[f"quantity_{name}"]) for name in COUNTERS}
    asked_back = whole_number(told.get("quantity_cancel_requested") or 0)
    if sum(count[name] for name in COUNTERS[:5]) != line.quantity or whole_number(told["quantity"]) != line.quantity:
        raise Garbage(f"line {line.line_id} does not add up")
    if not count["delivered"] <= count["shipped"] <= count["accepted"] or count["returned"] > count["shipped"]:
        raise Garbage(f"line {line.line_id} is sent, delivered or returned more than there was")
    if asked_back > line.quantity - count["rejected"] - count["cancelled"] - count["shipped"]:
        raise Garbage(f"line {line.line_id} is to be stopped more than there is")
    if str(told["sku"]) != line.supplier_sku:
        raise Garbage(f"line {line.line_id} became other goods")
    _check_cost(line, count, section(told, "unit_cost"), currency)
    return count | {"reason": words(section(told, "reason"), "code", 40)}


def _check_cost(line: SupplierOrderLine, count: Mapping[str, Any], cost: Mapping[str, Any], currency: str) -> None:
    if str(cost["currency"]) != currency:
        raise Garbage(f"line {line.line_id} costs another currency")
    try:
        asks = Decimal(str(cost["amount"])) * COST_UNITS
    except ArithmeticError as error:
        raise Garbage(f"line {line.line_id} has no price") from error
    # A higher price is shown with what was rejected for it; nothing may be taken at it (I6).
    if not asks.is_finite() or ((count["accepted"] or count["backordered"]) and asks > line.unit_cost):
        raise Garbage(f"line {line.line_id} costs more than we said")


def check_successor(
    supplier_order: SupplierOrder,
    lines: Sequence[SupplierOrderLine],
    copy: Mapping[str, Any],
    version: int,
    counts: Counts,
) -> bool:
    """Return whether a copy is newer than the one known; call it with the order locked.

    Older copies are normal: webhooks come late and in any order. Raises Garbage for one that was made
    later and calls itself older, that differs under the same version, or that takes back what was said.
    """
    if version < supplier_order.version:
        known_at = str(supplier_order.last_copy.get("updated_at") or "")
        if known_at and str(copy.get("updated_at") or "") > known_at:
            raise Garbage(f"version {version} after {supplier_order.version}")
        return False
    if version == supplier_order.version:
        if _tells_otherwise(supplier_order.last_copy, counts):
            raise Garbage(f"two different copies of version {version}")
        return False
    for line in lines:
        count = counts[line.line_id]
        if count["pending"] > line.pending or any(count[name] < getattr(line, name) for name in NEVER_LESS):
            raise Garbage(f"line {line.line_id} takes back what was said")
    return True


def _tells_otherwise(last_copy: Mapping[str, Any], counts: Counts) -> bool:
    # Against the copy and not our own counters: a person may have noted what was said on the telephone since.
    before = {str(told["line_id"]): told for told in last_copy.get("lines") or []}
    return bool(before) and any(
        before.get(line_id, {}).get(f"quantity_{name}") != count[name]
        for line_id, count in counts.items()
        for name in COUNTERS
    )


def check_parcel(
    supplier_order: SupplierOrder, shipment: Shipment | None, lines: Mapping[int, int], *, is_outbound: bool
) -> None:
    """Raise Garbage if a parcel holds other units than it did, or more than its supplier was asked for (I5).

    ``lines`` maps our order lines' ids to units; call it with the order locked.
    """
    if shipment is not None:
        if {part.line_id: part.quantity for part in shipment.lines.all()} != lines:
            raise Garbage("the parcel's contents have changed")
        return
    if not is_outbound:
        return
    asked, packed = dict(_asked(supplier_order.pk)), dict(_packed(supplier_order.pk))
    if any(packed.get(line_id, 0) + units > asked[line_id] for line_id, units in lines.items()):
        raise Garbage("more units in parcels than were asked for")


_asked = Prepared(
    lambda row: SupplierOrderLine.objects.filter(supplier_order=row).order_by().values_list("order_line", "quantity")
)
# A label that was printed and not sent may be void by now: that news may come later than this.
_packed = Prepared(
    lambda row: (
        ShipmentLine.objects.filter(
            shipment__in=SupplierShipment.objects.filter(supplier_order=row).order_by().values("shipment"),
            shipment__kind=Shipment.Kind.OUTBOUND,
        )
        .exclude(shipment__status__in=NOT_SENT)
        .order_by()
        .values_list("line")
        .annotate(units=Sum("quantity"))
    )
)
