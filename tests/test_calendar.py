"""The arrival of each parcel as an entry of a calendar, which moves when the day moves and never doubles."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from icalendar import Calendar

from orders.actions.estimates import record_estimate
from orders.actions.shipping import ParcelNews, record_parcel
from orders.models import Estimate, Order, OrderLine
from orders.states import ParcelStatus
from tests.factories import make_order, make_paid_order, make_supplier, make_variant

pytestmark = pytest.mark.django_db


@pytest.fixture
def order() -> Order:
    return make_paid_order(
        (make_variant(make_supplier("harbour"), name="Oak board; large, oiled"), 1),
        (make_variant(make_supplier("meridian"), name="Linen cushion"), 2),
    )


def read(client, order: Order) -> list:
    answer = client.get(f"{order.get_absolute_url()}arrival.ics")
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    # Lines end as the standard says, and no longer than it allows.
    assert all(len(line) <= 75 for line in answer.content.split(b"\r\n"))
    return list(Calendar.from_ical(answer.content).walk("VEVENT"))


def send(order: Order, line: OrderLine, status: ParcelStatus, shipment=None):
    news = ParcelNews(
        lines={line.pk: line.quantity}, status=status, carrier_name="An Post", tracking_number="IE1", scans=()
    )
    return record_parcel(order, line.delivery, shipment, news)


def test_each_parcel_is_one_entry_of_whole_days_in_the_customers_dates(client, order):
    first, second = read(client, order)
    delivery = order.deliveries.first()
    assert first.decoded("dtstart") == delivery.expected_earliest_on
    assert first.decoded("dtend") == delivery.expected_latest_on + timedelta(days=1)
    assert str(first["summary"]) == "Arrives: Parcel 1 of 2 from Larkfield"
    assert "1 × Oak board; large, oiled" in str(first["description"])
    assert "2 × Linen cushion" in str(second["description"])
    assert str(first["url"]).endswith(order.get_absolute_url())
    assert len({str(event["uid"]) for event in (first, second)}) == 2


def test_a_moved_day_moves_the_same_entry(client, order):
    before, _other = read(client, order)
    delivery = order.deliveries.first()
    late = delivery.promised_latest_on + timedelta(days=4)
    record_estimate(delivery, None, earliest_on=late, latest_on=late, source=Estimate.Source.CARRIER)
    after, _other = read(client, order)
    assert after["uid"] == before["uid"]
    assert after["sequence"] > before["sequence"]
    assert after.decoded("dtstart") == late


def test_it_stays_the_same_entry_as_it_is_sent_and_delivered(client, order):
    line = order.lines.get(name__startswith="Oak")
    uids, sequences = [], []
    shipment = None
    for status in (None, ParcelStatus.IN_TRANSIT, ParcelStatus.DELIVERED):
        shipment = send(order, line, status, shipment) if status else None
        event = read(client, order)[0]
        uids.append(str(event["uid"]))
        sequences.append(event["sequence"])
    assert len(set(uids)) == 1
    assert sequences == sorted(set(sequences))
    assert str(event["summary"]).startswith("Delivered:")
    assert event.decoded("dtstart") == timezone.localdate()


def test_no_medicine_is_named_in_a_calendar(client, order):
    OrderLine.objects.filter(name__startswith="Oak").update(gated_at=timezone.now())
    first, second = read(client, order)
    assert "Oak" not in str(first["description"]) + str(first["summary"])
    assert "Linen" in str(second["description"])
    assert order.token not in str(first.get("url", "")) + str(second.get("url", ""))


def test_only_a_paid_order_with_its_own_link_has_one(client, order):
    unpaid = make_order((make_variant(make_supplier("third")), 1))
    assert client.get(f"{unpaid.get_absolute_url()}arrival.ics").status_code == 404
    assert client.get("/orders/nothing/arrival.ics").status_code == 404
    assert "arrival.ics" not in client.get(unpaid.get_absolute_url()).content.decode()


def test_page_and_mails_lead_to_it(client, order, relay, mailbox):
    send(order, order.lines.first(), ParcelStatus.IN_TRANSIT)
    relay.run_until_idle()
    path = f"{order.get_absolute_url()}arrival.ics"
    assert f'href="{path}"' in client.get(order.get_absolute_url()).content.decode()
    for mail in mailbox():
        for part in ("plain", "html"):
            assert f"http://testserver{path}" in mail.get_body((part,)).get_content()
