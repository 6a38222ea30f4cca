from __future__ import annotations

import json
import re
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

ROOT = Path(__file__).parents[2]
SUPPLIERS = {"harbour": "IE", "meridian": "NL", "kestrel": "GB"}
DEPARTMENTS = ("Kitchen", "Desk", "Home", "Outdoors", "Bath & first aid", "Kids")


def entries(slug: str) -> list[dict]:
    return json.loads((ROOT / f"demo/catalogue/{slug}.json").read_text())["items"]


EVERY_ENTRY = [(slug, entry) for slug in SUPPLIERS for entry in entries(slug)]


def products() -> dict[str, list[tuple[str, dict]]]:
    found: dict[str, list[tuple[str, dict]]] = {}
    for slug, entry in EVERY_ENTRY:
        found.setdefault(entry["item"]["name"], []).append((slug, entry))
    return found


@pytest.mark.parametrize("slug", list(SUPPLIERS))
def test_a_file_names_its_own_supplier(slug):
    document = json.loads((ROOT / f"demo/catalogue/{slug}.json").read_text())

    assert set(document) == {"supplier", "items"}
    assert document["supplier"] == slug


def test_every_item_and_stock_level_fits_the_supplier_contract():
    contract = yaml.safe_load((ROOT / "docs/supplier-contract.yaml").read_text())

    def problems(schema: str, document: dict) -> list[str]:
        validator = Draft202012Validator(
            {"$ref": f"#/components/schemas/{schema}", "components": contract["components"]}
        )
        return [f"{document['sku']}: {error.message}" for error in validator.iter_errors(document)]

    # What the simulated supplier adds when it answers.
    told_at = {"updated_at": "2026-01-01T00:00:00Z"}
    found = []
    for _slug, entry in EVERY_ENTRY:
        found += problems("CatalogItem", entry["item"] | told_at)
        stock = {key: entry["stock"][key] for key in ("quantity", "availability")}
        found += problems("StockLevel", stock | told_at | {"sku": entry["item"]["sku"], "restock_date": None})
    assert found == []


def test_there_are_ten_products_in_each_of_six_departments():
    departments = Counter(offers[0][1]["item"]["category_path"][0] for offers in products().values())

    assert departments == dict.fromkeys(DEPARTMENTS, 10)


def test_each_department_has_at_least_two_sub_categories():
    paths = {tuple(entry["item"]["category_path"]) for _slug, entry in EVERY_ENTRY}

    counts = Counter(department for department, _sub in paths)

    assert min(counts[department] for department in DEPARTMENTS) >= 2


def test_every_gtin_is_in_the_restricted_range_with_a_right_check_digit():
    for _slug, entry in EVERY_ENTRY:
        gtin = entry["item"]["gtin"]
        total = sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(gtin))
        assert (len(gtin), gtin[0], total % 10) == (13, "2", 0)


def test_skus_are_unique_and_a_supplier_lists_each_gtin_once():
    skus = Counter(entry["item"]["sku"] for _slug, entry in EVERY_ENTRY)
    gtins = Counter((slug, entry["item"]["gtin"]) for slug, entry in EVERY_ENTRY)

    assert max(skus.values()) == 1
    assert max(gtins.values()) == 1


def test_variants_share_a_parent_and_a_name_and_differ_on_one_axis():
    families: dict[str, list[dict]] = {}
    for _slug, entry in EVERY_ENTRY:
        item = entry["item"]
        assert (item["parent_sku"] is None) == (item["variant"] == {})
        if item["parent_sku"]:
            families.setdefault(item["parent_sku"], []).append(item)

    for members in families.values():
        assert 2 <= len(members) <= 4
        assert len({member["name"] for member in members}) == 1
        assert len({tuple(member["variant"]) for member in members}) == 1
        assert len({tuple(member["variant"].values()) for member in members}) == len(members)


