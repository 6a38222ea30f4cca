"""What search engines read of a product is what its page says."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

from shop.actions.delivery import ZoneTerms
from shop.models import DeliveryProfile, MarketCountry, Product, Variant
from shop.views import sitemaps
from tests.factories import express, make_supplier, make_variant, standard
from tests.products import make_kettle, structured, words_of

pytestmark = pytest.mark.django_db


def read(client, variant: Variant) -> tuple[str, dict, dict]:
    """Return a page's words, its product and its breadcrumb."""
    page = client.get(variant.product.get_absolute_url(), {"variant": variant.sku}).content.decode()
    data = structured(page)
    return words_of(page), data["Product"], data["BreadcrumbList"]


def test_name_price_and_facts_equal_the_page(client):
    (kettle,) = make_kettle(make_supplier(), options=[{"Colour": "Sage"}], pictures=2)

    said, product, crumbs = read(client, kettle)

    assert product["name"] == "Enamel kettle, Sage"
    assert product["sku"] in said
    assert product["description"] == "A kettle for two. It whistles."
    assert product["description"] in said
    assert product["brand"]["name"] in said
    assert (product["material"], product["color"]) == ("Enamelled steel", "Sage")
    assert product["countryOfOrigin"]["name"] == "Slovenia"
    assert f"€{product['offers']['price']}" in said
    assert (
        product["offers"]["url"]
        == product["url"]
        == f"{settings.SITE_URL}{kettle.product.get_absolute_url()}?variant=KETTLE-0"
    )
    assert len(product["image"]) == 2
    assert all(image.startswith(settings.SITE_URL) for image in product["image"])
    names = [item["name"] for item in crumbs["itemListElement"]]
    assert names == ["Home", "Kitchen", "Stove", "Enamel kettle"]
    assert " / ".join(names[:3]).replace(" / ", " ") in said
    assert not {"gtin", "aggregateRating", "review", "manufacturer"} & set(product)


def test_every_service_is_told_with_its_price_and_days(client):
    zones = [ZoneTerms("Ireland", ["IE"], [standard(390, 5000, 1, 2), express(690)])]
    (kettle,) = make_kettle(make_supplier(zones=zones))

    said, product, _crumbs = read(client, kettle)

    told = product["offers"]["shippingDetails"]
    assert [one["shippingRate"]["value"] for one in told] == ["3.90", "6.90"]
    assert all(f"€{one['shippingRate']['value']}" in said for one in told)
    assert {one["shippingDestination"]["addressCountry"] for one in told} == {"IE"}
    days = [one["deliveryTime"]["transitTime"] for one in told]
    assert [(one["minValue"], one["maxValue"]) for one in days] == [(1, 2), (1, 1)]


@pytest.mark.parametrize(
    ("change", "policy", "words"),
    [
        ({}, {"returnFees": "ReturnFeesCustomerResponsibility", "merchantReturnDays": 30}, "you pay the postage"),
        (
            {"returns_paid_by_shop": True},
            {"returnFees": "FreeReturn", "merchantReturnDays": 30},
            "30 days to return, free",
        ),
    ],
)
def test_the_terms_of_return_equal_the_line_beside_the_button(client, change, policy, words):
    (kettle,) = make_kettle(make_supplier())
    DeliveryProfile.objects.update(**{"returns_paid_by_shop": False} | change)

    said, product, _crumbs = read(client, kettle)

    told = product["offers"]["hasMerchantReturnPolicy"]
    assert told["returnFees"].removeprefix("https://schema.org/") == policy["returnFees"]
    assert told["merchantReturnDays"] == policy["merchantReturnDays"]
    assert told["returnPolicyCountry"] == "IE"
    assert words in said


def test_what_cannot_go_back_is_told_so_in_both(client):
    (kettle,) = make_kettle(make_supplier(), not_returnable_reason="Hygiene goods cannot be returned.")

    said, product, _crumbs = read(client, kettle)

    assert "Hygiene goods cannot be returned." in said
    assert product["offers"]["hasMerchantReturnPolicy"]["returnPolicyCategory"].endswith("MerchantReturnNotPermitted")


@pytest.mark.parametrize(
    ("stock", "availability", "words"),
    [
        (50, "InStock", "In stock"),
        (3, "LimitedAvailability", "Only 3 left"),
        (0, "OutOfStock", "Sold out"),
        (None, "MadeToOrder", "Made to order"),
    ],
)
def test_availability_equals_the_words(client, stock, availability, words):
    variant = make_variant(make_supplier(), stock=stock)

    said, product, _crumbs = read(client, variant)

    assert product["offers"]["availability"] == f"https://schema.org/{availability}"
    assert words in said


