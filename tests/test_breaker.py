"""A supplier that fails is left alone, tried once in a while, and its backlog comes back by itself."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connections
from django.urls import reverse
from django.utils import timezone

from orders import lease
from orders.models import WorkItem
from suppliers.actions import breaker, decide
from suppliers.actions.calls import note_call
from suppliers.actions.poll import poll_supplier
from suppliers.actions.probe import probe_supplier
from suppliers.actions.send import send_supplier_order
from suppliers.adapters import ADAPTERS
from suppliers.adapters.base import Doubt
from suppliers.adapters.rest import RestAdapter
from suppliers.models import Supplier, SupplierCall, SupplierOrder, SupplierProbe
from suppliers.outbound import Answer
from tests.demo.supplier_process import API_KEY
from tests.factories import make_paid_order, make_person, make_supplier, make_variant

pytestmark = pytest.mark.django_db
TAKEN = {"placed", "closed"}
NOWHERE = "http://127.0.0.1:9/v1"


def connected(process, **fields) -> Supplier:
    return make_supplier(base_url=process.base + "/v1", api_key=API_KEY, **fields)


def orders_of(supplier: Supplier, count: int) -> None:
    variant = make_variant(supplier, sku="TEST-OK", stock=None)
    for _number in range(count):
        make_paid_order((variant, 1))


def fault(process, kind: str, times: int = 100, seconds: float | None = None, match: str = "POST /v1/orders") -> None:
    planned = {"match": match, "kind": kind, "times": times} | ({} if seconds is None else {"seconds": seconds})
    process.control("faults", [planned])


def asked(process) -> int:
    return len(process.books()["requests"])


def answers(supplier: Supplier, *statuses: int | None) -> None:
    """Note calls with these answers; None: none came."""
    for status in statuses:
        answer = Answer(status, {}, b"", 1) if status else None
        note_call(supplier, "GET", f"{supplier.base_url}/orders", answer=answer, failure="" if answer else "cut")


def is_open(supplier: Supplier) -> bool:
    supplier.refresh_from_db()
    return supplier.opened_at is not None


def make_due(rows=SupplierOrder.objects) -> None:
    rows.exclude(due_at=None).update(due_at=lease.db_now_plus(-1))


# --- when it opens


def test_four_failures_in_a_row_do_not_open_it_five_do():
    supplier = make_supplier()
    answers(supplier, 200, 500, None, 500, None)
    assert not is_open(supplier)
    answers(supplier, 502)
    assert is_open(supplier)
    assert "5 of the last 6" in supplier.opened_reason


def test_half_of_the_last_twenty_calls_open_it_though_never_five_in_a_row():
    supplier = make_supplier()
    answers(supplier, *[200, 200, 500] * 4, *[200, 500] * 3, 200)
    assert not is_open(supplier)
    answers(supplier, *[500, 200] * 4)
    assert not is_open(supplier)
    answers(supplier, 500)
    assert is_open(supplier)


def test_refusals_are_answers_and_open_nothing():
    supplier = make_supplier()
    answers(supplier, *[422, 404, 409, 429, 501] * 5)
    assert not is_open(supplier)


def test_pictures_from_other_peoples_servers_say_nothing_about_the_supplier():
    supplier = make_supplier()
    for _time in range(6):
        note_call(supplier, "GET", "https://pictures.example/1.png", failure="cut", is_own=False)
    assert not is_open(supplier)
    assert SupplierCall.objects.first().path == "//pictures.example/1.png"


# --- while it is open


def test_nothing_is_sent_to_a_supplier_that_fails_and_no_order_loses_a_try(harbour, relay):
    supplier = connected(harbour)
    fault(harbour, "error_500")
    orders_of(supplier, 8)
    relay.run_until_idle()
    for _time in range(6):
        make_due()
        relay.run_until_idle()
    assert is_open(supplier)
    before, tries = asked(harbour), SupplierOrder.objects.values_list("pk", "failures", "attempt")
    known = list(tries)
    make_due()
    relay.run_until_idle()
    for pk, _failures, _attempt in known:
        send_supplier_order(pk)
    Supplier.objects.update(due_at=timezone.now())
    poll_supplier(supplier.pk)
    assert asked(harbour) == before
    assert list(tries) == known


def test_one_supplier_failing_stops_no_other(harbour, relay):
    bad, good = make_supplier("meridian", base_url=NOWHERE), connected(harbour)
    breaker.open_breaker(bad, "for a test")
    orders_of(bad, 1)
    make_paid_order((make_variant(good, sku="TEST-OK-2", stock=None), 1))
    relay.run_until_idle()
    assert SupplierOrder.objects.get(supplier=bad).attempt == 0
    assert SupplierOrder.objects.get(supplier=good).attempt == 1


def test_a_probe_is_due_once_in_so_many_seconds(harbour, relay, settings):
    settings.PROBE_SECONDS = 30
    supplier = connected(harbour)
    orders_of(supplier, 3)
    breaker.open_breaker(supplier, "for a test")
    fault(harbour, "error_500")
    relay.run_until_idle()
    assert asked(harbour) == 0
    decide.probe_now(supplier)
    relay.run_until_idle()
    relay.run_until_idle()
    assert asked(harbour) == 1
    probe = SupplierProbe.objects.get()
    assert 25 < (probe.due_at - timezone.now()).total_seconds() <= 30


def test_a_good_probe_wakes_the_whole_backlog(harbour, relay, settings):
    settings.PROBE_SECONDS = 600
    supplier = connected(harbour)
    orders_of(supplier, 4)
    fault(harbour, "error_500", times=7)
    relay.run_until_idle()
    make_due()
    relay.run_until_idle()
    assert is_open(supplier)
    # In their long pauses they would wait although all is well.
    SupplierOrder.objects.update(due_at=lease.db_now_plus(800))
    harbour.control("faults", [])
    decide.probe_now(supplier)
    relay.run_until_idle()
    assert not is_open(supplier)
    assert {row.status for row in SupplierOrder.objects.all()} <= TAKEN
    assert [row["effects"] for row in harbour.books()["orders"]] == [1] * 4
    assert SupplierProbe.objects.get().due_at is None


def test_a_large_backlog_is_spread_and_who_may_still_change_their_mind_is_left_alone(monkeypatch, settings):
    settings.WAKE_SECONDS = 3
    monkeypatch.setattr(breaker, "ROWS_PER_SECOND", 2)
    supplier = make_supplier()
    orders_of(supplier, 3)
    first, *_others = [make_paid_order((make_variant(supplier), 1)) for _number in range(6)]
    from suppliers.actions.forward import forward_order

    later = timezone.now() + timedelta(hours=1)
    type(first).objects.filter(pk=first.pk).update(forward_after=later)
    for order in type(first).objects.all():
        forward_order(order)
    breaker.open_breaker(supplier, "for a test")
    assert breaker.close_breaker(supplier)
    waits = [(row.due_at - timezone.now()).total_seconds() for row in SupplierOrder.objects.exclude(order=first)]
    assert sorted({round(wait) for wait in waits}) == [0, 1, 2]
    assert max(round(wait) for wait in waits) < settings.WAKE_SECONDS
    assert SupplierOrder.objects.get(order=first).due_at == later


def test_what_failed_before_it_closed_is_not_held_against_it():
    supplier = make_supplier()
    answers(supplier, *[500] * 20)
    breaker.close_breaker(supplier)
    answers(supplier, 500, 500, 500, 500)
    assert not is_open(supplier)


def test_a_late_good_answer_to_an_earlier_call_does_not_close_it():
    supplier = make_supplier()
    answers(supplier, *[500] * 5)
    answers(supplier, 200)
    assert is_open(supplier)


def test_a_supplier_that_fails_for_long_becomes_work_for_one_person(harbour, relay, settings):
    settings.BREAKER_ALARM_SECONDS = settings.PROBE_SECONDS = 0
    supplier = connected(harbour)
    breaker.open_breaker(supplier, "for a test")
    fault(harbour, "error_500", match="GET /v1/account", times=2)
    probe_supplier(supplier.probe.pk)
    probe_supplier(supplier.probe.pk)
    assert WorkItem.objects.get(closed_at=None).subject_key == f"supplier:{supplier.pk}"
    probe_supplier(supplier.probe.pk)
    assert not is_open(supplier)
    assert not WorkItem.objects.filter(closed_at=None).exists()


def test_a_blind_supplier_is_probed_by_its_account_and_no_order_is_risked(harbour, relay, monkeypatch):
    class Blind(RestAdapter):
        doubt = Doubt.BLIND

    monkeypatch.setitem(ADAPTERS, "blind", Blind)
    supplier = connected(harbour, adapter="blind")
    orders_of(supplier, 1)
    breaker.open_breaker(supplier, "for a test")
    relay.run_until_idle()
    fault(harbour, "accept_then_drop", match="*")
    decide.probe_now(supplier)
    relay.run_until_idle()
    assert harbour.books()["orders"] == []
    assert SupplierOrder.objects.get().status == "ready"
    assert is_open(supplier)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_makes_the_probe(harbour):
    supplier = connected(harbour)
    breaker.open_breaker(supplier, "for a test")
    fault(harbour, "error_500", match="GET /v1/account")
    decide.probe_now(supplier)
    barrier, probe = Barrier(8), supplier.probe.pk

    def work():
        try:
            barrier.wait(timeout=20)
            probe_supplier(probe)
        finally:
            connections.close_all()

    threads = [Thread(target=work) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert asked(harbour) == 1


# --- keys


def test_a_refused_key_stops_everything_at_once_asks_one_person_and_uses_up_nothing(harbour, relay):
    supplier = connected(harbour)
    Supplier.objects.update(api_key="wrong-key-of-the-simulated-supplier")
    orders_of(supplier, 5)
    relay.run_until_idle()
    assert is_open(supplier)
    assert asked(harbour) == 1
    assert WorkItem.objects.get(closed_at=None).subject_key == f"supplier:{supplier.pk}"
    assert {(row.status, row.failures) for row in SupplierOrder.objects.all()} == {("ready", 0)}
    Supplier.objects.update(api_key=API_KEY)
    make_due()
    decide.probe_now(supplier)
    relay.run_until_idle()
    assert not WorkItem.objects.filter(closed_at=None).exists()
    make_due()
    relay.run_until_idle()
    assert {row.status for row in SupplierOrder.objects.all()} <= TAKEN
    assert [row["effects"] for row in harbour.books()["orders"]] == [1] * 5


def test_an_address_we_must_not_call_is_like_a_refused_key(relay, settings):
    supplier = make_supplier()
    settings.OUTBOUND_ALLOW_PRIVATE = False
    orders_of(supplier, 2)
    relay.run_until_idle()
    assert is_open(supplier)
    assert {row.status for row in SupplierOrder.objects.all()} == {"ready"}
    assert WorkItem.objects.get(closed_at=None).reason == "supplier_key"


# --- Retry-After


@pytest.mark.parametrize("kind", ["429", "503"])
def test_nobody_calls_a_supplier_before_the_time_it_asked_for_is_over(harbour, relay, kind):
    supplier = connected(harbour)
    fault(harbour, kind, times=1, seconds=40)
    orders_of(supplier, 3)
    relay.run_until_idle()
    placed = [row for row in harbour.books()["requests"] if row["method"] == "POST"]
    assert [row["status"] for row in placed] == [int(kind)]
    before = asked(harbour)
    supplier.refresh_from_db()
    assert 30 < (supplier.closed_until - timezone.now()).total_seconds() <= 40
    make_due()
    relay.run_until_idle()
    Supplier.objects.update(due_at=timezone.now())
    poll_supplier(supplier.pk)
    for row in SupplierOrder.objects.all():
        send_supplier_order(row.pk)
    assert asked(harbour) == before
    Supplier.objects.update(closed_until=timezone.now())
    make_due()
    relay.run_until_idle()
    assert {row.status for row in SupplierOrder.objects.all()} <= TAKEN


def test_a_shorter_wish_does_not_shorten_a_longer_one():
    supplier = make_supplier()
    breaker.rest(supplier, 100)
    breaker.rest(supplier, 5)
    supplier.refresh_from_db()
    assert (supplier.closed_until - timezone.now()).total_seconds() > 90


def test_no_wish_is_longer_than_a_day():
    supplier = make_supplier()
    breaker.rest(supplier, 10.0**30)
    supplier.refresh_from_db()
    assert (supplier.closed_until - timezone.now()).total_seconds() <= breaker.LONGEST_REST


# --- what the staff see


def test_the_staff_see_that_why_and_until_when_a_supplier_is_not_called(client):
    supplier = make_supplier()
    client.force_login(make_person(role="Store staff"))
    page = reverse("admin:suppliers_supplier_changelist")
    assert "not called" not in client.get(page).content.decode()
    answers(supplier, *[500] * 5)
    shown = client.get(page).content.decode()
    assert "not called" in shown
    assert "5 of the last 5 calls failed" in shown
    ticked = {"action": "try_now", "_selected_action": [supplier.pk]}
    assert client.post(page, ticked).status_code == 302
    assert SupplierProbe.objects.get().due_at <= timezone.now()