def test_eight_products_come_from_two_suppliers_who_agree_on_everything_but_their_terms():
    shared = {name: offers for name, offers in products().items() if len({slug for slug, _entry in offers}) == 2}
    told_alike = ("gtin", "variant", "description", "brand", "category_path", "recommended_price", "attributes")

    assert len(shared) == 8
    for offers in shared.values():
        sides = {slug: [entry for owner, entry in offers if owner == slug] for slug, _entry in offers}
        first, second = sides.values()
        for key in told_alike:
            assert [entry["item"][key] for entry in first] == [entry["item"][key] for entry in second]
        assert [entry["pictures"] for entry in first] == [entry["pictures"] for entry in second]
        assert [entry["item"]["cost"] for entry in first] != [entry["item"]["cost"] for entry in second]


def test_every_price_leaves_a_margin_after_tax_and_is_in_whole_halves_of_a_euro():
    for _slug, entry in EVERY_ENTRY:
        cost, price = entry["item"]["cost"], entry["item"]["recommended_price"]
        assert (cost["currency"], price["currency"]) == ("EUR", "EUR")
        assert Decimal(price["amount"]) > Decimal("1.6") * Decimal(cost["amount"])
        assert Decimal(price["amount"]) % Decimal("0.5") == 0


def test_goods_are_sent_from_their_suppliers_country():
    assert {(slug, entry["item"]["ships_from"]) for slug, entry in EVERY_ENTRY} == set(SUPPLIERS.items())


def test_goods_that_can_only_come_from_outside_the_union_say_who_pays_import_costs():
    for offers in products().values():
        abroad = {slug for slug, _entry in offers} == {"kestrel"}
        assert {"Import" in entry["item"]["attributes"] for _slug, entry in offers} == {abroad}


def test_the_special_cases_of_the_shop_window_are_there():
    states = Counter(entry["stock"]["availability"] for _slug, entry in EVERY_ENTRY)
    sold_out = [entry["stock"] for _slug, entry in EVERY_ENTRY if entry["stock"]["availability"] == "out_of_stock"]
    to_order = [entry for _slug, entry in EVERY_ENTRY if entry["stock"]["availability"] == "made_to_order"]
    limited = [entry["item"]["name"] for _slug, entry in EVERY_ENTRY if entry["item"]["max_quantity"] < 9999]
    kept = [entry["item"]["name"] for _slug, entry in EVERY_ENTRY if "Not returnable" in entry["item"]["attributes"]]

    assert (states["low_stock"], states["out_of_stock"], states["made_to_order"]) == (3, 2, 1)
    assert [(stock["quantity"], stock["restock_date_in_days"]) for stock in sold_out] == [(0, 12), (0, 21)]
    assert [(entry["stock"]["quantity"], entry["item"]["handling_days"]) for entry in to_order] == [
        (None, {"min": 5, "max": 8})
    ]
    assert limited == ["Digital thermometer"]
    assert kept == ["Sun cream, factor 50"]


def test_descriptions_are_two_calm_blocks_of_simple_html():
    for _slug, entry in EVERY_ENTRY:
        description = entry["item"]["description"]
        assert description.startswith("<p>")
        assert description.count("<p>") + description.count("<ul>") == 2
        assert "!" not in description


def test_all_that_is_said_of_goods_is_said_in_german_too():
    texts = json.loads((ROOT / "demo/german.json").read_text())
    categories = {name for _slug, entry in EVERY_ENTRY for name in entry["item"]["category_path"]}
    assert set(texts["categories"]) == categories
    assert set(texts["products"]) == set(products())
    said = {
        text
        for _slug, entry in EVERY_ENTRY
        for name, value in [*entry["item"]["attributes"].items(), *(entry["item"].get("variant") or {}).items()]
        # Addresses stay as they are.
        if name not in {"Maker", "EU responsible person"}
        for text in ((value,) if name in {"Not returnable", "Warnings"} else (name, value))
        if re.search(r"[a-zA-Z]{4}", text)
    }
    assert said - set(texts["wordings"]) == set()
    english, german = products(), texts["products"]
    for name, (german_name, description) in german.items():
        assert german_name.strip(), name
        told = english[name][0][1]["item"]["description"]
        assert re.findall(r"<[^>]+>", description) == re.findall(r"<[^>]+>", told), name
