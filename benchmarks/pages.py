"""Milliseconds and queries of the pages customers see, of a filled shop: ``python -m benchmarks.pages``.

Runs in process with Django's test client, on the database of the environment (``./run`` fills the demo's);
production templates, no network. Named limit: 50 ms a page and 20 queries, as the design asks of a page of the shop.
Nothing is kept: all of it happens in one transaction that is rolled back.
"""

from __future__ import annotations

import os
import statistics
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402

django.setup()

from django.db import connection, transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from orders.actions.checkout import Address, place_order  # noqa: E402
from orders.actions.payment import record_payment  # noqa: E402
from orders.models import Order  # noqa: E402
from shop.actions.basket import SESSION_KEY  # noqa: E402
from shop.models import Basket, Variant  # noqa: E402

LIMIT_MS, LIMIT_QUERIES = 50, 20
ROUNDS = 30
ADDRESS = Address(
    email="bench@example.com", name="Bench", line1="1 Street", city="Dublin", postcode="D02 X285", country="IE"
)


def measure(client: Client, path: str) -> tuple[float, int]:
    """Return the median milliseconds and the queries of one page."""
    client.get(path)
    took = []
    for _round in range(ROUNDS):
        began = time.perf_counter()
        answer = client.get(path)
        took.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200, (path, answer.status_code)
    with CaptureQueriesContext(connection) as queries:
        client.get(path)
    return statistics.median(took), len(queries)


def fill_basket(client: Client) -> list[Variant]:
    """Put one thing of each origin into the visitor's basket."""
    found: dict[int, Variant] = {}
    for variant in Variant.objects.filter(is_active=True, delivery_profile__isnull=False).select_related("product"):
        if variant.is_sellable:
            found.setdefault(variant.delivery_profile_id, variant)
    for variant in found.values():
        client.post("/basket/add/", {"variant": variant.sku, "quantity": "1"})
    return list(found.values())


def paid_order(client: Client) -> Order:
    """Pay for the visitor's basket and fill it again."""
    basket = Basket.objects.get(pk=client.session[SESSION_KEY])
    order = place_order(basket, ADDRESS, user=None, now=timezone.now())
    record_payment(order, stripe_id=f"pi_bench_{order.number}", paid=order.total)
    fill_basket(client)
    return order


def main() -> None:
    """Measure, print a table and the result line."""
    client = Client(headers={"host": "127.0.0.1"})
    with transaction.atomic():
        variants = fill_basket(client)
        order = paid_order(client)
        department = variants[0].product.department
        pages = {
            "home": "/",
            "category": department.get_absolute_url(),
            "product": variants[0].product.get_absolute_url(),
            "search": "/search/?q=oak",
            "basket": "/basket/",
            "checkout": "/checkout/",
            "order": order.get_absolute_url(),
        }
        found = {name: measure(client, path) for name, path in pages.items()}
        transaction.set_rollback(True)
    for name, (milliseconds, queries) in found.items():
        verdict = "ok" if milliseconds <= LIMIT_MS and queries <= LIMIT_QUERIES else "OVER"
        print(f"{name:10} {milliseconds:6.1f} ms {queries:3} queries   {verdict}")
    values = " ".join(f"{name}_ms={ms:.1f} {name}_queries={queries}" for name, (ms, queries) in found.items())
    print(f"RESULT {values} limit_ms={LIMIT_MS} limit_queries={LIMIT_QUERIES} database={connection.vendor}")


if __name__ == "__main__":
    main()
