"""A browser may keep a page of the shop, asks each time whether it is still the same, and shares it with nobody."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from shop.actions.catalog import refresh_products
from shop.models import Variant
from tests.factories import make_supplier, make_variant

pytestmark = pytest.mark.django_db


@pytest.fixture
def variant():
    return make_variant(make_supplier(), price_minor=1250)


def pages_of(variant) -> list[str]:
    return ["/", "/c/kitchen/", variant.product.get_absolute_url(), "/search/?q=thing", "/pages/terms/"]


def again(client, path: str, tag: str):
    return client.get(path, headers={"if-none-match": tag})


def test_pages_may_be_kept_by_the_visitor_alone_and_only_if_asked_again(client, variant):
    for path in pages_of(variant):
        answer = client.get(path)
        assert answer.headers["Cache-Control"] == "private, no-cache", path
        assert re.fullmatch(r'"[0-9a-f]{32}"', answer.headers["ETag"]), path


def test_whoever_has_the_page_already_gets_no_body(client, variant):
    for path in pages_of(variant):
        # The first visit sets the cookie that the token belongs to.
        client.get(path)
        tag = client.get(path).headers["ETag"]
        answer = again(client, path, tag)
        assert answer.status_code == 304, path
        assert answer.content == b"", path
        assert answer.headers["Cache-Control"] == "private, no-cache", path
        assert answer.headers["ETag"] == tag, path


def test_a_new_price_shows_on_the_next_look(client, variant):
    paths = [variant.product.get_absolute_url(), "/c/kitchen/", "/", "/search/?q=thing"]
    for path in paths:
        client.get(path)
    tags = {path: client.get(path).headers["ETag"] for path in paths}

    Variant.objects.filter(pk=variant.pk).update(price_minor=1999)
    refresh_products([variant.product_id])

    for path, tag in tags.items():
        answer = again(client, path, tag)
        assert answer.status_code == 200, path
        assert "19.99" in answer.content.decode(), path


def test_what_is_in_the_basket_makes_another_page(client, variant):
    client.get("/")
    tag = client.get("/").headers["ETag"]
    client.post("/basket/add/", {"variant": variant.sku})
    assert again(client, "/", tag).status_code == 200


def test_a_country_chosen_makes_another_page(client, variant):
    path = variant.product.get_absolute_url()
    client.get(path)
    tag = client.get(path).headers["ETag"]
    client.post("/country/", {"country": "DE", "next": "/"})
    assert again(client, path, tag).status_code == 200


def test_a_message_is_shown_once_and_not_from_the_store(client, variant):
    client.get("/")
    tag = client.get("/").headers["ETag"]
    # An empty basket leads back with a word about it.
    client.get("/checkout/")
    answer = again(client, "/", tag)
    assert answer.status_code == 200
    assert again(client, "/", answer.headers["ETag"]).status_code == 200


def test_another_visitor_has_another_page_where_it_holds_a_form(variant):
    path = variant.product.get_absolute_url()
    first, second = Client(), Client()
    first.get(path), second.get(path)
    tag = first.get(path).headers["ETag"]
    assert again(second, path, tag).status_code == 200
    assert again(first, path, tag).status_code == 304


def test_the_form_of_a_page_that_was_kept_can_still_be_sent(variant):
    path = variant.product.get_absolute_url()
    browser = Client(enforce_csrf_checks=True)
    page = browser.get(path).content.decode()
    assert again(browser, path, browser.get(path).headers["ETag"]).status_code == 304
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
    answer = browser.post("/basket/add/", {"variant": variant.sku, "csrfmiddlewaretoken": token})
    assert answer.status_code == 302


def test_personal_pages_and_errors_get_no_tag(client, variant):
    client.post("/basket/add/", {"variant": variant.sku})
    for path in ("/basket/", "/checkout/", "/orders/find/", "/account/login/"):
        answer = client.get(path)
        assert "no-store" in answer.headers["Cache-Control"], path
        assert not answer.has_header("ETag"), path
    assert not client.get("/nope/").has_header("ETag")
    assert not client.post("/country/", {"country": "XX"}).has_header("ETag")


def test_two_countries_in_a_select_are_two_selects(client, variant):
    path = variant.product.get_absolute_url()
    assert '<option value="IE" selected>' in client.get(path).content.decode()
    client.post("/country/", {"country": "DE", "next": "/"})
    page = client.get(path).content.decode()
    assert '<option value="DE" selected>' in page
    assert '<option value="IE">' in page
