"""What basket, checkout and a whole guest purchase may cost: statements and bytes, whatever the number of lines."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.models import CheckoutSession
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
# Statements of each step of a purchase, with the limits of a real shop, once small tables are kept in the process.
# Lower is welcome; higher needs a reason in this table.
MOST = {"product": 5, "add": 5, "basket": 2, "checkout": 3, "place": 15, "return": 12, "thanks": 6}
MOST_UNTIL_PAYING, MOST_IN_ALL = 30, 48


def packed(path: str) -> int:
    return len(gzip.compress((STATIC / path).read_bytes(), 9))


def statements(step: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert step().status_code in {200, 302, 303}
    return sum(not query["sql"].startswith(FRAME) for query in queries.captured_queries)


def purchase(client, sandbox, variants) -> dict[str, int]:
    """Buy and pay as a guest; return the statements of each step."""
    for variant in variants[1:]:
        client.post("/basket/add/", {"variant": variant.sku})
    found = {
        "product": statements(lambda: client.get(variants[0].product.get_absolute_url())),
        "add": statements(lambda: client.post("/basket/add/", {"variant": variants[0].sku})),
        "basket": statements(lambda: client.get("/basket/")),
        "checkout": statements(lambda: client.get("/checkout/")),
        "place": statements(lambda: client.post("/checkout/", ADDRESS)),
    }
    session = CheckoutSession.objects.latest("pk")
    sandbox.control(f"sessions/{session.stripe_id}/pay", {})
    back, order = f"/checkout/return/{session.order.token}/?session={session.stripe_id}", session.order
    found["return"] = statements(lambda: client.get(back))
    found["thanks"] = statements(lambda: client.get(f"{order.get_absolute_url()}?thanks=1"))
    order.refresh_from_db()
    assert order.is_paid
    assert order.lines.count() == len(variants)
    return found


@pytest.mark.django_db
def test_a_purchase_costs_the_same_for_one_line_and_for_many(client, sandbox, settings, monkeypatch):
    # However slow the machine is: nothing that is kept runs out between two steps.
    monkeypatch.setattr("shop.kept.time", SimpleNamespace(monotonic=lambda: 1_000.0))
    settings.PAY_PAGES_PER_VISITOR, settings.PAY_PAGES_PER_NETWORK = 5, 10
    settings.CARD_DECLINES_PER_VISITOR, settings.CARD_DECLINES_PER_NETWORK = 8, 16
    suppliers = [make_supplier(slug) for slug in ("harbour", "meridian", "northwind", "sunrise")]
    variants = [make_variant(suppliers[number % 4]) for number in range(24)]
    # The first visit of a process fills what is kept.
    purchase(client, sandbox, variants[:4])
    few, many = purchase(client, sandbox, variants[:1]), purchase(client, sandbox, variants)
    assert {name: (few[name], many[name]) for name in few if many[name] > few[name]} == {}
    assert {name: count for name, count in many.items() if count > MOST[name]} == {}
    until_paying = sum(many[name] for name in ("product", "add", "basket", "checkout", "place"))
    assert until_paying <= MOST_UNTIL_PAYING
    assert sum(many.values()) <= MOST_IN_ALL


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
