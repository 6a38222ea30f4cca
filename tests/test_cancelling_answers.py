"""Every answer a supplier may give to a cancellation counts once: late, by telephone, lost or told twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from orders.models import Cancellation, WorkItem
from suppliers.models import SupplierCall, SupplierCancellation, SupplierOrder
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

pytestmark = pytest.mark.django_db
CANCEL = "POST /v1/orders/*/cancel"


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
