"""A race for the request for reviews: the last parcel comes at the instant at which somebody looks whether all is here."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from notifications.actions import reviews
from notifications.models import ReviewRequest
from orders.actions.shipping import ParcelNews, record_parcel
from orders.models import Event, Order
from orders.states import ParcelStatus
from tests.factories import make_paid_order, make_supplier, make_variant
from tests.races.crowd import break_down, forget_the_attempt, hold

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


def owe(order: Order) -> None:
    reviews.owe_review_requests([Event.objects.filter(order=order, kind="parcel.delivered").latest("pk")])


def the_last_parcel_comes(crowd, variants) -> None:
    order = make_paid_order(*[(variant, 1) for variant in variants])

    def deliver(line) -> None:
        news = ParcelNews(lines={line.pk: 1}, status=ParcelStatus.DELIVERED, tracking_number=f"IE{line.pk}", scans=())
        record_parcel(order, line.delivery, None, news)

    first, second = order.lines.select_related("delivery")
    deliver(first)
    owe(order)
    row = ReviewRequest.objects.get(order=order)
    # So old that an order of which something is still to come is given up.
    ReviewRequest.objects.filter(pk=row.pk).update(created_at=timezone.now() - timedelta(days=61))

    def carrier() -> None:
        deliver(second)
        owe(order)
        crowd.gap()

    crowd.at_once(lambda: reviews.ask_for_review(row.pk), carrier)
    row.refresh_from_db()
    assert row.asked_at is not None or row.due_at is not None, "nobody will ever be asked"


def write_late(monkeypatch, gap) -> None:
    """Let whoever looks at an order write what they found only after the other has come."""
    finish = reviews.lease.finish

    def finish_late(row, **changes):
        if isinstance(row, ReviewRequest):
            gap()
        return finish(row, **changes)

    monkeypatch.setattr(reviews.lease, "finish", finish_late)


@pytest.fixture
def variants(crowd):
    supplier = make_supplier()
    return [make_variant(supplier, stock=None) for _thing in range(2)]


def test_the_last_parcel_that_comes_while_somebody_looks_is_never_overlooked(crowd, variants, monkeypatch):
    write_late(monkeypatch, crowd.gap)
    hold(lambda: the_last_parcel_comes(crowd, variants))


def test_twin_without_the_fence_nobody_is_ever_asked(crowd, variants, monkeypatch):
    forget_the_attempt(monkeypatch)
    write_late(monkeypatch, crowd.gap)
    break_down(lambda: the_last_parcel_comes(crowd, variants), "nobody will ever be asked", single_writer_holds=True)
