"""The goods of a chaos run: a slice of each demo catalogue, and a fourth supplier made from one.

Stock is deep, so that thousands of orders can be bought; some goods of the first supplier are
offered by the fourth as well, so that what one rejects another can deliver.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.demo.supplier_process import PROFILES, ROOT

CATALOGUES = ROOT / "demo" / "catalogue"
DEEP = 500_000
# Who has how many goods, who of them sends webhooks, and who offers the first two of harbour's too.
SUPPLIERS = ("harbour", "meridian", "kestrel", "quay")
EACH = 5
SHARED = 2
WITH_WEBHOOKS = ("harbour", "meridian")
# Goods of the contract's sandbox whose parcels have a story: tried and collected, sent back, later than told.
STORIES = ("TEST-ATTEMPT", "TEST-RTS", "TEST-DELAY")
FOURTH = {"name": "Quay Supplies", "slug": "quay", "code": "QS", "city": "Galway"}


def write_profiles(folder: Path) -> dict[str, list[str]]:
    """Write a profile and a catalogue per supplier into ``folder``; return the shop's SKUs by home supplier."""
    goods = {}
    first = _entries("harbour")
    for number, slug in enumerate(SUPPLIERS):
        entries = _renamed(_entries("harbour", skip=EACH), "QS") if slug == "quay" else _entries(slug)
        for place, entry in enumerate(entries):
            entry["item"]["gtin"] = gtin(number * 100 + place)
        goods[slug] = [entry["item"]["sku"] for entry in entries]
        if slug == "quay":
            goods[slug] += STORIES
            entries += _dearer(_renamed(first[:SHARED], "QSX"))
        _write(folder, slug, entries)
    return goods


def same_goods() -> dict[str, str]:
    """Return which SKUs of other suppliers are the same article as one of the shop's."""
    return {sku.replace("HB", "QSX"): sku for sku in (entry["item"]["sku"] for entry in _entries("harbour")[:SHARED])}


def gtin(number: int) -> str:
    """Return a GTIN-13 of our own for a number."""
    digits = f"21{number:010d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return digits + str(-total % 10)


def _entries(slug: str, *, skip: int = 0) -> list[dict[str, Any]]:
    """Return the first simple goods of a demo catalogue: no variants, one picture, endless stock."""
    found = []
    for entry in json.loads((CATALOGUES / f"{slug}.json").read_text())["items"]:
        item, stock = entry["item"], entry["stock"]
        if item.get("parent_sku") is None and (stock["quantity"] or 0) >= 10:
            entry["pictures"] = entry["pictures"][:1]
            entry["stock"] = {"quantity": DEEP, "availability": "in_stock"}
            found.append(entry)
    assert len(found) >= skip + EACH, f"the demo catalogue of {slug} has changed"
    return found[skip : skip + EACH]


def _renamed(entries: list[dict[str, Any]], code: str) -> list[dict[str, Any]]:
    return [entry | {"item": entry["item"] | {"sku": entry["item"]["sku"].replace("HB", code)}} for entry in entries]


def _dearer(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    # Close enough to keep the margin, dear enough never to be the first choice.
    for entry in entries:
        cost = entry["item"]["cost"]
        entry["item"] = entry["item"] | {"cost": cost | {"amount": f"{float(cost['amount']) * 1.05:.4f}"}}
    return entries


def _write(folder: Path, slug: str, entries: list[dict[str, Any]]) -> None:
    source = "harbour" if slug == "quay" else slug
    profile = json.loads((PROFILES / f"{source}.json").read_text())
    profile |= FOURTH if slug == "quay" else {}
    capabilities = ["shipping_quotes", "cancel", "returns", "stock_quantities", "delivery_events"]
    profile["capabilities"] = capabilities + (["webhooks"] if slug in WITH_WEBHOOKS else [])
    profile["sandbox"] = slug == "quay"
    profile["catalogue"] = str(folder / f"{slug}-goods.json")
    profile["requests_per_minute"] = 60_000
    (folder / f"{slug}-goods.json").write_text(json.dumps({"items": entries}))
    (folder / f"{slug}.json").write_text(json.dumps(profile))
