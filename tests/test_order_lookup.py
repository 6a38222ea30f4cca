"""Finding an order without an account: any spelling will do, and strangers learn nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from orders.actions.shipping import ParcelNews, Scan, record_parcel
from orders.lookup import LINKS_PER_ORDER
from orders.states import ParcelStatus
from tests.factories import make_paid_order, make_supplier, make_variant

pytestmark = pytest.mark.django_db


@pytest.fixture
def order():
    return make_paid_order((make_variant(make_supplier(), name="Secret gift"), 1))


def asked(order) -> int:
    return order.events.filter(kind="order.link_requested").count()


def test_the_number_may_be_typed_in_any_way(client, order):
    digits = order.number.removeprefix("LF-")
    spellings = [order.number.lower(), digits, f" LF {digits[:3]} {digits[3:]} ", f"Order {order.number}."]
    for count, number in enumerate(spellings[:LINKS_PER_ORDER], start=1):
        client.post("/orders/find/", {"number": number, "email": f"  {order.email.upper()} "})
        assert asked(order) == count, number
    order.events.all().delete()
    client.post("/orders/find/", {"number": spellings[3], "email": order.email})
    assert asked(order) == 1


def test_number_and_address_must_belong_together(client, order):
    other = make_paid_order((make_variant(make_supplier("meridian")), 1))
    for number, email in ((order.number, "thief@example.com"), ("LF-1", order.email), ("", order.email)):
        client.post("/orders/find/", {"number": number, "email": email})
    assert asked(order) + asked(other) == 0


def test_the_answer_is_the_same_to_everybody(client, order):
    answers = {
        client.post("/orders/find/", {"number": number, "email": email}).content
        for number, email in ((order.number, order.email), (order.number, "x@example.com"), ("LF-1", order.email))
    }
    assert len(answers) == 1
    assert b"If number and address match" in answers.pop()


def test_the_link_goes_to_the_orders_own_address(client, order, relay, mailbox):
    relay.run_until_idle()
    client.post("/orders/find/", {"number": order.number, "email": order.email})
    relay.run_until_idle()
    mail = mailbox()[-1]
    assert mail["To"] == order.email
    assert order.token in mail.get_body(("plain",)).get_content()


def test_nobody_fills_a_mailbox_with_links(client, order):
    for _time in range(LINKS_PER_ORDER + 2):
        client.post("/orders/find/", {"number": order.number, "email": order.email})
    assert asked(order) == LINKS_PER_ORDER


def test_who_tries_too_often_is_told_so_in_plain_words(client):
    for _time in range(10):
        assert client.post("/orders/find/", {"number": "1", "email": "a@example.com"}).status_code == 200
    answer = client.post("/orders/find/", {"number": "1", "email": "a@example.com"})
    assert answer.status_code == 429
    assert "Please wait an hour, or write to us." in answer.content.decode()


def test_signing_in_is_offered_below_and_not_first(client):
    page = client.get("/orders/find/").content.decode()
    page = page[page.index("<main") :]
    assert page.index("Send me the link") < page.index("/account/login/")


@pytest.fixture
def parcel(order):
    now = timezone.now()
    news = ParcelNews(
        lines={order.lines.get().pk: 1},
        status=ParcelStatus.IN_TRANSIT,
        carrier_name="An Post",
        tracking_number="CE123456789IE",
        shipped_at=now,
        scans=[Scan("1", now - timedelta(hours=1), ParcelStatus.IN_TRANSIT, "Signed for by BYRNE", "Cork")],
    )
    return record_parcel(order, order.deliveries.get(), None, news)


@pytest.mark.parametrize("typed", ["CE123456789IE", " ce 1234 56789 ie", "CE-123-456-789-IE"])
def test_a_bare_tracking_number_shows_the_carriers_news_and_nothing_of_the_order(client, order, parcel, typed):
    answer = client.get("/orders/parcel/", {"number": typed})
    page = answer.content.decode()
    assert answer["X-Robots-Tag"] == "noindex"
    assert "An Post" in page
    assert "Cork" in page
    for secret in (order.number, order.token, order.name, order.email, order.line1, order.city, "Secret gift", "BYRNE"):
        assert secret not in page, secret


def test_a_parcels_former_number_finds_it_too(client, order, parcel):
    news = ParcelNews(lines={}, status=None, carrier_name="An Post", tracking_number="CE999999999IE")
    record_parcel(order, parcel.delivery, parcel, news)
    assert "CE999999999IE" in client.get("/orders/parcel/?number=CE123456789IE").content.decode()


@pytest.mark.parametrize("typed", ["CE123456780IE", "1", "x" * 80, "'; --", "\x00", "٣٣٣٣٣٣٣٣٣"])
def test_a_number_that_is_none_is_answered_kindly(client, parcel, typed):
    answer = client.get("/orders/parcel/", {"number": typed})
    assert answer.status_code in {200, 404, 422}
    assert "An Post" not in answer.content.decode()


def test_parcels_cannot_be_gone_through_one_by_one(client, parcel):
    answers = [client.get(f"/orders/parcel/?number=CE{number:09}IE").status_code for number in range(62)]
    assert answers[-1] == 429
