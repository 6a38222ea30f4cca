"""An order goes elsewhere as long as no supplier has been told where: the supplier gets the last word, or nothing changes."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone

from config.audit import run_audit
from notifications.models import Notification
from orders.actions.address import AddressFixed, OtherTerms, change_address
from orders.actions.holds import place_hold, release_hold
from orders.models import Hold, Order
from shop.actions.delivery import ZoneTerms
from suppliers.actions.forward import forward_order
from suppliers.adapters import ADAPTERS
from suppliers.adapters.base import Unclear
from suppliers.adapters.rest import RestAdapter
from suppliers.models import SupplierOrder
from tests.accounts import make_customer
from tests.factories import (
    ADDRESS,
    ZONES,
    make_order,
    make_paid_order,
    make_person,
    make_supplier,
    make_variant,
    standard as service,
)

pytestmark = pytest.mark.django_db
CORK = {
    "name": "Alex Byrne", "company": "", "line1": "1 Mill Lane", "line2": "", "city": "Cork", "region": "",
    "postcode": "T12 X0X0", "phone": "", "note": "Green door",
}  # fmt: skip


class Recording(RestAdapter):
    """A supplier that is sent orders and never answers."""

    sent: list[dict] = []  # noqa: RUF012  (emptied by the fixture)

    def place(self, request, *, key):
        self.sent.append(request)
        raise Unclear("no answer")


@pytest.fixture(autouse=True)
def sent(monkeypatch, settings) -> list[dict]:
    """Return what suppliers are sent; orders wait ten minutes before they go off."""
    settings.FORWARD_GRACE_SECONDS = 600
    monkeypatch.setitem(ADAPTERS, "recording", Recording)
    monkeypatch.setattr(Recording, "sent", [])
    return Recording.sent


@pytest.fixture
def order(relay) -> Order:
    """Sell something, and have its supplier order made; nothing is sent before the grace time ends."""
    made = make_paid_order((make_variant(make_supplier(adapter="recording")), 1))
    relay.run_until_idle()
    assert SupplierOrder.objects.get().first_sent_at is None
    return made


def end_grace(relay) -> None:
    Order.objects.update(forward_after=timezone.now())
    SupplierOrder.objects.update(due_at=timezone.now())
    relay.run_until_idle()


def page(order: Order) -> str:
    return f"/orders/{order.token}/address/"


def test_the_supplier_gets_the_address_that_was_confirmed_last(client, order, relay, sent, mailbox):
    shown = client.get(order.get_absolute_url()).content.decode()
    assert f'href="{page(order)}"' in shown
    client.post(page(order), CORK | {"line1": "9 Wrong Way"})
    answer = client.post(page(order), CORK)
    assert answer["Location"] == order.get_absolute_url()
    end_grace(relay)

    (request,) = sent
    assert request["ship_to"] == {
        "name": "Alex Byrne", "line1": "1 Mill Lane", "city": "Cork", "postal_code": "T12 X0X0", "country": "IE",
    }  # fmt: skip
    assert request["note"] == "Green door"
    assert SupplierOrder.objects.get().request == request
    last = mailbox()[-1]
    assert last["Subject"] == f"New delivery address ({order.number})"
    assert "1 Mill Lane" in last.get_body(("plain",)).get_content()
    assert {finding.check.name for finding in run_audit() if finding.violations} == set()


def test_the_change_stands_on_the_timeline_with_both_addresses_and_who_did_it(client, relay, order):
    owner = make_customer("owner@example.com")
    client.force_login(owner)
    client.post(page(order), CORK)
    event = order.events.get(kind="order.address_changed")
    assert event.by == owner
    assert event.facts["changed"] == ["line1", "city", "postcode", "note"]
    assert "12 Main Street" in event.facts["before"]
    assert "1 Mill Lane" in event.facts["now"]
    client.force_login(make_person(role="Store staff"))
    assert "Order: address changed" in client.get(f"/admin/orders/order/{order.pk}/change/").content.decode()


def test_the_same_address_again_changes_nothing_and_tells_nobody(client, order, relay):
    for _click in range(2):
        client.post(page(order), CORK)
    relay.run_until_idle()
    assert order.events.filter(kind="order.address_changed").count() == 1
    assert Notification.objects.filter(kind="address-changed").count() == 1


def test_once_a_supplier_was_sent_it_the_address_stays_and_we_can_be_asked(client, order, relay, sent):
    end_grace(relay)
    answer = client.post(page(order), CORK, follow=True)
    order.refresh_from_db()
    assert (order.line1, len(sent)) == ("12 Main Street", 1)
    shown = answer.content.decode()
    assert "A supplier has this address already and is preparing the parcel." in shown
    assert f'href="{page(order)}"' not in shown
    url = f"/orders/{order.token}/help/?topic=question&amp;about=address"
    assert url in shown
    form = client.get(url.replace("&amp;", "&")).content.decode()
    assert "Can you still send it to another address? It is:" in form
    # It is not typed twice.
    assert re.search(r"It is:\s+Alex Byrne\s+1 Mill Lane\s+Cork\s+T12 X0X0\s+Green door\s*</textarea>", form), form
    assert not order.events.filter(kind="order.address_changed").exists()


def test_a_request_that_was_sent_is_repeated_as_it_was(order, relay, sent):
    end_grace(relay)
    with pytest.raises(AddressFixed):
        change_address(order, CORK, by=None)
    SupplierOrder.objects.update(due_at=timezone.now())
    # Whatever somebody writes into the row by hand: one reference, one content.
    Order.objects.update(line1="9 Elsewhere")
    relay.run_until_idle()
    assert [request["ship_to"]["line1"] for request in sent] == ["12 Main Street"] * len(sent)


def test_a_held_order_goes_where_it_was_told_last_and_one_that_was_judged_stays(order, relay, sent):
    place_hold(order, Hold.Reason.MANUAL, by=make_person(role="Store staff"))
    with pytest.raises(AddressFixed, match="checked"):
        change_address(order, CORK, by=None)
    for hold in Hold.objects.all():
        release_hold(hold, by=make_person(role="Store staff"))
    with pytest.raises(AddressFixed, match="checked"):
        change_address(order, CORK, by=None)


def test_goods_on_prescription_go_where_the_pharmacist_saw_them_going(client):
    variant = make_variant(make_supplier())
    type(variant.product).objects.update(gate="prescription")
    variant.refresh_from_db()
    order = make_paid_order((variant, 1))
    with pytest.raises(AddressFixed, match="checked"):
        change_address(order, CORK, by=None)
    assert "We have looked at this order as it is" in client.get(order.get_absolute_url()).content.decode()


def test_an_order_that_is_over_or_still_to_be_paid_by_card_offers_nothing(client):
    waiting = make_order((make_variant(make_supplier()), 1))
    with pytest.raises(AddressFixed, match="over"):
        change_address(waiting, CORK, by=None)
    assert page(waiting) not in client.get(waiting.get_absolute_url()).content.decode()


ISLANDS = ZoneTerms("Spain", ["ES"], [service(500, None, 2, 4)])


@pytest.fixture
def madrid() -> Order:
    spanish = {"country": "ES", "line1": "Calle Mayor 1", "city": "Madrid", "region": "Madrid", "postcode": "28001"}
    fields = {name: getattr(ADDRESS, name) for name in ADDRESS.__dataclass_fields__}
    supplier = make_supplier(zones=(*ZONES, ISLANDS))
    return make_paid_order((make_variant(supplier), 1), address=type(ADDRESS)(**fields | spanish))


def test_a_place_with_another_tax_is_refused_with_what_to_do(client, madrid):
    typed = {"name": "A", "line1": "Calle 1", "city": "Las Palmas", "region": "GC", "postcode": "35001"}
    answer = client.post(page(madrid), typed)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "35001 Las Palmas are not those you paid" in text
    assert "Cancel the order until" in text
    madrid.refresh_from_db()
    assert (madrid.postcode, madrid.events.filter(kind="order.address_changed").count()) == ("28001", 0)
    typed |= {"city": "Sevilla", "region": "SE", "postcode": "41001"}
    assert client.post(page(madrid), typed)["Location"] == madrid.get_absolute_url()


def test_another_country_cannot_be_typed_and_does_not_slip_in(client, order):
    client.post(page(order), CORK | {"country": "DE"})
    order.refresh_from_db()
    assert (order.country.code, order.line1) == ("IE", "1 Mill Lane")


def test_a_territory_is_another_place_than_its_country():
    zone = ZoneTerms("North", ["FI", "AX"], [service(500, None, 2, 4)])
    fields = {name: getattr(ADDRESS, name) for name in ADDRESS.__dataclass_fields__}
    finnish = fields | {"country": "FI", "city": "Helsinki", "postcode": "00100"}
    order = make_paid_order((make_variant(make_supplier(zones=(zone,))), 1), address=type(ADDRESS)(**finnish))
    with pytest.raises(OtherTerms):
        change_address(order, {"city": "Mariehamn", "postcode": "22100"}, by=None)


def test_what_is_wrong_is_said_at_its_field_and_kept(client, order):
    answer = client.post(page(order), CORK | {"postcode": "123", "line1": ""})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Error:" in text
    assert "Type street and house number." in text
    assert 'value="123"' in text


def test_supplier_orders_made_after_the_change_carry_it(relay, sent):
    order = make_paid_order((make_variant(make_supplier(adapter="recording")), 1))
    change_address(order, CORK, by=None)
    (row,) = forward_order(order)
    assert row.request["ship_to"]["line1"] == "1 Mill Lane"
