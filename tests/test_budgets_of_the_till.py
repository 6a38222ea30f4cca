"""What basket, checkout and a whole guest purchase may cost: statements, whatever the number of lines."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import make_supplier, make_variant
from tests.journeys.buying import ADDRESS

pytestmark = pytest.mark.django_db


def buy(client, lines: int) -> dict[str, int]:
    """Buy as a guest, from the product page to the pay page; return the statements of each step."""
    supplier = make_supplier()
    variants = [make_variant(supplier) for _number in range(lines)]
    for variant in variants[1:]:
        client.post("/basket/add/", {"variant": variant.sku})
    steps = [
        ("product", lambda: client.get(variants[0].product.get_absolute_url())),
        ("add", lambda: client.post("/basket/add/", {"variant": variants[0].sku})),
        ("basket", lambda: client.get("/basket/")),
        ("checkout", lambda: client.get("/checkout/")),
        ("place", lambda: client.post("/checkout/", ADDRESS)),
    ]
    spent = {}
    for name, step in steps:
        with CaptureQueriesContext(connection) as queries:
            answer = step()
        assert answer.status_code in {200, 302, 303}, name
        spent[name] = len(queries)
        if name == "place":
            print("\n".join(q["sql"][:110] for q in queries.captured_queries)) if lines == 1 else None
    return spent


def test_x(client, sandbox):
    a=buy(client,1)
    client.logout()
    b=buy(client,24)
    print(a,sum(a.values()),b,sum(b.values()))
    assert 0
