"""Estimate when goods leave and arrive, in real calendar days."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from demo.supplier.ledger import Record
from demo.supplier.profile import Profile, Service
from demo.supplier.supplier import Supplier

RESTOCK_DAYS = 7
SATURDAY = 5


def add_working_days(start: date, days: int) -> date:
    """Count forward over Mondays to Fridays; 0 moves a weekend to its Monday."""
    day = start
    while day.weekday() >= SATURDAY:
        day += timedelta(days=1)
    for _step in range(days):
        day += timedelta(days=1)
        while day.weekday() >= SATURDAY:
            day += timedelta(days=1)
    return day


def first_working_day(profile: Profile, now: datetime) -> date:
    """Return the day on which an order that comes now is worked on, in the warehouse's calendar."""
    local = now.astimezone(ZoneInfo(profile.time_zone))
    missed = local.time() >= time.fromisoformat(profile.cutoff)
    return add_working_days(local.date() + timedelta(days=missed), 0)


def estimate(supplier: Supplier, order: Record, service: Service) -> dict[str, Any] | None:
    """Estimate shipping and arrival of an order just decided; None if nothing of it will come."""
    live = [line for line in order.document["lines"] if line["quantity_accepted"] + line["quantity_backordered"]]
    if not live:
        return None
    items = [supplier.ledger.get("item", line["sku"]) for line in live]
    handling = [item.document.get("handling_days") or {"min": 0, "max": 0} for item in items if item]
    start = first_working_day(supplier.profile, datetime.now(UTC))
    ship_by = add_working_days(start, max(days["max"] for days in handling))
    leaves = add_working_days(start, max(days["min"] for days in handling))
    restocks = [date.fromisoformat(line["expected_ship_date"]) for line in live if line["expected_ship_date"]]
    last_leaves = max([ship_by, *restocks])
    return {
        "ship_by": ship_by.isoformat(),
        "earliest": add_working_days(leaves, service.min_days).isoformat(),
        "latest": add_working_days(last_leaves, service.max_days).isoformat(),
        "source": "supplier",
        "updated_at": supplier.ledger.stamp(),
    }


def restock_date(supplier: Supplier, sku: str) -> str:
    """Return the day on which missing units are expected, never in the past."""
    level = supplier.ledger.get("stock", sku)
    told = level.document.get("restock_date") if level else None
    today = datetime.now(ZoneInfo(supplier.profile.time_zone)).date()
    return max(told or "", add_working_days(today + timedelta(days=1 if told else RESTOCK_DAYS), 0).isoformat())


def moved(supplier: Supplier, eta: dict[str, Any], days: int) -> dict[str, Any]:
    """Return an estimate moved so many days later, with every date still in order."""

    def shift(day: str | None) -> str | None:
        return None if day is None else add_working_days(date.fromisoformat(day) + timedelta(days=days), 0).isoformat()

    dates = {name: shift(eta[name]) for name in ("ship_by", "earliest", "latest")}
    return eta | dates | {"updated_at": supplier.ledger.stamp()}


def delay_of(
    supplier: Supplier, before: dict[str, Any], after: dict[str, Any], reason: str, detail: str
) -> dict[str, Any]:
    """Describe a move of the estimate as the contract's ``delay`` member."""
    return {
        "reason_code": reason,
        "detail": detail,
        "previous_latest": before["latest"],
        "latest": after["latest"],
        "detected_at": supplier.ledger.stamp(),
    }


def end_of_day(profile: Profile, day: str) -> float:
    """Return the Unix time at which a day of the warehouse's calendar is over."""
    after = date.fromisoformat(day) + timedelta(days=1)
    return datetime.combine(after, time.min, ZoneInfo(profile.time_zone)).timestamp()
