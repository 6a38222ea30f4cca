"""After adding: what it was, when it comes, what the basket costs, and the two ways on."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tests.factories import make_supplier, make_variant
from tests.products import make_kettle, words_of

pytestmark = pytest.mark.django_db


def test_the_confirmation_names_item_arrival_and_total_with_both_ways_on(client):
    (kettle,) = make_kettle(make_supplier(), options=[{"Colour": "Sage"}])

    answer = client.post("/basket/add/", {"variant": kettle.sku, "quantity": "2"}, follow=True)

    page = answer.content.decode()
    said = words_of(page.split('id="added"')[1].split("</main>")[0])
    assert "Enamel kettle, Sage is in your basket" in said
    assert re.search(r"2 pieces, arrives \w{3} \d+", said)
    assert "Basket: 2 items, €52.90 goods €49.00 + delivery €3.90, incl. VAT" in said
    assert 'role="status"' in page.split('id="added"')[1][:40]
    assert re.search(r'href="/checkout/"[^>]*>Go to checkout', page)
    assert re.search(rf'href="{kettle.product.get_absolute_url()}[^"]*"[^>]*>Keep shopping', page)
    assert answer.headers["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"


def test_the_total_is_that_of_the_basket(client):
    supplier = make_supplier()
    client.post("/basket/add/", {"variant": make_variant(supplier, price_minor=4000).sku})
    answer = client.post("/basket/add/", {"variant": make_variant(supplier, price_minor=1500).sku}, follow=True)

    total = re.search(r"Basket: 2 items, <b>(\S+)</b>", answer.content.decode()).group(1)

    assert total == "€55.00"
    assert f"Total incl. VAT {total}" in words_of(client.get("/basket/").content.decode())


def test_more_than_there_is_says_so_on_the_products_page_and_adds_nothing(client):
    variant = make_variant(make_supplier(), stock=2)

    answer = client.post("/basket/add/", {"variant": variant.sku, "quantity": "3"}, follow=True)

    assert answer.request["PATH_INFO"] == variant.product.get_absolute_url()
    assert "You can order at most 2" in answer.content.decode()


@pytest.mark.parametrize("query", ["", "?added=", "?added=999999", "?added=x", "?added=%00"])
def test_a_line_that_is_not_mine_leads_to_my_basket(client, query):
    answer = client.get(f"/basket/added/{query}")

    assert answer.status_code in {302, 404}
    assert answer.headers.get("Location", "/basket/") == "/basket/"


def test_a_strangers_line_tells_nothing(client):
    variant = make_variant(make_supplier(), name="Secret gift")
    stranger = Client()
    path = stranger.post("/basket/add/", {"variant": variant.sku}).headers["Location"]
    client.post("/basket/add/", {"variant": make_variant(make_supplier("meridian")).sku})

    assert "Secret gift" not in client.get(path, follow=True).content.decode()
