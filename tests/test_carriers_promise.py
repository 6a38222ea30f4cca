"""What carriers tell feeds the promise: no first scan, no movement, another day; and a carrier that knows nothing does not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from orders.models import Estimate, OrderDelivery, Shipment
from orders.states import Late
from suppliers.actions.follow import AWAY_AFTER, tend_carriers
from suppliers.actions.parcels import take_shipment_copy
from suppliers.models import ParcelWatch, Supplier, SupplierOrder, SupplierShipment, TrackingService
from tests.carriers import (  # noqa: F401  (fixtures)
    NUMBER,
    carriers_fixture,
    followed,
    make_due,
    read,
    report,
    scan,
    state_of,
    use,
)
from tests.delays import late_work, told, watch
from tests.odd import mouth_fixture, parcel_copy, placed_fixture, unsent_fixture  # noqa: F401  (fixtures)

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(days=3, hours=1)


def sent_long_ago(watched: ParcelWatch) -> None:
    """Let a parcel have been told as sent so long ago that a scan is missed."""
    at = timezone.now() - LONG_AGO
    Shipment.objects.filter(pk=watched.shipment_id).update(shipped_at=at, status_changed_at=at)


def how_late() -> str:
    watch(everything=True)
    return OrderDelivery.objects.get().late_kind


def by_supplier(watched: ParcelWatch, *capabilities: str) -> None:
    """Let a parcel be of a supplier that can do so much."""
    supplier, order = Supplier.objects.get(), watched.shipment.order
    Supplier.objects.update(capabilities=list(capabilities))
    row = SupplierOrder.objects.create(supplier=supplier, order=order, reference="R-1", status="placed", due_at=None)
    SupplierShipment.objects.create(
        supplier=supplier, supplier_order=row, shipment=watched.shipment, supplier_shipment_id="P-1", version=1
    )


def test_a_parcel_is_followed_from_the_moment_that_a_service_has_taken_it(carriers):
    watched = followed("in_transit")
    assert not state_of(watched).is_followed
    read()
    assert state_of(watched).is_followed


def test_a_parcel_that_no_service_can_follow_misses_no_scan(carriers):
    watched = followed("in_transit", number="LX 123-456")
    Shipment.objects.update(is_followed=True)
    sent_long_ago(watched)
    read()
    assert not state_of(watched).is_followed
    assert how_late() == ""


@pytest.mark.parametrize("scans", [[], [scan("label_created", 70)]])
def test_without_a_first_scan_for_three_days_a_person_asks_and_the_customer_hears_no_other_day(carriers, relay, scans):
    watched = followed("in_transit")
    report(carriers, scans)
    read()
    assert how_late() == ""
    sent_long_ago(watched)
    assert how_late() == Late.UNSCANNED
    relay.run_until_idle()
    assert "never scanned" in late_work(watched.shipment.order)[0]
    assert (told(watched.shipment.order), Estimate.objects.count()) == ([], 0)


def test_the_first_scan_lets_it_be_judged_anew_at_once(carriers):
    watched = followed("in_transit")
    read()
    sent_long_ago(watched)
    assert how_late() == Late.UNSCANNED
    OrderDelivery.objects.update(watch_at=timezone.now() + timedelta(hours=1))
    report(carriers, [scan("in_transit", 1)])
    make_due()
    read()
    assert watch() == 1
    assert (OrderDelivery.objects.get().late_kind, late_work(watched.shipment.order)) == ("", [])


def test_a_parcel_that_its_carrier_has_lost_sight_of_does_not_move_and_is_told_no_other_day(carriers, relay):
    watched = followed("in_transit")
    report(carriers, [scan("in_transit", 80), scan("unknown", 79)])
    read()
    assert state_of(watched).status == "unknown"
    Shipment.objects.update(status_changed_at=timezone.now() - LONG_AGO)
    assert how_late() == Late.STILL
    relay.run_until_idle()
    assert (told(watched.shipment.order), Estimate.objects.count()) == ([], 0)


def test_asking_without_an_answer_that_is_new_makes_no_parcel_move(carriers):
    watched = followed("in_transit")
    report(carriers, [scan("in_transit", 250)])
    read()
    Shipment.objects.update(updated_at=timezone.now() - timedelta(days=10, hours=1))
    for _time in range(2):
        make_due()
        read()
    assert state_of(watched).is_followed
    assert how_late() == Late.STILL


def test_a_later_day_of_the_carriers_is_late_and_told_once(carriers, relay):
    watched = followed("in_transit")
    late = (watched.shipment.delivery.promised_latest_on + timedelta(days=5)).isoformat()
    report(carriers, [scan("in_transit", 2)], eta={"earliest": late, "latest": late})
    for _time in range(2):
        read()
        make_due()
        relay.run_until_idle()
    assert how_late() == Late.PREDICTED
    assert told(watched.shipment.order) == ["arrival-delayed"]


def test_what_a_supplier_passes_on_of_a_carrier_that_tells_us_itself_is_the_suppliers_word(placed, settings):
    own, passed_on = timezone.localdate() + timedelta(days=9), timezone.localdate() + timedelta(days=2)
    copy = parcel_copy(placed.row)
    copy["eta"] = {"earliest": passed_on.isoformat(), "latest": passed_on.isoformat(), "source": "carrier"}
    use(settings, "aftership")
    assert take_shipment_copy(placed.supplier, copy)
    assert [word.source for word in Estimate.objects.exclude(shipment=None)] == ["carrier"]
    ParcelWatch.objects.update(latest_on=own, earliest_on=own)
    copy["eta"]["latest"] = (passed_on + timedelta(days=1)).isoformat()
    assert take_shipment_copy(placed.supplier, copy | {"version": 2})
    assert [word.source for word in Estimate.objects.exclude(shipment=None).order_by("pk")] == ["carrier", "supplier"]


def test_without_its_service_a_parcel_misses_no_scan_unless_its_supplier_tells_them(settings):
    use(settings, "aftership")
    watched = followed("in_transit")
    by_supplier(watched, "delivery_events")
    Shipment.objects.update(is_followed=True)
    use(settings)
    assert state_of(watched).is_followed
    Supplier.objects.update(capabilities=[])
    tend_carriers(now=timezone.now())
    assert not state_of(watched).is_followed


def test_a_service_that_is_away_for_a_day_misses_no_scan_until_it_answers(carriers):
    watched = followed("in_transit")
    read()
    TrackingService.objects.update(failing_since=timezone.now() - AWAY_AFTER / 2)
    tend_carriers(now=timezone.now())
    assert state_of(watched).is_followed
    TrackingService.objects.update(failing_since=timezone.now() - AWAY_AFTER - timedelta(minutes=1))
    tend_carriers(now=timezone.now())
    assert not state_of(watched).is_followed
    make_due()
    read()
    assert state_of(watched).is_followed
