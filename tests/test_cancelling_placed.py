"""A cancellation after the supplier has the order: placed, packed, sent or partly sent."""

from __future__ import annotations

import pytest

from orders.actions.cancel import NothingToCancel
from orders.models import Cancellation
from suppliers.models import SupplierCancellation, SupplierOrder
from tests.demo.supplier_process import SupplierProcess
from tests.dialogue import (
    ask,
    books,
    connected,
    hurry,
    mails,
    order_of,
    placed,
    read_news,
    refunded,
    still_fixture,  # noqa: F401
    turn,
    unexplained,
    units_of,
    until,
)
from tests.factories import add_offer, make_supplier

pytestmark = pytest.mark.django_db


def test_a_cancellation_clicked_in_the_shop_stands_in_the_suppliers_own_ledger(still, relay):
    order = placed(connected(still), relay)

    cancellation = ask(order)
    relay.run_until_idle()

    assert books(still) == {"accepted": 0, "cancelled": 2, "cancel_requested": 0, "shipped": 0}
    cancellation.refresh_from_db()
    order.refresh_from_db()
    assert (cancellation.status, order.status) == ("accepted", "cancelled")
    assert units_of(order) == (0, 2, 0, 2)
    assert refunded(order) == [order.total_minor]
    row = SupplierOrder.objects.get()
    assert (row.status, row.supplier_status) == ("closed", "cancelled")
    kinds = list(order.events.values_list("kind", flat=True))
    assert kinds.count("supplier_order.cancel_requested") == 1
    assert "supplier_lines.rejected" not in kinds
    # The answer came at once, so nobody was told to wait.
    assert mails(order) == ["cancellation-answered"]
    assert unexplained() == []


def test_units_we_asked_to_stop_are_never_ordered_from_another_supplier(still, relay):
    supplier = connected(still)
    other = make_supplier("meridian", base_url="http://127.0.0.1:9/v1")
    order = placed(supplier, relay)
    add_offer(other, order.lines.get().variant, price_minor=2500, stock=5)

    ask(order, 1)
    relay.run_until_idle()
    assert SupplierOrder.objects.filter(supplier=other).count() == 0
    assert units_of(order)[:2] == (1, 1)

    # What the supplier then cancels by itself is looked for elsewhere, as ever.
    still.control(f"orders/{SupplierOrder.objects.get().reference}/cancel_by_supplier", {})
    read_news(supplier, relay)

    assert SupplierOrder.objects.get(supplier=other).lines.get().quantity == 1
    assert units_of(order)[:2] == (1, 1)
    assert refunded(order) == [2500]


def test_part_of_a_line_is_stopped_and_the_dialogue_about_the_rest_goes_on(still, relay):
    supplier = connected(still)
    order = placed(supplier, relay)

    ask(order, 1)
    relay.run_until_idle()

    assert books(still) == {"accepted": 1, "cancelled": 1, "cancel_requested": 0, "shipped": 0}
    assert SupplierOrder.objects.get().status == "placed"
    turn(still, 60)
    read_news(supplier, relay)
    assert units_of(order)[:3] == (1, 1, 1)
    assert order.shipments.exclude(status="cancelled").get().status == "delivered"
    assert unexplained() == []


def test_goods_that_are_packed_are_stopped_and_their_label_is_void(still, relay):
    supplier = connected(still)
    order = placed(supplier, relay)
    turn(still, 13)
    read_news(supplier, relay)
    assert order.shipments.get().status == "label_created"

    ask(order)
    relay.run_until_idle()

    assert books(still)["cancelled"] == 2
    assert units_of(order)[:3] == (0, 2, 0)
    assert order.shipments.get().status == "cancelled"
    assert unexplained() == []


def test_what_was_packed_and_cannot_be_stopped_any_more_is_refused_and_comes(relay):
    with SupplierProcess("meridian", speed=200, sandbox=True) as process:
        process.control("pause", {"paused": True})
        supplier = connected(process, "meridian")
        order = order_of(supplier)
        relay.run_until_idle()
        until(lambda: process.books()["orders"][0]["shipments"], lambda: turn(process, 1))
        read_news(supplier, relay)
        assert units_of(order)[2] == 0

        cancellation = ask(order)
        relay.run_until_idle()

        cancellation.refresh_from_db()
        line = cancellation.lines.get()
        assert (cancellation.status, line.cancelled, line.refused, line.why) == ("refused", 0, 2, "packed")
        assert SupplierCancellation.objects.get().outcome == "not-cancellable"
        assert (books(process)["cancelled"], refunded(order)) == (0, [])
        assert SupplierOrder.objects.get().status == "placed"
        assert mails(order) == ["cancellation-answered"]
        assert unexplained() == []


def test_what_was_sent_cannot_be_asked_for(still, relay):
    supplier = connected(still)
    order = placed(supplier, relay)
    turn(still, 25)
    read_news(supplier, relay)
    assert units_of(order)[2] == 2

    with pytest.raises(NothingToCancel):
        ask(order)
    assert Cancellation.objects.count() == 0


def test_what_left_without_our_knowledge_is_refused_and_the_customer_told_why(still, relay, mailbox):
    supplier = connected(still)
    order = placed(supplier, relay)
    turn(still, 25)

    cancellation = ask(order)
    relay.run_until_idle()

    cancellation.refresh_from_db()
    assert (cancellation.status, cancellation.lines.get().why) == ("refused", "sent")
    assert books(still) == {"accepted": 2, "cancelled": 0, "cancel_requested": 0, "shipped": 2}
    assert refunded(order) == []
    assert mails(order) == ["cancellation-answered"]
    (mail,) = [mail for mail in mailbox() if mail["Subject"].strip().startswith("Could not be stopped: 2 × ")]
    text = " ".join(mail.get_body(("plain",)).get_content().split())
    assert "It had already been sent." in text
    assert f"/orders/{order.token}/help/" in text
    assert unexplained() == []


def test_what_is_partly_sent_is_cancelled_in_part_and_each_unit_has_one_answer(still, relay):
    supplier = connected(still)
    order = placed(supplier, relay, sku="TEST-SPLIT", quantity=3)
    until(lambda: books(still)["shipped"] > 0, lambda: turn(still, 1))
    sent = books(still)["shipped"]
    assert 0 < sent < 3

    cancellation = ask(order)
    relay.run_until_idle()
    hurry(relay)

    cancellation.refresh_from_db()
    line = cancellation.lines.get()
    assert (cancellation.status, line.cancelled, line.refused) == ("partly", 3 - sent, sent)
    assert books(still)["cancelled"] == 3 - sent
    assert refunded(order) == [2500 * (3 - sent)]
    assert order.lines.get().cancelled == 3 - sent
    read_news(supplier, relay)
    assert unexplained() == []
