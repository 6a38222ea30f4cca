"""One rule between a carrier and a supplier: the carrier's scan counts for more, and nothing moves a parcel back."""

from __future__ import annotations

import itertools
import random
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from orders.actions.carrier_word import CarrierWord, believe_suppliers, record_carrier_word
from orders.actions.shipping import CARRIER_COUNTS_FOR, ParcelNews, Scan, record_parcel
from orders.models import Event, Shipment
from orders.parcel_steps import entries_of, steps_of
from orders.states import ParcelStatus
from tests.carriers import an_order
from tests.parcels import scans_of, told_parcel

pytestmark = pytest.mark.django_db
P = ParcelStatus
NOON = timezone.now() - timedelta(hours=12)


def at(hours: float, status: str, place: str = "Cork") -> Scan:
    moment = NOON + timedelta(hours=hours)
    return Scan(f"c{hours}-{status}", moment, ParcelStatus(status), f"RAW {status}", place)


def carrier(shipment: Shipment, status: str | None, *scans: Scan, is_newest: bool = True, reason: str = "") -> bool:
    word = CarrierWord(ParcelStatus(status) if status else None, scans, reason)
    with transaction.atomic():
        is_new = record_carrier_word(shipment, word, is_newest=is_newest)
    shipment.refresh_from_db()
    return is_new


def supplier(shipment: Shipment, status: str, **facts: object) -> None:
    lines = {part.line_id: part.quantity for part in shipment.lines.all()}
    news = {"tracking_number": shipment.tracking_number} | facts
    with transaction.atomic():
        record_parcel(shipment.order, shipment.delivery, shipment, ParcelNews(lines, ParcelStatus(status), **news))
    shipment.refresh_from_db()


@pytest.fixture
def parcel(db):
    return told_parcel(an_order(), P.LABEL_CREATED)


def test_a_carriers_scan_moves_the_parcel_its_counters_and_its_times(parcel):
    assert carrier(parcel, "delivered", at(1, "in_transit"), at(5, "out_for_delivery"), at(6, "delivered"))
    line = parcel.order.lines.get()
    assert (parcel.status, line.shipped, line.delivered) == ("delivered", 1, 1)
    assert (parcel.shipped_at, parcel.delivered_at) == (at(1, "in_transit").occurred_at, at(6, "delivered").occurred_at)
    kinds = parcel.order.events.filter(kind__startswith="parcel.").order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["parcel.announced", "parcel.label_created", "parcel.in_transit", "parcel.delivered"]


def test_what_was_told_before_changes_nothing(parcel):
    told = (at(1, "in_transit"), at(5, "out_for_delivery"))
    assert carrier(parcel, "out_for_delivery", *told)
    heard, events = parcel.updated_at, Event.objects.count()
    assert not carrier(parcel, "out_for_delivery", *told)
    assert (parcel.updated_at, Event.objects.count(), parcel.tracking_events.count()) == (heard, events, 2)


@pytest.mark.parametrize("says", ["delivered", "exception", "returned", "cancelled", "out_for_delivery"])
def test_once_the_carrier_has_scanned_it_the_suppliers_word_is_kept_and_moves_nothing(parcel, says):
    carrier(parcel, "in_transit", at(1, "in_transit"))
    supplier(parcel, says, delivered_at=timezone.now(), reason_code="lost")
    assert (parcel.status, parcel.delivered_at, parcel.reason_code) == ("in_transit", None, "")
    assert parcel.supplier_says == says
    assert parcel.order.lines.get().delivered == 0


def test_the_carriers_next_scan_settles_what_they_differed_about(parcel):
    carrier(parcel, "in_transit", at(1, "in_transit"))
    supplier(parcel, "delivered")
    carrier(parcel, "delivered", at(1, "in_transit"), at(6, "delivered"))
    assert (parcel.status, parcel.supplier_says) == ("delivered", "")


def test_a_carrier_that_falls_silent_leaves_the_word_to_the_supplier(parcel):
    carrier(parcel, "in_transit", at(1, "in_transit"))
    supplier(parcel, "delivered")
    assert believe_suppliers(now=timezone.now()) == 0
    later = NOON + CARRIER_COUNTS_FOR + timedelta(hours=2)
    assert believe_suppliers(now=later) == 1
    assert believe_suppliers(now=later) == 0
    parcel.refresh_from_db()
    assert (parcel.status, parcel.supplier_says) == ("delivered", "")
    assert parcel.delivered_at is not None
    assert parcel.order.lines.get().delivered == 1


