"""Mails about new goods in the place of old ones, and who gets the mails of returns in which language."""

from __future__ import annotations

import json
import uuid

import pytest
from django.utils import timezone

from notifications.models import Notification
from notifications.payload import body_of
from notifications.preview.kinds import PREVIEWS, NotThere
from notifications.preview.render import rendered_of
from orders.actions.cancel import cancel_units
from orders.actions.email_address import correct_email
from orders.actions.shipping import ParcelNews, record_parcel
from orders.models import Event, Order, OrderLine, Refund
from orders.states import ParcelStatus
from shop.languages import speaking
from shop.words import exact_moment
from suppliers.models import SupplierOrderLine
from support.models import Choice, Replacement, Return
from support.returning.asking import Wanted, ask_return
from support.returning.decide import Verdict, decide
from support.returning.flow import (
    cancel_return,
    give,
    open_units,
)
from tests.factories import make_person, make_supplier, make_variant
from tests.return_letters import ask, says, sold, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent():
    return make_person("agent", is_superuser=True)


@pytest.fixture(autouse=True)
def quiet(settings):
    """Answers to mails lead into cases; nobody is asked for reviews."""
    settings.REPLY_ADDRESS = "help@reply.example"
    settings.REVIEW_REQUEST_DAYS = 0


@pytest.fixture
def order() -> Order:
    """An order of three boards that were sent and are there."""
    return sold((make_variant(make_supplier(), name="Oak board", stock=9, price_minor=2500), 3))


# --- new goods


def replaced(order: Order, agent, units: int = 1) -> OrderLine:
    row = ask(order, units, solution="replacement")
    decide(row, Verdict(Choice.REPLACEMENT, goods_back=False), form_key=uuid.uuid4(), by=agent)
    return OrderLine.objects.exclude(replaces=None).get()


def test_a_replacement_is_told_as_ordered_sent_and_delivered_by_its_name(order, relay, agent):
    new = replaced(order, agent)
    says(told(relay, order)["return-kept"], "your replacement is ordered", "Ordered for you, at no cost")
    for status in (ParcelStatus.IN_TRANSIT, ParcelStatus.DELIVERED):
        parcel = order.shipments.first()
        news = ParcelNews({new.pk: 1}, status=status, carrier_name="An Post", tracking_number="IE9", scans=())
        record_parcel(order, new.delivery, parcel, news)
    mails = told(relay, order)
    says(mails["parcel-sent"], "Your replacement is on its way", "1 × Replacement for Oak board, free of charge")
    says(mails["parcel-delivered"], "Your replacement was delivered")
    assert "your replacement" in mails["parcel-delivered"].subject


def test_new_goods_that_cannot_come_are_one_mail_with_the_money_in_their_place(order, relay, agent):
    new = replaced(order, agent, units=2)
    told(relay, order)
    OrderLine.objects.filter(pk=new.pk).update(forwarded=0)
    SupplierOrderLine.objects.filter(order_line=new).delete()
    cancel_units(order, {new.pk: 2}, reason=Refund.Reason.SUPPLIER_CANNOT, by=None, key="gone")
    mails = told(relay, order)
    assert {"lines-cancelled", "refund"}.isdisjoint(mails)
    assert Replacement.objects.get().status == "failed"
    says(mails["replacement-failed"], str(Refund.objects.get().amount), "2 × Oak board")


def test_what_was_paid_before_does_not_hide_the_money_for_new_goods_that_do_not_come(relay, agent):
    """Both pay for the same number of settled units: each has a key of its own all the same."""
    supplier = make_supplier()
    board = make_variant(supplier, name="Oak board", stock=9, price_minor=2500)
    lamp = make_variant(supplier, name="Lamp", stock=9, price_minor=4000)
    order = sold((board, 1), (lamp, 1))
    supplier.offers.filter(variant=lamp).update(stock=0)
    wish = Wanted({line.pk: 1 for line in order.lines.all()}, reason="defective", solution="replacement")
    (row,) = ask_return(order, wish, form_key=uuid.uuid4())
    Return.objects.filter(pk=row.pk).update(choice=Choice.REPLACEMENT)
    supplier.offers.filter(variant=lamp).update(availability="out_of_stock")
    row.refresh_from_db()
    give(row, open_units(row), by=None)
    assert Refund.objects.get().amount_minor == 4000
    new = OrderLine.objects.exclude(replaces=None).get()
    OrderLine.objects.filter(pk=new.pk).update(forwarded=0)
    SupplierOrderLine.objects.filter(order_line=new).delete()
    cancel_units(order, {new.pk: 1}, reason=Refund.Reason.SUPPLIER_CANNOT, by=None, key="gone")
    relay.run_until_idle()
    assert sorted(Refund.objects.values_list("amount_minor", flat=True)) == [2500, 4000]


# --- who, in which language, and who else


def test_in_the_language_of_the_order_and_to_its_present_address(order, relay, agent):
    Order.objects.update(language="de")
    row = ask(Order.objects.get())
    mail = told(relay, order)["return-asked"]
    with speaking("de"):
        assert exact_moment(row.asked_at) in mail.text
    assert mail.language == "de"
    correct_email(Order.objects.get(), "alex.byrne@example.com", now=timezone.now(), by=None)
    cancel_return(row, by=None)
    relay.run_until_idle()
    assert Notification.objects.get(kind="return-cancelled").recipient == "alex.byrne@example.com"


def test_staff_see_each_of_them_with_the_data_of_an_order_that_has_a_return(order, relay, agent):
    with pytest.raises(NotThere):
        rendered_of("return-asked", order, language="en-gb")
    replaced(order, agent)
    number = Return.objects.get().number
    for kind in [kind for kind in PREVIEWS if kind.startswith(("return-", "withdrawal-", "replacement-"))]:
        found = rendered_of(kind, order, language="en-gb")
        assert number in found.text, kind


def test_other_systems_are_told_without_a_name(order, relay, agent):
    row = ask(order, 2)
    data = json.loads(body_of(Event.objects.get(kind="return.requested")))["data"]
    assert data["return"]["number"] == row.number
    assert data["return"]["lines"] == [
        {"sku": order.lines.get().sku, "quantity": 2, "received": 0, "refused": 0, "settled": 0}
    ]
    assert order.email not in json.dumps(data)
