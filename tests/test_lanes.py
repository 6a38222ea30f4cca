"""A supplier that answers slowly holds an eighth of the threads; the others have the rest."""

from __future__ import annotations

import time
from contextlib import ExitStack
from threading import Event as Flag, Thread

import pytest
from django.db import connections

from suppliers.actions import lanes as lanes_module, together
from suppliers.actions.lanes import Full, Lanes
from suppliers.models import SupplierOrder
from tests.demo.supplier_process import API_KEY
from tests.factories import make_paid_order, make_supplier, make_variant

FAST, SLOW, OTHER = 1, 2, 3


def places(lanes: Lanes, supplier: int) -> int:
    """Count how many calls at once a supplier gets."""
    with ExitStack() as held:
        for count in range(100):
            try:
                held.enter_context(lanes.call(supplier))
            except Full:
                return count
    raise AssertionError("there is no end")


def test_a_fast_supplier_alone_has_all_threads(settings):
    settings.SUPPLIER_THREADS = 16
    lanes = Lanes()
    lanes.note(FAST, 0.05)
    assert places(lanes, FAST) == 16


def test_of_an_unknown_supplier_not_all_threads_wait_for_the_first_answer(settings):
    settings.SUPPLIER_THREADS = 16
    assert places(Lanes(), FAST) == 6


def test_a_slow_supplier_has_two_and_leaves_the_rest(settings):
    settings.SUPPLIER_THREADS = 16
    lanes = Lanes()
    lanes.note(SLOW, 10)
    lanes.note(FAST, 0.05)
    assert places(lanes, SLOW) == 2
    with lanes.call(SLOW), lanes.call(SLOW):
        assert places(lanes, FAST) == 14


def test_of_few_threads_a_slow_supplier_has_one_and_the_fast_ones_share_the_rest(settings):
    settings.SUPPLIER_THREADS = 8
    lanes = Lanes()
    lanes.note(SLOW, 10)
    lanes.note(FAST, 0.05)
    with lanes.call(SLOW):
        with pytest.raises(Full), lanes.call(SLOW):
            pass
        assert places(lanes, FAST) == 7
        lanes.note(OTHER, 0.05)
        assert places(lanes, FAST) == places(lanes, OTHER) == 4


def test_a_supplier_that_has_become_fast_again_is_soon_believed(settings):
    settings.SUPPLIER_THREADS = 16
    lanes = Lanes()
    lanes.note(SLOW, 10)
    for _time in range(8):
        lanes.note(SLOW, 0.05)
    assert places(lanes, SLOW) == 16


def test_calls_without_an_answer_yet_show_that_a_supplier_has_become_slow(settings, monkeypatch):
    settings.SUPPLIER_THREADS = 16
    lanes = Lanes()
    lanes.note(FAST, 0.05)
    with lanes.call(FAST), lanes.call(FAST):
        monkeypatch.setattr(lanes_module, "WAITING", -1)
        assert places(lanes, FAST) == 0


def test_those_sent_away_are_told_turns_one_after_the_other_and_never_too_late(settings):
    settings.SUPPLIER_THREADS = 16
    settings.HAND_OVER_SECONDS = 30
    lanes = Lanes()
    lanes.note(SLOW, 10)
    with lanes.call(SLOW), lanes.call(SLOW):
        waits = []
        for _time in range(8):
            with pytest.raises(Full) as full, lanes.call(SLOW):
                pass
            waits.append(round(full.value.seconds))
    assert waits[:6] == [5, 10, 15, 20, 25, 30]
    assert max(waits) == 30


def test_a_call_that_fails_gives_its_place_back():
    lanes = Lanes()
    with pytest.raises(ZeroDivisionError), lanes.call(FAST):
        raise ZeroDivisionError
    with lanes.call(FAST):
        pass
    assert lanes._lanes[FAST].running == []


@pytest.mark.django_db(transaction=True)
def test_what_is_over_the_share_is_due_again_soon_and_not_lost(harbour, relay, settings, monkeypatch):
    supplier = make_supplier(base_url=harbour.base + "/v1", api_key=API_KEY, uses_polling=False)
    variant = make_variant(supplier, sku="TEST-OK", stock=None)
    for _number in range(3):
        make_paid_order((variant, 1))
    settings.SUPPLIER_THREADS = 16
    full, go = Lanes(), Flag()
    full.note(supplier.pk, 10)
    monkeypatch.setattr(together, "lanes", full)

    def hold():
        with full.call(supplier.pk):
            go.wait(60)

    holders = [Thread(target=hold) for _number in range(2)]
    for holder in holders:
        holder.start()
    while len(full._lanes[supplier.pk].running) < 2:
        time.sleep(0.01)
    relay.run_until_idle()
    rows = SupplierOrder.objects.all()
    assert {(row.status, row.attempt, row.failures) for row in rows} == {("ready", 0, 0)}
    assert not rows.filter(due_at=None).exists()
    go.set()
    for holder in holders:
        holder.join(timeout=20)
    rows.update(due_at=rows[0].created_at)
    relay.run_until_idle()
    assert {row.status for row in rows.all()} <= {"placed", "closed"}
    assert [row["effects"] for row in harbour.books()["orders"]] == [1, 1, 1]
    connections.close_all()
