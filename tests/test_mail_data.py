"""What mail programs read of a mail: valid JSON beside the words, with the same facts, and no medicine's name."""

from __future__ import annotations

import json
import re

import pytest
from django.utils import timezone

from notifications.models import Notification
from orders.actions.shipping import ParcelNews, record_parcel
from orders.models import Order, OrderLine
from orders.states import ParcelStatus
from tests.factories import make_paid_order, make_supplier, make_variant

pytestmark = pytest.mark.django_db


@pytest.fixture
def order() -> Order:
    return make_paid_order((make_variant(make_supplier(), name="Board </script> & co", price_minor=2500), 2))


def told(kind: str) -> dict:
    html = Notification.objects.get(kind=kind).html
    (found,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL)
    return json.loads(found)


def send(order: Order) -> None:
    line = order.lines.get()
    news = ParcelNews(
        lines={line.pk: 2},
        status=ParcelStatus.IN_TRANSIT,
        carrier_name="An Post",
        tracking_number="IE1",
        scans=(),
    )
    record_parcel(order, line.delivery, None, news)


def test_a_confirmation_says_number_shop_goods_and_price(order, relay):
    relay.run_until_idle()
    data = told("order-confirmed")
    assert (data["@type"], data["orderNumber"], data["merchant"]["name"]) == ("Order", order.number, "Larkfield")
    assert (data["price"], data["priceCurrency"]) == (str(order.total.decimal), "EUR")
    (offer,) = data["acceptedOffer"]
    assert (offer["itemOffered"]["name"], offer["price"]) == ("Board </script> & co", "25.00")
    assert offer["eligibleQuantity"]["value"] == 2
    assert data["url"] == f"http://testserver{order.get_absolute_url()}"


def test_a_parcel_says_carrier_number_address_and_days(order, relay):
    send(order)
    relay.run_until_idle()
    data = told("parcel-sent")
    delivery = order.deliveries.get()
    assert (data["carrier"]["name"], data["trackingNumber"]) == ("An Post", "IE1")
    assert data["expectedArrivalUntil"] == delivery.expected_latest_on.isoformat()
    assert data["deliveryAddress"]["postalCode"] == order.postcode
    assert data["partOfOrder"]["orderNumber"] == order.number


def test_no_medicine_is_named(order, relay):
    OrderLine.objects.update(gated_at=timezone.now())
    send(order)
    relay.run_until_idle()
    for kind in ("order-confirmed", "parcel-sent"):
        assert "Board" not in json.dumps(told(kind))
        assert "Goods from the pharmacy" in json.dumps(told(kind))
