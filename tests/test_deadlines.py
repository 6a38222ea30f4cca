"""Nothing stands still unseen: every waiting state has a deadline, and what passes it is seen once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from config.deadlines import RESTS, RETRIES, WAITS
from config.waiting import overdue
from config.waits import column_of
from orders.actions.work import open_work
from orders.events import key_of
from orders.models import Event
from suppliers.models import Supplier
from tests import waiting
from tests.factories import make_supplier
from tests.passing import let_time_pass, put, sweep, work_about
from tests.waiting import FACTS, MAKERS, machines

pytestmark = pytest.mark.django_db
STATES = [pytest.param(*found, id=f"{found[0].__name__}-{found[2]}") for found in machines()]


@pytest.mark.parametrize(("model", "column", "state"), STATES)
def test_every_state_has_a_deadline_or_a_reason_why_nothing_waits(model, column, state):
    waits = [wait for wait in WAITS if wait.model is model and state in wait.states]

    assert column == column_of(model)
    assert bool(waits) != ((model, state) in RESTS)


def test_the_tables_name_no_state_that_is_gone():
    known = {(model, state) for model, _column, state in machines()}

    named = {(wait.model, state) for wait in WAITS for state in wait.states} | set(RESTS)

    assert {(model.__name__, str(state)) for model, state in named} == {(m.__name__, s) for m, s in known}
    assert all(FACTS.values())


@pytest.mark.parametrize(("model", "column", "state"), STATES)
def test_no_state_can_stand_still_unseen(model, column, state):
    row = let_time_pass(put(MAKERS[model.__name__](), **{column: state}))

    sweep()
    sweep()

    row.refresh_from_db()
    stood_for = row.order if model.__name__ in {"CheckoutSession", "Reservation"} and state != "released" else row
    is_due = getattr(row, "due_at", None) is not None
    is_seen = len(work_about(stood_for)) == 1
    if (model, state) in RESTS:
        assert len(work_about(row)) == 0
        # A session that can still be paid is looked at, and its order asks for a person.
        assert state not in {"new", "open", "ending", "held"} or is_seen
    else:
        assert is_seen
    retried = [retry for retry in RETRIES if retry.model is model]
    assert is_due or not any(model.objects.filter(retry.which, pk=row.pk).exists() for retry in retried)


# One way to bring about each entry of the table, and one to end it; rows by their makers in tests/waiting.py.
def _unpaid_at_bank():
    session = put(waiting.a_session(), state="complete")
    return session.order


def _failed_refund():
    return put(waiting.a_refund(), status="failed", failure="account closed")


def _reordered(**counters):
    return lambda: put(waiting.a_supplier_order(**counters), status="placed")


def _in(maker, **fields):
    return lambda: put(maker(), **fields)


def _open_line():
    return waiting.paid_order().lines.get()


def _paid_without_events():
    order = waiting.paid_order()
    Event.objects.exclude(kind="order.paid").update(delivered_at=timezone.now())
    return order


def _asked_of_supplier():
    asked = put(waiting.a_supplier_cancellation(), status="decided")
    return put(asked.supplier_order, status="cancel_requested")


def _supplier():
    return put(make_supplier(), last_good_at=timezone.now(), uses_polling=True)


_order, _parcel, _dialogue = MAKERS["Order"], waiting.a_parcel, waiting.a_supplier_order
WAYS = {
    "unpaid": (_order, {"status": "expired"}),
    "bank": (_unpaid_at_bank, {"status": "paid"}),
    "authorised": (_in(_order, status="authorised"), {"status": "paid"}),
    "late paid": (_in(_order, status="late_paid"), {"status": "cancelled"}),
    "refund to ask": (waiting.a_refund, {"status": "succeeded"}),
    "refund under way": (_in(waiting.a_refund, status="pending"), {"status": "succeeded"}),
    "refund failed": (_failed_refund, {"status": "succeeded"}),
    "refund to approve": (waiting.a_refund_request, {"status": "lapsed"}),
    "credit to claim": (waiting.a_supplier_credit, {"status": "matched"}),
    "credit accepted": (_in(waiting.a_supplier_credit, status="accepted"), {"status": "matched"}),
    "credit given": (_in(waiting.a_supplier_credit, status="credited", told_minor=500), {"status": "matched"}),
    "credit disputed": (_in(waiting.a_supplier_credit, status="disputed"), {"status": "written_off"}),
    "credit of another amount": (
        _in(waiting.a_supplier_credit, status="credited", told_minor=400),
        {"status": "written_off"},
    ),
    "credit claimed": (_in(waiting.a_supplier_credit, status="claimed"), {"status": "written_off"}),
    "payment that does not fit": (lambda: waiting.paid_order().payments.get(), {"captured_minor": 0}),
    "refund by hand": (waiting.a_refund_by_hand, {"status": "succeeded"}),
    "authorisation": (waiting.an_authorisation, {"status": "captured"}),
    "authorisation decided": (_in(waiting.an_authorisation, status="releasing"), {"status": "released"}),
    "dispute": (_in(waiting.a_dispute, status="review"), {"status": "won"}),
    "dispute lost": (_in(waiting.a_dispute, status="lost"), {"status": "won"}),
    "too much paid": (waiting.a_transfer, {"provider": "stripe"}),
    "hold": (waiting.a_hold, {"released_at": timezone.now()}),
    "goods for a pharmacist": (_open_line, {"cancelled": 2}),
    "cancellation without answer": (waiting.a_cancellation, {"status": "accepted"}),
    "cancellation by hand": (waiting.a_cancellation, {"status": "refused"}),
    "open units": (_open_line, {"cancelled": 2}),
    "late": (waiting.a_late_delivery, {"late_kind": ""}),
    "delay not answered": (waiting.a_delay, {"status": "waits"}),
    "not ready": (_in(_dialogue, status="held"), {"status": "closed"}),
    "not placed": (_in(_dialogue, status="unknown"), {"status": "closed"}),
    "not decided": (_reordered(), {"status": "closed"}),
    "held there": (_in(_reordered(accepted=2, shipped=2), hold_code="address_check"), {"hold_code": ""}),
    "backordered": (_reordered(backordered=2), {"status": "closed"}),
    "not sent": (_in(_reordered(accepted=2), ship_by_on=timezone.localdate()), {"status": "closed"}),
    "not sent, no day named": (_reordered(accepted=2), {"status": "closed"}),
    "key refused": (_in(_dialogue, status="ready"), {"status": "closed"}),
    "refused": (_in(_dialogue, status="refused"), {"status": "closed"}),
    "in doubt": (_in(_dialogue, status="unknown"), {"status": "closed"}),
    "cancellation": (_asked_of_supplier, {"status": "closed"}),
    "supplier": (_supplier, {"last_good_at": timezone.now()}),
    "supplier not read": (_in(_supplier, failures=8), {"failures": 0, "last_good_at": timezone.now()}),
    "label": (_in(_parcel, status="label_created"), {"status": "delivered"}),
    "moving": (_in(_parcel, status="in_transit"), {"updated_at": timezone.now()}),
    "lost sight": (_in(_parcel, status="unknown"), {"status": "delivered"}),
    "with the driver": (_in(_parcel, status="out_for_delivery"), {"status": "delivered"}),
    "tried": (_in(_parcel, status="attempt_failed"), {"status": "delivered"}),
    "at the shop": (_in(_parcel, status="available_for_pickup"), {"status": "delivered"}),
    "lost": (_in(_parcel, status="exception", reason_code="lost"), {"status": "delivered"}),
    "held up": (_in(_parcel, status="exception", reason_code="weather"), {"status": "delivered"}),
    "coming back": (_in(_parcel, status="returned"), {"status": "delivered"}),
    "return to ask": (waiting.a_supplier_return, {"status": "resolved"}),
    "return asked": (_in(waiting.a_supplier_return, status="requested"), {"status": "resolved"}),
    "return on its way": (_in(waiting.a_supplier_return, status="approved"), {"status": "resolved"}),
    "return to withdraw": (
        _in(waiting.a_supplier_return, status="requested", withdrawn_at=timezone.now()),
        {"status": "cancelled"},
    ),
    "return by hand": (_in(waiting.a_supplier_return, status="requested", channel="by_hand"), {"status": "approved", "status_changed_at": timezone.now()}),
    "return asked by mail": (_in(waiting.a_supplier_return, status="requested", channel="mail"), {"status": "rejected"}),
    "return there": (_in(waiting.a_supplier_return, status="received"), {"status": "resolved"}),
    "return to decide": (waiting.a_return, {"status": "declined"}),
    "return to decide anew": (_in(waiting.a_return, status="review"), {"status": "resolved"}),
    "return for a second person": (lambda: waiting.a_decision().parent, {"status": "declined"}),
    "return accepted": (
        _in(waiting.a_return, status="accepted"),
        {"status": "ready", "return_by": timezone.localdate(), "status_changed_at": timezone.now()},
    ),
    "return to hand in": (_in(waiting.a_return, status="ready"), {"status": "expired"}),
    "return to hand in, no last day": (_in(waiting.a_return, status="ready", return_by=None), {"status": "expired"}),
    "return on its way back": (_in(waiting.a_return, status="in_transit"), {"status": "received", "status_changed_at": timezone.now()}),
    "return to look at": (_in(waiting.a_return, status="received"), {"status": "inspected", "status_changed_at": timezone.now()}),
    "return looked at": (_in(waiting.a_return, status="inspected"), {"status": "resolved"}),
    "return to be replaced by its supplier": (waiting.a_return_in_kind, {"status": "resolved"}),
    "decision of a second person": (waiting.a_decision, {"status": "refused"}),
    "claim": (waiting.a_claim, {"status": "paid"}),
    "replacement": (waiting.a_replacement, {"status": "delivered"}),
    "withdrawn goods": (waiting.a_withdrawal_too_late, {"cancellation": None}),
    "case": (_in(waiting.a_ticket, solve_due_at=None), {"answer_due_at": timezone.now() + timedelta(days=1)}),
    "case to be solved": (
        _in(waiting.a_ticket, answer_due_at=timezone.now() + timedelta(days=900)),
        {"solve_due_at": timezone.now() + timedelta(days=1)},
    ),
    "case without a term": (
        _in(waiting.a_ticket, status="open", answer_due_at=None, solve_due_at=None),
        {"status": "solved"},
    ),
    "case at the supplier": (_in(waiting.a_ticket, status="waiting_supplier"), {"status": "solved"}),
    "question not sent": (waiting.a_question, {"status": "closed"}),
    "question by hand": (_in(waiting.a_question, channel="by_hand"), {"status": "answered"}),
    "question without answer": (_in(waiting.a_question, status="reminded"), {"status": "answered"}),
    "question overdue": (_in(waiting.a_question, status="overdue"), {"status": "answered"}),
    "mail to send": (waiting.a_mail, {"status": "sent"}),
    "mail to send again": (
        _in(waiting.a_mail, soft_bounces=1, delivery="soft_bounced", delivery_at=timezone.now()),
        {"status": "sent"},
    ),
    "unreachable": (_in(waiting.paid_order, email_failed_at=timezone.now()), {"email_failed_at": None}),
    "mailbox failing": (waiting.a_mailbox, {"failing_since": None}),
    "endpoint failing": (_in(waiting.an_endpoint, failing_since=timezone.now()), {"failing_since": None}),
    "endpoint given up": (_in(waiting.an_endpoint, given_up_at=timezone.now()), {"given_up_at": None}),
    "mail given up": (_in(waiting.a_mail, status="failed"), {"status": "sent"}),
    "tracking service": (waiting.a_tracking_service, {"failing_since": None}),
    "review": (waiting.a_review, {"status": "approved"}),
    "event": (lambda: Event.objects.get(order=_paid_without_events(), kind="order.paid"), {"delivered_at": timezone.now()}),
    "reaction": (waiting.a_reaction, {"done_at": timezone.now()}),
    "incoming": (waiting.an_incoming, {"done_at": timezone.now()}),
    "nightly audit": (waiting.the_nightly_audit, {"ran_at": timezone.now()}),
    "recent comparison": (waiting.a_comparison, {"good_at": timezone.now()}),
    "whole comparison": (lambda: waiting.a_comparison("full"), {"good_at": timezone.now()}),
    "difference": (waiting.a_difference, {"explained_at": timezone.now()}),
}  # fmt: skip
# What is set aside is let go again, and has come to its end by the next sweep.
SET_ASIDE = {
    "checkoutsession": (waiting.a_session, {"state": "expired"}),
    "refund": (waiting.a_refund, {"status": "succeeded"}),
    "cancellation": (waiting.a_cancellation, {"status": "accepted"}),
    "authorisation": (waiting.an_authorisation, {"status": "released"}),
    "dispute": (waiting.a_dispute, {"status": "won"}),
    "payment": (lambda: waiting.paid_order().payments.get(), {}),
    "providercustomer": (waiting.a_leaving_customer, {"leaving_at": None}),
    "supplierorder": (_dialogue, {"status": "closed"}),
    "suppliercancellation": (waiting.a_supplier_cancellation, {"status": "decided"}),
    "supplierreturn": (waiting.a_supplier_return, {"status": "resolved"}),
    "return": (waiting.a_return, {"status": "declined"}),
    "withdrawal": (waiting.a_withdrawal, {"cancellation": None}),
    "delay": (waiting.a_delay, {"status": "over"}),
    "supplierchase": (waiting.a_chase, {"status": "answered"}),
    "supplierquestion": (waiting.a_question, {"status": "answered"}),
    "notification": (waiting.a_mail, {"status": "sent"}),
    "picturefetch": (waiting.a_picture_to_fetch, {"status": "stored"}),
    "reviewrequest": (waiting.a_review_request, {"asked_at": timezone.now()}),
    "heldanswer": (waiting.an_answer_to_go_out, {}),
    "reaction": (waiting.a_reaction, {"done_at": timezone.now()}),
    "incomingevent": (waiting.an_incoming, {"done_at": timezone.now()}),
}
WAYS |= {
    f"set aside: {name}": (_in(make, quarantined_at=timezone.now()), ends | {"quarantined_at": None})
    for name, (make, ends) in SET_ASIDE.items()
}


def test_every_entry_of_the_table_is_tried():
    assert set(WAYS) == {wait.name for wait in WAITS}
    assert len(WAITS) == len(WAYS)


@pytest.mark.parametrize("wait", WAITS, ids=lambda wait: wait.name)
def test_what_waits_too_long_is_work_once_and_closes_when_its_cause_is_gone(wait):
    make, ends = WAYS[wait.name]
    row = make()
    Event.objects.exclude(pk=row.pk).update(delivered_at=timezone.now())
    if wait.after:
        sweep()
        assert work_about(row) == []
    let_time_pass(row)
    if wait.name == "reaction":
        let_time_pass(row.event)

    if not wait.opens:
        # Somebody else asks, and the table only knows until when.
        open_work(wait.reason, row, order=None, summary="asked elsewhere")

    first, second = sweep(), sweep()

    (item,) = work_about(row)
    assert (item.reason, second.opened) == (wait.reason, 0)
    assert first.opened >= wait.opens
    assert item.summary
    assert "{" not in item.summary
    assert item.deadline_at > item.opened_at

    put(row, **ends)
    sweep()
    assert work_about(row) == []
    item.refresh_from_db()
    assert item.closed_by is None
    kinds = Event.objects.filter(subject_key=key_of(item)).order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["work.opened", "work.closed"]


def test_the_money_at_stake_is_that_of_the_row():
    line = _open_line()
    let_time_pass(line)
    refund = let_time_pass(put(waiting.a_refund(), status="failed"))

    sweep()

    (of_line,), (of_refund,) = work_about(line), work_about(refund)
    assert (of_line.money_minor, of_refund.money_minor) == (line.paid_minor, 100)
    assert of_line.order == line.order


ASIDE_RETRIES = [retry for retry in RETRIES if not retry.model.is_duty]


@pytest.mark.parametrize("retry", ASIDE_RETRIES, ids=lambda retry: retry.model.__name__)
def test_what_is_set_aside_is_never_made_due_by_the_sweep(retry):
    make, _ends = SET_ASIDE[retry.model._meta.model_name]
    row = put(make(), due_at=None, quarantined_at=timezone.now())

    sweep()

    row.refresh_from_db()
    assert row.due_at is None
    put(row, quarantined_at=None)
    sweep()
    row.refresh_from_db()
    is_retried = retry.model.objects.filter(retry.which, pk=row.pk).exists()
    assert (row.due_at is not None) == is_retried


def test_each_entry_can_be_asked_of_the_database():
    assert [list(overdue(wait, now=timezone.now())) for wait in WAITS] == [[]] * len(WAITS)
    assert Supplier.objects.count() == 0
