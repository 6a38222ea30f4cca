"""A page costs the same number of queries with few and with many rows."""

from __future__ import annotations

import time
import uuid
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from support.actions.ticket import open_ticket
from support.models import Topic
from tests import waiting
from tests.factories import make_code, make_paid_order, make_person, make_supplier, make_variant

pytestmark = pytest.mark.django_db


def cost(client, path: str) -> int:
    """Return the queries of a page that was asked for a moment ago; on a slow machine that is over a second ago."""
    now = time.monotonic()
    with patch("shop.kept.time", SimpleNamespace(monotonic=lambda: now)):
        client.get(path)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
    return len(queries)


def fill(count: int, owner) -> dict[str, str]:
    suppliers = [make_supplier("harbour"), make_supplier("meridian")]
    variants = [make_variant(suppliers[number % 2]) for number in range(count)]
    order = make_paid_order(*[(variant, 1) for variant in variants[:2]], user=owner)
    for number, variant in enumerate(variants[2:]):
        make_paid_order((variant, 1), user=owner, code=make_code(f"CODE{number}").code)
    for number in range(count):
        ticket = open_ticket(
            order=order,
            email=owner.email,
            name="A",
            topic=Topic.QUESTION,
            subject=f"case {number}",
            body="x",
            form_key=uuid.uuid4(),
        )
    return {
        "product": variants[0].product.get_absolute_url(),
        "order": order.get_absolute_url(),
        "ticket": f"/desk/tickets/{ticket.pk}/",
    }


def measure(client, count: int) -> dict[str, int]:
    owner, agent, staff = make_person(), make_person(role="Support agents"), make_person(role="Store staff")
    pages = fill(count, owner)
    found = {path: cost(client, path) for path in ("/", "/c/kitchen/", "/search/?q=thing", "/sitemap.xml")}
    found |= {"product": cost(client, pages["product"]), "order": cost(client, pages["order"])}
    client.force_login(owner)
    found["/account/"] = cost(client, "/account/")
    client.force_login(agent)
    found |= {"/desk/": cost(client, "/desk/"), "ticket": cost(client, pages["ticket"])}
    client.force_login(staff)
    for model in (
        "orders/order",
        "shop/product",
        "shop/variant",
        "suppliers/supplierorder",
        "support/ticket",
        "orders/event",
        "notifications/notification",
        "orders/workitem",
        "suppliers/offer",
        "orders/discountcode",
        "orders/discountuse",
        "shop/taxrate",
        "shop/market",
    ):
        found[model] = cost(client, f"/admin/{model}/")
    found["admin home"] = cost(client, "/admin/")
    client.logout()
    return found


# The most a page may cost. Lower is welcome; higher needs a reason in this table.
# Whoever is logged in has one basket on every device: its count is looked up by the account.
# The home page asks one more than it did: how the visitor's country reads prices. The account asks for its proved
# addresses, which make guests' orders its own, and for the parcels that came. The inbox asks for the words of its
# orders, who has which case open, and the agent's own settings (one more for somebody who has none yet).
MOST = {
    "/": 9, "/c/kitchen/": 6, "/search/?q=thing": 5, "/sitemap.xml": 4, "product": 10, "order": 14, "/account/": 11,
    "/desk/": 10, "ticket": 26, "orders/order": 12, "shop/product": 10, "shop/variant": 10, "suppliers/supplierorder": 10,
    "support/ticket": 10, "orders/event": 12, "notifications/notification": 10, "orders/workitem": 10,
    "suppliers/offer": 10, "admin home": 18, "orders/discountcode": 10, "orders/discountuse": 12, "shop/taxrate": 12,
    "shop/market": 10,
}  # fmt: skip


def test_the_cost_of_pages_does_not_grow_with_their_rows(client):
    few = measure(client, 2)
    many = measure(client, 14)
    grown = {path: (few[path], many[path]) for path in few if many[path] > few[path]}
    assert grown == {}
    over = {path: count for path, count in many.items() if count > MOST[path]}
    assert over == {}


def test_basket_and_checkout_cost_the_same_for_few_and_many_lines(client):
    supplier = make_supplier()
    variants = [make_variant(supplier) for _number in range(12)]
    client.post("/basket/add/", {"variant": variants[0].sku})
    few = cost(client, "/basket/"), cost(client, "/checkout/")
    for variant in variants[1:]:
        client.post("/basket/add/", {"variant": variant.sku})
    many = cost(client, "/basket/"), cost(client, "/checkout/")
    assert many == few
    assert max(many) <= 10


def test_lists_of_what_is_decided_about_money_cost_the_same_for_few_and_many_rows(client):
    client.force_login(make_person(role="Store staff"))
    costs = []
    for number in range(6):
        waiting.an_authorisation(stripe_id=f"pi_{number}", idempotency_key=f"kept-{number}")
        waiting.a_dispute(stripe_id=f"dp_{number}")
        lists = ("authorisation", "dispute", "payment", "hold")
        costs.append([cost(client, f"/admin/orders/{name}/") for name in lists] if number in {0, 5} else [])
    assert costs[5] == costs[0]
