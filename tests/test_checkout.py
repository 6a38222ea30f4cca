"""Basket and checkout over HTTP: what is promised, what is held, what happens to two at once."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connections
from django.utils import timezone

from orders.actions.checkout import place_order
from orders.actions.reservation import SoldOut
from orders.models import CheckoutSession, Order, Reservation
from shop.models import Variant
from tests.factories import ADDRESS, make_basket, make_order, make_supplier, make_variant

TYPED = {
    "email": "alex@example.com",
    "name": "Alex Byrne",
    "line1": "12 Main Street",
    "city": "Dublin",
    "postcode": "D02 X285",
    "country": "IE",
}


def add(client, *variants: Variant) -> None:
    for variant in variants:
        client.post("/basket/add/", {"variant": variant.sku, "quantity": "1"})


@pytest.mark.django_db
def test_goods_of_two_suppliers_make_two_parcels_each_with_price_and_days(client):
    add(client, make_variant(make_supplier("harbour")), make_variant(make_supplier("meridian")))
    for path in ("/basket/", "/checkout/"):
        page = client.get(path).content.decode()
        assert "Parcel 1 of 2" in page
        assert "Parcel 2 of 2" in page
        assert page.count("Arrives ") >= 2
        assert "€7.80" in page
        assert "€32.80" in page


@pytest.mark.django_db
def test_the_country_is_changed_without_complaints_and_costs_follow(client):
    add(client, make_variant(make_supplier()))
    answer = client.post("/checkout/", {"country": "DE", "look": "1", "name": "Alex"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "€8.00" in page
    assert 'value="Alex"' in page
    assert "There is a problem" not in page


@pytest.mark.django_db
def test_delivery_is_free_from_the_threshold(client):
    add(client, make_variant(make_supplier(), price_minor=5000))
    assert "free delivery" in client.get("/basket/").content.decode()


@pytest.mark.django_db
def test_ordering_holds_the_units_freezes_the_promise_and_leads_to_the_pay_page(client, sandbox):
    variant = make_variant(make_supplier(), stock=3)
    add(client, variant)
    answer = client.post("/checkout/", TYPED)
    order = Order.objects.get()
    variant.refresh_from_db()

    assert answer.status_code == 303
    assert answer["Location"].startswith(sandbox.base + "/pay/")
    assert (order.status, order.total_minor, order.tax_minor) == ("placed", 1640, 307)
    assert variant.reserved == 1
    assert order.reservations.get().expires_at == order.pay_by
    delivery = order.deliveries.get()
    assert timezone.localdate() < delivery.promised_earliest_on <= delivery.promised_latest_on
    line = order.lines.get()
    assert (line.unit_cost, line.delivery_minor, line.paid_minor) == (50_000, 390, 1640)


@pytest.mark.django_db
def test_the_same_basket_twice_is_one_order_and_a_changed_one_replaces_it(client, sandbox):
    variant = make_variant(make_supplier(), stock=5)
    add(client, variant)
    first = client.post("/checkout/", TYPED)["Location"]
    again = client.post("/checkout/", TYPED)["Location"]
    assert first == again
    assert Order.objects.count() == 1

    client.post("/checkout/", TYPED | {"city": "Cork"})
    assert sorted(Order.objects.values_list("status", "city")) == [("expired", "Dublin"), ("placed", "Cork")]
    variant.refresh_from_db()
    assert variant.reserved == 1


@pytest.mark.django_db
def test_sold_out_meanwhile_is_said_by_name_and_nothing_is_ordered(client):
    variant = make_variant(make_supplier(), stock=1, name="Oak board")
    add(client, variant)
    make_order((variant, 1))
    answer = client.post("/checkout/", TYPED)
    assert answer.status_code == 422
    assert "Oak board was sold meanwhile" in answer.content.decode()
    assert Order.objects.count() == 1


@pytest.mark.django_db
def test_when_the_pay_page_does_not_answer_the_order_is_kept(client):
    add(client, make_variant(make_supplier()))
    answer = client.post("/checkout/", TYPED, follow=True)
    page = answer.content.decode()
    assert "Your order is kept" in page
    assert "Not paid yet" in page
    assert CheckoutSession.objects.get().state == "new"


@pytest.mark.django_db
def test_an_order_nobody_pays_runs_out_and_gives_its_units_back(relay, sandbox):
    variant = make_variant(make_supplier(), stock=1)
    order = make_order((variant, 1))
    past = timezone.now() - timedelta(hours=1)
    order.sessions.update(expires_at=past, due_at=past)
    relay.run_until_idle()
    order.refresh_from_db()
    variant.refresh_from_db()
    assert order.status == "expired"
    assert (variant.reserved, variant.is_sellable) == (0, True)
    assert Reservation.objects.get().state == "released"


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_eight_buyers_of_the_last_three_units_three_get_one():
    variant = make_variant(make_supplier(), stock=3)
    baskets = [make_basket((variant, 1)) for _number in range(8)]
    barrier, outcomes = Barrier(8), []

    def buy(basket) -> None:
        try:
            barrier.wait(timeout=20)
            place_order(basket, ADDRESS, user=None, now=timezone.now())
            outcomes.append("bought")
        except SoldOut:
            outcomes.append("sold out")
        finally:
            connections.close_all()

    threads = [Thread(target=buy, args=[basket]) for basket in baskets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert sorted(outcomes) == ["bought"] * 3 + ["sold out"] * 5
    variant.refresh_from_db()
    assert variant.reserved == 3
    assert Order.objects.count() == 3


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_eight_clicks_on_one_basket_make_one_order():
    variant = make_variant(make_supplier(), stock=10)
    basket = make_basket((variant, 1))
    barrier, numbers = Barrier(8), []

    def click() -> None:
        try:
            barrier.wait(timeout=20)
            numbers.append(place_order(basket, ADDRESS, user=None, now=timezone.now()).number)
        finally:
            connections.close_all()

    threads = [Thread(target=click) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert len(numbers) == 8
    assert Order.objects.filter(status="placed").count() == 1
    variant.refresh_from_db()
    assert variant.reserved == 1


@pytest.mark.django_db
def test_nobody_pays_another_total_than_the_one_they_saw(client, sandbox):
    variant = make_variant(make_supplier())
    add(client, variant)
    seen = client.get("/checkout/").context["total"].minor
    answer = client.post("/checkout/", TYPED | {"shown": str(seen), "country": "DE", "postcode": "10115"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "The total is €20.50 now" in page
    assert 'name="shown" value="2050"' in page
    again = client.post("/checkout/", TYPED | {"shown": "2050", "country": "DE", "postcode": "10115"})
    assert again.status_code == 303

    Variant.objects.filter(pk=variant.pk).update(price_minor=1300)
    answer = client.post("/checkout/", TYPED | {"shown": str(seen)})
    assert "The total is €16.90 now" in answer.content.decode()
    for nonsense in ("", "x", "-5", "9" * 500, "٣"):
        assert client.post("/checkout/", TYPED | {"shown": nonsense}).status_code in {303, 422}, nonsense
