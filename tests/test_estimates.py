"""One rule for what suppliers, carriers and our own figures say of a day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from orders.actions.estimates import record_estimate
from orders.models import Estimate, OrderDelivery, Shipment
from orders.progress import parcel_cards
from orders.states import ParcelStatus
from tests.delays import SOURCE, hand_over, on, sell
from tests.parcels import P, told_parcel

pytestmark = pytest.mark.django_db
D = date.fromisoformat


def say(order, latest: str, source: Estimate.Source, parcel: Shipment | None = None) -> None:
    record_estimate(
        order.deliveries.get(), parcel, earliest_on=D(latest) - timedelta(days=1), latest_on=D(latest), source=source
    )


def expected(order) -> str:
    return OrderDelivery.objects.get(order=order).expected_latest_on.isoformat()


@pytest.fixture
def order():
    made = sell()
    hand_over(made)
    return made


def sent(order, status: ParcelStatus = P.IN_TRANSIT) -> Shipment:
    return told_parcel(order, status, shipped_at=timezone.now())


def test_of_a_parcel_that_has_left_the_carrier_knows_better(order):
    with on("2026-11-25", 9):
        parcel = sent(order)
        say(order, "2026-12-01", SOURCE.CARRIER, parcel)
    with on("2026-11-25", 10):
        say(order, "2026-12-04", SOURCE.SUPPLIER, parcel)
    assert expected(order) == "2026-12-01"


def test_before_it_has_left_the_supplier_does(order):
    with on("2026-11-25", 9):
        parcel = sent(order, P.LABEL_CREATED)
        say(order, "2026-12-04", SOURCE.SUPPLIER, parcel)
    with on("2026-11-25", 10):
        say(order, "2026-12-01", SOURCE.CARRIER, parcel)
    assert expected(order) == "2026-12-04"


def test_of_one_speaker_the_newest_word_counts_and_all_are_kept_with_their_source(order):
    for hour, day in ((9, "2026-12-01"), (10, "2026-12-03"), (11, "2026-12-02")):
        with on("2026-11-25", hour):
            say(order, day, SOURCE.SUPPLIER)
    assert expected(order) == "2026-12-02"
    history = Estimate.objects.order_by("pk").values_list("source", "latest_on", "previous_latest_on")
    assert [(source, str(day), str(before)) for source, day, before in history] == [
        ("supplier", "2026-12-01", "2026-11-27"),
        ("supplier", "2026-12-03", "2026-12-01"),
        ("supplier", "2026-12-02", "2026-12-03"),
    ]


def test_a_day_that_is_over_counts_for_nothing_beside_one_to_come(order):
    with on("2026-11-25", 9):
        parcel = sent(order)
        say(order, "2026-11-26", SOURCE.CARRIER, parcel)
    with on("2026-11-28", 9):
        say(order, "2026-12-03", SOURCE.SUPPLIER, parcel)
    assert expected(order) == "2026-12-03"


def test_our_own_figures_count_until_somebody_who_has_the_goods_speaks(order):
    with on("2026-11-25", 9):
        say(order, "2026-12-01", SOURCE.SUPPLIER)
    with on("2026-11-28", 9):
        say(order, "2026-12-08", SOURCE.OURS)
        assert expected(order) == "2026-12-08"
        # The same word once more is no news.
        say(order, "2026-12-01", SOURCE.SUPPLIER)
        assert expected(order) == "2026-12-08"
    with on("2026-11-28", 10):
        say(order, "2026-12-03", SOURCE.SUPPLIER)
    assert expected(order) == "2026-12-03"


def test_a_delivery_of_several_parcels_is_expected_when_the_last_of_them_is(order):
    line = order.lines.get()
    with on("2026-11-25", 9):
        first = sent(order)
        first.lines.update(quantity=1)
        say(order, "2026-12-01", SOURCE.CARRIER, first)
        assert expected(order) == "2026-12-01"
        second = Shipment.objects.create(order=order, delivery=order.deliveries.get(), status=P.IN_TRANSIT)
        second.lines.create(line=line, quantity=1)
        say(order, "2026-11-26", SOURCE.CARRIER, second)
    assert expected(order) == "2026-12-01"
    first.refresh_from_db()
    second.refresh_from_db()
    assert (str(first.expected_latest_on), str(second.expected_latest_on)) == ("2026-12-01", "2026-11-26")
    with on("2026-11-25", 11):
        arrivals = [card.arrival_words for card in parcel_cards(order)]
    assert arrivals == ["Arrives Mon 30 Nov – Tue 1 Dec", "Arrives Wed 25 – Thu 26 Nov"]


def test_a_parcel_that_has_come_does_not_hold_up_what_is_still_to_come(order):
    line = order.lines.get()
    with on("2026-11-25", 9):
        first = sent(order)
        first.lines.update(quantity=1)
        say(order, "2026-12-09", SOURCE.CARRIER, first)
        Shipment.objects.filter(pk=first.pk).update(status=P.DELIVERED, delivered_at=timezone.now())
        second = Shipment.objects.create(order=order, delivery=order.deliveries.get(), status=P.IN_TRANSIT)
        second.lines.create(line=line, quantity=1)
        say(order, "2026-11-26", SOURCE.CARRIER, second)
    assert expected(order) == "2026-11-26"


def test_nobody_knows_is_no_date_and_no_delay(order):
    with on("2026-11-25", 9):
        parcel = sent(order, P.UNKNOWN)
        assert not record_estimate(
            order.deliveries.get(), parcel, earliest_on=None, latest_on=None, source=SOURCE.CARRIER
        )
    assert expected(order) == "2026-11-27"
    assert not Estimate.objects.exists()
