"""Races at the till: one basket sent twenty times, the last units wanted by fifty."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone

from orders.actions import checkout, reservation
from orders.actions.checkout import place_order
from orders.actions.reservation import SoldOut
from orders.models import CheckoutSession, Order, Reservation
from shop.models import Basket, BasketLine, Variant
from shop.returning import update_returning
from tests.factories import ADDRESS, make_basket, make_supplier, make_variant
from tests.races.crowd import ROUNDS, break_down, hold, without_wall
from tests.test_checkout import TYPED

# Twenty at once take a second for each round: hundreds of rounds need longer than a test otherwise may.
pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True), pytest.mark.timeout(max(300, 5 * ROUNDS))]
BUYERS, UNITS = 50, 5
# Ten come at once and want twice what there is; the others stand behind them. More at once would only
# make the way longer for those who lose.
QUEUES = 10


def one_basket_is_sent(crowd, variant, times: int) -> None:
    first = Client()
    first.post("/basket/add/", {"variant": variant.sku, "quantity": "1"})
    cookie = first.cookies[settings.SESSION_COOKIE_NAME].value
    before = set(Order.objects.values_list("pk", flat=True))

    def send() -> int:
        browser = Client()
        browser.cookies[settings.SESSION_COOKIE_NAME] = cookie
        return browser.post("/checkout/", TYPED).status_code

    answers = crowd.at_once(*[send] * times)
    orders = Order.objects.exclude(pk__in=before)
    assert orders.count() == 1, "one basket made more than one order"
    assert CheckoutSession.objects.filter(order__in=orders).count() == 1
    assert set(answers) <= {302, 303}
    assert Reservation.objects.filter(order__in=orders, state="held").count() == 1


def test_a_basket_sent_twenty_times_at_once_is_one_order_and_one_session(crowd, sandbox):
    variant = make_variant(make_supplier(), stock=None)
    hold(lambda: one_basket_is_sent(crowd, variant, 20))
    # However often it was asked, the provider opened one session for each order.
    assert len(sandbox.control("ledger")["sessions"]) == Order.objects.count()


def test_twin_without_the_unique_basket_it_makes_several_orders(crowd, monkeypatch):
    variant = make_variant(make_supplier(), stock=None)
    insert = checkout.insert_order

    def wait_and_insert(wish, *, now, pay_by):
        # Everybody has looked for an open order by then.
        crowd.gap()
        return insert(wish, now=now, pay_by=pay_by)

    monkeypatch.setattr(checkout, "insert_order", wait_and_insert)
    crowd.gap.times = 2
    with without_wall(Order, "order_once_per_basket"):
        break_down(lambda: one_basket_is_sent(crowd, variant, 4), "more than one order")


def many_buy_the_last_units(crowd, supplier, buyers: int, queues: int) -> None:
    variant = make_variant(supplier, stock=UNITS)
    baskets = Basket.objects.bulk_create(Basket() for _number in range(buyers))
    price = variant.price_minor
    BasketLine.objects.bulk_create(
        BasketLine(basket=basket, variant=variant, quantity=1, price_seen_minor=price) for basket in baskets
    )

    def queue(number: int) -> int:
        bought = 0
        for basket in baskets[number::queues]:
            try:
                place_order(basket, ADDRESS, user=None, now=timezone.now())
                bought += 1
            except SoldOut:
                continue
        return bought

    bought = sum(crowd.at_once(*[lambda number=number: queue(number) for number in range(queues)]))
    held = Reservation.objects.filter(variant=variant, state="held").count()
    variant.refresh_from_db()
    assert held <= UNITS, f"more units were promised than there are: {held}"
    assert (bought, variant.reserved) == (UNITS, UNITS)


def test_fifty_buyers_of_the_last_five_units_get_five(crowd):
    supplier = make_supplier()
    hold(lambda: many_buy_the_last_units(crowd, supplier, BUYERS, QUEUES))


def test_twin_without_lock_and_conditional_update_more_is_sold_than_there_is(crowd, monkeypatch):
    supplier = make_supplier()
    # The lock is there so that no two orders wait for each other; while it is held, even reading first would do.
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, *_args, **_kwargs: self)

    def look_then_write(rows, names, **changes):
        seen = list(rows.values_list("pk", flat=True))
        crowd.gap()
        return update_returning(Variant.objects.filter(pk__in=seen), names, **changes) if seen else []

    monkeypatch.setattr(reservation, "update_returning", look_then_write)
    break_down(
        lambda: many_buy_the_last_units(crowd, supplier, 8, 8), "more units were promised", single_writer_holds=True
    )


def two_buy_the_same_goods_in_another_order(crowd, variants) -> None:
    baskets = [make_basket(*[(variant, 1) for variant in order]) for order in (variants, variants[::-1])]
    deeds = [lambda basket=basket: place_order(basket, ADDRESS, user=None, now=timezone.now()) for basket in baskets]
    numbers = {order.number for order in crowd.at_once(*deeds)}
    assert len(numbers) == 2


def test_two_who_buy_the_same_goods_in_another_order_do_not_wait_for_each_other(crowd, monkeypatch):
    supplier = make_supplier()
    variants = [make_variant(supplier, stock=None) for _number in range(4)]
    hold(lambda: two_buy_the_same_goods_in_another_order(crowd, variants))
