"""A word that the catalogue knows is looked for whole; anything else may be the beginning of one."""

from __future__ import annotations

import pytest

from shop.actions.catalog import refresh_products
from shop.models import Product, SearchWord
from shop.search import vocabulary
from tests.factories import make_supplier
from tests.shelf import names_on, page_of, put

pytestmark = pytest.mark.django_db


def found(client, words: str) -> list[str]:
    return names_on(page_of(client, "/search/", q=words))


def test_a_whole_word_finds_longer_ones_of_names_and_not_those_of_descriptions(client):
    supplier = make_supplier()
    put(supplier, "Tea tray")
    put(supplier, "Teapot")
    put(supplier, "Bench", description="<p>Of teak.</p>")
    assert set(found(client, "tea")) == {"Tea tray", "Teapot"}
    assert found(client, "teak") == ["Bench"]


def test_what_is_no_word_is_the_beginning_of_one_wherever_it_stands(client):
    supplier = make_supplier()
    put(supplier, "Teapot")
    put(supplier, "Bench", description="<p>Of teaberry wood.</p>")
    assert set(found(client, "teap")) == {"Teapot"}
    assert set(found(client, "teab")) == {"Bench"}


def test_where_a_whole_word_finds_nothing_its_beginning_is_looked_for(client):
    put(make_supplier(), "Bench", description="<p>Of teak.</p>")
    SearchWord.objects.create(word="tea")
    assert found(client, "tea") == ["Bench"]


def test_a_word_whose_longer_ones_are_many_is_looked_for_by_its_beginning(client, monkeypatch):
    monkeypatch.setattr(vocabulary, "MOST_FORMS", 1)
    supplier = make_supplier()
    put(supplier, "Tea tray")
    put(supplier, "Teapot")
    put(supplier, "Bench", description="<p>Of teak.</p>")
    assert set(found(client, "tea")) == {"Tea tray", "Teapot", "Bench"}


def test_too_many_words_to_look_through_are_not_looked_through(client, monkeypatch):
    monkeypatch.setattr(vocabulary, "MOST_READ", 1)
    supplier = make_supplier()
    put(supplier, "Tea tray")
    put(supplier, "Teapot")
    assert vocabulary.whole_words(["tea"]) == {}
    assert set(found(client, "tea")) == {"Tea tray", "Teapot"}


def test_a_new_longer_word_is_found_at_once_by_who_puts_it_in(client):
    supplier = make_supplier()
    put(supplier, "Tea tray")
    assert found(client, "tea") == ["Tea tray"]
    put(supplier, "Teapot")
    assert set(found(client, "tea")) == {"Tea tray", "Teapot"}


def test_endings_of_both_languages_are_found_by_whole_words(client):
    supplier = make_supplier()
    put(supplier, "Candles")
    tassen = put(supplier, "Cup").product
    Product.objects.filter(pk=tassen.pk).update(names={"de": "Tassen"})
    refresh_products([tassen.pk])
    assert found(client, "candle") == found(client, "candles") != []
    for typed in ("tasse", "tassen"):
        assert names_on(page_of(client, "/de/search/", q=typed)) == ["Tassen"]
