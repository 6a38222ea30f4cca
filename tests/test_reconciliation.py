"""Our books against Stripe's: what was told in vain, what nobody asked for, what differs, and who is asked."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.models import Comparison, MoneyFinding
from config.reconcile import runs
from config.tasks import begin_comparisons
from config.waiting import keep_deadlines
from orders import stripe_client
from orders.actions.cancel import cancel_units
from orders.actions.capture import work_on_authorisation
from orders.actions.holds import release_holds
from orders.actions.payment import open_session, settle
from orders.actions.transfer import record_transfer
from orders.models import Hold, IncomingEvent, Order, OrderLine, Payment, Refund, WorkItem
from tests.comparing import found, reconcile
from tests.demo.payment_process import session_params
from tests.factories import make_order, make_paid_order, make_person, make_supplier, make_variant

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def as_shipped(settings):
    """Let a run hold on to its place as long as in production: a busy machine must not look like a dead worker."""
    settings.LEASE_SECONDS = 75


@pytest.fixture(name="variant")
def variant_fixture(db):
    return make_variant(make_supplier(), stock=None)


def paid_there(sandbox, variant) -> Order:
    """Let a customer pay on Stripe's page; nobody tells the shop."""
    order = make_order((variant, 2))
    session = open_session(order.sessions.get())
    sandbox.control(f"sessions/{session.stripe_id}/pay", {})
    return order


def noted(sandbox, variant) -> Order:
    order = paid_there(sandbox, variant)
    settle(order.sessions.get())
    order.refresh_from_db()
    return order


def strangers_payment(sandbox, **changes) -> str:
    """Let another shop of the same account take 74.50 EUR; return the payment's id."""
    asked = session_params(client_reference_id="B-77", metadata={}, payment_intent_data={}) | changes
    session = sandbox.client().v1.checkout.sessions.create(asked)
    return sandbox.control(f"sessions/{session.id}/pay", {})["session"]["payment_intent"]


def open_work() -> list[str]:
    return list(WorkItem.objects.filter(closed_at=None).values_list("reason", flat=True))


def ledger_of(*models) -> list[list[dict]]:
    """Return all rows of some models without the columns that say when they were looked at."""
    looked = ("compared_at", "due_at", "lease_until", "attempt")
    rows = [list(model.objects.order_by("pk").values()) for model in models]
    return [[{name: value for name, value in row.items() if name not in looked} for row in one] for one in rows]


# --- what is taken in


def test_a_shop_that_was_told_everything_has_nothing_unexplained(sandbox, variant):
    order = noted(sandbox, variant)
    reconcile()
    reconcile("full")
    assert found() == []
    assert open_work() == []
    assert Payment.objects.get(order=order).compared_at is not None
    row = Comparison.objects.get(kind="full")
    assert (row.part, row.due_at, row.failed_since) == ("", None, None)
    assert row.last_counts["payment_intents"] == {"seen": 1, "taken_in": 0}


@pytest.mark.parametrize("kind", ["recent", "full"])
def test_with_all_webhooks_lost_the_order_is_paid_within_one_comparison(sandbox, variant, kind):
    orders = [paid_there(sandbox, variant) for _number in range(3)]
    reconcile(kind)
    assert set(Order.objects.values_list("status", flat=True)) == {"paid"}
    assert Payment.objects.count() == len(orders)
    assert found() == []
    assert Comparison.objects.get(kind=kind).last_counts["payment_intents"]["taken_in"] == 3


def test_a_refund_made_in_the_dashboard_appears(sandbox, variant):
    order = noted(sandbox, variant)
    sandbox.control("refunds", {"payment_intent": order.payments.get().stripe_id, "amount": 300})
    reconcile()
    refund = Refund.objects.get()
    assert (refund.amount_minor, refund.reason, refund.status) == (300, "outside", "succeeded")
    assert found() == []


