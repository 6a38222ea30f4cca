"""What feeds tell of goods is taken in as far as it is right, and what is wrong is kept for staff."""

from __future__ import annotations

import pytest

from shop.actions.catalog import put_variant
from shop.gtin import is_global, is_gtin
from shop.models import Product, ProductFact, Variant
from shop.models.catalogue import Gate
from suppliers.actions.catalog import _entry
from suppliers.actions.reading import Garbage
from tests.factories import add_offer, make_person, make_supplier
from tests.products import entry, make_kettle, structured

pytestmark = pytest.mark.django_db
ITEM = {
    "sku": "K-1",
    "parent_sku": "K",
    "name": "Kettle",
    "cost": {"amount": "5.0000", "currency": "EUR"},
    "recommended_price": {"amount": "12.50", "currency": "EUR"},
    "attributes": {
        "Material": "Steel",
        "Maker": " Tolven, Ljubljana ",
        "EU responsible person": "Us",
        "Warning": "Hot",
    },
    "dimensions_mm": {"length": 100, "width": 0, "height": 50},
    "weight_g": 900,
}


@pytest.mark.parametrize(
    ("text", "right", "everywhere"),
    [
        ("4006381333931", True, True),
        ("036000291452", True, True),
        ("96385074", True, True),
        ("10614141000415", True, True),
        # A company's own number, as the demo's goods have.
        ("2000000001005", True, False),
        ("0212345678905"[:12] + "0", False, False),
        ("4006381333930", False, False),
        ("400638133393", False, False),
        ("0000000000000", False, False),
        ("4006381 333931", False, False),
        ("٤٠٠٦٣٨١٣٣٣٩٣١", False, False),
        ("", False, False),
    ],
)
def test_a_gtin_is_judged_by_its_check_digit_and_its_range(text, right, everywhere):
    assert (is_gtin(text), is_global(text)) == (right, everywhere)


def test_a_right_gtin_is_published_and_a_wrong_one_is_shown_to_staff_only(client):
    supplier = make_supplier()
    (good,) = make_kettle(supplier, gtin="4006381333931")
    page = client.get(good.product.get_absolute_url()).content.decode()
    assert structured(page)["Product"]["gtin"] == "4006381333931"
    assert "4006381333931" in page.split('class="facts"')[1]

    put_variant(entry(sku="KETTLE-0", gtin="4006381333930"))
    good.refresh_from_db()
    assert (good.gtin, good.bad_gtin) == ("", "4006381333930")
    assert "400638133393" not in client.get(good.product.get_absolute_url()).content.decode()
    client.force_login(make_person(role="Store staff"))
    assert good.sku in client.get("/admin/shop/variant/?gtin=wrong").content.decode()
    assert "4006381333930" in client.get(f"/admin/shop/variant/{good.pk}/change/").content.decode()


def test_two_wrong_gtins_that_are_alike_join_no_goods():
    first = put_variant(entry(sku="A", group="A", gtin="123"))
    second = put_variant(entry(sku="B", group="B", gtin="123"))

    assert first != second


def test_attributes_with_a_place_of_their_own_are_no_facts():
    told = _entry(ITEM)

    assert (told.maker, told.responsible_person, told.warnings) == ("Tolven, Ljubljana", "Us", "Hot")
    assert dict(told.facts) == {"Material": "Steel"}
    assert dict(told.dimensions_mm) == {"length": 100, "height": 50}


@pytest.mark.parametrize(
    ("regulated", "gate"),
    [
        (None, Gate.NONE),
        ({"prescription_required": True}, Gate.PRESCRIPTION),
        ({"prescription_required": False, "minimum_age": 18}, Gate.AGE),
        ({"minimum_age": None}, Gate.NONE),
        ("nonsense", Gate.NONE),
    ],
)
def test_regulated_goods_come_in_behind_their_gate(regulated, gate):
    assert _entry(ITEM | {"regulated": regulated}).gate == gate


def test_a_feed_closes_a_gate_and_never_opens_one():
    put_variant(entry(gate=Gate.AGE))
    put_variant(entry(gate=Gate.NONE))

    assert Product.objects.get().gate == Gate.AGE


@pytest.mark.parametrize("url", ["http://leaflets.example/1.pdf", "javascript:alert(1)", "x" * 600])
def test_only_a_safe_address_becomes_a_leaflet(url):
    assert _entry(ITEM | {"attributes": {"Leaflet": url}}).leaflet_url == ""
    assert _entry(ITEM | {"attributes": {"Leaflet": "https://leaflets.example/1.pdf"}}).leaflet_url


def test_a_fact_that_no_variant_tells_any_more_is_gone_from_lists_and_page(client):
    variant = put_variant(entry(facts={"Material": "Steel", "Colour of the lid": "Red"}))
    add_offer(make_supplier(), variant)

    put_variant(entry(facts={"Material": "Copper", "Care": " "}))

    assert list(ProductFact.objects.values_list("name", "value")) == [("Material", "Copper")]
    page = client.get(variant.product.get_absolute_url()).content.decode()
    assert "Colour of the lid" not in page
    assert "Copper" in page


def test_a_measure_that_makes_no_sense_leaves_the_row_out():
    with pytest.raises(Garbage):
        _entry(ITEM | {"dimensions_mm": {"length": "long"}})
    assert _entry(ITEM | {"dimensions_mm": "long"}).dimensions_mm == {}
    assert not Variant.objects.exists()
