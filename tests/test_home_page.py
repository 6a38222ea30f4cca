"""Home and the frame around every page: three ways in, and what people look for first."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from shop.actions.catalog import refresh_products
from shop.models import Category, ProductImage
from tests.factories import make_supplier, make_variant

pytestmark = pytest.mark.django_db
STATIC = Path(settings.BASE_DIR) / "static"


def with_picture(variant):
    ProductImage.objects.create(
        product=variant.product, position=0, alt="A thing", small="s.webp", large="l.webp",
        small_width=400, small_height=500, large_width=800, large_height=1000,
    )  # fmt: skip
    refresh_products([variant.product_id])
    return variant


def shown(client, path: str = "/") -> str:
    return client.get(path).content.decode()


def test_one_line_says_what_is_sold_and_why_here(client):
    page = shown(client)
    words = page[page.index('class="window-words"') : page.index("</div>", page.index('class="window-words"'))]
    assert page.count("<h1") == 1
    assert "Mugs, lamps, towels and toys that last, with the day they arrive on every page." in words


def test_there_are_three_ways_in(client):
    variant = with_picture(make_variant(make_supplier(), name="Oak board"))
    page = shown(client)
    department = Category.objects.get(parent=None)
    assert re.search(
        rf'<a class="window-tile[^"]*" href="{department.get_absolute_url()}"><span>Kitchen</span><img', page
    )
    assert '<label for="site-search">' in page
    assert 'role="search"' in page
    assert f'<a href="{variant.product.get_absolute_url()}">Oak board</a>' in page


def test_a_card_shows_picture_name_price_and_the_days_it_arrives(client):
    with_picture(make_variant(make_supplier(), name="Oak board"))
    page = shown(client)
    card = page[page.index('<article class="card') : page.index("</article>")]
    assert re.search(r'<img src="[^"]+" alt="A thing" width="400" height="500"', card)
    for words in ("Oak board", "€12.50", "Arrives "):
        assert words in card


def test_the_largest_picture_comes_first_and_those_below_wait(client):
    with_picture(make_variant(make_supplier()))
    page = shown(client)
    tile = page[page.index("window-tile") : page.index("</a>", page.index("window-tile"))]
    assert 'fetchpriority="high"' in tile
    assert 'loading="lazy"' not in tile
    assert 'loading="lazy"' in page[page.index('<article class="card') :]


def test_nothing_moves_by_itself_and_nothing_stands_in_the_way(client):
    page, style = shown(client), (STATIC / "css/shop.css").read_text() + (STATIC / "css/foundation.css").read_text()
    assert "<dialog" not in page
    assert "@keyframes" not in style
    assert "prefers-reduced-motion" in style
    assert "setInterval" not in (STATIC / "js/shop.js").read_text()


def test_orders_are_tracked_and_the_basket_counted_from_every_page(client):
    client.post("/basket/add/", {"variant": make_variant(make_supplier()).sku, "quantity": "3"})
    for path in ("/", "/basket/", "/pages/delivery/"):
        page = shown(client, path)
        header = page[page.index("<header") : page.index("</header>")]
        assert 'href="/orders/find/"' in header
        assert re.search(r'<span class="count">.*?3</span>', header)
    footer = page[page.index("<footer") :]
    for link in (
        "/pages/delivery/",
        "/pages/returns/",
        "/pages/about/",
        "/support/",
        "/pages/terms/",
        "/pages/privacy/",
    ):
        assert f'href="{link}"' in footer


def test_every_page_begins_with_its_language_its_name_and_a_way_past_the_header(client):
    for path in ("/", "/basket/"):
        page = shown(client, path)
        assert re.search(r'<html lang="en', page)
        assert re.search(rf"<title>[^<]+ - {settings.SHOP_NAME}</title>", page)
        body = page[page.index("<body") :]
        assert re.search(r"<a[^>]*>", body).group(0) == '<a class="skip-link" href="#main">'
        for landmark in ("<header", "<nav", '<main id="main"', "<footer"):
            assert landmark in body


def test_icons_are_our_own_and_every_one_that_is_used_exists(client):
    sprite = (STATIC / "icons/sprite.svg").read_text()
    drawn = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    used = set()
    for template in (Path(settings.BASE_DIR) / "templates").rglob("*.html"):
        used |= set(re.findall(r'_icon\.html" with name="([a-z-]+)"', template.read_text()))
    assert used - drawn == {"shape-"}
    assert {"shape-waiting", "shape-half", "shape-done", "shape-problem"} <= drawn


def test_home_asks_the_same_of_many_products_as_of_few(client, django_assert_num_queries):
    supplier = make_supplier()
    for _round in range(2):
        with_picture(make_variant(supplier))
    client.get("/")
    with CaptureQueriesContext(connection) as few:
        client.get("/")
    count = len(few)
    for _round in range(8):
        with_picture(make_variant(supplier))
    # The tree of categories is read anew after a change.
    client.get("/")
    with django_assert_num_queries(count):
        client.get("/")
