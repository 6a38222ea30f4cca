"""What is kept for everybody holds nothing of anybody."""

from __future__ import annotations

import re

import pytest
from django.template import Context, Template
from django.test import Client
from django.utils import translation

from shop.templatetags.kept_parts import _part
from tests.factories import make_person, make_supplier, make_variant

FOOT = re.compile(r'<div class="site-footer-columns">.*?</div>\s*<p', re.DOTALL)


def foot_of(client, path: str) -> str:
    return FOOT.search(client.get(path).content.decode())[0]


@pytest.mark.django_db
def test_the_foot_is_the_same_for_everybody_on_every_page(client):
    variant = make_variant(make_supplier())
    other = Client()
    other.force_login(make_person("alex@example.com"))
    other.post("/basket/add/", {"variant": variant.sku})
    other.post("/country/", {"country": "DE", "next": "/"})

    feet = {
        foot_of(one, path) for one in (client, other) for path in ("/", variant.product.get_absolute_url(), "/basket/")
    }

    assert len(feet) == 1
    assert not re.search(r"alex|csrf|Germany|<form", feet.pop())


@pytest.mark.django_db
def test_who_changes_the_country_sees_it_in_the_line_below_at_once(client):
    assert "Prices for Ireland" in client.get("/").content.decode()
    client.post("/country/", {"country": "DE", "next": "/"})
    assert "Prices for Germany" in client.get("/").content.decode()


def test_a_part_is_kept_by_shop_and_language():
    part = Template('{% load kept_parts %}{% kept_part "components/_footer_links.html" shop_name=name %}')
    _part.cache_clear()
    made = [part.render(Context({"name": "Larkfield"})) for _time in range(3)]
    assert made[0] == made[1] == made[2]
    assert _part.cache_info().misses == 1
    assert "<h2>Moorland</h2>" in part.render(Context({"name": "Moorland"}))
    with translation.override("de"):
        part.render(Context({"name": "Larkfield"}))
    assert _part.cache_info().misses == 3


def test_a_shop_name_is_escaped():
    part = Template('{% load kept_parts %}{% kept_part "components/_footer_links.html" shop_name=name %}')
    assert "<h2>A &amp; B</h2>" in part.render(Context({"name": "A & B"}))
