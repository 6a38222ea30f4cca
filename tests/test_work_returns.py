"""Work about goods that may come twice: its own reason, its own words, and what a person can do about it."""

from __future__ import annotations

import uuid
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.urls import reverse
from django.utils import timezone, translation

from config.remedies import REMEDIES
from orders.events import key_of
from orders.models import IncomingEvent, WorkItem
from orders.models.work import ACT_WITHIN
from support.models import Return
from support.returning.decide import Verdict, decide
from tests import waiting
from tests.factories import make_person
from tests.passing import put
from tests.returning import ask, make_desk, sent_order
from tests.work import LIST, is_closed, press, staff_fixture, work_of  # noqa: F401

pytestmark = pytest.mark.django_db
R = WorkItem.Reason


def taken_back() -> Return:
    """Return a return whose supplier is asked about it."""
    row = ask(sent_order(1))
    decide(row, Verdict("refund_after"), form_key=uuid.uuid4(), by=make_desk())
    row.refresh_from_db()
    assert row.supplier_return is not None
    return row


def keys(reason: str) -> list[str]:
    return [one.key for one in REMEDIES[reason]]


def test_goods_that_may_come_twice_are_no_cancelled_goods(client, staff):
    assert R.COMES_TWICE.label == "goods may come twice"
    with translation.override("de"):
        assert str(R.COMES_TWICE.label) == "Ware kommt vielleicht doppelt"
    assert not set(keys(R.COMES_TWICE)) & set(keys(R.CANCELLED_SENT))
    # As long as they are on their way they may still be called back.
    assert ACT_WITHIN[R.COMES_TWICE] < timedelta(days=1)

    work_of(taken_back().supplier_return, "comes_twice")

    page = client.get(LIST).content.decode()
    assert "goods may come twice" in page.lower()
    assert "Open the return, and agree what becomes of them" in page


def test_about_a_return_its_page_is_opened_and_its_parcels_are_read_again(client):
    client.force_login(make_person(is_superuser=True, is_staff=True))
    row = taken_back()
    item = work_of(row.supplier_return, "comes_twice")
    link = reverse("admin:orders_workitem_act", args=[item.pk, "open-second"])

    assert client.get(link)["Location"] == reverse("desk:return", args=[row.pk])
    press(client, item, "read-second")

    assert IncomingEvent.objects.get(kind="order.asked").body == {"data": {"reference": row.supplier_order.reference}}
    # Whether the customer keeps them is settled by people.
    assert not is_closed(item)
    Return.objects.update(supplier_return=None)
    assert client.get(link)["Location"] == reverse("desk:returns")


def test_about_a_parcel_for_no_return_the_customer_is_written_to(client):
    client.force_login(make_person(is_superuser=True, is_staff=True))
    row = put(waiting.a_supplier_order(), status="placed")
    item = work_of(row, "comes_twice", part="P-2")

    page = client.get(reverse("admin:orders_workitem_act", args=[item.pk, "write-about"]), follow=True)
    assert page.redirect_chain[0][0] == f"{reverse('desk:new')}?order={row.order.number}"
    assert row.order.number in page.content.decode()
    assert client.get(reverse("admin:orders_workitem_act", args=[item.pk, "open-second"])).status_code == 403
    press(client, item, "read-second")

    assert IncomingEvent.objects.get(kind="order.asked").body == {"data": {"reference": row.reference}}


def test_what_was_asked_under_the_old_reason_is_told_apart():
    row = taken_back()
    source = row.supplier_order
    facts = {"reason": "cancelled_sent", "subject_key": key_of(source), "order": row.order}
    cancelled = WorkItem.objects.create(**facts)
    of_return = WorkItem.objects.create(**facts, part=row.number, closed_at=timezone.now())
    of_parcel = WorkItem.objects.create(**facts, part="P-2")

    import_module("suppliers.migrations.0005_work_about_goods_that_come_twice").tell_apart(apps, None)

    told = {item.pk: (item.reason, item.subject_key, item.part) for item in WorkItem.objects.all()}
    assert told == {
        cancelled.pk: ("cancelled_sent", key_of(source), ""),
        of_return.pk: ("comes_twice", key_of(row.supplier_return), ""),
        of_parcel.pk: ("comes_twice", key_of(source), "P-2"),
    }
