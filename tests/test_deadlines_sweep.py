"""The sweep asks one person once, leaves alone what is in hands or over, and costs the same however much waits."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.waiting import SNOOZE
from orders.actions.cancel import asked_minor
from orders.actions.work import close_item
from orders.events import key_of
from orders.models import Event, Order, OrderLine, Refund, WorkItem
from orders.states import RefundStatus
from suppliers.models import SupplierOrder, SupplierOrderLine
from tests import waiting
from tests.factories import make_paid_order, make_person, make_supplier, make_variant
from tests.passing import let_time_pass, put, sweep, work_about
from tests.waiting import MAKERS

pytestmark = pytest.mark.django_db


def test_a_person_is_asked_once_about_a_row_whatever_the_reasons():
    row = put(waiting.a_supplier_order(accepted=1, backordered=1), status="placed", hold_code="stock_check")
    let_time_pass(row)

    sweep()
    sweep()

    assert [item.reason for item in work_about(row)] == ["supplier_hold"]


def test_work_closed_by_hand_comes_back_only_if_the_cause_outlives_the_rest_given():
    person = make_person()
    row = let_time_pass(put(waiting.a_supplier_order(), status="unknown"))
    sweep()
    close_item(work_about(row)[0], by=person)

    sweep()
    assert work_about(row) == []

    WorkItem.objects.update(closed_at=timezone.now() - SNOOZE - timedelta(minutes=1))
    sweep()
    assert len(work_about(row)) == 1


def test_work_about_what_is_over_is_closed_by_hand_for_good():
    person = make_person()
    row = let_time_pass(put(waiting.a_parcel(), status="returned"))
    sweep()
    close_item(work_about(row)[0], by=person)
    WorkItem.objects.update(closed_at=timezone.now() - SNOOZE * 10)

    sweep()

    assert work_about(row) == []


def test_a_row_nobody_would_look_at_again_is_made_due_but_never_an_outcome_in_doubt():
    ready = put(waiting.a_supplier_order(), due_at=None)
    doubt = SupplierOrder.objects.create(order=ready.order, supplier=ready.supplier, part=2, reference="R-2")
    put(doubt, status="unknown", due_at=None)

    sweep()

    ready.refresh_from_db()
    doubt.refresh_from_db()
    assert ready.due_at is not None
    assert doubt.due_at is None


def test_a_cancellation_of_an_unpaid_order_is_looked_at_again():
    row = put(waiting.a_cancellation(MAKERS["Order"]()), due_at=None)

    sweep()

    row.refresh_from_db()
    assert row.due_at is not None


def test_a_cancellation_without_an_answer_asks_one_person_and_not_one_for_each_supplier():
    asked = put(waiting.a_supplier_cancellation(), status="asked")
    dialogue = put(asked.supplier_order, status="cancel_requested")
    for row in (asked, dialogue, asked.cancellation):
        let_time_pass(row)

    sweep()
    sweep()

    about = [work_about(row) for row in (asked, dialogue, asked.cancellation)]
    assert [[item.reason for item in items] for items in about] == [[], [], ["cancellation_silent"]]


def test_at_stake_in_a_cancellation_without_an_answer_is_what_was_asked_back():
    cancellation = waiting.a_supplier_cancellation(units=1).cancellation
    let_time_pass(cancellation)

    sweep()

    (item,) = work_about(cancellation)
    assert (item.reason, item.money_minor) == ("cancellation_silent", asked_minor(cancellation))
    assert 0 < item.money_minor < item.order.total_minor


def test_of_events_that_wait_behind_each_other_a_person_is_asked_about_the_first():
    for event in Event.objects.filter(order=waiting.paid_order()):
        let_time_pass(event)

    sweep()
    sweep()

    items = WorkItem.objects.filter(reason="reaction_failed", closed_at=None)
    assert [item.subject_key for item in items] == [key_of(Event.objects.order_by("pk")[0])]


def test_a_row_in_a_workers_hands_is_left_alone():
    refund = put(waiting.a_refund(), due_at=None, lease_until=timezone.now() + timedelta(minutes=1))

    sweep()

    refund.refresh_from_db()
    assert refund.due_at is None


def test_the_time_to_change_ones_mind_does_not_count_as_silence():
    row = put(waiting.a_supplier_order(), created_at=timezone.now() - timedelta(days=3))
    Order.objects.update(forward_after=timezone.now() + timedelta(hours=1))

    sweep()

    assert work_about(row) == []


def queries_of_a_sweep() -> int:
    with CaptureQueriesContext(connection) as queries:
        assert sweep().opened == 0
    return len(queries)


def test_a_sweep_asks_the_same_few_questions_however_much_waits():
    row = let_time_pass(put(waiting.a_supplier_order(), status="unknown"))
    sweep()
    few = queries_of_a_sweep()
    line = SupplierOrderLine.objects.get()
    for number in range(6):
        order = make_paid_order((line.order_line.variant, 1))
        made = SupplierOrder.objects.create(order=order, supplier=row.supplier, reference=f"R-{number}")
        OrderLine.objects.filter(order=order).update(forwarded=1)
        let_time_pass(put(made, status="unknown"))
    sweep()

    assert queries_of_a_sweep() == few
    assert WorkItem.objects.filter(closed_at=None, reason="supplier_silent").count() == 7
    # Two or three for each kind of row that can wait.
    assert few <= 115


def test_the_sweep_opens_a_bounded_number_at_once(monkeypatch):
    monkeypatch.setattr("config.waiting.MOST_OPENED", 2)
    variant = make_variant(make_supplier())
    for _number in range(3):
        let_time_pass(make_paid_order((variant, 1)))

    assert [sweep().opened, sweep().opened, sweep().opened] == [2, 1, 0]


def test_a_failed_refund_that_is_tried_again_asks_nobody():
    refund = let_time_pass(put(waiting.a_refund(), status=RefundStatus.FAILED))
    sweep()
    Refund.objects.create(
        payment=refund.payment, order=refund.order, amount_minor=1, currency="EUR", reason="goodwill",
        idempotency_key=f"{refund.idempotency_key}-again",
    )  # fmt: skip

    sweep()

    assert work_about(refund) == []


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_many_sweeps_at_once_each_row_gets_one_item():
    row = let_time_pass(put(waiting.a_supplier_order(), status="unknown"))
    barrier, answers = Barrier(4), []

    def race():
        try:
            barrier.wait(timeout=20)
            answers.append(sweep().opened)
        finally:
            connections.close_all()

    threads = [Thread(target=race) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert len(work_about(row)) == 1
    assert sum(answers) == WorkItem.objects.count()
    assert WorkItem.objects.count() == Event.objects.filter(kind="work.opened").count()
