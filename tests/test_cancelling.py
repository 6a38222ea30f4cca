"""A cancellation at every moment of an order, and every answer a supplier may give to it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from orders.actions.cancel import NothingToCancel
from orders.models import Cancellation, Refund, WorkItem
from suppliers.actions.send import send_supplier_order
from suppliers.models import SupplierCall, SupplierCancellation, SupplierOrder
from tests.demo.supplier_process import SupplierProcess
from tests.dialogue import (
    ask,
    connected,
    hurry,
    mails,
    order_of,
    read_news,
    refunded,
    unexplained,
    units_of,
    until,
)
from tests.factories import add_offer, make_paid_order, make_supplier, make_variant

pytestmark = pytest.mark.django_db
# As the fixture starts it; its timetable is in seconds before this divides them.
SPEED = 200
CANCEL = "POST /v1/orders/*/cancel"


@pytest.fixture
def still(harbour):
    """The supplier, its clock stopped: nothing is packed or sent unless a test turns it on."""
    harbour.control("pause", {"paused": True})
    return harbour


def turn(process, seconds: float) -> None:
    """Let so many seconds of the supplier's timetable pass, and all that falls into them happen."""
    process.control("advance", {"seconds": seconds / SPEED})


def placed(supplier, relay, **options):
    order = order_of(supplier, **options)
    relay.run_until_idle()
    assert SupplierOrder.objects.get(order=order).status == "placed"
    return order


def books(process) -> dict[str, int]:
    (order,) = process.books()["orders"]
    (line,) = order["lines"]
    return {name: line[f"quantity_{name}"] for name in ("accepted", "cancelled", "cancel_requested", "shipped")}


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


def test_in_doubt_the_request_waits_until_the_outcome_is_known_and_is_then_asked(still, relay):
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


# --- after it was placed


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


# --- the answer takes its time


def test_a_request_that_is_passed_on_is_decided_later_by_the_orders_copy(relay, mailbox):
    with SupplierProcess("kestrel", speed=200, sandbox=True) as process:
        process.control("pause", {"paused": True})
        supplier = connected(process, "kestrel")
        order = order_of(supplier)
        relay.run_until_idle()

        cancellation = ask(order)
        relay.run_until_idle()
        row = SupplierCancellation.objects.get()
        assert (row.status, row.outcome) == ("asked", "requested")
        assert SupplierOrder.objects.get().status == "cancel_requested"
        assert books(process)["cancel_requested"] == 2
        assert (refunded(order), mails(order)) == ([], ["cancellation-asked"])

        turn(process, 6)
        read_news(supplier, relay)

        cancellation.refresh_from_db()
        assert cancellation.status == "accepted"
        assert books(process)["cancelled"] == 2
        assert refunded(order) == [order.total_minor]
        assert mails(order) == ["cancellation-asked", "cancellation-answered"]
        subjects = [mail["Subject"].strip().split(":")[0] for mail in mailbox()]
        assert (subjects.count("Cancellation asked for"), subjects.count("Cancelled")) == (1, 1)
        assert unexplained() == []


def test_a_request_that_is_passed_on_and_then_not_met_is_refused(still, relay):
    supplier = connected(still)
    order = placed(supplier, relay, sku="TEST-NOCANCEL")
    cancellation = ask(order)
    relay.run_until_idle()
    assert SupplierCancellation.objects.get().status == "asked"

    turn(still, 5.5)
    read_news(supplier, relay)

    cancellation.refresh_from_db()
    assert cancellation.status == "refused"
    assert (books(still)["cancelled"], refunded(order)) == (0, [])
    assert SupplierOrder.objects.get().status == "placed"
    assert mails(order) == ["cancellation-asked", "cancellation-answered"]
    assert unexplained() == []


def test_no_answer_in_time_asks_one_person_once_and_a_late_answer_still_counts(still, relay):
    supplier = connected(still)
    order = placed(supplier, relay, sku="TEST-NOCANCEL")
    ask(order)
    relay.run_until_idle()
    Cancellation.objects.update(answer_by=timezone.now() - timedelta(minutes=1))

    for _time in range(3):
        hurry(relay)

    (item,) = WorkItem.objects.filter(closed_at=None)
    assert (item.reason, item.order, item.money_minor) == ("cancellation_silent", order, order.total_minor)
    assert Cancellation.objects.get().status == "requested"
    turn(still, 6)
    hurry(relay)
    assert Cancellation.objects.get().status == "refused"
    assert WorkItem.objects.filter(closed_at=None).count() == 0


