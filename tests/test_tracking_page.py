"""The order's page: dates first, one card per parcel, and nothing silent."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from orders.models import OrderDelivery, Shipment
from orders.parcel_steps import ASKED_AFTER, QUIET
from orders.progress import parcel_cards
from orders.states import ParcelStatus
from shop.words import day, since
from tests.factories import make_paid_order, make_supplier, make_variant
from tests.parcels import delivered_parcel, scans_of, told_parcel

pytestmark = pytest.mark.django_db
P = ParcelStatus


@pytest.fixture
def order():
    return make_paid_order((make_variant(make_supplier()), 2))


def page_of(client, order) -> str:
    return re.sub(r"\s+", " ", client.get(order.get_absolute_url()).content.decode())


def test_each_parcel_has_its_days_in_large_type_and_five_steps(client):
    both = [(make_variant(make_supplier(slug)), 1) for slug in ("harbour", "meridian")]
    page = page_of(client, make_paid_order(*both))
    assert len(re.findall(r'class="parcel-arrival">Arrives ', page)) == 2
    assert page.index("Parcel 1 of 2") < page.index("Parcel 2 of 2")
    assert "0 of 2 parcels delivered" in page
    steps = re.findall(r'<ol class="steps".*?</ol>', page)
    assert [step.count("<li") for step in steps] == [5, 5]
    assert [step.count('aria-current="step"') for step in steps] == [1, 1]
    assert "<time datetime=" in steps[0]


def test_events_are_newest_first_in_our_words_and_folded_after_five(client, order):
    told = [(P.IN_TRANSIT, f"Town {number}") for number in range(6)] + [(P.OUT_FOR_DELIVERY, "Dublin")]
    told_parcel(order, P.OUT_FOR_DELIVERY, scans=scans_of(*told))
    page = page_of(client, order)
    shown, folded = page.split("Earlier events")
    assert shown.index("Dublin") < shown.index("Town 5") < shown.index("Town 2")
    assert "Town 1" not in shown
    assert folded.index("Town 1") < folded.index("Town 0")
    assert "RAW" not in page
    (card,) = parcel_cards(order)
    assert [entry.text for entry in card.entries] == ["Out for delivery", *["On its way"] * 5, "Sent"]
    assert card.entries[-1].raw == "RAW 0"


def test_a_parcel_names_carrier_and_number_and_leads_to_another_site(client, order):
    told_parcel(order, P.IN_TRANSIT, tracking_url="https://carrier.example/CE123456789IE")
    page = page_of(client, order)
    assert "<code>CE123456789IE</code>" in page
    assert 'data-copy="CE123456789IE"' in page
    assert "An Post&#x27;s own page (another site)" in page or "An Post's own page (another site)" in page


def test_before_it_leaves_the_page_says_who_packs_and_until_when(client, order):
    page = page_of(client, order)
    assert "We have asked the supplier" in page
    last = timezone.localdate() + timedelta(days=2)
    OrderDelivery.objects.update(ship_by_on=last)
    told_parcel(order, P.LABEL_CREATED)
    assert f"It leaves by {day(last)} at the latest." in page_of(client, order)


def test_a_quiet_parcel_is_spoken_of_by_itself(client, order):
    parcel = told_parcel(order, P.IN_TRANSIT)
    assert "Nothing was heard of it" not in page_of(client, order)
    heard = timezone.now() - QUIET - timedelta(hours=1)
    Shipment.objects.filter(pk=parcel.pk).update(updated_at=heard)
    asked = timezone.localtime(heard + ASKED_AFTER).date()
    assert f"If that is still so on {day(asked)}, we ask the carrier" in page_of(client, order)
    Shipment.objects.filter(pk=parcel.pk).update(updated_at=timezone.now() - ASKED_AFTER - timedelta(hours=1))
    assert "We are asking the carrier" in page_of(client, order)


def test_what_the_page_promises_is_what_becomes_work():
    from config.deadlines import NO_SCAN

    assert ASKED_AFTER == NO_SCAN


def test_a_delivered_parcel_says_when_and_where_and_asks_whether_it_is_there(client, order):
    delivered_parcel(order, place="Front porch")
    page = page_of(client, order)
    assert 'class="parcel-arrival">Delivered ' in page
    assert "Where, as the carrier says: Front porch" in page
    assert "Not there? Tell us" in page


def test_the_page_says_how_old_its_news_are(client, order):
    parcel = told_parcel(order, P.IN_TRANSIT)
    Shipment.objects.filter(pk=parcel.pk).update(updated_at=timezone.now() - timedelta(minutes=12, seconds=5))
    assert "Updated 12 min ago" in page_of(client, order)
    assert since(timezone.now()) == "just now"
    assert since(timezone.now() - timedelta(hours=1, minutes=5)) == "1 hour ago"


def test_actions_are_those_that_are_possible(client, order):
    page = page_of(client, order)
    assert ">Return something<" not in page
    assert "You can send goods back as soon as they are on their way." in page
    assert ">Cancel order<" in page
    delivered_parcel(order)
    page = page_of(client, order)
    assert ">Return something<" in page
    assert ">Withdraw from contract here<" in page
    assert ">Cancel order<" not in page


def test_an_unpaid_order_offers_none_of_it(client):
    from tests.factories import make_order

    page = page_of(client, make_order((make_variant(make_supplier()), 1))).partition("<footer")[0]
    for words in (">Return something<", ">Withdraw from contract here<", ">Buy again<", "Get help with this order"):
        assert words not in page, words
