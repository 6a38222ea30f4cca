"""Mails: once each, text and HTML with the same facts, in the words of the page."""

from __future__ import annotations

from datetime import timedelta
from threading import Event as Flag, Thread

import pytest
from django.core import mail as django_mail
from django.db import connections, transaction
from django.utils import timezone

from notifications.models import Notification
from orders.actions.estimates import record_estimate
from orders.actions.shipping import ParcelNews, Scan, record_parcel
from orders.models import Estimate, WorkItem
from orders.progress import parcel_cards
from orders.states import ParcelStatus
from shop.words import in_a_sentence
from tests.factories import make_order, make_paid_order, make_supplier, make_variant

pytestmark = pytest.mark.django_db


@pytest.fixture
def order():
    return make_paid_order(
        (make_variant(make_supplier("harbour"), name="Oak board"), 1),
        (make_variant(make_supplier("meridian"), name="Linen cushion"), 2),
    )


def news(line, status: ParcelStatus, *scans: Scan, number: str = "IE123") -> ParcelNews:
    return ParcelNews(
        lines={line.pk: line.quantity}, status=status, carrier_name="An Post", tracking_number=number, scans=scans
    )


def body(message, kind: str) -> str:
    return message.get_body((kind,)).get_content()


def test_no_order_mail_goes_out_before_payment(relay, mailbox):
    make_order((make_variant(make_supplier()), 1))
    relay.run_until_idle()
    assert mailbox() == []


def test_the_confirmation_has_the_same_facts_in_text_and_html(order, relay, mailbox):
    relay.run_until_idle()
    (message,) = mailbox()
    for kind in ("plain", "html"):
        text = body(message, kind)
        for fact in (order.number, "Oak board", "Linen cushion", str(order.total), "12 Main Street", order.token):
            assert fact in text or fact in message["Subject"], (kind, fact)
        for card in parcel_cards(order):
            assert in_a_sentence(card.arrival_words, begins_with_noun=False) in text
    html = body(message, "html")
    assert len(html.encode()) < 60_000
    assert "<img" not in html
    assert 'name="color-scheme"' in html
    assert "prefers-color-scheme: dark" in html
    assert 'style="' in html
    assert message["Message-ID"].endswith("@testserver>")


def test_a_parcel_is_told_once_with_what_is_still_to_come(order, relay, mailbox):
    line = order.lines.get(name="Oak board")
    shipment = record_parcel(order, line.delivery, None, news(line, ParcelStatus.IN_TRANSIT))
    for _time in range(3):
        record_parcel(order, line.delivery, shipment, news(line, ParcelStatus.IN_TRANSIT))
        relay.run_until_idle()
    sent = [message for message in mailbox() if message["Subject"].strip().startswith("Sent: arrives")]
    assert len(sent) == 1
    text = body(sent[0], "plain")
    assert text.index("In this parcel") < text.index("Oak board") < text.index("Still to come") < text.index("cushion")
    assert "An Post IE123" in text


