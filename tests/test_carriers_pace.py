"""How soon a parcel is asked about again: by where it is, how long it has been there, and never for ever."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from orders.models import Shipment
from suppliers.carriers.pace import next_look

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = timezone.now()


def parcel(status: str, *, age: timedelta = HOUR, quiet: timedelta = HOUR, **facts: object) -> Shipment:
    return Shipment(status=status, created_at=NOW - age, updated_at=NOW - min(quiet, age), **facts)


def pause_of(shipment: Shipment, failures: int = 0) -> timedelta | None:
    look = next_look(shipment, failures=failures, now=NOW)
    return look and look - NOW


@pytest.mark.parametrize(
    ("shipment", "hours"),
    [
        (parcel("pending"), 6),
        (parcel("label_created", age=2 * DAY), 6),
        (parcel("label_created", age=5 * DAY), 12),
        (parcel("label_created", age=11 * DAY, quiet=11 * DAY), 24),
        (parcel("unknown", age=5 * DAY), 12),
        (parcel("unknown", age=30 * DAY, quiet=11 * DAY), 24),
        (parcel("in_transit", age=5 * DAY), 4),
        (parcel("exception", age=5 * DAY), 4),
        (parcel("returning", age=5 * DAY), 4),
        (parcel("in_transit", expected_latest_on=timezone.localdate(NOW)), 2),
        (parcel("in_transit", expected_latest_on=timezone.localdate(NOW) - DAY), 2),
        (parcel("in_transit", expected_latest_on=timezone.localdate(NOW) + DAY), 4),
        (parcel("in_transit", age=30 * DAY, quiet=11 * DAY), 24),
        (parcel("out_for_delivery", age=5 * DAY), 1),
        (parcel("available_for_pickup", age=5 * DAY), 1),
        (parcel("attempt_failed", age=5 * DAY), 1),
    ],
)
def test_the_pause_fits_the_state_and_its_age(shipment, hours):
    pauses = [pause_of(shipment) for _time in range(50)]
    assert all(0.9 * hours * HOUR <= pause <= 1.1 * hours * HOUR for pause in pauses)
    # What was told together is not asked about together for ever.
    assert len(set(pauses)) > 40


@pytest.mark.parametrize("status", ["returned", "cancelled"])
def test_what_is_over_is_never_asked_about_again(status):
    assert pause_of(parcel(status)) is None


def test_a_delivered_parcel_is_looked_at_on_the_next_day_and_after_a_week_and_then_no_more():
    def looked(after):
        return pause_of(parcel("delivered", age=20 * DAY, delivered_at=NOW - after))

    assert looked(timedelta(0)) == DAY
    assert looked(DAY + HOUR) == 6 * DAY - HOUR
    assert looked(7 * DAY + HOUR) is None


def test_a_parcel_that_never_comes_is_a_persons_after_ninety_days():
    assert pause_of(parcel("in_transit", age=89 * DAY)) is not None
    assert pause_of(parcel("in_transit", age=91 * DAY)) is None


def test_each_failure_doubles_the_pause_up_to_a_day():
    waiting = [pause_of(parcel("out_for_delivery", age=DAY), failures) for failures in (0, 1, 2, 10, 1000)]
    for pause, hours in zip(waiting, [1, 2, 4, 24, 24], strict=True):
        assert 0.9 * hours * HOUR <= pause <= 1.1 * hours * HOUR


def test_one_setting_makes_all_of_them_faster(settings):
    settings.CARRIER_POLL_SECONDS = 20
    assert pause_of(parcel("out_for_delivery")) < timedelta(seconds=6)
    assert pause_of(parcel("delivered", delivered_at=NOW)) == timedelta(seconds=120)
