"""Every state machine over its full grid, and ``move()`` under a race of real threads."""

from __future__ import annotations

import uuid
from threading import Barrier, Thread

import pytest
from django.db import connection, connections
from django.utils import timezone

from orders.models import Authorisation, Cancellation, Dispute, Event, Refund, Shipment
from orders.states import (
    AUTHORISATION_MOVES,
    CANCELLATION_MOVES,
    DELAY_MOVES,
    DISPUTE_MOVES,
    ORDER_MOVES,
    PARCEL_MOVES,
    REFUND_MOVES,
    REFUND_REQUEST_MOVES,
    AuthorisationStatus,
    CancellationStatus,
    DelayStatus,
    DisputeStatus,
    IllegalMove,
    OrderStatus,
    ParcelStatus,
    RefundRequestStatus,
    RefundStatus,
    move_authorisation,
    move_cancellation,
    move_delay,
    move_dispute,
    move_order,
    move_parcel,
    move_refund,
    move_refund_request,
)
from suppliers.models import SupplierCancellation, SupplierOrder
from suppliers.states import (
    CANCELLATION_MOVES as SUPPLIER_CANCELLATION_MOVES,
    CHASE_MOVES,
    CREDIT_MOVES,
    MOVES as SUPPLIER_MOVES,
    ChaseStatus,
    SupplierCancellationStatus,
    SupplierCreditStatus,
    SupplierOrderStatus,
    move_supplier_cancellation,
    move_supplier_chase,
    move_supplier_credit,
    move_supplier_order,
)
from support.actions.ticket import open_ticket
from support.models import Topic
from support.states import (
    MOVES as TICKET_MOVES,
    QUESTION_MOVES,
    QuestionStatus,
    TicketStatus,
    move_question,
    move_ticket,
)
from tests.factories import make_order, make_paid_order, make_supplier, make_variant
from tests.waiting import a_chase, a_delay, a_question, a_refund_request, a_supplier_credit


def an_order():
    return make_order((make_variant(make_supplier()), 1))


def a_refund():
    order = make_paid_order((make_variant(make_supplier()), 1))
    return Refund.objects.create(
        payment=order.payments.get(),
        order=order,
        amount_minor=1,
        currency="EUR",
        reason="goodwill",
        idempotency_key="k",
    )


def an_authorisation():
    order = an_order()
    return Authorisation.objects.create(
        order=order,
        session=order.sessions.get(),
        stripe_id="pi_1",
        amount_minor=1,
        currency="EUR",
        lapses_at=timezone.now(),
        idempotency_key="k",
    )


def a_dispute():
    order = make_paid_order((make_variant(make_supplier()), 1))
    facts = {"stripe_id": "dp_1", "amount_minor": 1, "currency": "EUR"}
    return Dispute.objects.create(order=order, payment=order.payments.get(), **facts)


def a_parcel():
    return Shipment.objects.create(order=an_order())


def a_supplier_order():
    supplier = make_supplier()
    order = make_order((make_variant(supplier), 1))
    return SupplierOrder.objects.create(order=order, supplier=supplier, reference="R-1")


def a_cancellation():
    return Cancellation.objects.create(order=an_order(), key="k", answer_by=timezone.now())


def a_supplier_cancellation():
    row = a_supplier_order()
    asked = Cancellation.objects.create(order=row.order, key="k", answer_by=timezone.now())
    return SupplierCancellation.objects.create(
        cancellation=asked, supplier_order=row, order=row.order, request_key="a-key-of-some-length"
    )


def a_ticket():
    return open_ticket(
        order=None, email="a@example.com", name="", topic=Topic.QUESTION, subject="?", body="?", form_key=uuid.uuid4()
    )


MACHINES = {
    "order": (an_order, OrderStatus, ORDER_MOVES, move_order),
    "refund": (a_refund, RefundStatus, REFUND_MOVES, move_refund),
    "refund request": (a_refund_request, RefundRequestStatus, REFUND_REQUEST_MOVES, move_refund_request),
    "supplier credit": (a_supplier_credit, SupplierCreditStatus, CREDIT_MOVES, move_supplier_credit),
    "authorisation": (an_authorisation, AuthorisationStatus, AUTHORISATION_MOVES, move_authorisation),
    "dispute": (a_dispute, DisputeStatus, DISPUTE_MOVES, move_dispute),
    "parcel": (a_parcel, ParcelStatus, PARCEL_MOVES, move_parcel),
    "supplier order": (a_supplier_order, SupplierOrderStatus, SUPPLIER_MOVES, move_supplier_order),
    "cancellation": (a_cancellation, CancellationStatus, CANCELLATION_MOVES, move_cancellation),
    "supplier cancellation": (
        a_supplier_cancellation,
        SupplierCancellationStatus,
        SUPPLIER_CANCELLATION_MOVES,
        move_supplier_cancellation,
    ),
    "delay": (a_delay, DelayStatus, DELAY_MOVES, move_delay),
    "supplier chase": (a_chase, ChaseStatus, CHASE_MOVES, move_supplier_chase),
    "ticket": (a_ticket, TicketStatus, TICKET_MOVES, move_ticket),
    "supplier question": (a_question, QuestionStatus, QUESTION_MOVES, move_question),
}


@pytest.mark.parametrize("name", MACHINES)
def test_the_table_of_moves_knows_every_state(name):
    _make, states, moves, _move = MACHINES[name]
    assert set(moves) == set(states.values)
    assert {target for targets in moves.values() for target in targets} <= set(states.values)


@pytest.mark.django_db
@pytest.mark.parametrize("name", MACHINES)
def test_the_full_grid(name):
    make, states, moves, move = MACHINES[name]
    row = make()
    rows = type(row)._default_manager.filter(pk=row.pk)
    for source in states:
        for target in states:
            rows.update(status=source)
            before = Event.objects.count()
            if target in moves[source]:
                assert move(row, target, by=None), f"{source} to {target}"
            elif source == target:
                # Told twice is not an error, and not an event.
                assert not move(row, target, by=None)
            else:
                with pytest.raises(IllegalMove):
                    move(row, target, by=None)
            row.refresh_from_db()
            assert row.status == (target if target in moves[source] else source)
            assert Event.objects.count() - before == (target in moves[source])


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_many_threads_at_once_one_moves_and_one_event_is_written():
    order = an_order()
    before = order.events.count()
    barrier, answers = Barrier(8), []

    def race():
        try:
            mine = type(order).objects.get(pk=order.pk)
            barrier.wait(timeout=20)
            answers.append(move_order(mine, OrderStatus.PAID, by=None))
        finally:
            connections.close_all()

    threads = [Thread(target=race) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert sorted(answers) == [False] * 7 + [True]
    assert order.events.filter(kind="order.paid").count() == 1
    assert order.events.count() == before + 1
    assert connection.vendor in {"sqlite", "postgresql"}