def test_a_parcel_seen_delivered_at_once_is_told_as_sent_and_delivered(order, relay, mailbox):
    line = order.lines.get(name="Oak board")
    record_parcel(order, line.delivery, None, news(line, ParcelStatus.DELIVERED))
    relay.run_until_idle()
    kinds = list(Notification.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == ["order-confirmed", "parcel-sent", "parcel-delivered"]
    line.refresh_from_db()
    assert (line.shipped, line.delivered) == (1, 1)


def test_old_news_never_moves_a_parcel_back(order):
    line = order.lines.get(name="Oak board")
    scan = Scan("1", timezone.now(), ParcelStatus.IN_TRANSIT, "Sorted", "Portlaoise")
    shipment = record_parcel(order, line.delivery, None, news(line, ParcelStatus.DELIVERED, scan))
    record_parcel(order, line.delivery, shipment, news(line, ParcelStatus.IN_TRANSIT, scan))
    shipment.refresh_from_db()
    assert shipment.status == "delivered"
    assert shipment.tracking_events.count() == 1


def test_a_delay_is_told_once_with_the_old_and_the_new_day_and_a_choice(order, relay, mailbox):
    delivery = order.deliveries.first()
    late = delivery.promised_latest_on + timedelta(days=4)
    for _time in range(3):
        record_estimate(
            delivery, None, earliest_on=late, latest_on=late, source=Estimate.Source.CARRIER, reason_code="weather"
        )
        relay.run_until_idle()
    told = [message for message in mailbox() if message["Subject"].strip().startswith("Later than promised")]
    assert len(told) == 1
    text = body(told[0], "plain")
    assert "bad weather on the way" in text
    assert "/orders/delay/" in text
    card = parcel_cards(order)[0]
    assert card.old_arrival
    assert card.arrival_words.split(" ", 1)[1] in text


def test_a_new_day_within_the_promise_only_changes_the_page(order, relay):
    delivery = order.deliveries.first()
    changed = record_estimate(
        delivery,
        None,
        earliest_on=delivery.promised_earliest_on,
        latest_on=delivery.promised_earliest_on,
        source=Estimate.Source.SUPPLIER,
    )
    relay.run_until_idle()
    assert not changed
    assert not Notification.objects.filter(kind="arrival-changed").exists()
    delivery.refresh_from_db()
    assert delivery.expected_latest_on == delivery.promised_earliest_on


def test_a_mail_server_that_is_down_delays_mail_and_then_asks_a_person(order, relay, settings):
    settings.MAIL_TRANSPORT = {
        "backend": "django.core.mail.backends.smtp.EmailBackend",
        "options": {"host": "127.0.0.1", "port": 9, "timeout": 1},
    }
    relay.run_until_idle()
    row = Notification.objects.get()
    assert (row.status, row.failures) == ("queued", 1)
    for _time in range(12):
        Notification.objects.filter(status="queued").update(due_at=timezone.now())
        relay.run_until_idle()
    row.refresh_from_db()
    assert row.status == "failed"
    assert WorkItem.objects.filter(reason="mail_failed", closed_at=None).count() == 1


def test_every_other_mail_goes_through_the_same_rows(relay, mailbox, client, settings):
    # pytest-django puts its own backend here.
    settings.EMAIL_BACKEND = "notifications.backend.QueueingBackend"
    django_mail.send_mail("Hello", "text", None, ["a@example.com"])
    assert Notification.objects.get().status == "queued"
    client.post("/account/signup/", {"email": "new@example.com", "password1": "a long enough pass phrase"})
    relay.run_until_idle()
    assert sorted(message["To"] for message in mailbox()) == ["a@example.com", "new@example.com"]


def test_a_mail_sent_twice_is_one_mail_for_whoever_receives_it(order, relay, mailbox):
    relay.run_until_idle()
    # The worker died after sending and before noting it.
    Notification.objects.update(status="sending", due_at=timezone.now(), lease_until=None)
    relay.run_until_idle()
    assert len(mailbox()) == 1


def test_the_preview_shows_each_mail_as_received(order, relay, client):
    relay.run_until_idle()
    row = Notification.objects.get()
    assert row.subject in client.get("/dev/mail/").content.decode().replace("&#x27;", "'")
    assert "Oak board" in client.get(f"/dev/mail/{row.pk}/").content.decode()
    html = client.get(f"/dev/mail/{row.pk}/html/")
    assert "unsafe-inline" in html.headers["Content-Security-Policy"]
    assert html.content.decode() == row.html


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_parcels_delivered_at_the_same_moment_are_both_counted():
    order = make_paid_order((make_variant(make_supplier("harbour")), 1), (make_variant(make_supplier("meridian")), 1))
    first, second = order.lines.all()
    is_written, is_through = Flag(), Flag()

    def slow():
        try:
            with transaction.atomic():
                record_parcel(order, first.delivery, None, news(first, ParcelStatus.DELIVERED))
                is_written.set()
                # As long as the other one can go on without us, it shall.
                is_through.wait(timeout=1)
        finally:
            connections.close_all()

    def quick():
        try:
            is_written.wait(timeout=10)
            with transaction.atomic():
                record_parcel(order, second.delivery, None, news(second, ParcelStatus.DELIVERED))
            is_through.set()
        finally:
            connections.close_all()

    threads = [Thread(target=slow), Thread(target=quick)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert [line.delivered for line in order.lines.all()] == [1, 1]
