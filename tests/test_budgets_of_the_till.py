"""What basket, checkout and a whole guest purchase may cost: statements and bytes, whatever the number of lines."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import make_supplier, make_variant
from tests.journeys.buying import ADDRESS

STATIC = Path(settings.BASE_DIR) / "static"
# Of these a page of the shop loads each; gzipped, in bytes.
STYLE = ("css/foundation.css", "css/shop.css")
SCRIPT = ("js/shop.js", "js/lists.js")
MOST_STYLE, MOST_SCRIPT, MOST_FONT = 14_000, 15_000, 40_000
MOST_HTML = {"/": 12_000, "/basket/": 12_000, "/checkout/": 12_000}
# What a transaction itself says is not counted; tests have more of it than the shop.
FRAME = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")
# Statements of each step of a purchase. Lower is welcome; higher needs a reason in this table.
MOST = {"product": 10, "add": 9, "basket": 9, "checkout": 11, "place": 40}


def packed(path: str) -> int:
    return len(gzip.compress((STATIC / path).read_bytes(), 9))


def statements(step: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert step().status_code in {200, 302, 303}
    return sum(not query["sql"].startswith(FRAME) for query in queries.captured_queries)


def purchase(client, lines: int) -> dict[str, int]:
    """Buy as a guest, up to the pay page; return the statements of each step."""
    supplier = make_supplier(f"supplier{lines}")
    variants = [make_variant(supplier) for _number in range(lines)]
    for variant in variants[1:]:
        client.post("/basket/add/", {"variant": variant.sku})
    steps = {
        "product": lambda: client.get(variants[0].product.get_absolute_url()),
        "add": lambda: client.post("/basket/add/", {"variant": variants[0].sku}),
        "basket": lambda: client.get("/basket/"),
        "checkout": lambda: client.get("/checkout/"),
        "place": lambda: client.post("/checkout/", ADDRESS),
    }
    return {name: statements(step) for name, step in steps.items()}


@pytest.mark.django_db
def test_a_purchase_costs_the_same_for_one_line_and_for_many(client, sandbox):
    # The first visit of a process fills caches.
    client.get("/")
    client.post("/country/", {"country": "IE", "next": "/"})
    few = purchase(client, 2)
    client.logout()
    client.get("/")
    many = purchase(client, 24)
    assert {name: (few[name], many[name]) for name in few if many[name] > few[name]} == {}
    assert {name: count for name, count in many.items() if count > MOST[name]} == {}


def test_style_script_and_font_stay_small():
    assert sum(map(packed, STYLE)) <= MOST_STYLE
    assert sum(map(packed, SCRIPT)) <= MOST_SCRIPT
    assert (STATIC / "fonts/figtree-latin-wght-normal.woff2").stat().st_size <= MOST_FONT


@pytest.mark.django_db
def test_pages_of_the_till_stay_small_and_ask_nobody_elses_host(client):
    supplier = make_supplier()
    for _number in range(6):
        client.post("/basket/add/", {"variant": make_variant(supplier).sku})
    for path, most in MOST_HTML.items():
        page = client.get(path).content
        assert len(gzip.compress(page, 9)) <= most, path
        for attribute in (b'src="', b'href="'):
            loaded = [part.split(b'"')[0] for part in page.split(attribute)[1:]]
            foreign = [one for one in loaded if one.startswith((b"http:", b"https:", b"//"))]
            # Its own canonical address is written out.
            assert {one for one in foreign if not one.startswith(b"http://testserver/")} == set(), path


def test_style_stands_in_layers_that_all_sheets_agree_on():
    foundation = (STATIC / STYLE[0]).read_text()
    assert "@layer reset, tokens, base, layout, components, utilities;" in foundation
    for path in STYLE:
        text = (STATIC / path).read_text()
        # Nothing stands outside a layer but faces of fonts and what is printed.
        outside = [line for line in text.splitlines() if line[:1] not in {"", " ", "@", "}", "/", "*"}]
        assert outside == [], path