def test_a_supplier_that_takes_no_cancellations_is_asked_by_a_person(still, relay):
    supplier = connected(still, capabilities=[])
    order = placed(supplier, relay)

    ask(order)
    relay.run_until_idle()
    hurry(relay)

    (item,) = WorkItem.objects.filter(closed_at=None)
    assert item.reason == "cancellation_by_hand"
    assert (books(still)["cancelled"], refunded(order)) == (0, [])
    assert mails(order) == ["cancellation-asked"]
    # The supplier does what it was told by telephone, and its next copy says so.
    still.control(f"orders/{SupplierOrder.objects.get().reference}/cancel_by_supplier", {})
    read_news(supplier, relay)
    assert Cancellation.objects.get().status == "accepted"
    assert refunded(order) == [order.total_minor]
    assert WorkItem.objects.filter(closed_at=None).count() == 0
    assert order.events.filter(kind="supplier_lines.rejected").count() == 0


# --- the answer is lost, or there is none yet


@pytest.mark.parametrize("kind", ["accept_then_drop", "accept_then_500", "accept_then_hang", "garbage_html", "reset"])
def test_whatever_becomes_of_the_answer_it_is_cancelled_and_paid_back_once(still, relay, kind):
    supplier = connected(still)
    order = placed(supplier, relay)
    still.control("faults", [{"match": CANCEL, "kind": kind, "times": 1, "seconds": 3}])

    ask(order)
    relay.run_until_idle()
    until(lambda: Cancellation.objects.get().status == "accepted", lambda: hurry(relay))

    assert books(still)["cancelled"] == 2
    assert refunded(order) == [order.total_minor]
    assert mails(order)[-1] == "cancellation-answered"
    assert mails(order).count("cancellation-answered") == 1
    assert unexplained() == []


def test_told_to_come_back_later_the_question_waits_as_long_as_it_was_told(still, relay):
    supplier = connected(still)
    order = placed(supplier, relay)
    still.control("faults", [{"match": CANCEL, "kind": "429", "times": 1, "seconds": 120}])

    ask(order)
    relay.run_until_idle()

    row = SupplierCancellation.objects.get()
    assert row.due_at > timezone.now() + timedelta(seconds=100)
    assert (row.status, books(still)["cancelled"], refunded(order)) == ("to_ask", 0, [])
    hurry(relay)
    assert Cancellation.objects.get().status == "accepted"
    assert refunded(order) == [order.total_minor]


def test_the_decision_told_before_the_answer_is_read_counts_once(still, relay):
    supplier = connected(still)
    order = placed(supplier, relay)
    still.control("faults", [{"match": CANCEL, "kind": "accept_then_drop", "times": 1}])
    ask(order)
    relay.run_until_idle()
    assert Cancellation.objects.get().status in {"requested", "accepted"}

    read_news(supplier, relay)
    assert Cancellation.objects.get().status == "accepted"
    hurry(relay)

    assert refunded(order) == [order.total_minor]
    assert mails(order).count("cancellation-answered") == 1
    assert units_of(order)[:2] == (0, 2)


def test_twice_the_same_request_is_one(still, relay):
    order = placed(connected(still), relay)

    first, second = ask(order, 1, key="same"), ask(order, 1, key="same")
    relay.run_until_idle()
    third = ask(order, 1, key="same")

    assert first == second == third
    assert books(still)["cancelled"] == 1
    assert refunded(order) == [2500]
    assert mails(order) == ["cancellation-answered"]


def test_two_wishes_about_one_line_are_asked_one_after_the_other(still, relay):
    order = placed(connected(still), relay, quantity=3)

    ask(order, 1)
    ask(order, 1)
    relay.run_until_idle()
    until(lambda: not Cancellation.objects.waiting().exists(), lambda: hurry(relay))

    assert books(still)["cancelled"] == 2
    assert refunded(order) == [2500, 2500]
    assert [row.status for row in Cancellation.objects.all()] == ["accepted", "accepted"]
    assert SupplierOrder.objects.get().status == "placed"
    assert unexplained() == []


def test_after_a_day_the_order_is_read_before_the_question_is_repeated(still, relay):
    order = placed(connected(still), relay)
    still.control("faults", [{"match": CANCEL, "kind": "accept_then_drop", "times": 1}])
    ask(order, 1)
    relay.run_until_idle()
    # By now the supplier may have forgotten the key; a blind repeat would stop the second unit as well.
    SupplierCancellation.objects.update(first_asked_at=timezone.now() - timedelta(hours=25))

    hurry(relay)

    assert Cancellation.objects.get().status == "accepted"
    assert books(still) == {"accepted": 1, "cancelled": 1, "cancel_requested": 0, "shipped": 0}
    posts = SupplierCall.objects.filter(method="POST", path__endswith="/cancel")
    assert posts.count() == 1
    assert refunded(order) == [2500]
