"""Staff's lists about goods cost the same with few and with many rows."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.actions.line_review import review_line
from orders.models import OrderLine
from shop.models import StockWatch
from suppliers.models import PictureFetch
from tests.factories import make_paid_order, make_person, make_supplier, make_variant
from tests.products import make_review

pytestmark = pytest.mark.django_db
LISTS = ("shop/review", "orders/linereview", "shop/stockwatch", "suppliers/picturefetch")


def test_lists_of_reviews_wishes_and_pictures_cost_the_same_with_many(client):
    supplier = make_supplier()
    client.force_login(make_person(role="Store staff"))
    costs = []
    for size in (2, 10):
        for number in range(size):
            variant = make_variant(supplier)
            make_review(variant, publish=False)
            line = make_paid_order((variant, 1)).lines.get()
            OrderLine.objects.filter(pk=line.pk).update(shipped=1, delivered=1)
            line.refresh_from_db()
            review_line(line, rating=4, author="Mia")
            StockWatch.objects.create(variant=variant, email=f"{variant.sku}@example.com", language="en-gb")
            PictureFetch.objects.create(supplier=supplier, variant=variant, position=number, url="https://x.example/1")
        costs.append([cost(client, f"/admin/{name}/") for name in LISTS])

    assert costs[0] == costs[1]
    assert max(costs[1]) <= 12


def cost(client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries)
