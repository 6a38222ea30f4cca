"""Suppliers are asked about late goods: once for each way of being late, by their API or by mail, with a day to answer."""

from __future__ import annotations

import pytest
from django.utils import timezone

from config.audit import run_audit
from notifications.models import Notification
from orders.models import OrderDelivery, WorkItem
from suppliers.actions.chase import work_on_chase
from suppliers.models import SupplierChase, SupplierOrder
from tests.delays import hand_over, late_work, on, sell, watch
from tests.parcels import P, told_parcel

pytestmark = pytest.mark.django_db
MAIL = "dispatch@harbour.example"


def asked_by_mail(relay, **fields):
    """Sell something that nobody confirms, and let its supplier be asked by mail on the next day, a Wednesday."""
    order = sell()
    (row,) = hand_over(order, confirmed=False)
    type(row.supplier).objects.update(uses_polling=False, **{"contact_email": MAIL} | fields)
    with on("2026-11-25", 10):
        watch(everything=True)
        relay.run_until_idle()
    return order, SupplierChase.objects.get()


def test_a_supplier_without_an_api_for_it_is_asked_by_mail_once_and_learns_nothing_of_the_customer(relay, mailbox):
    order, chase = asked_by_mail(relay)
    with on("2026-11-25", 11):
        watch(everything=True)
        relay.run_until_idle()
    (row,) = Notification.objects.filter(kind="supplier-chased")
    assert (row.recipient, row.order, chase.status, chase.channel) == (MAIL, None, "asked", "mail")
    assert row.subject == f"Please answer by Fri 27 Nov: where is {chase.supplier_order.reference}?"
    for secret in (order.number, order.name, order.email, order.line1, order.token, str(order.total)):
        assert secret not in row.text + row.html + row.subject
    assert [message["To"] for message in mailbox() if message["To"] == MAIL] == [MAIL]
    # Of messages; that nobody called a supplier for the order is this test's own doing.
    assert not [what for found in run_audit() if found.check.name.startswith("V08") for what in found.violations]


def test_the_order_page_says_that_the_supplier_was_asked_and_until_when(relay, client):
    order, chase = asked_by_mail(relay)
    with on("2026-11-25", 11):
        page = client.get(order.get_absolute_url()).content.decode()
    assert "We asked the supplier on Wed 25 Nov; the answer is due by Fri 27 Nov." in page
    with on("2026-11-28", 11):
        late = client.get(order.get_absolute_url()).content.decode()
    assert "had no answer by Fri 27 Nov. A colleague sees to it." in late
    assert chase.answer_by == OrderDelivery.objects.get().answer_by


def test_staff_read_in_the_work_that_it_was_asked_and_that_nobody_answered(relay):
    order, chase = asked_by_mail(relay)
    assert late_work(order)[0].endswith("| Harbour is asked, answer by Fri 27 Nov.")
    assert WorkItem.objects.get(reason="late").deadline_at == chase.answer_by
    SupplierChase.objects.update(due_at=timezone.now(), lease_until=None)
    with on("2026-11-28", 1):
        work_on_chase(chase.pk)
        work_on_chase(chase.pk)
    chase.refresh_from_db()
    assert chase.status == "silent"
    assert late_work(order)[0].endswith("| Harbour has not answered by Fri 27 Nov.")


def test_newer_news_of_the_order_are_the_answer(relay):
    order, chase = asked_by_mail(relay)
    SupplierOrder.objects.update(version=2)
    SupplierChase.objects.update(due_at=timezone.now(), lease_until=None)
    with on("2026-11-28", 1):
        work_on_chase(chase.pk)
    chase.refresh_from_db()
    assert chase.status == "answered"
    assert late_work(order)


def test_what_has_moved_on_before_it_was_asked_is_not_asked(relay):
    order = sell()
    (row,) = hand_over(order, confirmed=False)
    type(row.supplier).objects.update(uses_polling=False, contact_email=MAIL)
    with on("2026-11-25", 10):
        watch(everything=True)
        told_parcel(order, P.DELIVERED, delivered_at=timezone.now())
        watch(everything=True)
        relay.run_until_idle()
    assert not Notification.objects.filter(kind="supplier-chased").exists()
    assert set(SupplierChase.objects.values_list("status", flat=True)) <= {"answered"}


def test_a_supplier_that_takes_no_questions_is_work_for_a_person(relay):
    order, chase = asked_by_mail(relay, contact_email="")
    assert chase.status == "by_hand"
    assert late_work(order)[0].endswith(
        f"Ask Harbour about {chase.supplier_order.reference}: it takes no questions by itself."
    )


def test_late_in_another_way_it_is_asked_again(relay):
    order, _chase = asked_by_mail(relay)
    with on("2026-11-30"):
        watch(everything=True)
        relay.run_until_idle()
    kinds = SupplierChase.objects.order_by("pk").values_list("late_kind", flat=True)
    assert list(kinds)[0] == "unconfirmed"
    assert len(kinds) == 2
    assert Notification.objects.filter(kind="supplier-chased").count() == 2
