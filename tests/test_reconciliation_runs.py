"""A comparison with Stripe that is cut off, doubled or late: it goes on where it was, and looks at everything once."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from config.models import Comparison
from config.reconcile import runs
from config.tasks import begin_comparisons
from config.waiting import keep_deadlines
from orders import stripe_client
from orders.actions.incoming import take_in
from orders.models import IncomingEvent, Order, OrderLine, Payment, Refund, WorkItem
from orders.stripe_facts import EventFacts
from tests.comparing import (  # noqa: F401  (fixtures)
    as_shipped_fixture,
    found,
    ledger_of,
    noted,
    open_work,
    paid_there,
    reconcile,
    strangers_payment,
    variant_fixture,
)

pytestmark = pytest.mark.django_db


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


def test_a_page_of_events_that_were_all_told_costs_one_query(db, django_assert_num_queries):
    told = [EventFacts(f"evt_{number}", "charge.refunded", {"data": {"object": {}}}) for number in range(30)]
    assert take_in(told, now=timezone.now()) == 30
    with django_assert_num_queries(1):
        assert take_in(told, now=timezone.now()) == 0
    assert IncomingEvent.objects.count() == 30
