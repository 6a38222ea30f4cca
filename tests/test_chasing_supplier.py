"""With a real simulated supplier: it is asked by its API, its slip is told, and late goods go to somebody quicker."""

from __future__ import annotations

from datetime import timedelta

import pytest

from notifications.models import Notification
from orders.actions.estimates import record_estimate
from orders.models import Delay, OrderDelivery
from suppliers.models import Offer, SupplierChase, SupplierOrder
from tests.delays import SOURCE, watch
from tests.dialogue import CAN, ask, books, connected, placed, read_news, still_fixture, turn, unexplained, until
from tests.factories import add_offer, make_supplier

pytestmark = pytest.mark.django_db
__all__ = ["still_fixture"]


def late_by(order, days: int = 9) -> None:
    """Let the goods be expected so many days after the promise, by the supplier's word."""
    delivery = order.deliveries.get()
    day = delivery.promised_latest_on + timedelta(days=days)
    record_estimate(delivery, None, earliest_on=day, latest_on=day, source=SOURCE.SUPPLIER, reason_code="capacity")


def test_a_supplier_whose_api_takes_questions_is_asked_there_once(still, relay):
    supplier = connected(still, capabilities=["returns", "inquiries"])
    order = placed(supplier, relay)
    late_by(order)
    watch(everything=True)
    relay.run_until_idle()
    watch(everything=True)
    relay.run_until_idle()

    chase = SupplierChase.objects.get()
    asked = [request for request in still.books()["requests"] if request["path"].endswith("/inquiries")]
    assert (chase.status, chase.channel, len(asked)) == ("asked", "api", 1)
    assert not Notification.objects.filter(kind="supplier-chased").exists()
    assert unexplained() == []


def test_a_slip_that_the_supplier_tells_reaches_its_customer_once_whatever_tells_it(still, relay):
    supplier = connected(still)
    order = placed(supplier, relay)
    reference = SupplierOrder.objects.get().reference
    still.control(f"orders/{reference}/delay", {"days": 12, "reason_code": "production"})
    for _time in range(3):
        read_news(supplier, relay)

    assert Notification.objects.filter(order=order, kind="arrival-delayed").count() == 1
    (part,) = Delay.objects.get().parts.all()
    assert (part.reason_code, part.latest_on) == ("production", OrderDelivery.objects.get().expected_latest_on)
    assert unexplained() == []


def test_late_goods_go_to_another_supplier_that_meets_the_promise_if_the_first_lets_them_go(still, relay):
    first = connected(still, capabilities=[*CAN])
    order = placed(first, relay)
    second = make_supplier("meridian", capabilities=[])
    add_offer(second, order.lines.get().variant, price_minor=2500, stock=50)
    late_by(order)
    watch(everything=True)
    relay.run_until_idle()
    read_news(first, relay)

    assert books(still)["cancelled"] == 2
    chase = SupplierChase.objects.get(supplier_order__supplier=first)
    assert chase.channel == "let_go"
    new = SupplierOrder.objects.get(supplier=second)
    assert [line.quantity for line in new.lines.all()] == [2]
    line = order.lines.get()
    assert (line.cancelled, line.forwarded, order.refunds.count()) == (0, 2, 0)
    # It comes from somewhere else now, by the day that was promised.
    assert line.delivery.profile_id == second.delivery_profile_id
    assert line.delivery.expected_latest_on <= line.delivery.promised_latest_on


def test_where_nobody_else_is_in_time_the_goods_stay_where_they_are(still, relay):
    first = connected(still, capabilities=[*CAN])
    order = placed(first, relay)
    second = make_supplier("meridian")
    add_offer(second, order.lines.get().variant, price_minor=2500, stock=50)
    Offer.objects.filter(supplier=second).update(handling_max_days=30)
    late_by(order)
    watch(everything=True)
    relay.run_until_idle()

    assert books(still)["cancelled"] == 0
    assert SupplierChase.objects.get().channel != "let_go"


def test_a_supplier_that_has_packed_keeps_the_goods_and_nothing_is_ordered_twice(still, relay):
    first = connected(still, capabilities=[*CAN])
    order = placed(first, relay)
    second = make_supplier("meridian")
    add_offer(second, order.lines.get().variant, price_minor=2500, stock=50)
    until(lambda: books(still)["shipped"] == 2, lambda: turn(still, 60))
    late_by(order)
    watch(everything=True)
    relay.run_until_idle()

    assert not SupplierOrder.objects.filter(supplier=second).exists()
    assert {chase.channel for chase in SupplierChase.objects.all()} <= {"", "mail"}
    assert order.refunds.count() == 0


def test_a_customer_who_cancels_comes_before_another_supplier(still, relay):
    first = connected(still, capabilities=[*CAN])
    order = placed(first, relay)
    second = make_supplier("meridian")
    add_offer(second, order.lines.get().variant, price_minor=2500, stock=50)
    late_by(order)
    ask(order)
    watch(everything=True)
    relay.run_until_idle()
    read_news(first, relay)

    assert not SupplierOrder.objects.filter(supplier=second).exists()
    assert order.refunds.get().amount_minor == order.total_minor