def test_after_the_silence_the_suppliers_news_counts_as_ever(parcel):
    carrier(parcel, "in_transit", at(1, "in_transit"))
    Shipment.objects.update(carrier_scanned_at=timezone.now() - CARRIER_COUNTS_FOR - timedelta(minutes=1))
    parcel.refresh_from_db()
    supplier(parcel, "delivered")
    assert parcel.status == "delivered"


def test_the_scans_of_an_old_number_say_nothing_about_a_new_one(parcel):
    carrier(parcel, "in_transit", at(1, "in_transit"))
    supplier(parcel, "out_for_delivery", tracking_number="NEW123456789")
    assert (parcel.status, parcel.carrier_scanned_at) == ("out_for_delivery", None)


def test_a_label_that_the_carrier_knows_is_no_scan(parcel):
    carrier(parcel, "label_created", at(0, "label_created"))
    assert parcel.carrier_scanned_at is None
    supplier(parcel, "in_transit")
    assert parcel.status == "in_transit"
    carrier(parcel, "label_created", at(0, "label_created"))
    assert parcel.status == "in_transit"


def test_a_label_that_its_supplier_tells_of_late_keeps_no_scan_from_counting(parcel):
    supplier(parcel, "label_created", scans=scans_of((P.LABEL_CREATED, ""), start=NOON + timedelta(hours=6)))
    carrier(parcel, "in_transit", at(1, "in_transit"))
    assert parcel.status == "in_transit"


@pytest.mark.parametrize("status", ["pending", "label_created", "in_transit", "out_for_delivery"])
def test_a_carrier_that_knows_nothing_moves_nothing(db, status):
    parcel = told_parcel(an_order(), ParcelStatus(status))
    heard = parcel.updated_at
    assert not carrier(parcel, None)
    assert not carrier(parcel, "unknown")
    assert (parcel.status, parcel.updated_at) == (status, heard)
    assert not Event.objects.filter(kind__in=["estimate.changed", "parcel.unknown"]).exists()


def test_of_a_parcel_that_was_seen_no_news_for_long_is_said_as_that(parcel):
    carrier(parcel, "in_transit", at(1, "in_transit"))
    carrier(parcel, "unknown", at(1, "in_transit"))
    assert parcel.status == "unknown"
    carrier(parcel, "in_transit", at(1, "in_transit"), at(9, "in_transit"))
    assert parcel.status == "in_transit"


def test_an_older_copy_adds_its_scans_and_moves_nothing(parcel):
    carrier(parcel, "attempt_failed", at(1, "in_transit"), at(6, "attempt_failed"))
    assert carrier(parcel, "in_transit", at(2, "in_transit"), is_newest=False)
    assert (parcel.status, parcel.tracking_events.count()) == ("attempt_failed", 3)


def test_scans_older_than_those_of_its_state_move_nothing_whoever_told_it(parcel):
    supplier(parcel, "attempt_failed", scans=scans_of((P.ATTEMPT_FAILED, "Dublin"), start=NOON + timedelta(hours=6)))
    carrier(parcel, "in_transit", at(1, "in_transit"))
    assert parcel.status == "attempt_failed"
    carrier(parcel, "out_for_delivery", at(1, "in_transit"), at(8, "out_for_delivery"))
    assert parcel.status == "out_for_delivery"


def test_what_a_van_brings_back_in_the_evening_is_on_its_way_again_and_told_as_sent_once(parcel, relay, mailbox):
    told = [at(1, "in_transit"), at(5, "out_for_delivery")]
    carrier(parcel, "out_for_delivery", *told)
    carrier(parcel, "in_transit", *told, at(9, "in_transit"))
    assert parcel.status == "in_transit"
    current = [str(step.label) for step in steps_of(parcel.order, parcel, is_confirmed=True) if step.state == "current"]
    assert current == ["Sent"]
    carrier(parcel, "out_for_delivery", *told, at(9, "in_transit"), at(10, "out_for_delivery"))
    assert parcel.status == "out_for_delivery"
    relay.run_until_idle()
    assert [message["Subject"].split(":")[0].strip() for message in mailbox()].count("Sent") == 1