def test_a_dispute_nobody_told_of_is_taken_in_once(sandbox, variant):
    order = noted(sandbox, variant)
    sandbox.control("disputes", {"payment_intent": order.payments.get().stripe_id})
    reconcile("full")
    reconcile("full")
    assert open_work() == ["dispute"]
    assert order.events.filter(kind="dispute.opened").count() == 1
    assert found() == []


def test_what_a_bank_transfer_brings_is_not_looked_for_at_stripe(sandbox, variant):
    order = make_order((variant, 2))
    Order.objects.filter(pk=order.pk).update(pay_with="bank_transfer")
    record_transfer(order, received=order.total, key="statement-7", by=None)
    order.refresh_from_db()
    assert order.is_paid
    reconcile()
    reconcile("full")
    assert found() == []


def test_what_was_cancelled_before_its_money_was_taken_is_no_difference(sandbox, variant, settings):
    settings.REVIEW_ABOVE_MINOR = 1
    order = noted(sandbox, variant)
    assert order.status == "authorised"
    cancel_units(order, {order.lines.get().pk: 1}, reason=Refund.Reason.CANCELLED, by=None, key="one")
    release_holds(order, by=None)
    work_on_authorisation(order.authorisations.get().pk)
    order.refresh_from_db()
    assert (order.status, Payment.objects.get().captured_minor < order.total_minor) == ("paid", True)
    assert Refund.objects.get().reason == "not_taken"
    reconcile()
    reconcile("full")
    assert found() == []


def test_what_a_lost_dispute_took_is_no_difference(sandbox, variant):
    order = noted(sandbox, variant)
    dispute = sandbox.control("disputes", {"payment_intent": order.payments.get().stripe_id})["id"]
    sandbox.control("disputes", {"dispute": dispute, "status": "lost"})
    reconcile("full")
    assert Refund.objects.get().reason == "dispute"
    reconcile("full")
    assert found() == []


# --- what is found


def test_money_the_shop_never_heard_of_is_a_row_and_one_question(sandbox, variant):
    intent = strangers_payment(sandbox)
    reconcile()
    reconcile()
    reconcile("full")
    assert found() == [("stray_payment", intent)]
    finding, item = MoneyFinding.objects.get(), WorkItem.objects.get()
    assert (finding.amount_minor, finding.currency, finding.order) == (7450, "EUR", None)
    assert (item.reason, item.money_minor) == ("money_finding", 7450)
    assert intent in item.summary

    # Paid back at Stripe, it needs nobody any more.
    sandbox.control("refunds", {"payment_intent": intent})
    reconcile()
    assert found() == []
    assert open_work() == []


def test_money_that_bears_an_orders_number_and_no_page_of_its_is_offered_to_that_order(sandbox, variant, client):
    order = make_order((variant, 2))
    metadata = {"order": order.number}
    intent = strangers_payment(sandbox, metadata=metadata, payment_intent_data={"metadata": metadata})
    reconcile()
    assert found() == [("stray_payment", intent)]
    finding = MoneyFinding.objects.get()
    assert finding.order == order

    item = WorkItem.objects.get(reason="money_finding")
    client.force_login(make_person(role="Store staff"))
    page = client.get("/admin/reconciliation/").content.decode()
    assert "unexplained: 1" in page
    assert order.number in page
    client.post(f"/admin/orders/workitem/{item.pk}/act/note-payment/")

    payment = order.payments.get()
    assert (payment.stripe_id, payment.captured_minor) == (intent, 7450)
    reconcile()
    # It is in the books, and is not what the order asks for: that question was asked with the payment.
    assert found() == [("misfit", f"order:{order.pk}")]
    assert open_work() == ["payment_unexpected"]


def test_another_amount_than_in_our_books_is_found_and_closes_when_it_is_right(sandbox, variant):
    order = noted(sandbox, variant)
    payment = order.payments.get()
    Payment.objects.filter(pk=payment.pk).update(captured_minor=payment.captured_minor - 100)
    reconcile()
    assert ("amount", payment.stripe_id) in found()
    assert "money_finding" in open_work()
    Payment.objects.filter(pk=payment.pk).update(captured_minor=payment.captured_minor)
    reconcile()
    assert found() == []
    assert open_work() == []


