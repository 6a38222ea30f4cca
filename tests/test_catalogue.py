"""The suppliers' catalogues become a shop window."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.utils import timezone

from shop.models import Product, ProductImage, Variant
from suppliers.actions.catalog import sync_supplier, take_stock, write_best_offers
from suppliers.models import Offer, Supplier
from tests.demo.supplier_process import API_KEY, PROFILES, SupplierProcess
from tests.factories import add_offer, make_supplier, make_variant

CATALOGUE = Path(__file__).resolve().parent.parent / "demo" / "catalogue" / "harbour.json"


@pytest.fixture
def small(tmp_path):
    """A supplier with six items, so that a sync takes a second."""
    catalogue = json.loads(CATALOGUE.read_text())
    catalogue["items"] = catalogue["items"][:6]
    (tmp_path / "goods.json").write_text(json.dumps(catalogue))
    profile = json.loads((PROFILES / "harbour.json").read_text()) | {"catalogue": str(tmp_path / "goods.json")}
    (tmp_path / "profile.json").write_text(json.dumps(profile))
    with SupplierProcess(tmp_path / "profile.json", speed=20) as running:
        yield running


@pytest.mark.django_db(transaction=True)
def test_a_sync_brings_products_variants_facts_pictures_prices_and_stock(small, client, capsys):
    supplier = make_supplier(base_url=small.base + "/v1", api_key=API_KEY)
    call_command("sync_supplier", "harbour")
    assert Offer.objects.filter(supplier=supplier).count() == 6
    variant = Variant.objects.exclude(stock_told=None).first()
    assert variant.price_minor > 0
    assert variant.unit_cost > 0
    assert variant.delivery_profile == supplier.delivery_profile
    image = ProductImage.objects.first()
    assert image.large_width > image.small_width > 0
    with default_storage.open(image.small.name) as stored:
        assert stored.read(4) == b"RIFF"
    for product in Product.objects.on_sale():
        page = client.get(product.get_absolute_url()).content.decode()
        assert product.name in page
        assert 'alt=""' not in page.split("gallery-main")[1][:400]
    home = client.get("/").content.decode()
    assert home.count("Arrives ") >= 2


@pytest.mark.django_db(transaction=True)
def test_a_second_sync_changes_nothing_and_fetches_no_picture_again(small):
    supplier = make_supplier(base_url=small.base + "/v1", api_key=API_KEY)
    sync_supplier(supplier, report=lambda text: None)
    before = list(Variant.objects.values()), ProductImage.objects.count()
    supplier.refresh_from_db()
    taken = sync_supplier(supplier, report=lambda text: None)
    assert taken == 0
    assert (list(Variant.objects.values()), ProductImage.objects.count()) == before


@pytest.mark.django_db
def test_a_bad_row_is_named_and_the_others_are_taken():
    supplier = make_supplier()
    good, other = make_variant(supplier), make_variant(supplier)
    said: list[str] = []
    now = timezone.now().isoformat()
    rows = [
        {"sku": good.sku, "availability": "nonsense", "quantity": 1, "updated_at": now},
        {"sku": other.sku, "availability": "in_stock", "quantity": 7, "updated_at": now},
        {"quantity": "x"},
    ]
    assert take_stock(supplier, rows, report=said.append) == 1
    assert len(said) == 2
    other.refresh_from_db()
    assert other.stock_told == 7


@pytest.mark.django_db
def test_the_best_offer_is_what_can_be_bought_then_the_cheapest():
    first, second = make_supplier("harbour"), make_supplier("meridian")
    variant = make_variant(first, price_minor=2000, stock=5)
    add_offer(second, variant, price_minor=1800, stock=5)
    variant.refresh_from_db()
    assert variant.delivery_profile == second.delivery_profile

    Offer.objects.filter(supplier=second).update(availability="out_of_stock", stock=0)
    write_best_offers([variant.pk])
    variant.refresh_from_db()
    assert variant.delivery_profile == first.delivery_profile

    Supplier.objects.update(is_active=False)
    write_best_offers([variant.pk])
    variant.refresh_from_db()
    assert not variant.is_sellable


@pytest.mark.django_db
def test_descriptions_are_cleaned_when_they_come_in(client):
    from shop.actions.catalog import CatalogueEntry, put_variant

    entry = CatalogueEntry(
        sku="X-1", group="X-1", name="<b>Mug</b>", description="<p onclick='x()'>Good<script>alert(1)</script></p>",
        brand="", gtin="", category_path=["Kitchen"], options={}, facts={}, tax_basis_points=0, weight_grams=None,
        max_per_order=9, not_returnable_reason="", price_minor=100, currency="EUR",
    )  # fmt: skip
    variant = put_variant(entry)
    add_offer(make_supplier(), variant, price_minor=1000)
    assert variant.product.description == "<p>Good</p>"
    page = client.get(variant.product.get_absolute_url()).content.decode()
    assert "&lt;b&gt;Mug&lt;/b&gt;" in page


@pytest.mark.django_db
@pytest.mark.parametrize("words", ["oak board", "BOARD", "t-77", "kitchen oak"])
def test_search_finds_by_name_code_and_category(client, words):
    make_variant(make_supplier(), sku="T-77", name="Oak board")
    assert "Oak board" in client.get("/search/", {"q": words}).content.decode()


@pytest.mark.django_db
def test_search_without_a_hit_says_so_and_helps(client):
    make_variant(make_supplier(), name="Oak board")
    page = client.get("/search/", {"q": "zeppelin"}).content.decode()
    assert "Oak board" not in page
    assert "zeppelin" in page


@pytest.mark.django_db
def test_sold_out_goods_are_shown_and_cannot_be_bought(client):
    variant = make_variant(make_supplier(), stock=0)
    page = client.get(variant.product.get_absolute_url()).content.decode()
    assert "Sold out" in page
    assert "Add to basket" not in page
    client.post("/basket/add/", {"variant": variant.sku})
    assert "Your basket is empty" in client.get("/basket/").content.decode()