def test_out_for_delivery_it_goes_back_by_a_newer_scan_only(parcel):
    told = [at(1, "in_transit"), at(5, "out_for_delivery")]
    carrier(parcel, "out_for_delivery", *told)
    carrier(parcel, "in_transit", *told)
    carrier(parcel, "in_transit", *told, at(5, "in_transit"))
    assert parcel.status == "out_for_delivery"


def test_a_suppliers_word_alone_brings_nothing_back_from_the_door_and_its_scan_does(parcel):
    supplier(parcel, "out_for_delivery")
    supplier(parcel, "in_transit")
    assert parcel.status == "out_for_delivery"
    supplier(parcel, "in_transit", scans=scans_of((P.OUT_FOR_DELIVERY, "Dublin"), (P.IN_TRANSIT, "Depot")))
    assert parcel.status == "in_transit"


STORY = ["label_created", "in_transit", "out_for_delivery", "attempt_failed", "available_for_pickup", "delivered"]


@pytest.mark.parametrize("seed", range(12))
def test_in_whatever_order_and_however_often_it_is_told_it_ends_delivered_and_never_goes_back(parcel, seed):
    dice = random.Random(seed)
    told = [at(hours, status) for hours, status in enumerate(STORY)]
    copies = [(status, told[: place + 1]) for place, status in enumerate(STORY)]
    shuffled = [*copies, *dice.sample(copies, 3)]
    dice.shuffle(shuffled)
    newest = -1
    states = [str(parcel.status)]
    for status, scans in shuffled:
        is_newest = len(scans) > newest
        newest = max(newest, len(scans))
        carrier(parcel, status, *scans, is_newest=is_newest)
        states.append(str(parcel.status))

    assert states[-1] == "delivered"
    places = [STORY.index(state) for state in states]
    assert places == sorted(places)
    moves = Event.objects.filter(order=parcel.order, kind="parcel.delivered").count()
    assert (moves, parcel.tracking_events.count()) == (1, len(STORY))


def test_a_parcel_that_comes_back_after_its_delivery_is_followed_on(parcel):
    carrier(parcel, "delivered", at(1, "in_transit"), at(6, "delivered"))
    carrier(parcel, "returning", at(1, "in_transit"), at(6, "delivered"), at(9, "returning"))
    assert parcel.status == "returning"


def test_a_scan_from_the_future_is_believed_and_not_its_time(parcel):
    tomorrow = Scan("c1", timezone.now() + timedelta(days=1), P.IN_TRANSIT)
    carrier(parcel, "in_transit", tomorrow)
    assert parcel.status == "in_transit"
    assert parcel.carrier_scanned_at <= timezone.now()
    assert parcel.shipped_at <= timezone.now()


def test_each_scan_is_shown_once_the_carriers_own_if_it_tells_of_that_state(parcel):
    both = (P.IN_TRANSIT, P.OUT_FOR_DELIVERY)
    supplier(parcel, "out_for_delivery", scans=scans_of(*((status, "as the supplier says") for status in both)))
    carrier(parcel, "in_transit", at(1, "in_transit", "Cork"), at(2, "in_transit", "Portlaoise"))
    parcel.refresh_from_db()
    shown = [(str(entry.text), entry.place) for entry in entries_of(parcel)]
    assert sorted(shown) == [
        ("On its way", "Portlaoise"), ("Out for delivery", "as the supplier says"), ("Sent", "Cork"),
    ]  # fmt: skip
    assert parcel.tracking_events.count() == 4


def test_every_pair_of_words_leaves_the_parcel_in_a_state_it_may_be_in(db):
    orders = an_order()
    for said, scanned in itertools.product(["in_transit", "delivered", "exception"], STORY):
        parcel = told_parcel(orders, ParcelStatus(said))
        carrier(parcel, scanned, at(1, scanned))
        assert str(parcel.status) in {said, scanned}
        if said == "delivered":
            assert str(parcel.status) == "delivered"
