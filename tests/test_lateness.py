"""Late goods: noticed by themselves, told once, asked about once, and a carrier's silence is never a delay."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.deadlines import WAITS
from config.waiting import keep_deadlines
from notifications.models import Notification
from orders.actions.estimates import record_estimate
from orders.models import Delay, Estimate, Event, OrderDelivery, Shipment, WorkItem
from orders.states import Late, ParcelStatus
from tests.delays import SOURCE, hand_over, hurry_news, late_work, on, sell, slip, told, watch
from tests.parcels import scans_of, told_parcel

pytestmark = pytest.mark.django_db
P = ParcelStatus


def kind_of(order) -> str:
    return order.deliveries.get().late_kind


def asked() -> list[str]:
    """Return the reasons of the open work about goods; that nobody turned the relay is none of it."""
    return [item.reason for item in WorkItem.objects.filter(closed_at=None).exclude(reason="reaction_failed")]


def test_goods_on_their_way_in_time_are_nobodys_business(relay):
    order = sell()
    hand_over(order)
    with on("2026-11-25", 8):
        watch(everything=True)
    assert (kind_of(order), late_work(order), told(order)) == ("", [], [])
    assert OrderDelivery.objects.get().watch_at is not None


def test_what_nobody_has_confirmed_after_a_day_is_late():
    order = sell()
    hand_over(order, confirmed=False)
    with on("2026-11-25", 8):
        watch(everything=True)
        assert kind_of(order) == ""
        # It knows itself when to look again.
        assert OrderDelivery.objects.get().watch_at == order.paid_at + timedelta(days=1)
    with on("2026-11-25", 10):
        assert watch() == 1
    assert kind_of(order) == Late.UNCONFIRMED
    assert "not confirmed" in late_work(order)[0]


def test_what_was_not_sent_by_its_day_is_late_and_a_day_of_our_own_is_told_once_it_cannot_be_kept(relay):
    order = sell()
    hand_over(order)
    with on("2026-11-26", 8):
        watch(everything=True)
        assert kind_of(order) == ""
    with on("2026-11-27"):
        watch(everything=True)
        # To be sent by Wednesday; should it leave today it can still be there on Friday's promise no more.
        assert kind_of(order) == Late.UNSENT
        relay.run_until_idle()
    delivery = OrderDelivery.objects.get()
    assert delivery.expected_latest_on > delivery.promised_latest_on
    word = Estimate.objects.get()
    assert (word.source, word.reason_code) == (SOURCE.OURS, "not_sent")
    assert told(order) == ["arrival-delayed"]
    assert Delay.objects.get().is_definite is False


def test_a_day_of_our_own_is_not_moved_every_day(relay):
    order = sell()
    hand_over(order)
    for day in ("2026-11-27", "2026-11-28", "2026-11-29", "2026-11-30"):
        with on(day):
            watch(everything=True)
            hurry_news(relay)
    assert len(told(order)) == 1
    assert Estimate.objects.count() == 1


def test_a_suppliers_later_day_is_late_before_the_promise_has_passed(relay):
    order = sell()
    hand_over(order)
    with on("2026-11-24", 12):
        slip(order, "2026-12-02", reason_code="capacity")
        watch()
        relay.run_until_idle()
    assert kind_of(order) == Late.PREDICTED
    assert told(order) == ["arrival-delayed"]
    (work,) = late_work(order)
    assert "expected late" in work
    assert "Fri 27 Nov" in work
    assert "Wed 2 Dec" in work


def test_a_parcel_that_was_told_as_sent_and_never_scanned_is_late_after_three_days():
    order = sell()
    hand_over(order)
    with on("2026-11-24", 16):
        parcel = told_parcel(order, P.IN_TRANSIT, shipped_at=timezone.now())
        Shipment.objects.filter(pk=parcel.pk).update(is_followed=True)
    with on("2026-11-27", 15):
        watch(everything=True)
        assert kind_of(order) == ""
    with on("2026-11-27", 17):
        watch(everything=True)
    assert kind_of(order) == Late.UNSCANNED
    assert "never scanned" in late_work(order)[0]


def test_where_nobody_tells_scans_none_is_missed():
    order = sell()
    hand_over(order)
    with on("2026-11-24", 16):
        told_parcel(order, P.IN_TRANSIT, shipped_at=timezone.now())
    with on("2026-11-27", 17):
        watch(everything=True)
    assert kind_of(order) == ""


def test_a_silent_carrier_makes_work_and_no_delay_mail(relay, client):
    order = sell()
    hand_over(order)
    with on("2026-11-25"):
        told_parcel(order, P.IN_TRANSIT, shipped_at=timezone.now(), scans=scans_of((P.IN_TRANSIT, "Cork")))
    for day in ("2026-11-28", "2026-11-29", "2026-11-30", "2026-12-04", "2026-12-06"):
        with on(day, 12):
            if day == "2026-11-28":
                Shipment.objects.update(updated_at=timezone.now() - timedelta(days=5))
            watch(everything=True)
            hurry_news(relay)
    assert kind_of(order) in {Late.PASSED, Late.STILL}
    assert len(late_work(order)) == 1
    assert told(order) == []
    assert not Estimate.objects.exists()
    with on("2026-12-06", 13):
        page = client.get(order.get_absolute_url()).content.decode()
    assert "Nothing was heard of it" in page
    assert "Later than promised" not in page


def test_a_carrier_that_does_not_know_a_parcel_says_no_new_day(relay):
    order = sell()
    hand_over(order)
    with on("2026-11-25"):
        parcel = told_parcel(order, P.UNKNOWN, shipped_at=timezone.now())
        assert not record_estimate(
            order.deliveries.get(), parcel, earliest_on=None, latest_on=None, source=SOURCE.CARRIER
        )
    with on("2026-11-28", 10):
        watch(everything=True)
        relay.run_until_idle()
    assert kind_of(order) == Late.STILL
    assert told(order) == []


def test_a_parcel_that_moves_and_misses_its_day_is_told_a_day_later(relay):
    order = sell()
    hand_over(order)
    with on("2026-11-28", 20):
        told_parcel(order, P.IN_TRANSIT, shipped_at=timezone.now(), scans=scans_of((P.IN_TRANSIT, "Athlone")))
        watch(everything=True)
        assert kind_of(order) == ""
    with on("2026-11-29", 8):
        watch(everything=True)
        relay.run_until_idle()
    assert Estimate.objects.get().reason_code == "carrier_delay"
    assert told(order) == ["arrival-delayed"]
    # It is on its way: nothing is left to choose.
    assert Delay.objects.get().status == "told"


def test_work_about_late_goods_is_one_and_says_what_it_is_about_now_and_closes_when_they_have_come(relay):
    order = sell()
    hand_over(order, confirmed=False)
    with on("2026-11-25", 10):
        watch(everything=True)
    with on("2026-11-29"):
        watch(everything=True)
        watch(everything=True)
    (work,) = late_work(order)
    assert "not sent" in work
    kinds = list(Event.objects.filter(kind="delivery.late").order_by("pk").values_list("facts__late", flat=True))
    assert kinds == [Late.UNCONFIRMED, Late.UNSENT]
    with on("2026-11-30"):
        told_parcel(order, P.DELIVERED, delivered_at=timezone.now())
        watch(everything=True)
    delivery = OrderDelivery.objects.get()
    assert (late_work(order), delivery.late_kind, delivery.watch_at) == ([], "", None)
    assert Event.objects.filter(kind="delivery.on_time").count() == 1


def test_one_person_is_asked_about_late_goods_and_not_once_more_about_each_part():
    order = sell()
    (row,) = hand_over(order, ship_by_on=date(2026, 11, 25))
    with on("2026-11-27"):
        watch(everything=True)
    with on("2026-11-29"):
        keep_deadlines(now=timezone.now())
    assert asked() == ["late"]
    assert row.pk
    assert any(wait.name == "late" for wait in WAITS)


def test_whoever_is_asked_already_about_goods_is_not_asked_once_more_that_they_are_late():
    order = sell()
    hand_over(order, ship_by_on=date(2026, 11, 23))
    with on("2026-11-26", 23):
        keep_deadlines(now=timezone.now())
        assert asked() == ["not_sent"]
    with on("2026-11-28"):
        watch(everything=True)
    assert asked() == ["not_sent"]
    assert kind_of(order)


def test_an_unpaid_or_cancelled_order_is_never_late():
    order = sell()
    type(order).objects.update(status="expired")
    with on("2026-12-20"):
        watch(everything=True)
    assert kind_of(order) == ""
    type(order).objects.update(status="cancelled")
    with on("2026-12-21"):
        watch(everything=True)
    assert OrderDelivery.objects.get().watch_at is None


def test_a_sweep_asks_as_many_questions_for_many_deliveries_as_for_few():
    def questions() -> int:
        with CaptureQueriesContext(connection) as queries:
            watch(everything=True)
        return len(queries)

    first = sell("harbour", "meridian")
    hand_over(first, confirmed=False)
    with on("2026-11-25", 11):
        few = questions()
        for _number in range(4):
            hand_over(sell("harbour", "meridian"), confirmed=False)
        many = questions()
    assert WorkItem.objects.filter(reason="late").count() == 10
    assert many <= few


def test_no_delay_is_told_of_an_order_that_is_not_paid(relay):
    order = sell()
    type(order).objects.update(status="placed")
    with on("2026-11-24", 12):
        slip(order, "2026-12-02")
        relay.run_until_idle()
    assert not Notification.objects.filter(kind="arrival-delayed").exists()