def test_another_currency_is_another_amount(sandbox, variant):
    order = noted(sandbox, variant)
    order.payments.update(currency="GBP")
    reconcile()
    assert ("amount", order.payments.get().stripe_id) in found()


def test_a_payment_of_another_amount_than_asked_and_a_late_one_do_not_fit(sandbox, variant):
    order = make_paid_order((variant, 1))
    Payment.objects.filter(order=order).update(captured_minor=order.total_minor + 500)
    late = make_paid_order((variant, 1))
    hour = timezone.now() - timedelta(hours=1)
    Order.objects.filter(pk=late.pk).update(status="late_paid", paid_at=None, status_changed_at=hour)
    reconcile()
    assert found() == [("misfit", f"order:{order.pk}"), ("misfit", f"order:{late.pk}")]


def test_a_payment_that_stripe_does_not_know_is_found_by_the_whole_comparison(sandbox, variant):
    order = make_paid_order((variant, 1))
    reconcile()
    assert found() == []
    reconcile("full")
    assert found() == [("not_at_stripe", f"pi_{order.number}")]
    assert "Stripe does not know it" in WorkItem.objects.get(reason="money_finding").summary


def test_a_refund_that_stands_otherwise_at_stripe_is_found(sandbox, variant):
    order = noted(sandbox, variant)
    sandbox.control("refunds", {"payment_intent": order.payments.get().stripe_id, "amount": 300})
    reconcile()
    Refund.objects.update(amount_minor=200)
    reconcile()
    assert {kind for kind, _key in found()} == {"refund"}
    Refund.objects.update(amount_minor=300)
    reconcile()
    assert found() == []


def test_a_dispute_about_money_that_is_not_ours_is_found_and_stops_nothing(sandbox, variant):
    intent = strangers_payment(sandbox)
    dispute = sandbox.control("disputes", {"payment_intent": intent})["id"]
    order = paid_there(sandbox, variant)
    reconcile()
    assert found() == [("dispute", dispute), ("stray_payment", intent)]
    order.refresh_from_db()
    assert order.status == "paid"


def test_paid_units_that_are_nowhere_are_found_by_night_and_only_once_asked_about(sandbox, variant, relay):
    order = make_paid_order((variant, 2))
    relay.run_until_idle()
    reconcile("full")
    assert "unit" not in {kind for kind, _key in found()}

    OrderLine.objects.filter(order=order).update(forwarded=1, cancelled=1)
    reconcile("full")
    reconcile("full")
    line = order.lines.get()
    assert ("unit", f"line:{line.pk}") in found()
    assert WorkItem.objects.filter(subject_key__startswith="moneyfinding", summary__contains=line.sku).count() == 1


def test_a_unit_that_waits_with_a_reason_is_no_finding(sandbox, variant):
    order = make_paid_order((variant, 1))
    Order.objects.filter(pk=order.pk).update(forward_after=timezone.now() - timedelta(hours=1))
    reconcile("full")
    assert ("unit", f"line:{order.lines.get().pk}") in found()
    Hold.objects.create(order=order, reason="manual")
    reconcile("full")
    assert "unit" not in {kind for kind, _key in found()}


def test_what_a_person_has_explained_stays_explained_until_its_amount_changes(sandbox, client):
    intent = strangers_payment(sandbox)
    reconcile()
    item = WorkItem.objects.get()
    client.force_login(make_person(role="Store staff"))
    client.post(f"/admin/orders/workitem/{item.pk}/act/not-ours/")
    reconcile()
    assert found() == []
    assert open_work() == []
    assert MoneyFinding.objects.get().explained_by is not None
    sandbox.control("refunds", {"payment_intent": intent, "amount": 50})
    reconcile()
    assert found() == [("stray_payment", intent)]
    assert open_work() == ["money_finding"]


# --- interrupted, doubled, repeated


