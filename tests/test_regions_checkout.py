"""What only the postcode tells is shown at the checkout before anything is ordered."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orders.actions.quote import quote_basket
from orders.models import Order
from shop.actions.delivery import ZoneTerms, write_zones
from shop.models import Market, MarketCountry
from shop.places import Place
from tests.factories import (
    make_basket,
    make_supplier,
    make_variant,
    standard as standard_service,
)
from tests.test_checkout import TYPED, add

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 28)
MADRID = TYPED | {"country": "ES", "line1": "Calle Mayor 1", "city": "Madrid", "region": "Madrid", "postcode": "28001"}
CANARY = MADRID | {"city": "Las Palmas", "region": "Las Palmas", "postcode": "35001"}
SPAIN = ZoneTerms("Spain", ["ES"], [standard_service(500, None, 2, 4)])


def test_a_price_that_only_the_postcode_tells_is_shown_before_anything_is_ordered(client, sandbox):
    supplier = make_supplier()
    islands = ZoneTerms("Islands", ["ES-CANARY"], [standard_service(1500, None, 5, 9)])
    write_zones(supplier.delivery_profile, [SPAIN, islands])
    add(client, make_variant(supplier))
    seen = shown(client.post("/checkout/", MADRID | {"postcode": "", "look": "1"}))
    answer = client.post("/checkout/", CANARY | seen)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Delivery costs €15.00 now; it was €5.00." in page
    assert "The total is €27.50 now" in page
    assert "Tax may be due when it reaches Canary Islands." in page
    assert not Order.objects.exists()
    assert sandbox.control("ledger")["sessions"] == []

    assert client.post("/checkout/", CANARY | shown(answer)).status_code == 303
    order = Order.objects.get()
    assert (order.total_minor, order.delivery_minor, order.tax_minor) == (2750, 1500, 0)
    assert "Canary Islands" in order.deliveries.get().import_text


def shown(answer) -> dict[str, str]:
    context = answer.context
    total = str(context["total"].minor)
    return {"shown": total} | {name: context[name] for name in ("shown_sums", "days", "imports")}


def test_duty_that_only_the_postcode_tells_is_said_before_anything_is_ordered(client, sandbox):
    supplier = make_supplier(zones=(SPAIN,))
    add(client, make_variant(supplier))
    seen = shown(client.post("/checkout/", MADRID | {"postcode": "", "look": "1"}))
    answer = client.post("/checkout/", CANARY | seen)
    assert answer.status_code == 422
    assert "Tax may be due when it reaches Canary Islands." in answer.content.decode()
    assert not Order.objects.exists()
    assert client.post("/checkout/", CANARY | shown(answer)).status_code == 303
    assert client.post("/checkout/", MADRID | shown(answer)).status_code == 303


def test_tax_on_top_that_only_the_postcode_tells_is_shown_before_anything_is_ordered(client, sandbox):
    MarketCountry.objects.filter(country="PT").update(
        market=Market.objects.create(name="Net", prices_include_tax=False)
    )
    portugal = ZoneTerms("Portugal", ["PT"], [standard_service(500, None, 2, 4)])
    add(client, make_variant(make_supplier(zones=(portugal,)), price_minor=1230))
    lisbon = TYPED | {"country": "PT", "line1": "Rua 1", "city": "Lisboa", "postcode": "1000-001"}
    seen = shown(client.post("/checkout/", lisbon | {"postcode": "", "look": "1"}))
    assert seen["shown_sums"] == "1000,500,0,345"
    answer = client.post("/checkout/", lisbon | {"city": "Funchal", "postcode": "9000-001"} | seen)
    assert answer.status_code == 422
    assert "Tax on top is €3.30 now; it was €3.45." in answer.content.decode()
    assert client.post("/checkout/", lisbon | seen).status_code == 303
    assert Order.objects.get().total_minor == 1845


def test_goods_that_are_not_sent_to_a_region_are_named_and_can_be_removed(client, sandbox):
    near = make_supplier("harbour", zones=(ZoneTerms("Spain", ["ES", "-ES-CANARY"], SPAIN.services),))
    far = make_supplier("meridian", zones=(SPAIN,))
    kept, sent = make_variant(near), make_variant(far)
    add(client, kept)
    add(client, sent)
    assert "Not sent to" not in client.post("/checkout/", MADRID | {"look": "1"}).content.decode()
    answer = client.post("/checkout/", CANARY)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f"{kept.product.name} cannot be sent to Canary Islands." in page
    assert "Not sent to Canary Islands" in page
    assert not Order.objects.exists()
    (line,) = answer.context["stuck"]
    assert line.variant == kept
    client.post("/checkout/", CANARY | {"remove": str(line.pk)})
    answer = client.post("/checkout/", CANARY)
    assert answer.status_code == 303
    assert [one.sku for one in Order.objects.get().lines.all()] == [sent.sku]


def test_a_quote_asks_for_the_region_once_and_not_at_all_without_a_postcode(client):
    lines = make_basket((make_variant(make_supplier(zones=(SPAIN,))), 1)).lines.select_related("variant__product")
    lines = list(lines.select_related("variant__product__category"))

    def asked(**place: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            quote_basket(lines, Place("ES", **place), now=timezone.now())
        return sum('FROM "shop_region"' in query["sql"] for query in queries)

    assert (asked(), asked(postcode="35001")) == (0, 1)
