"""Parcels asked about many at once: when they are due, as fast as the service likes, and whatever it answers."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.remedies import REMEDIES
from orders.models import Shipment, WorkItem
from shop.turns import ENDING
from suppliers.actions import follow
from suppliers.actions.follow import follow_parcel, read_service, tend_carriers
from suppliers.models import ParcelWatch, TrackingCall, TrackingService
from tests.carriers import (  # noqa: F401  (fixtures)
    NUMBER,
    an_order,
    carriers_fixture,
    followed,
    make_due,
    open_reasons,
    read,
    report,
    scan,
    state_of,
    use,
)
from tests.factories import make_person
from tests.parcels import told_parcel

pytestmark = pytest.mark.django_db


def registered(count: int = 1, status: str = "in_transit") -> list[ParcelWatch]:
    """Follow parcels, and let the service know them."""
    order = an_order()
    watches = [
        followed(status, number=f"{NUMBER}{place:03}" if place else NUMBER, order=order) for place in range(count)
    ]
    # A slow machine may need more than one turn for many of them.
    for _turn in range(10):
        if read() and not ParcelWatch.objects.filter(service_id="", refused_code="").exists():
            break
    return list(ParcelWatch.objects.filter(pk__in=[watch.pk for watch in watches]).order_by("pk"))


def test_a_new_parcel_is_registered_once_and_says_nothing_of_its_customer(carriers):
    (watch,) = registered()
    make_due()
    read()
    assert carriers.requests("POST") == ["POST /tracking/2026-07/trackings"]
    (tracking,) = carriers.control("ledger")["trackings"]
    assert (tracking["tracking_number"], tracking["slug"]) == (NUMBER, "an-post")
    assert tracking["custom_fields"] == {"parcel": str(watch.shipment_id)}
    assert watch.service_id == tracking["id"]


def test_a_parcel_that_the_service_knows_from_before_is_adopted(carriers):
    carriers.call("POST", "/trackings", json={"tracking_number": NUMBER, "slug": "an-post"})
    report(carriers, [scan("in_transit", 2)])
    (watch,) = registered(status="label_created")
    assert watch.service_id == carriers.control("ledger")["trackings"][0]["id"]
    assert state_of(watch).status == "in_transit"


def test_fifty_parcels_are_one_call_and_statements_do_not_grow_with_them(carriers):
    registered(60)
    statements = {}
    for count in (5, 50):
        ParcelWatch.objects.update(due_at=timezone.now() + timedelta(hours=1))
        chosen = ParcelWatch.objects.order_by("pk").values("pk")[:count]
        make_due(ParcelWatch.objects.filter(pk__in=list(chosen.values_list("pk", flat=True))))
        before = len(carriers.requests("GET"))
        with CaptureQueriesContext(connection) as asked:
            read()
        statements[count] = len(asked)
        assert len(carriers.requests("GET")) == before + 1
    assert statements[50] == statements[5]


def test_nothing_is_asked_about_before_it_is_due_nor_twice(carriers):
    (watch,) = registered()
    before = carriers.requests()
    read()
    assert carriers.requests() == before
    watch.refresh_from_db()
    assert timedelta(hours=3) < watch.due_at - timezone.now() < timedelta(hours=5)
    make_due()
    read()
    read()
    assert len(carriers.requests()) == len(before) + 1


@pytest.mark.django_db(transaction=True)
def test_of_two_readers_at_once_each_parcel_goes_to_one(carriers, settings):
    registered(60)
    make_due()
    TrackingService.objects.update(due_at=timezone.now())
    service = TrackingService.objects.get()
    before, gate = len(carriers.requests("GET")), Barrier(2)

    def turn():
        gate.wait()
        try:
            read_service(service.pk)
        finally:
            connections.close_all()

    readers = [Thread(target=turn) for _number in range(2)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert len(carriers.requests("GET")) == before + 2
    assert ParcelWatch.objects.filter(due_at__lte=timezone.now()).count() == 0


def test_a_copy_that_was_taken_in_waits_for_no_lock_and_writes_nothing_about_its_parcel(carriers):
    (watch,) = registered()
    report(carriers, [scan("in_transit", 2)])
    make_due()
    read()
    heard = state_of(watch).updated_at
    make_due()
    with CaptureQueriesContext(connection) as asked:
        read()
    assert not [row for row in asked if "orders_" in row["sql"] and not row["sql"].startswith("SELECT")]
    assert state_of(watch).updated_at == heard


def test_rate_limits_and_their_ends_are_kept(carriers):
    registered()
    make_due()
    carriers.fault("429", seconds=400)
    service = read()
    assert service.due_at - timezone.now() > timedelta(seconds=395)
    assert service.failing_since is not None
    # Nothing was lost: the parcel is due at once when the service answers again.
    assert ParcelWatch.objects.filter(due_at__lte=timezone.now()).count() == 1
    service = read()
    assert (service.failing_since, service.failures) == (None, 0)


def test_a_process_that_is_to_end_asks_nobody_and_says_nothing_about_a_service(carriers):
    registered()
    make_due()
    carriers.fault("429", seconds=1)
    failing, before = read().failing_since, len(carriers.requests("GET"))
    ENDING.set()
    try:
        service = read()
    finally:
        ENDING.clear()
    assert (service.failing_since, len(carriers.requests("GET"))) == (failing, before)
    assert service.due_at <= timezone.now()


def test_when_no_call_is_left_the_reader_stops_before_it_is_refused(carriers):
    registered(60)
    make_due()
    before = len(carriers.requests("GET"))
    carriers.fault("exhausted", times=9, seconds=300)
    service = read()
    assert len(carriers.requests("GET")) == before + 1
    assert timedelta(seconds=290) < service.due_at - timezone.now() < timedelta(seconds=301)
    assert service.failing_since is None
    assert ParcelWatch.objects.filter(due_at__lte=timezone.now()).count() == 10


@pytest.mark.parametrize("kind", ["error_500", "503", "garbage_html", "reset"])
def test_a_service_that_fails_is_left_alone_longer_and_longer_and_loses_nothing(carriers, settings, kind):
    (watch,) = registered()
    make_due()
    report(carriers, [scan("in_transit", 2), scan("delivered", 1)])
    carriers.fault(kind, times=3, seconds=1)
    settings.RETRY_SECONDS, settings.RETRY_MAX_SECONDS = 10_000, 900_000
    pauses = []
    for _time in range(3):
        service = read()
        pauses.append(service.due_at - timezone.now())
    assert service.failures == 3
    assert timedelta(seconds=4_500) < pauses[0] < timedelta(seconds=10_001)
    assert timedelta(seconds=19_500) < pauses[2] < timedelta(seconds=40_001)
    assert state_of(watch).status == "in_transit"
    assert open_reasons() == []
    read()
    assert state_of(watch).status == "delivered"


def test_a_service_that_is_silent_for_an_hour_is_one_piece_of_work_that_closes_itself(carriers):
    from tests.passing import sweep

    registered()
    make_due()
    carriers.fault("503", times=2)
    read()
    sweep()
    assert open_reasons() == []
    TrackingService.objects.update(failing_since=timezone.now() - timedelta(hours=2))
    read()
    sweep()
    sweep()
    assert open_reasons() == ["tracking_silent"]
    read()
    sweep()
    assert open_reasons() == []


def test_a_key_that_is_refused_is_work_for_a_person_at_once(carriers):
    registered()
    make_due()
    carriers.fault("401")
    read()
    item = WorkItem.objects.get(closed_at=None)
    assert (item.reason, "does not let us in" in item.summary) == ("tracking_silent", True)
    (remedy,) = REMEDIES[item.reason]
    service = TrackingService.objects.get()
    from config.answers import ask_carrier

    assert remedy.action == "config.answers.ask_carrier"
    ask_carrier(service, by=make_person())
    read()
    assert open_reasons() == []


def test_garbage_about_one_parcel_stops_no_other_and_is_shown_until_it_makes_sense(carriers):
    first, second = registered(2)
    report(carriers, [scan("delivered", 1)], number=second.tracking_number)
    carriers.fault("strange")
    make_due()
    read()
    assert open_reasons() == ["carrier_garbage"] * 2
    first.refresh_from_db()
    assert first.strange["checkpoints"] == "none"
    assert first.last_error
    # Asked about later than it would have been.
    assert first.due_at - timezone.now() > timedelta(hours=7)
    make_due()
    read()
    first.refresh_from_db()
    assert (open_reasons(), first.strange, first.failures) == ([], None, 0)
    assert state_of(second).status == "delivered"


def test_what_our_own_code_trips_over_stops_no_other_parcel(carriers, monkeypatch):
    from suppliers.actions import carrier_copies

    first, second = registered(2)
    report(carriers, [scan("delivered", 1)], number=first.tracking_number)
    report(carriers, [scan("delivered", 1)], number=second.tracking_number)
    whole = carrier_copies.record_carrier_word

    def trips(shipment, *args, **kwargs):
        if shipment.pk == first.shipment_id:
            raise ZeroDivisionError
        return whole(shipment, *args, **kwargs)

    monkeypatch.setattr(carrier_copies, "record_carrier_word", trips)
    make_due()
    read()
    assert (state_of(first).status, state_of(second).status) == ("in_transit", "delivered")
    assert open_reasons() == ["carrier_garbage"]


def test_a_parcel_that_the_service_has_forgotten_is_registered_anew(carriers):
    (watch,) = registered()
    carriers.fault("forget")
    make_due()
    read()
    watch.refresh_from_db()
    assert (watch.service_id, watch.failures) == ("", 1)
    make_due()
    report(carriers, [scan("delivered", 1)])
    read()
    watch.refresh_from_db()
    assert watch.service_id
    assert state_of(watch).status == "delivered"


def test_a_number_that_is_printed_with_spaces_is_asked_for_without(carriers):
    watch = followed("in_transit", number="LX 123 456 785 IE")
    report(carriers, [scan("delivered", 1)])
    read()
    make_due()
    read()
    watch.refresh_from_db()
    assert (watch.failures, state_of(watch).status) == (0, "delivered")
    assert carriers.requests("GET") == [f"GET /tracking/2026-07/trackings?tracking_numbers={NUMBER}&limit=200"]


def test_a_refusal_that_is_not_about_the_parcel_gives_up_no_parcel(carriers, settings):
    facts = settings.TRACKING_SERVICES["aftership"]
    settings.TRACKING_SERVICES = {"aftership": facts | {"base": f"{carriers.base}/moved"}}
    watch = followed()
    assert read().failing_since is not None
    watch.refresh_from_db()
    assert (watch.refused_code, watch.service) == ("", "aftership")
    assert watch.due_at <= timezone.now()


def test_a_number_that_a_service_cannot_follow_goes_to_the_next_or_stays_with_its_supplier(carriers, settings):
    followed(number="LX 123-456")
    read()
    watch = ParcelWatch.objects.get()
    assert (watch.refused_code, watch.due_at) == ("4005", None)
    assert open_reasons() == []
    ParcelWatch.objects.all().delete()
    facts = settings.TRACKING_SERVICES["aftership"]
    settings.TRACKING_SERVICES = {"aftership": facts, "easypost": facts}
    tend_carriers(now=timezone.now())
    read()
    watch = ParcelWatch.objects.get()
    assert (watch.service, watch.refused_code, watch.service_id) == ("easypost", "", "")
    assert watch.due_at <= timezone.now()


def test_another_number_is_followed_in_its_place(carriers):
    (watch,) = registered()
    report(carriers, [scan("in_transit", 2)])
    make_due()
    read()
    Shipment.objects.update(tracking_number="LX999999995IE")
    shipment = Shipment.objects.get()
    follow_parcel(shipment)
    read()
    report(carriers, [scan("delivered", 1)], number="LX999999995IE")
    make_due()
    read()
    assert state_of(watch).status == "delivered"
    assert ParcelWatch.objects.count() == 1


def test_where_supplier_and_carrier_differ_the_carrier_is_asked_at_once(carriers):
    (watch,) = registered()
    ParcelWatch.objects.update(due_at=timezone.now() + timedelta(hours=4))
    Shipment.objects.update(supplier_says="delivered")
    follow_parcel(state_of(watch))
    watch.refresh_from_db()
    assert watch.due_at <= timezone.now()


def test_every_call_is_written_down_without_who_gets_what(carriers):
    order = an_order()
    followed(order=order)
    read()
    make_due()
    read()
    calls = list(TrackingCall.objects.order_by("pk").values_list("service", "method", "path", "status"))
    assert calls == [
        ("aftership", "POST", "/tracking/2026-07/trackings", 201),
        ("aftership", "GET", "/tracking/2026-07/trackings", 200),
    ]
    followed(number="LX 123-456", order=order)
    read()
    assert "4005" in TrackingCall.objects.get(status=400).excerpt
    text = " ".join(TrackingCall.objects.values_list("excerpt", flat=True))
    assert order.email not in text
    assert order.name not in text


def test_a_reader_gives_what_it_has_not_reached_back(carriers, monkeypatch):
    for place in range(3):
        followed(number=f"{NUMBER}{place}")
    monkeypatch.setattr(follow, "TURN_SECONDS", -1)
    assert carriers.requests() == []
    read()
    assert ParcelWatch.objects.filter(due_at__lte=timezone.now()).count() == 3


def test_parcels_that_nobody_follows_are_found_once_there_is_a_key(settings):
    for number in ("A1", "A2", ""):
        told_parcel(an_order(), "in_transit", tracking_number=number)
    told_parcel(an_order(), "delivered", tracking_number="A3")
    old = told_parcel(an_order(), "in_transit", tracking_number="A4")
    Shipment.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=100))
    assert tend_carriers(now=timezone.now()) == 0
    use(settings, "aftership")
    assert sorted(ParcelWatch.objects.values_list("tracking_number", flat=True)) == ["A1", "A2"]
    assert tend_carriers(now=timezone.now()) == 0


def test_a_service_that_loses_its_key_leaves_its_parcels_to_the_next(settings):
    use(settings, "aftership")
    followed()
    ParcelWatch.objects.update(service_id="x", due_at=timezone.now() + timedelta(hours=4))
    use(settings, "easypost")
    watch = ParcelWatch.objects.get()
    assert (watch.service, watch.service_id) == ("easypost", "")
    assert TrackingService.objects.get(slug="aftership").due_at is None
    use(settings)
    assert TrackingService.objects.exclude(due_at=None).count() == 0