def test_a_run_that_stripe_does_not_answer_in_the_middle_goes_on_where_it_was(sandbox, variant, monkeypatch):
    monkeypatch.setattr(stripe_client, "PAGE", 2)
    for _number in range(5):
        noted(sandbox, variant)
    hiccup = {"match": "GET /v1/payment_intents", "kind": "error_500_before"}
    sandbox.control("faults", [{"match": "GET /v1/payment_intents", "kind": "latency", "seconds": 0}, hiccup])
    reconcile("full")
    run = Comparison.objects.get(kind="full")
    assert (run.part, run.counts["payment_intents"]["seen"]) == ("payment_intents", 2)
    assert run.cursor.startswith("pi_")
    assert run.failed_since is not None
    assert run.finished_at is None
    assert run.due_at is not None

    calls = len(sandbox.control("ledger")["requests"])
    reconcile("full")
    run.refresh_from_db()
    assert (run.part, run.failed_since, run.last_error) == ("", None, "")
    assert run.last_counts["payment_intents"]["seen"] == 5
    listed = [one["path"] for one in sandbox.control("ledger")["requests"][calls:]]
    assert listed.count("/v1/payment_intents") == 2


def test_a_run_whose_worker_dies_between_two_pages_goes_on_and_looks_at_everything_once(sandbox, variant, monkeypatch):
    monkeypatch.setattr(stripe_client, "PAGE", 2)
    for _number in range(5):
        noted(sandbox, variant)
    stray = strangers_payment(sandbox)
    # One page only, as if the worker had been killed then: nothing is given back.
    monkeypatch.setattr(runs.lease, "put_off", lambda run, seconds: True)
    row = runs.begin(Comparison.Kind.FULL, now=timezone.now())
    assert not runs.work_on(row.pk, seconds=-1)
    assert not runs.work_on(row.pk), "the dead worker's lease still holds"
    Comparison.objects.update(lease_until=timezone.now() - timedelta(seconds=1), due_at=timezone.now())
    assert runs.work_on(row.pk)
    row.refresh_from_db()
    assert row.last_counts["payment_intents"]["seen"] == 6
    assert found() == [("stray_payment", stray)]


def test_who_lost_the_lease_writes_no_progress(sandbox, variant, monkeypatch):
    monkeypatch.setattr(stripe_client, "PAGE", 2)
    for _number in range(4):
        noted(sandbox, variant)
    row = runs.begin(Comparison.Kind.FULL, now=timezone.now())
    page_of_intents = stripe_client.page_of_intents

    def overtaken(**asked):
        Comparison.objects.update(attempt=99)
        return page_of_intents(**asked)

    monkeypatch.setattr(stripe_client, "page_of_intents", overtaken)
    assert not runs.work_on(row.pk)
    row.refresh_from_db()
    assert (row.cursor, row.finished_at) == ("", None)


def test_a_second_run_changes_nothing(sandbox, variant):
    noted(sandbox, variant)
    order = paid_there(sandbox, variant)
    strangers_payment(sandbox)
    reconcile("full")
    reconcile()
    sandbox.control("refunds", {"payment_intent": order.payments.get().stripe_id, "amount": 100})
    reconcile()
    models = (Order, OrderLine, Payment, Refund, WorkItem)
    before, told = ledger_of(*models), IncomingEvent.objects.count()
    for kind in ("recent", "full", "recent"):
        reconcile(kind)
    assert ledger_of(*models) == before
    assert IncomingEvent.objects.count() == told


def test_a_place_that_stripe_does_not_know_any_more_begins_its_part_anew(sandbox, variant):
    noted(sandbox, variant)
    row = runs.begin(Comparison.Kind.FULL, now=timezone.now())
    Comparison.objects.update(part="charges", cursor="ch_gone", begun_at=timezone.now())
    assert not runs.work_on(row.pk)
    row.refresh_from_db()
    assert (row.part, row.cursor) == ("charges", "")
    reconcile("full")
    assert Comparison.objects.get().finished_at is not None


