"""Decide, per line and per unit, what the supplier takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from demo.supplier import sandbox
from demo.supplier.addresses import is_deliverable
from demo.supplier.counters import Line
from demo.supplier.estimates import restock_date
from demo.supplier.ledger import Record
from demo.supplier.money import Money, amount
from demo.supplier.stock import move_stock, on_shelf
from demo.supplier.supplier import Supplier


@dataclass
class Verdict:
    """Say what becomes of the pending units of one line."""

    accepted: int = 0
    backordered: int = 0
    rejected: int = 0
    reason: str = ""
    detail: str = ""
    unit_cost: Money | None = None
    expected: str | None = None


def decide_lines(supplier: Supplier, order: Record) -> None:
    """Move every pending unit of an order to accepted, backordered or rejected, and take the stock."""
    left: dict[str, int | None] = {}
    verdicts = []
    for line in order.document["lines"]:
        left.setdefault(line["sku"], on_shelf(supplier, line["sku"]))
        verdict = judge(supplier, order, line, left[line["sku"]])
        left[line["sku"]] = less(left[line["sku"]], verdict.accepted)
        verdicts.append(verdict)
    if not order.private["allow_partial"] and any(verdict.rejected for verdict in verdicts):
        verdicts = [refuse_all(verdict) for verdict in verdicts]
    taken: dict[str, int] = {}
    for line, verdict in zip(order.document["lines"], verdicts, strict=True):
        apply_verdict(line, verdict)
        taken[line["sku"]] = taken.get(line["sku"], 0) + verdict.accepted
    move_stock(supplier, taken)


def less(quantity: int | None, taken: int) -> int | None:
    """Subtract what was taken; None, without limit, stays None."""
    return None if quantity is None else quantity - taken


def judge(supplier: Supplier, order: Record, line: Line, left: int | None) -> Verdict:
    """Decide one line while so many units are left; None means without limit."""
    units = line["quantity_pending"]
    item = supplier.ledger.get("item", line["sku"])
    if item is None:
        return Verdict(rejected=units, reason="unknown_sku", detail="We do not carry this")
    if order.private["behaviours"] and line["sku"] in sandbox.SKUS:
        return judge_sandbox(supplier, order, line)
    own_cost = item.document["cost"]
    reason, detail = objection(supplier, order, line, item.document)
    if reason:
        return Verdict(rejected=units, reason=reason, detail=detail, unit_cost=own_cost)
    accepted = units if left is None else min(units, left)
    return share(supplier, order, line, accepted, own_cost)


def share(supplier: Supplier, order: Record, line: Line, accepted: int, cost: Money) -> Verdict:
    """Take so many units now; the others are backordered, or rejected where the platform will not wait."""
    missing = line["quantity_pending"] - accepted
    if missing and order.private["allow_backorder"]:
        expected = restock_date(supplier, line["sku"])
        return Verdict(accepted=accepted, backordered=missing, unit_cost=cost, expected=expected)
    reason = "out_of_stock" if missing else ""
    return Verdict(accepted=accepted, rejected=missing, reason=reason, unit_cost=cost)


def judge_sandbox(supplier: Supplier, order: Record, line: Line) -> Verdict:
    """Decide a line with one of the contract's sandbox SKUs."""
    units, currency = line["quantity_pending"], order.document["currency"]
    cost = {"amount": sandbox.COST, "currency": currency}
    if line["sku"] == "TEST-OOS":
        return Verdict(rejected=units, reason="out_of_stock", unit_cost=cost)
    raised = {"amount": sandbox.RAISED_COST, "currency": currency} if line["sku"] == "TEST-PRICE" else cost
    if line["sku"] == "TEST-PRICE" or amount(cost) > amount(line["unit_cost"]):
        return Verdict(rejected=units, reason="price_changed", unit_cost=raised)
    accepted = min(1, units) if line["sku"] == "TEST-BACKORDER" else units
    return share(supplier, order, line, accepted, cost)


def objection(supplier: Supplier, order: Record, line: Line, item: dict[str, Any]) -> tuple[str, str]:
    """Return why a line cannot be taken at all, with a sentence; two empty texts if it can."""
    country, quantity = order.document["ship_to"]["country"], line["quantity"]
    step = item.get("quantity_step", 1)
    reaches = item.get("ships_to") is None or country in item["ships_to"]
    rules = (
        (item["status"] == "discontinued", "discontinued", "No longer sold"),
        (item["status"] == "suspended", "out_of_stock", "Not sold at the moment"),
        (not is_deliverable(order.document["ship_to"]), "address_invalid", "The carrier does not know this street"),
        (not reaches or not order.private["service_found"], "destination_not_served", "We do not deliver there"),
        (quantity < item.get("min_quantity", 1), "quantity_limit", "Fewer than we sell at once"),
        (quantity > item.get("max_quantity", 9999), "quantity_limit", "More than we sell in one order"),
        (quantity % step != 0, "quantity_limit", f"Sold in steps of {step}"),
        (amount(item["cost"]) > amount(line["unit_cost"]), "price_changed", "Our price has changed"),
    )
    return next(((reason, detail) for holds, reason, detail in rules if holds), ("", ""))


def refuse_all(verdict: Verdict) -> Verdict:
    """Turn a verdict into a refusal, because the platform takes all or nothing."""
    units = verdict.accepted + verdict.backordered + verdict.rejected
    reason = verdict.reason or "all_or_nothing"
    return Verdict(rejected=units, reason=reason, detail=verdict.detail, unit_cost=verdict.unit_cost)


def apply_verdict(line: Line, verdict: Verdict) -> None:
    """Write a verdict into a line."""
    line["quantity_pending"] = 0
    line["quantity_accepted"] += verdict.accepted
    line["quantity_backordered"] += verdict.backordered
    line["quantity_rejected"] += verdict.rejected
    line["unit_cost"] = verdict.unit_cost or line["unit_cost"]
    line["expected_ship_date"] = verdict.expected
    if verdict.rejected:
        line["reason"] = {"code": verdict.reason, "detail": verdict.detail or None}
