"""A cancellation before anything was sent, or while nobody knows whether it arrived."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from orders.models import Cancellation, Refund
from suppliers.actions.send import send_supplier_order
from suppliers.models import SupplierCancellation, SupplierOrder
from tests.dialogue import (
    ask,
    books,
    connected,
    hurry,
    mails,
    order_of,
    placed,
    refunded,
    still_fixture,  # noqa: F401
    unexplained,
    units_of,
    until,
)
from tests.factories import make_paid_order, make_supplier, make_variant

pytestmark = pytest.mark.django_db


# --- before anything was sent


def test_in_the_grace_time_it_is_cancelled_and_paid_back_at_once_and_never_sent(still, relay, settings, mailbox):
    settings.FORWARD_GRACE_SECONDS = 600
    order = order_of(connected(still))
    relay.run_until_idle()
    assert SupplierOrder.objects.get().status == "ready"

    cancellation = ask(order)
    relay.run_until_idle()
    hurry(relay)

    cancellation.refresh_from_db()
    order.refresh_from_db()
    assert (cancellation.status, order.status) == ("accepted", "cancelled")
    assert units_of(order) == (0, 2, 0, 2)
    assert refunded(order) == [order.total_minor]
    assert Refund.objects.get().reason == "cancelled"
    row = SupplierOrder.objects.get()
    assert (row.status, row.first_sent_at, row.due_at) == ("closed", None, None)
    assert still.books()["orders"] == []
    assert mails(order) == ["cancellation-answered"]
    (mail,) = [mail for mail in mailbox() if mail["Subject"].strip().startswith("Cancelled: 2 × ")]
    assert str(order.total) in mail.get_body(("plain",)).get_content()
    assert unexplained() == []


def test_part_of_it_is_cancelled_before_sending_and_only_the_rest_is_ordered(still, relay, settings):
    settings.FORWARD_GRACE_SECONDS = 600
    order = order_of(connected(still), quantity=3)
    relay.run_until_idle()

    ask(order, 1)
    relay.run_until_idle()
    hurry(relay)

    order.refresh_from_db()
    assert order.status == "paid"
    assert units_of(order)[:2] == (2, 1)
    # 75.00 is above the limit for free delivery, so a unit is worth its price.
    assert refunded(order) == [2500]
    assert sorted(SupplierOrder.objects.values_list("part", "status")) == [(1, "closed"), (2, "placed")]
    (theirs,) = still.books()["orders"]
    assert (theirs["reference"][-1], theirs["lines"][0]["quantity"]) == ("2", 2)
    assert unexplained() == []


def test_units_no_supplier_order_holds_are_cancelled_in_the_very_act_of_asking():
    supplier = make_supplier()
    order = make_paid_order((make_variant(supplier, price_minor=2500), 1))

    cancellation = ask(order)

    order.refresh_from_db()
    cancellation.refresh_from_db()
    assert (cancellation.status, order.status) == ("accepted", "cancelled")
    assert refunded(order) == [2890]


def test_the_delivery_is_paid_back_with_its_share_and_no_cent_is_lost_between_parts(relay):
    order = make_paid_order((make_variant(make_supplier(), price_minor=999, stock=None), 3))
    for _time in range(3):
        ask(order, 1)

    assert sum(refunded(order)) == order.total_minor
    assert refunded(order) == [1129, 1129, 1129]


def test_between_click_and_answer_nothing_of_the_order_is_sent_off(still, relay):
    order = order_of(connected(still))
    from suppliers.actions.forward import forward_order

    (row,) = forward_order(order)
    cancellation = ask(order)

    send_supplier_order(row.pk)

    row.refresh_from_db()
    assert (row.status, row.first_sent_at) == ("ready", None)
    assert still.books()["orders"] == []
    relay.run_until_idle()
    cancellation.refresh_from_db()
    assert cancellation.status == "accepted"
    assert still.books()["orders"] == []


def test_a_supplier_that_was_away_all_the_time_is_never_sent_what_was_cancelled(relay):
    order = order_of(make_supplier(base_url="http://127.0.0.1:9/v1"))
    relay.run_until_idle()
    row = SupplierOrder.objects.get()
    # Tried, and proven not to have arrived.
    assert (row.status, row.first_sent_at is None) == ("ready", False)

    ask(order)
    relay.run_until_idle()

    row.refresh_from_db()
    assert row.status == "closed"
    assert units_of(order)[:2] == (0, 2)
    assert refunded(order) == [order.total_minor]
    assert unexplained() == []


# --- while nobody knows whether it arrived


def test_in_doubt_the_request_waits_until_the_outcome_is_known_and_is_then_asked(still, relay, settings):
    # Nobody looks it up before the test says so.
    settings.RETRY_SECONDS = settings.RETRY_MAX_SECONDS = 3600
    supplier = connected(still)
    still.control("faults", [{"match": "POST /v1/orders", "kind": "accept_then_drop", "times": 1}])
    order = order_of(supplier)
    relay.run_until_idle()
    assert SupplierOrder.objects.get().status == "unknown"

    cancellation = ask(order)
    relay.run_until_idle()
    asked = [call for call in still.books()["requests"] if "cancel" in str(call)]
    assert asked == []
    assert units_of(order)[:2] == (2, 0)

    until(lambda: Cancellation.objects.get().status == "accepted", lambda: hurry(relay))

    cancellation.refresh_from_db()
    assert books(still) == {"accepted": 0, "cancelled": 2, "cancel_requested": 0, "shipped": 0}
    assert units_of(order)[:2] == (0, 2)
    assert refunded(order) == [order.total_minor]
    assert [row["effects"] for row in still.books()["orders"]] == [1]
    assert mails(order)[-1] == "cancellation-answered"
    assert unexplained() == []


def test_an_order_found_being_sent_is_not_touched_until_it_is_known(still, relay):
    supplier = connected(still)
    order = placed(supplier, relay)
    SupplierOrder.objects.update(status="sending", due_at=timezone.now() + timedelta(hours=1))

    ask(order)
    relay.run_until_idle()

    row = SupplierCancellation.objects.get()
    assert (row.status, row.first_asked_at) == ("to_ask", None)
    assert row.due_at > timezone.now()
    assert books(still)["cancelled"] == 0


def test_what_a_supplier_refused_as_a_whole_is_cancelled_without_a_question(still, relay):
    supplier = connected(still)
    order = placed(supplier, relay)
    SupplierOrder.objects.update(status="refused")

    cancellation = ask(order)
    relay.run_until_idle()

    cancellation.refresh_from_db()
    assert cancellation.status == "accepted"
    assert SupplierOrder.objects.get().status == "closed"
    assert units_of(order)[:2] == (0, 2)
    assert refunded(order) == [order.total_minor]
