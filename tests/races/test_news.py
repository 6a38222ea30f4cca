"""Races for what suppliers tell: one webhook stored by many, parcels and copies told at once."""

from __future__ import annotations

from threading import Event as Flag

import pytest

from orders.actions import shipping
from orders.models import IncomingEvent, Order, OrderLine
from suppliers.actions import track
from suppliers.actions.parcels import take_shipment_copy
from suppliers.actions.track import take_order_copy
from suppliers.models import SupplierOrder
from tests.factories import make_supplier, make_variant
from tests.races.copies import order_copy, parcel_copy, placed, tell
from tests.races.crowd import (
    TWIN_ROUNDS,
    Crowd,
    break_down,
    hold,
    never_lock,
    patience,
    read_then_write,
    wait_before_update,
    without_wall,
)

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def supplier(crowd):
    return make_supplier()


@pytest.fixture
def variant(supplier):
    return make_variant(supplier, stock=None)


def many_store_one_webhook(crowd: Crowd, supplier, serial: list[int]) -> None:
    serial.append(len(serial))
    event_id = f"evt_{serial[-1]}"
    answers = crowd.at_once(*[lambda: tell(supplier, event_id, "ping", {}).status_code] * 6)
    assert answers == [204] * 6
    stored = IncomingEvent.objects.filter(event_id=event_id).count()
    assert stored == 1, f"one webhook was stored {stored} times"


def test_a_webhook_told_by_many_at_once_is_stored_once(crowd, supplier):
    serial: list[int] = []
    hold(lambda: many_store_one_webhook(crowd, supplier, serial))


def test_twin_without_the_unique_event_it_is_stored_more_than_once(crowd, supplier):
    serial: list[int] = []
    with without_wall(IncomingEvent, "incoming_event_once"):
        break_down(lambda: many_store_one_webhook(crowd, supplier, serial), "stored [2-9] times")


def two_parcels_are_told(crowd: Crowd, variant) -> None:
    supplier_order = placed(variant, 3)
    supplier = supplier_order.supplier
    copies = [parcel_copy(supplier_order, 1, 1), parcel_copy(supplier_order, 2, 2)]
    crowd.at_once(*[lambda copy=copy: take_shipment_copy(supplier, copy) for copy in copies])
    line = OrderLine.objects.get(order=supplier_order.order)
    assert (line.shipped, line.delivered) == (3, 3), "the count of a parcel was written away"


def test_two_parcels_told_at_once_are_both_counted(crowd, variant):
    hold(lambda: two_parcels_are_told(crowd, variant))


def test_twin_without_the_lock_one_parcel_writes_the_count_of_the_other_away(crowd, variant, monkeypatch):
    never_lock(monkeypatch, Order)
    # Each has counted before the first one writes.
    wait_before_update(monkeypatch, OrderLine, crowd.gap)
    break_down(lambda: two_parcels_are_told(crowd, variant), "was written away", single_writer_holds=True)


def two_versions_are_told(crowd: Crowd, variant, newer_is_written: Flag) -> None:
    newer_is_written.clear()
    supplier_order = placed(variant, 2)
    copies = [order_copy(supplier_order, 2, pending=2), order_copy(supplier_order, 3, accepted=2)]
    crowd.at_once(*[lambda copy=copy: take_order_copy(supplier_order, copy) for copy in copies])
    supplier_order.refresh_from_db()
    line = OrderLine.objects.get(order=supplier_order.order)
    assert (supplier_order.version, line.confirmed) == (3, 2), "an older copy was written over a newer one"


def test_of_two_copies_taken_at_once_the_newer_one_stays(crowd, variant):
    hold(lambda: two_versions_are_told(crowd, variant, Flag()))


def test_twin_without_the_lock_the_older_copy_stays(crowd, variant, monkeypatch):
    # Both have compared their version with the known one before the first one writes.
    never_lock(monkeypatch, Order)
    newer_is_written = Flag()

    def older_waits(changes) -> None:
        crowd.gap()
        if changes["version"] == 2:
            newer_is_written.wait(timeout=patience())

    def newer_tells(changes) -> None:
        if changes["version"] == 3:
            newer_is_written.set()

    read_then_write(
        monkeypatch, SupplierOrder, before=older_waits, after=newer_tells, only=lambda changes: "version" in changes
    )
    break_down(
        lambda: two_versions_are_told(crowd, variant, newer_is_written),
        "an older copy was written over",
        single_writer_holds=True,
    )


def a_rejection_and_a_parcel_are_told(crowd: Crowd, variant) -> None:
    supplier_order = placed(variant, 3)
    news = order_copy(supplier_order, 2, accepted=2, rejected=1, shipped=2)
    parcel = parcel_copy(supplier_order, 1, 2, status="in_transit")
    crowd.at_once(
        lambda: take_order_copy(supplier_order, news), lambda: take_shipment_copy(supplier_order.supplier, parcel)
    )
    line = OrderLine.objects.get(order=supplier_order.order)
    assert (line.forwarded, line.confirmed, line.shipped) == (2, 2, 2)


def test_a_rejection_and_a_parcel_told_at_once_do_not_wait_for_each_other(crowd, variant, monkeypatch):
    lock_order = shipping.lock_order

    def copy_locks_late(order: Order) -> None:
        crowd.gap()
        lock_order(order)

    def parcel_holds_its_lock(order: Order) -> None:
        lock_order(order)
        crowd.gap()

    # The parcel holds the order before the copy asks for it: whatever else the copy holds by then is one too many.
    monkeypatch.setattr(track, "lock_order", copy_locks_late)
    monkeypatch.setattr(shipping, "lock_order", parcel_holds_its_lock)
    hold(lambda: a_rejection_and_a_parcel_are_told(crowd, variant), TWIN_ROUNDS)
    monkeypatch.undo()
    hold(lambda: a_rejection_and_a_parcel_are_told(crowd, variant))
