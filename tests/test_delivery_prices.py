"""Delivery, discount and tax in one sum: what one of them changes, the others follow."""

from __future__ import annotations

import pytest

from orders.models import Order
from shop.actions.delivery import ZoneTerms
from shop.models import Variant
from tests.factories import express, make_code, make_supplier, make_variant, standard
from tests.test_checkout import TYPED, add

pytestmark = pytest.mark.django_db
WAYS = (
    ZoneTerms("Ireland", ["IE"], [standard(390, 5000, 1, 2), express(690)]),
    ZoneTerms("Norway", ["NO"], [standard(500, 1100, 2, 4), express(900)]),
)
OSLO = TYPED | {"country": "NO", "postcode": "0150", "city": "Oslo"}


def test_a_code_for_free_delivery_takes_off_the_service_that_was_chosen(client, sandbox):
    make_code("FREEPOST", kind="free_delivery")
    add(client, make_variant(make_supplier(zones=WAYS)))
    chosen = TYPED | {"code": "FREEPOST", "service-harbour": "express"}
    page = client.post("/checkout/", chosen | {"look": "1"})
    assert [page.context[name].minor for name in ("delivery", "discount", "total")] == [690, -690, 1250]

    shown = {name: page.context[name] for name in ("days", "shown_sums")}
    assert client.post("/checkout/", chosen | shown | {"shown": "1250"}).status_code == 303
    order = Order.objects.get()
    assert (order.delivery_minor, order.discount_minor, order.total_minor) == (690, 690, 1250)
    assert order.deliveries.get().service == "express"


def test_another_service_changes_the_sums_that_must_have_been_seen_even_if_the_total_stays(client, sandbox):
    make_code("FREEPOST", kind="free_delivery")
    add(client, make_variant(make_supplier(zones=WAYS)))
    page = client.post("/checkout/", TYPED | {"code": "FREEPOST", "look": "1"})
    sent = {"code": "FREEPOST", "shown": "1250", "shown_sums": page.context["shown_sums"], "service-harbour": "express"}
    answer = client.post("/checkout/", TYPED | sent)
    assert answer.status_code == 422
    assert "Delivery costs €6.90 now; it was €3.90" in answer.content.decode()
    assert not Order.objects.exists()


def test_goods_that_are_not_sent_there_take_no_part_in_discount_and_sums(client):
    make_code("HALF", percent=50)
    supplier = make_supplier()
    sent, kept = make_variant(supplier), make_variant(supplier, name="Sun cream")
    Variant.objects.filter(pk=kept.pk).update(ships_to=["IE"])
    add(client, sent, kept)
    berlin = TYPED | {"country": "DE", "postcode": "10115", "city": "Berlin", "code": "HALF"}
    page = client.post("/checkout/", berlin | {"look": "1"})
    assert [page.context[name].minor for name in ("items", "delivery", "discount", "total")] == [1250, 800, -625, 1425]
    assert client.post("/checkout/", berlin | {"shown": "1425"}).status_code == 422
    assert not Order.objects.exists()


def test_a_basket_of_which_nothing_is_sent_there_is_shown_with_a_code_and_orders_nothing(client):
    make_code("HALF", percent=50)
    add(client, make_variant(make_supplier()))
    page = client.post("/checkout/", OSLO | {"code": "HALF", "look": "1"})
    assert page.status_code == 200
    assert "Not sent to Norway" in page.content.decode()
    assert page.context["total"].minor == 0
    assert client.post("/checkout/", OSLO | {"code": "HALF"}).status_code == 422
    assert not Order.objects.exists()


def test_free_delivery_is_counted_from_the_price_as_the_country_reads_it(client):
    variant = make_variant(make_supplier(zones=WAYS), price_minor=1230)
    add(client, variant)
    client.post("/country/", {"country": "NO"})
    ((parcel, _views),) = client.get("/basket/").context["page"].groups
    assert (parcel.items_minor, parcel.price_minor, parcel.missing_minor) == (1000, 500, 100)
    assert "Delivery €5.00, free from €11.00" in client.get(variant.product.get_absolute_url()).content.decode()
    fast = client.post("/checkout/", OSLO | {"look": "1", "service-harbour": "express"})
    assert fast.context["total"].minor == 1900
