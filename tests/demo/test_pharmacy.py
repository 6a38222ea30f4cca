"""The demo's second shop: a pharmacy of eight products, with everything that its pages have to say."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from demo import pictures
from demo.house import CannotStart, read_shop
from demo.shops import SHOPS
from demo.supplier.profile import load_profile
from tests.demo.supplier_process import PROFILES, ROOT

ITEMS = json.loads((ROOT / "demo/catalogue/pharmacy/liffey.json").read_text())["items"]


def test_items_fit_the_supplier_contract():
    contract = yaml.safe_load((ROOT / "docs/supplier-contract.yaml").read_text())
    validator = Draft202012Validator({"$ref": "#/components/schemas/CatalogItem", "components": contract["components"]})
    told_at = {"updated_at": "2026-01-01T00:00:00Z"}
    problems = [error.message for entry in ITEMS for error in validator.iter_errors(entry["item"] | told_at)]
    assert problems == []


def test_there_is_one_of_each_kind_of_medicine_and_some_that_are_none():
    kinds = Counter()
    for entry in ITEMS:
        item, regulated = entry["item"], entry["item"]["regulated"] or {}
        kinds["medicine"] += "Active ingredient" in item["attributes"]
        kinds["prescription"] += bool(regulated.get("prescription_required"))
        kinds["age"] += bool(regulated.get("minimum_age"))
        if "Active ingredient" in item["attributes"]:
            assert {"Leaflet", "Limit reason", "Not returnable"} <= set(item["attributes"])
            assert item["max_quantity"] <= 3
    assert (len(ITEMS), kinds) == (8, {"medicine": 5, "prescription": 1, "age": 1})


def test_every_picture_is_drawn():
    for entry in ITEMS:
        for spec in entry["pictures"]:
            assert pictures.svg(spec).startswith("<svg")


def test_demo_shop_chooses_the_shop_and_each_keeps_its_own_data(monkeypatch):
    monkeypatch.delenv("DEMO_SHOP", raising=False)
    assert read_shop() is SHOPS["household"]
    monkeypatch.setenv("DEMO_SHOP", "pharmacy")
    assert read_shop().settings["PHARMACY_REGISTER_URL"].startswith("https://")
    monkeypatch.setenv("DEMO_SHOP", "bakery")
    with pytest.raises(CannotStart, match="household, pharmacy"):
        read_shop()
    assert len({shop.folder for shop in SHOPS.values()}) == len(SHOPS)
    for shop in SHOPS.values():
        for slug in shop.suppliers:
            assert Path(load_profile(PROFILES / f"{slug}.json").catalogue).is_file()
