"""Buyers are asked once what the goods are like: when all has come, in their language, and unless they said no."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from notifications.actions import reviews
from notifications.actions.choices import correspondent_at, stop_kind
from notifications.models import Notification, ReviewRequest
from orders.actions.line_review import review_line
from orders.actions.shipping import ParcelNews, record_parcel
from orders.models import Order, OrderLine
from orders.states import ParcelStatus
from shop.models import Product
from support.models import Ticket
from tests.factories import make_paid_order, make_supplier, make_variant

pytestmark = pytest.mark.django_db


@pytest.fixture
def order() -> Order:
    supplier = make_supplier()
    return make_paid_order((make_variant(supplier, name="Oak board"), 1), (make_variant(supplier, name="Kettle"), 1))


def deliver(order: Order, *lines: OrderLine) -> None:
    sent = lines or order.lines.all()
    news = ParcelNews(
        lines={line.pk: line.quantity for line in sent},
        status=ParcelStatus.DELIVERED,
        carrier_name="An Post",
        tracking_number=f"IE{sent[0].pk}",
        scans=(),
    )
    record_parcel(order, sent[0].delivery, None, news)


def let_days_pass(relay) -> None:
    """Let it be time for whatever was put off."""
    relay.run_until_idle()
    ReviewRequest.objects.filter(due_at__isnull=False).update(due_at=timezone.now() - timedelta(seconds=1))
    relay.run_until_idle()


def asked() -> list[Notification]:
    return list(Notification.objects.filter(kind="review-request"))


def test_some_days_after_all_has_come_the_buyer_is_asked_once_with_a_link_to_each_thing(order, relay, mailbox):
    deliver(order)
    relay.run_until_idle()
    row = ReviewRequest.objects.get()
    assert (row.asked_at, asked()) == (None, [])
    assert timezone.now() + timedelta(days=6) < row.due_at < timezone.now() + timedelta(days=8)

    let_days_pass(relay)
    let_days_pass(relay)
    deliver(order)
    let_days_pass(relay)

    (mail,) = asked()
    assert (mail.recipient, mail.status) == (order.email, "sent")
    for line in order.lines.all():
        assert f"/orders/{order.token}/reviews/{line.pk}/" in mail.text
    assert "List-Unsubscribe" in mail.headers


def test_nobody_is_asked_while_something_is_still_to_come_and_the_last_parcel_puts_it_off(order, relay):
    first, second = order.lines.all()
    deliver(order, first)
    let_days_pass(relay)
    assert asked() == []

    deliver(order, second)
    relay.run_until_idle()
    assert ReviewRequest.objects.get().due_at > timezone.now() + timedelta(days=6)
    let_days_pass(relay)
    assert len(asked()) == 1


def test_it_asks_in_the_language_of_the_order(order, relay):
    Order.objects.update(language="de")
    order.refresh_from_db()
    deliver(order)
    let_days_pass(relay)
    (mail,) = asked()
    assert "/de/orders/" in mail.text
    assert "Wie gut ist, was Sie gekauft haben?" in mail.subject


def test_only_what_can_be_reviewed_is_asked_about(order, relay):
    board, kettle = order.lines.all()
    deliver(order)
    review_line(OrderLine.objects.get(pk=board.pk), rating=5, author="Mia")
    let_days_pass(relay)
    (mail,) = asked()
    assert f"reviews/{kettle.pk}/" in mail.text
    assert f"reviews/{board.pk}/" not in mail.text


@pytest.mark.parametrize("why", ["returned", "reviewed", "gated", "hidden", "stopped", "off"])
def test_where_there_is_nothing_to_ask_nobody_is_asked(order, relay, settings, why):
    settings.REVIEW_REQUEST_DAYS = 0 if why == "off" else 7
    deliver(order)
    if why == "returned":
        OrderLine.objects.update(returned=1)
    elif why == "reviewed":
        for line in OrderLine.objects.select_related("order", "variant"):
            review_line(line, rating=5, author="Mia")
    elif why == "gated":
        OrderLine.objects.update(gated_at=timezone.now())
    elif why == "hidden":
        Product.objects.update(is_published=False)
    elif why == "stopped":
        stop_kind(correspondent_at(order.email), "review-request")
    let_days_pass(relay)
    assert asked() == []
    assert not ReviewRequest.objects.exclude(due_at=None).exists()


def test_whoever_waits_for_our_help_is_asked_only_once_it_is_solved(order, relay):
    deliver(order)
    case = Ticket.objects.create(number="T-1", order=order, email=order.email, subject="A dent")
    let_days_pass(relay)
    assert asked() == []
    assert ReviewRequest.objects.get().due_at > timezone.now() + timedelta(days=6)

    Ticket.objects.filter(pk=case.pk).update(status="solved")
    let_days_pass(relay)
    assert len(asked()) == 1


def test_what_is_cancelled_instead_of_coming_does_not_leave_the_request_behind(order, relay):
    first, second = order.lines.all()
    deliver(order, first)
    let_days_pass(relay)
    assert (asked(), ReviewRequest.objects.get().due_at is None) == ([], False)

    OrderLine.objects.filter(pk=second.pk).update(cancelled=1, forwarded=0)
    let_days_pass(relay)
    assert len(asked()) == 1


@pytest.mark.parametrize("days", [0, 61])
def test_the_last_parcel_that_comes_while_somebody_looks_is_not_overlooked(order, relay, monkeypatch, days):
    first, second = order.lines.all()
    deliver(order, first)
    relay.run_until_idle()
    ReviewRequest.objects.update(created_at=timezone.now() - timedelta(days=days))
    look = reviews._is_under_way

    def look_and_the_parcel_comes(order: Order) -> bool:
        found = look(order)
        if not OrderLine.objects.get(pk=second.pk).delivered:
            deliver(order, second)
            reviews.owe_review_requests([order.events.filter(kind="parcel.delivered").latest("pk")])
        return found

    monkeypatch.setattr(reviews, "_is_under_way", look_and_the_parcel_comes)
    reviews.ask_for_review(ReviewRequest.objects.get().pk)

    row = ReviewRequest.objects.get()
    assert (row.asked_at, row.lease_until) == (None, None)
    assert timezone.now() + timedelta(days=6) < row.due_at < timezone.now() + timedelta(days=8)
    let_days_pass(relay)
    assert len(asked()) == 1


def test_a_word_about_a_parcel_that_comes_very_late_is_looked_at_all_the_same(order, relay, monkeypatch):
    deliver(order)
    relay.run_until_idle()
    event = order.events.filter(kind="parcel.delivered").latest("pk")
    event.at -= timedelta(days=30)
    monkeypatch.setattr(reviews, "lines_to_ask", lambda order: reviews.owe_review_requests([event]) or [])

    reviews.ask_for_review(ReviewRequest.objects.get().pk)

    assert ReviewRequest.objects.get().due_at is not None