def test_the_clock_begins_the_recent_one_each_time_and_the_whole_one_once_a_night(sandbox, variant, relay, settings):
    begin_comparisons()
    relay.run_until_idle()
    assert Comparison.objects.exclude(finished_at=None).count() == 2
    first = Comparison.objects.get(kind="full").begun_at
    begin_comparisons()
    relay.run_until_idle()
    assert Comparison.objects.get(kind="full").begun_at == first
    with time_machine.travel(timezone.now() + timedelta(days=1), tick=True):
        begin_comparisons()
    assert Comparison.objects.get(kind="full").due_at is not None


def test_a_comparison_that_does_not_come_about_is_asked_about_once_and_closes(sandbox, variant, settings):
    settings.STRIPE_API_BASE, right = "http://127.0.0.1:9", settings.STRIPE_API_BASE
    reconcile()
    Comparison.objects.update(good_at=timezone.now() - timedelta(hours=2))
    keep_deadlines(now=timezone.now())
    keep_deadlines(now=timezone.now())
    assert open_work() == ["not_compared"]
    settings.STRIPE_API_BASE = right
    reconcile()
    keep_deadlines(now=timezone.now())
    assert open_work() == []


# --- the page


@pytest.fixture(name="staff")
def staff_fixture(client):
    client.force_login(make_person(role="Store staff"))
    return client


def test_the_page_says_that_nothing_was_compared_yet(staff):
    page = staff.get("/admin/reconciliation/").content.decode()
    assert page.count("not run yet") == 2
    assert "not run yet" in staff.get("/admin/").content.decode()


def test_the_page_says_when_it_ran_what_it_looked_at_and_that_nothing_is_open(staff, sandbox, variant):
    noted(sandbox, variant)
    reconcile()
    reconcile("full")
    page = staff.get("/admin/reconciliation/").content.decode()
    assert "unexplained: 0" in page
    assert "payment intents: 1" in page
    assert "not run yet" not in page
    assert "failing" not in page


def test_the_page_says_since_when_it_fails(staff, settings):
    reconcile()
    page = staff.get("/admin/reconciliation/").content.decode()
    assert "failing since" in page
    assert "StripeUnclear" in page


def test_the_page_says_when_it_is_late(staff, sandbox, variant):
    reconcile()
    Comparison.objects.update(finished_at=timezone.now() - timedelta(days=2))
    assert "Late. Is the relay running?" in staff.get("/admin/reconciliation/").content.decode()


def test_each_kind_leads_to_its_list_and_each_line_to_order_stripe_and_next_step(staff, sandbox, variant):
    intent = strangers_payment(sandbox)
    order = make_paid_order((variant, 1))
    reconcile("full")
    page = staff.get("/admin/reconciliation/?kind=stray_payment").content.decode()
    assert f"https://dashboard.stripe.com/test/payments/{intent}" in page
    assert "Compare again now" in page
    assert order.number not in page
    page = staff.get("/admin/reconciliation/?kind=not_at_stripe").content.decode()
    assert f"/admin/orders/order/{order.pk}/change/" in page
    for odd in ("?kind=<b>", "?page=x", "?kind=unit&page=99"):
        assert staff.get(f"/admin/reconciliation/{odd}").status_code == 200


def test_the_page_costs_the_same_for_few_and_many_differences(staff, variant):
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert staff.get("/admin/reconciliation/").status_code == 200
        return len(queries)

    order = make_paid_order((variant, 1))

    def find(first: int, last: int) -> None:
        MoneyFinding.objects.bulk_create(
            MoneyFinding(kind="amount", key=f"pi_{number}", says="x", currency="EUR", amount_minor=1, order=order)
            for number in range(first, last)
        )

    find(0, 2)
    few = cost()
    find(2, 120)
    assert cost() <= few
    assert few <= 14
    assert "Page 1 of 3" in staff.get("/admin/reconciliation/").content.decode()


def test_nobody_but_staff_sees_it(client):
    for role in ("Support agents", "Pharmacists"):
        client.force_login(make_person(role=role))
        assert client.get("/admin/reconciliation/").status_code in {302, 403}
