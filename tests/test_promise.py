"""The promise: one window from cut-off, working days, holidays, handling, the way and the supplier's record."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, date, datetime, time, timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.utils import timezone

from orders.actions.payment import record_payment
from orders.actions.shipping import ParcelNews, record_parcel
from orders.models import OrderDelivery, Shipment
from orders.states import ParcelStatus
from shop.arrival import arrival_window
from shop.calendars import Calendar, are_closed_days
from shop.models import BasketLine, DeliveryProfile, DeliveryService
from shop.words import day_range
from suppliers.actions.punctuality import lateness_of, margin_for, measure_punctuality
from suppliers.actions.terms import take_cutoff
from suppliers.models import SupplierOrder, SupplierShipment
from support.actions.ticket import open_ticket
from support.models import Topic
from tests.factories import make_order, make_paid_order, make_person, make_supplier, make_variant
from tests.test_checkout import TYPED, add

pytestmark = pytest.mark.django_db


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def window_of(supplier, when: str, *, country: str = "IE", handling: tuple[int, int] = (0, 1)):
    service = DeliveryService.objects.get(zone__profile=supplier.delivery_profile, zone__countries__country=country)
    profile = DeliveryProfile.objects.get(pk=supplier.delivery_profile_id)
    low, high = handling
    return arrival_window(profile, service, country, handling_min_days=low, handling_max_days=high, now=at(when))


def days(window) -> tuple[str, str]:
    return window.earliest_on.isoformat(), window.latest_on.isoformat()


def test_the_clock_starts_the_next_working_day_after_the_cut_off_of_the_suppliers_own_zone():
    supplier = make_supplier()  # 14:00 in Dublin, which is 13:00 UTC in summer
    assert days(window_of(supplier, "2026-06-16T12:59")) == ("2026-06-17", "2026-06-19")
    assert days(window_of(supplier, "2026-06-16T13:00")) == ("2026-06-18", "2026-06-22")
    DeliveryProfile.objects.update(time_zone="Asia/Shanghai")
    assert days(window_of(supplier, "2026-06-16T05:59")) == ("2026-06-17", "2026-06-19")
    assert days(window_of(supplier, "2026-06-16T06:00")) == ("2026-06-18", "2026-06-22")


def test_the_time_to_change_ones_mind_is_over_before_the_supplier_has_the_order(settings):
    settings.FORWARD_GRACE_SECONDS = 600
    assert days(window_of(make_supplier(), "2026-11-24T13:49")) == ("2026-11-25", "2026-11-27")
    assert days(window_of(make_supplier(), "2026-11-24T13:50")) == ("2026-11-26", "2026-11-30")


def test_nothing_leaves_on_a_public_holiday_of_the_suppliers_country_nor_arrives_on_one_of_the_customers():
    irish = make_supplier()
    # 17 March is Saint Patrick's Day in Ireland, and a Tuesday like any other in Germany.
    assert days(window_of(irish, "2026-03-16T15:00", country="IE")) == ("2026-03-19", "2026-03-23")
    german = make_supplier("rhine", country="DE")
    assert days(window_of(german, "2026-03-16T09:00", country="IE")) == ("2026-03-18", "2026-03-19")
    # A whole Christmas in the way: 25 December is closed in both, the 28th stands for the 26th in Ireland only.
    assert window_of(irish, "2026-12-23T15:00").ship_by_on == date(2026, 12, 28)


def test_a_suppliers_own_working_days_and_closed_days_count():
    supplier = make_supplier()
    DeliveryProfile.objects.update(working_days="123456")
    assert window_of(supplier, "2026-11-20T15:00", handling=(0, 0)).ship_by_on == date(2026, 11, 21)
    DeliveryProfile.objects.update(closed_days="2026-11-21..2026-11-24")
    assert window_of(supplier, "2026-11-20T15:00", handling=(0, 0)).ship_by_on == date(2026, 11, 25)


def test_a_service_that_delivers_on_saturdays_arrives_on_one():
    supplier = make_supplier()
    usual = window_of(supplier, "2026-11-20T09:00", handling=(0, 0))
    DeliveryService.objects.update(delivery_days="123456")
    sooner = window_of(supplier, "2026-11-20T09:00", handling=(0, 0))
    assert (days(usual), days(sooner)) == (("2026-11-23", "2026-11-24"), ("2026-11-21", "2026-11-23"))


def test_a_margin_moves_the_last_day_promised_and_not_the_one_planned():
    supplier = make_supplier()
    DeliveryProfile.objects.update(margin_days=2)
    window = window_of(supplier, "2026-11-24T09:00")
    assert (days(window), window.planned_latest_on) == (("2026-11-25", "2026-12-01"), date(2026, 11, 27))


@pytest.mark.parametrize("text", ["tomorrow", "2026-13-01", "2026-02-05..2026-02-01", "2026-01-01..2026-12-31"])
def test_closed_days_that_make_no_sense_are_refused(text):
    with pytest.raises(ValidationError):
        are_closed_days(text)


def test_a_calendar_that_is_always_closed_does_not_count_for_ever():
    closed = Calendar("IE", closed="2026-01-01..2030-01-01")
    assert closed.add(date(2026, 2, 1), 1) > date(2026, 2, 1)


def test_a_country_without_a_list_of_holidays_has_none():
    assert Calendar("ZZ").is_open(date(2026, 12, 25))


def test_the_cut_off_is_the_one_that_the_suppliers_account_tells():
    supplier = make_supplier()
    assert take_cutoff(supplier, {"time": "11:30", "time_zone": "Europe/Madrid"})
    profile = DeliveryProfile.objects.get()
    assert (profile.cutoff_time, profile.time_zone) == (time(11, 30), "Europe/Madrid")
    for odd in (
        None,
        {},
        {"time": "25:00", "time_zone": "Europe/Madrid"},
        {"time": "11:00", "time_zone": "Mars/Base"},
        "x",
    ):
        assert not take_cutoff(supplier, odd)
    assert DeliveryProfile.objects.get().cutoff_time == time(11, 30)


@time_machine.travel("2026-11-24T09:00Z", tick=False)
def test_every_page_and_mail_says_the_same_days(client, relay, mailbox):
    supplier = make_supplier()
    variant = make_variant(supplier)
    window = window_of(supplier, "2026-11-24T09:00")
    said = day_range(window.earliest_on, window.latest_on)

    product = client.get(f"/p/{variant.product.slug}/").content.decode()
    add(client, variant)
    basket, checkout = client.get("/basket/").content.decode(), client.get("/checkout/").content.decode()
    order = make_paid_order((variant, 1))
    relay.run_until_idle()
    page = client.get(order.get_absolute_url()).content.decode()
    asked = {"email": order.email, "name": "", "topic": Topic.QUESTION, "subject": "When?", "body": "When?"}
    ticket = open_ticket(order=order, form_key=uuid.uuid4(), **asked)
    client.force_login(make_person(role="Support agents"))
    desk = client.get(f"/desk/tickets/{ticket.pk}/").content.decode()
    client.force_login(make_person(role="Store staff", is_superuser=True))
    admin = client.get(f"/admin/orders/order/{order.pk}/change/").content.decode()
    (mail,) = mailbox()

    for place in (product, basket, checkout, page, desk, mail.get_body(("plain",)).get_content(), mail["Subject"]):
        assert said in place
    assert "Nov. 27, 2026" in admin or "27 Nov" in admin or "27 November 2026" in admin
    sold = order.deliveries.get()
    assert (sold.promised_earliest_on, sold.promised_latest_on) == (window.earliest_on, window.latest_on)


# --- the supplier's record


def came(supplier, late: int, *, planned: date = date(2026, 11, 3)) -> None:
    """Let one parcel have come so many working days after the day that was planned."""
    order = make_paid_order((make_variant(supplier), 1))
    delivery = order.deliveries.get()
    OrderDelivery.objects.filter(pk=delivery.pk).update(planned_latest_on=planned)
    day = Calendar("IE").add(planned, late) if late >= 0 else planned + timedelta(days=late)
    line = order.lines.get()
    news = ParcelNews(
        lines={line.pk: 1},
        status=ParcelStatus.DELIVERED,
        delivered_at=timezone.make_aware(datetime.combine(day, time(12))),
    )
    shipment = record_parcel(order, delivery, None, news)
    supplier_order = SupplierOrder.objects.create(order=order, supplier=supplier, reference=f"R-{order.number}")
    SupplierShipment.objects.create(
        supplier=supplier, supplier_shipment_id=str(shipment.pk), supplier_order=supplier_order, shipment=shipment
    )


NOW = at("2026-11-25T09:00")


def test_a_supplier_whose_parcels_come_late_promises_later_and_staff_see_its_record(client):
    supplier = make_supplier()
    for late in [0] * 17 + [2, 2, 3]:
        came(supplier, late)

    assert measure_punctuality(now=NOW) == 1
    assert measure_punctuality(now=NOW) == 0

    profile = DeliveryProfile.objects.get()
    assert (profile.margin_days, profile.on_time_percent, profile.measured_parcels) == (2, 85, 20)
    client.force_login(make_person(role="Store staff", is_superuser=True))
    page = client.get(f"/admin/shop/deliveryprofile/{profile.pk}/change/").content.decode()
    assert re.search(r"on time, percent.*85", page, re.I | re.S)


def test_few_parcels_say_nothing_and_old_ones_are_forgotten():
    supplier = make_supplier()
    for _number in range(19):
        came(supplier, 4)
    measure_punctuality(now=NOW)
    assert DeliveryProfile.objects.get().margin_days == 0
    came(supplier, 4)
    measure_punctuality(now=NOW)
    assert DeliveryProfile.objects.get().margin_days == 4
    measure_punctuality(now=NOW + timedelta(days=200))
    profile = DeliveryProfile.objects.get()
    assert (profile.margin_days, profile.on_time_percent) == (0, None)


def test_a_margin_does_not_undo_itself():
    """Lateness is counted from the plan: parcels that come within the margin still ask for it."""
    supplier = make_supplier()
    came(supplier, 2)
    planned = OrderDelivery.objects.get().planned_latest_on
    OrderDelivery.objects.update(promised_earliest_on=planned, promised_latest_on=planned + timedelta(days=5))
    assert lateness_of(supplier, now=NOW) == [2]


def test_a_margin_has_a_bound_and_early_parcels_shorten_nothing():
    assert margin_for([40] * 20) == 10
    assert margin_for([-3] * 20) == 0
    assert margin_for([0] * 18 + [9, 9]) == 0


def test_a_parcel_that_has_not_come_says_nothing_of_punctuality():
    supplier = make_supplier()
    came(supplier, 3)
    Shipment.objects.update(delivered_at=None)
    assert lateness_of(supplier, now=NOW) == []


def test_what_is_paid_days_later_is_promised_anew_and_what_is_paid_at_once_is_not():
    with time_machine.travel("2026-11-24T09:00Z", tick=False):
        first, second = (make_order((make_variant(make_supplier()), 1)) for _number in range(2))
    for order, when in ((first, "2026-11-24T09:50Z"), (second, "2026-11-30T09:00Z")):
        with time_machine.travel(when, tick=False):
            record_payment(order, stripe_id=f"pi_{order.number}", paid=order.total)
    assert first.deliveries.get().promised_latest_on == date(2026, 11, 27)
    renewed = second.deliveries.get()
    assert (renewed.promised_latest_on, renewed.expected_latest_on) == (date(2026, 12, 3), date(2026, 12, 3))
    assert second.events.get(kind="promise.renewed").facts == {"before": "2026-11-27", "now": "2026-12-03"}


def test_a_form_at_the_checkout_freezes_the_promise_it_showed(client):
    supplier = make_supplier()
    with time_machine.travel("2026-11-24T09:00Z", tick=False):
        add(client, make_variant(supplier))
        assert BasketLine.objects.exists()
        client.post("/checkout/", TYPED)
        frozen = OrderDelivery.objects.get()
    window = window_of(supplier, "2026-11-24T09:00")
    assert (frozen.promised_latest_on, frozen.planned_latest_on) == (window.latest_on, window.planned_latest_on)
    assert frozen.travel_days == (window.planned_latest_on - window.ship_by_on).days