def test_no_text_of_a_supplier_leaves_the_script(client):
    (kettle,) = make_kettle(make_supplier(), name="</script><script>alert(1)</script>", maker="<b>&")

    page = client.get(kettle.product.get_absolute_url()).content.decode()

    assert "<script>alert(1)" not in page
    assert structured(page)["Product"]["name"] == "</script><script>alert(1)</script>"


def test_another_country_reads_its_own_delivery(client):
    (kettle,) = make_kettle(make_supplier())
    client.post("/country/", {"country": "DE"})

    _said, product, _crumbs = read(client, kettle)
    told = product["offers"]["shippingDetails"][0]
    assert (told["shippingDestination"]["addressCountry"], told["shippingRate"]["value"]) == ("DE", "8.00")

    client.post("/country/", {"country": "JP"})
    assert "shippingDetails" not in read(client, kettle)[1]["offers"]


def test_one_address_is_the_right_one_whatever_is_asked_of_it(client):
    sage, ochre = make_kettle(make_supplier(), options=[{"Colour": "Sage"}, {"Colour": "Ochre"}], pictures=1)
    path = sage.product.get_absolute_url()

    pages = [
        client.get(path + query).content.decode() for query in ("", f"?variant={ochre.sku}", "?o0=Ochre&picture=1")
    ]

    right = f'<link rel="canonical" href="{settings.SITE_URL}{path}">'
    assert [right in page for page in pages] == [True, True, True]
    assert f'<meta property="og:url" content="{settings.SITE_URL}{path}">' in pages[1]
    assert '<meta property="og:title" content="Enamel kettle, Ochre">' in pages[1]
    assert re.search(rf'<meta property="og:image" content="{settings.SITE_URL}/media/products/[^"]+">', pages[0])
    assert '<meta property="product:price:amount" content="24.50">' in pages[0]


@pytest.mark.parametrize(
    ("path", "right"),
    [
        ("/", "/"),
        ("/c/kitchen/?sort=price", "/c/kitchen/"),
        ("/c/kitchen/?page=2&sort=price", "/c/kitchen/?page=2"),
        ("/c/kitchen/?page=x", "/c/kitchen/"),
        ("/pages/returns/", "/pages/returns/"),
    ],
)
def test_lists_and_texts_name_their_one_address(client, path, right):
    make_variant(make_supplier())

    page = client.get(path).content.decode()

    assert re.findall(r'<link rel="canonical" href="([^"]*)">', page) == [settings.SITE_URL + right]


def test_the_sitemap_has_files_of_products_cut_by_number(client, monkeypatch):
    supplier = make_supplier()
    variants = [make_variant(supplier) for _number in range(5)]
    hidden = variants[0].product
    Product.objects.filter(pk=hidden.pk).update(is_published=False)
    monkeypatch.setattr(sitemaps, "PER_FILE", 2)

    index = client.get("/sitemap.xml").content.decode()
    files = re.findall(r"<loc>([^<]+)</loc>", index)
    told = [client.get(file.removeprefix(settings.SITE_URL)).getvalue().decode() for file in files]

    assert all(text.startswith("<?xml") and text.rstrip().endswith("</urlset>") for text in told)
    found = re.findall(r"<loc>([^<]+)</loc>", "".join(told))
    assert len(found) == len(set(found))
    products = [settings.SITE_URL + variant.product.get_absolute_url() for variant in variants[1:]]
    assert set(products) < set(found)
    assert settings.SITE_URL + hidden.get_absolute_url() not in found
    assert settings.SITE_URL + "/c/kitchen/" in found
    # Each of the four once per language.
    assert "".join(told).count("<lastmod>") == 4 * len(settings.LANGUAGES)
    assert client.get("/sitemap-products-99999999999999999999.xml").status_code == 404
    assert settings.SITE_URL + "/sitemap.xml" in client.get("/robots.txt").content.decode()


@pytest.mark.parametrize(
    ("days", "withdrawal", "words", "told_days"),
    [(30, 14, "30 days to return", 30), (10, 14, "14 days to return", 14), (0, 0, "damaged, wrong or faulty", None)],
)
def test_the_days_to_return_are_those_of_the_visitors_market_in_both(client, days, withdrawal, words, told_days):
    (kettle,) = make_kettle(make_supplier())
    market = MarketCountry.objects.get(country="IE").market
    market.return_days, market.withdrawal_days = days, withdrawal
    market.save()

    said, product, _crumbs = read(client, kettle)

    assert words in said
    assert product["offers"]["hasMerchantReturnPolicy"].get("merchantReturnDays") == told_days
