"""Suggestions while typing: few, cheap, and only what is on sale."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import make_supplier
from tests.shelf import page_of, put, put_copies

pytestmark = pytest.mark.django_db


def rows(client, typed: str) -> list[dict[str, str]]:
    answer = client.get("/search/suggest/", {"q": typed})
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "private, max-age=60"
    return answer.json()["rows"]


def test_at_most_eight_rows_categories_first_then_the_closest_names(client):
    supplier = make_supplier()
    put_copies(put(supplier, "Garden tool", path=("Garden", "Tools")), 11)
    put(supplier, "Garden", path=("Outdoors", "Other"))
    found = rows(client, "gard")
    assert len(found) == 8
    assert found[0] == {"text": "Garden", "url": "/c/garden/", "kind": "category"}
    assert found[1]["text"] == "Garden"
    assert found[1]["kind"] == "product"


@pytest.mark.parametrize("typed", ["ketl", "ketle", "kettel", "keet", "stovetop ketl"])
def test_a_wrong_letter_is_forgiven_also_in_a_word_half_typed(client, typed):
    variant = put(make_supplier(), "Stovetop kettle")
    assert rows(client, typed) == [
        {"text": "Stovetop kettle", "url": variant.product.get_absolute_url(), "kind": "product"}
    ]


def test_the_code_of_a_thing_leads_to_it(client):
    put(make_supplier(), "Stovetop kettle", sku="HB-014")
    assert [row["text"] for row in rows(client, "hb-014")] == ["Stovetop kettle"]


def test_nothing_is_suggested_for_one_letter_and_what_is_sold_out_comes_last(client):
    supplier = make_supplier()
    put(supplier, "Lamp of brass", stock=3)
    put(supplier, "Lamp", stock=0)
    assert rows(client, "l") == []
    assert [row["text"] for row in rows(client, "lam")] == ["Lamp of brass", "Lamp"]


def test_suggestions_cost_one_statement_for_few_and_many(client):
    first = put(make_supplier(), "Lamp")
    costs = []
    for count in (0, 23):
        put_copies(first, count)
        client.get("/search/suggest/", {"q": "lamp"})
        with CaptureQueriesContext(connection) as queries:
            rows(client, "lamp")
        costs.append(len(queries))
    assert costs == [1, 1]


def test_without_script_the_box_is_a_plain_form(client):
    page = page_of(client, "/")
    form = page.split('class="site-search"')[1].split("</form>")[0]
    assert 'action="/search/" method="get"' in form
    assert '<label for="site-search">Search for</label>' in form
    assert 'name="q"' in form
    assert "combobox" not in form
