"""A lost parcel that was paid back and comes after all: nobody may overlook it, and nothing is taken back by itself."""

from __future__ import annotations

import uuid

import pytest
from django.db import transaction
from django.urls import reverse

from orders.actions.refund import RefundPart, _fail, request_refund
from orders.actions.shipping import ParcelNews, lock_order, record_parcel
from orders.models import Refund, Shipment, ShipmentLine, WorkItem
from orders.states import ParcelStatus
from support.models import Choice
from support.returning.decide import Verdict, decide
from support.returning.money import parts_of_parcel
from tests import waiting
from tests.factories import make_person
from tests.passing import put
from tests.returning import ask as back, make_desk, sent_order
from tests.work import press, staff_fixture, work_of  # noqa: F401

pytestmark = pytest.mark.django_db
R = WorkItem.Reason


def comes(parcel: Shipment) -> None:
    """Let its supplier say that a parcel is delivered."""
    lines = {one.line_id: one.quantity for one in parcel.lines.all()}
    with transaction.atomic():
        lock_order(parcel.order)
        parcel.refresh_from_db()
        record_parcel(parcel.order, parcel.delivery, parcel, ParcelNews(lines=lines, status=ParcelStatus.DELIVERED))


def lost(client, **facts: object) -> Shipment:
    """Return a parcel that was paid back by the button of the work about it."""
    parcel = put(waiting.a_parcel(), status="exception", **facts)
    press(client, work_of(parcel, "parcel_trouble"), "refund-parcel")
    assert Refund.objects.get().reason == "not_delivered"
    return parcel


def asked() -> list[WorkItem]:
    return list(WorkItem.objects.filter(reason=R.CAME_PAID_BACK))


def test_a_parcel_that_comes_after_it_was_paid_back_is_work_once(client, staff):
    parcel = lost(client)

    comes(parcel)
    comes(parcel)

    (item,) = asked()
    assert (item.order, item.money_minor) == (parcel.order, Refund.objects.get().amount_minor)
    assert "has come after it was paid back as not delivered" in item.summary
    # No money is asked for by itself.
    assert Refund.objects.count() == 1


def test_the_next_step_is_to_write_to_the_customer(client):
    client.force_login(make_person(is_superuser=True, is_staff=True))
    parcel = lost(client)
    comes(parcel)
    (item,) = asked()

    page = client.get(reverse("admin:orders_workitem_act", args=[item.pk, "write-about"]), follow=True)

    assert page.redirect_chain[0][0] == f"{reverse('desk:new')}?order={parcel.order.number}"


def test_a_parcel_that_came_is_not_paid_back_as_lost(client, staff):
    parcel = put(waiting.a_parcel(), status="exception")
    item = work_of(parcel, "parcel_trouble")
    Shipment.objects.filter(pk=parcel.pk).update(status="delivered")

    page = press(client, item, "refund-parcel").content.decode()

    assert "It has arrived meanwhile." in page
    assert not Refund.objects.exists()


def test_new_goods_that_were_paid_back_as_lost_are_asked_about_too(client, staff):
    order = sent_order(2)
    row = back(order, {order.lines.get().pk: 1})
    decide(row, Verdict(Choice.REPLACEMENT, goods_back=False), form_key=uuid.uuid4(), by=make_desk())
    new = order.lines.get(replaces__isnull=False)
    parcel = Shipment.objects.create(order=order, status="exception", delivery=new.delivery)
    ShipmentLine.objects.create(shipment=parcel, line=new, quantity=1)
    press(client, work_of(parcel, "parcel_trouble"), "refund-parcel")

    comes(parcel)

    assert [item.money_minor for item in asked()] == [Refund.objects.get().amount_minor]


@pytest.mark.parametrize(("paid_back", "money"), [(1, 0), (2, 1)])
def test_of_several_units_only_those_count_that_cannot_be_others(paid_back, money):
    """Of two units in two parcels one or both are paid back from a case; then one parcel comes."""
    parcel = put(waiting.a_parcel(), status="in_transit")
    line = parcel.order.lines.get()
    assert line.quantity == 2
    parts = [RefundPart(line, paid_back, paid_back * 100)]
    request_refund(parcel.order, parts, reason=Refund.Reason.NOT_DELIVERED, by=None, key="case-1")

    comes(parcel)

    assert [item.money_minor for item in asked()] == [line.unit_price_minor] * money


@pytest.mark.parametrize("why", ["goodwill", "failed"])
def test_other_refunds_and_those_that_failed_are_no_reason_to_ask(why):
    parcel = put(waiting.a_parcel(), status="in_transit")
    reason = Refund.Reason.GOODWILL if why == "goodwill" else Refund.Reason.NOT_DELIVERED
    parts = [RefundPart(parcel.order.lines.get(), 2, 200)]
    refund = request_refund(parcel.order, parts, reason=reason, by=None, key="case-1")
    if why == "failed":
        _fail(refund, "account closed")

    comes(parcel)

    assert asked() == []


def test_a_parcel_that_comes_while_it_is_paid_back_is_asked_about_too(client, staff, monkeypatch):
    parcel = put(waiting.a_parcel(), status="exception")
    item = work_of(parcel, "parcel_trouble")

    def meanwhile(shipment: Shipment) -> list[RefundPart]:
        parts = parts_of_parcel(shipment)
        comes(Shipment.objects.get(pk=shipment.pk))
        return parts

    monkeypatch.setattr("config.parcel_remedies.parts_of_parcel", meanwhile)
    press(client, item, "refund-parcel")

    assert [one.money_minor for one in asked()] == [Refund.objects.get().amount_minor]
