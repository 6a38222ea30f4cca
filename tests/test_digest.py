"""Staff begin their day with one mail: what waits for a person, and what happened yesterday."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from notifications.actions.digest import write_digest
from notifications.models import Correspondent, Notification
from orders.actions.work import open_work
from orders.models import Order, Shipment, WorkItem
from tests.factories import make_paid_order, make_person, make_supplier, make_variant

pytestmark = pytest.mark.django_db
MORNING = "2026-11-24T07:30:00+00:00"


@pytest.fixture(autouse=True)
def _at_seven(settings):
    settings.DIGEST_HOUR = 7


@pytest.fixture
def staff():
    return make_person("mara@shop.example", role="Store staff", is_staff=True)


@pytest.fixture
def order() -> Order:
    return make_paid_order((make_variant(make_supplier(), price_minor=2500), 1))


def write() -> int:
    return write_digest(now=timezone.now())


def test_it_says_what_waits_how_much_is_late_and_what_happened_and_names_no_customer(staff, order):
    with time_machine.travel(MORNING, tick=False):
        yesterday = timezone.now() - timedelta(days=1)
        Order.objects.update(paid_at=yesterday)
        Shipment.objects.create(order=order, delivery=order.deliveries.get(), shipped_at=yesterday)
        for reason in (WorkItem.Reason.DISPUTE, WorkItem.Reason.LATE):
            open_work(reason, order, order=order, summary=f"About {order.email}")
        WorkItem.objects.filter(reason="late").update(deadline_at=yesterday, opened_at=yesterday)
        assert write() == 1

    mail = Notification.objects.get(kind="staff-digest")
    assert mail.recipient == staff.email
    assert mail.subject == "2 things wait, 1 past their deadline (Tue 24 Nov)"
    for fact in (
        "1 × goods come late (since Mon 23 Nov)",
        "1 orders paid",
        "1 parcels sent",
        "/admin/orders/workitem/",
    ):
        assert fact in mail.text
    assert order.email not in mail.text + mail.html + mail.subject
    assert "Choose what we write to you about" not in mail.text
    assert Correspondent.objects.count() == 0


def test_each_gets_one_a_day_and_none_before_its_hour(staff, order):
    open_work(WorkItem.Reason.LATE, order, order=order, summary="Late")
    with time_machine.travel("2026-11-24T06:30:00+00:00", tick=False):
        assert write() == 0
    with time_machine.travel(MORNING, tick=False):
        assert (write(), write()) == (1, 0)
        make_person("noor@shop.example", role="Store staff", is_staff=True)
        assert (write(), write()) == (1, 0)
    with time_machine.travel("2026-11-25T07:30:00+00:00", tick=False):
        assert write() == 2


def test_nobody_else_gets_it_and_it_can_be_switched_off(order, settings):
    open_work(WorkItem.Reason.LATE, order, order=order, summary="Late")
    make_person("agent@shop.example", role="Support agents", is_staff=True)
    left = make_person("left@shop.example", role="Store staff", is_staff=True)
    left.is_active = False
    left.save()
    with time_machine.travel(MORNING, tick=False):
        assert write() == 0
        make_person("mara@shop.example", role="Store staff", is_staff=True)
        settings.DIGEST_HOUR = -1
        assert write() == 0
        settings.DIGEST_HOUR = 7
        assert write() == 1


def test_a_day_on_which_nothing_waits_and_nothing_happened_has_none(staff):
    with time_machine.travel(MORNING, tick=False):
        assert write() == 0
    assert not Notification.objects.exists()
