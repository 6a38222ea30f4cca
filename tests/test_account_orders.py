"""An account's orders: own ones and those of its proved address, open ones first, and what can be done about each."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from shop.models import BasketLine, Variant
from shop.models.catalogue import Availability
from tests.accounts import deliver, guest_order, make_customer
from tests.factories import make_paid_order, make_supplier, make_variant

pytestmark = pytest.mark.django_db


def shown(client) -> str:
    answer = client.get("/account/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_orders_placed_as_a_guest_with_a_proved_address_are_there(client):
    order = guest_order("Alex@Example.com")
    client.force_login(make_customer("alex@example.com"))
    assert order.token in shown(client)


def test_orders_of_an_address_that_is_not_proved_are_not_there(client):
    order = guest_order("alex@example.com")
    client.force_login(make_customer("alex@example.com", verified=False))
    assert order.token not in shown(client)


def test_an_order_in_somebody_elses_account_is_theirs_whatever_address_it_names(client):
    order = make_paid_order((make_variant(make_supplier()), 1), user=make_customer("other@example.com"))
    assert order.email == "alex@example.com"
    client.force_login(make_customer("alex@example.com"))
    assert order.token not in shown(client)


def test_open_orders_come_first_with_arrival_and_state(client):
    user = make_customer()
    variant = make_variant(make_supplier())
    open_one, done = (make_paid_order((variant, 1), user=user) for _number in range(2))
    deliver(done)
    client.force_login(user)
    page = shown(client)
    assert page.index(open_one.number) < page.index(done.number)
    first, second = page.split(done.number, 1)
    assert "Arrives" in first
    assert "Track<" in first
    assert "Return<" not in first
    assert "Return<" in second
    assert "See the order<" in second


def test_the_list_costs_the_same_for_few_and_many_orders(client):
    user = make_customer()
    client.force_login(user)
    counts = []
    for number in range(6):
        make_paid_order((make_variant(make_supplier(f"s{number}")), 1), user=user)
        guest_order(user.email)
        with CaptureQueriesContext(connection) as queries:
            shown(client)
        counts.append(len(queries))
    assert counts[-1] == counts[1]
    # Open cases are one of them.
    assert counts[-1] <= 12


def test_buying_again_takes_what_is_still_sold_and_says_what_is_not(client):
    supplier = make_supplier()
    there, scarce, gone = (make_variant(supplier, name=name) for name in ("Oak board", "Steel pan", "Blue mug"))
    order = make_paid_order((there, 2), (scarce, 3), (gone, 1))
    Variant.objects.filter(pk=scarce.pk).update(stock_told=1, reserved=0)
    Variant.objects.filter(pk=gone.pk).update(availability=Availability.OUT_OF_STOCK, stock_told=0, reserved=0)

    page = client.post(f"/orders/{order.token}/again/", follow=True).content.decode()

    held = dict(BasketLine.objects.values_list("variant__product__name", "quantity"))
    assert held == {"Oak board": 2, "Steel pan": 1}
    assert "In your basket again: Oak board" in page
    assert "Of Steel pan there are only 1 left" in page
    assert "not in your basket: Blue mug" in page


def test_buying_again_twice_never_takes_more_than_there_is(client):
    variant = make_variant(make_supplier(), stock=9)
    order = make_paid_order((variant, 3))
    for _time in range(4):
        assert client.post(f"/orders/{order.token}/again/").status_code == 302
    variant.refresh_from_db()
    assert BasketLine.objects.get().quantity == variant.sellable


def test_buying_again_needs_the_orders_link_and_a_button(client):
    order = make_paid_order((make_variant(make_supplier()), 1))
    assert client.get(f"/orders/{order.token}/again/").status_code == 405
    assert client.post(f"/orders/{'A' * 43}/again/").status_code == 404
    assert BasketLine.objects.count() == 0
