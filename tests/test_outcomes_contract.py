"""What a supplier says against the contract: nothing changes, and a person is asked once until it says better."""

from __future__ import annotations

import copy as copying
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from orders.models import Shipment, WorkItem
from suppliers.actions.parcels import take_shipment_copy
from suppliers.actions.track import take_order_copy
from suppliers.adapters.rest import RestAdapter
from suppliers.models import SupplierOrder
from tests.deals import Deal, deal_fixture, odd_supplier_fixture, open_reasons, process_fixture  # noqa: F401
from tests.demo.supplier_process import API_KEY
from tests.factories import make_paid_order, make_supplier, make_variant

pytestmark = pytest.mark.django_db
# Each breaks the contract in one way; the copy is a true one, one version later.
BREAKS: dict[str, Callable[[dict[str, Any]], object]] = {
    "I1 counters do not add up": lambda told: told["lines"][0].update(quantity_accepted=1),
    "I1 another quantity": lambda told: told["lines"][0].update(quantity=3, quantity_accepted=3),
    "I2 more sent than accepted": lambda told: told["lines"][0].update(quantity_shipped=3),
    "I2 more delivered than sent": lambda told: told["lines"][0].update(quantity_delivered=2),
    "I3 more returned than sent": lambda told: told["lines"][0].update(quantity_returned=2),
    "I4 sent less than before": lambda told: told["lines"][0].update(quantity_shipped=0, quantity_delivered=0),
    "I4 pending again": lambda told: told["lines"][0].update(
        quantity_pending=2, quantity_accepted=0, quantity_shipped=0, quantity_delivered=0
    ),
    "I6 a higher price": lambda told: told["lines"][0].update(unit_cost={"amount": "99.00", "currency": "EUR"}),
    "I6 no price": lambda told: told["lines"][0].update(unit_cost={"amount": "NaN", "currency": "EUR"}),
    "I6 other goods": lambda told: told["lines"][0].update(sku="TEST-OK"),
    "I7 more to stop than there is": lambda told: told["lines"][0].update(quantity_cancel_requested=2),
    "another order's reference": lambda told: told.update(reference="LF-1-1-1"),
    "another number": lambda told: told.update(supplier_order_id="SOMEONE-ELSES"),
    "a foreign currency": lambda told: told.update(currency="USD"),
    "a line in a foreign currency": lambda told: told["lines"][0].update(unit_cost={"amount": "9", "currency": "USD"}),
    "a version that went down": lambda told: told.update(version=1, updated_at="2999-01-01T00:00:00Z"),
    "two copies of one version": lambda told: (
        told.update(version=told["version"] - 1) or told["lines"][0].update(quantity_delivered=1)
    ),
    "a line that is not ours": lambda told: told["lines"][0].update(line_id="L999999"),
    "a line twice": lambda told: told["lines"].append(told["lines"][0]),
    "no lines": lambda told: told.update(lines=[]),
    "half a unit": lambda told: told["lines"][0].update(quantity_accepted=1.5, quantity_cancelled=0.5),
    "a negative count": lambda told: told["lines"][0].update(quantity_accepted=3, quantity_rejected=-1),
    "words for counts": lambda told: told["lines"][0].update(quantity_accepted="two"),
    "lines that are no objects": lambda told: told.update(lines=["L1"]),
    "a hold that is no object": lambda told: told.update(hold="yes"),
    "no version": lambda told: told.pop("version"),
}


def state_of(made: Deal) -> list[object]:
    row = made.row
    counters = ("pending", "accepted", "backordered", "rejected", "cancelled", "shipped", "delivered", "returned")
    mine = ("forwarded", "confirmed", "backordered", "shipped", "delivered", "returned", "cancelled")
    return [
        (row.status, row.version, row.supplier_status, row.hold_code, row.last_copy),
        [getattr(row.lines.get(), name) for name in counters],
        [getattr(made.line, name) for name in mine],
        made.words(),
    ]


@pytest.fixture
def sent(deal):
    """A deal of two units, of which one parcel is on its way."""
    made = deal("TEST-SPLIT", 2)
    made.news(after=21)
    assert made.line.shipped == 1
    return made


def page_of(client, deal: Deal) -> str:
    """Return the page but for what moves by itself: how long ago it was news, and the tokens of its forms."""
    page = client.get(deal.order.get_absolute_url()).content.decode()
    return re.sub(r'<p class="stamp">[^<]*</p>|name="csrfmiddlewaretoken" value="[^"]*"', "", page)


def test_a_copy_that_breaks_the_contract_changes_nothing_and_asks_once_until_a_good_one_comes(sent, mailbox, client):
    before, mails, good = state_of(sent), len(mailbox()), sent.copy()
    page = page_of(client, sent)
    for name, spoil in BREAKS.items():
        bad = copying.deepcopy(good) | {"version": good["version"] + 1}
        spoil(bad)

        assert not take_order_copy(sent.row, bad), name
        assert not take_order_copy(sent.row, bad), name

        assert open_reasons() == ["supplier_garbage"], name
        assert state_of(sent) == before, name
        # The same copy as ever is a good one too.
        take_order_copy(sent.row, good)
        assert open_reasons() == [], name
    sent.relay.run_until_idle()
    assert len(mailbox()) == mails
    assert page_of(client, sent) == page
    assert WorkItem.objects.filter(closed_by=None).count() == len(BREAKS)


def test_an_older_copy_is_late_and_not_wrong(sent):
    before, good = state_of(sent), sent.copy()

    old = copying.deepcopy(good) | {"version": 1, "updated_at": "2000-01-01T00:00:00Z"}
    old["lines"][0] |= {"quantity_shipped": 0}

    assert not take_order_copy(sent.row, old)
    assert open_reasons() == []
    assert state_of(sent) == before


PARCEL_BREAKS: dict[str, Callable[[dict[str, Any]], object]] = {
    "other contents": lambda told: told["lines"][0].update(quantity=2),
    "a line that is not ours": lambda told: told["lines"][0].update(line_id="L999999"),
    "no lines": lambda told: told.update(lines=[]),
    "more in parcels than was asked for": lambda told: (
        told.update(shipment_id="P-NEW") or told["lines"][0].update(quantity=2)
    ),
    "a count that is a word": lambda told: told["lines"][0].update(quantity="two"),
    "lines that are no objects": lambda told: told.update(lines=[7]),
    "a carrier that is no object": lambda told: told.update(carrier="An Post"),
}


@pytest.mark.parametrize("name", PARCEL_BREAKS)
def test_a_parcel_that_breaks_the_contract_changes_nothing_until_a_good_one_comes(sent, mailbox, name):
    before, good, mails = state_of(sent), sent.parcel_copy(), len(mailbox())
    parcels = list(Shipment.objects.values("pk", "status", "tracking_number"))
    bad = copying.deepcopy(good) | {"version": good["version"] + 1}
    PARCEL_BREAKS[name](bad)

    assert not take_shipment_copy(sent.supplier, bad)
    assert not take_shipment_copy(sent.supplier, bad)
    sent.relay.run_until_idle()

    assert open_reasons() == ["parcel_garbage"]
    assert state_of(sent) == before
    assert list(Shipment.objects.values("pk", "status", "tracking_number")) == parcels
    assert len(mailbox()) == mails
    # A good copy of another parcel of the order would say nothing of this one.
    assert take_shipment_copy(sent.supplier, good | {"version": good["version"] + 2, "shipment_id": bad["shipment_id"]})
    assert open_reasons() == []


def test_an_answer_about_another_order_leaves_ours_in_doubt(process, relay, monkeypatch):
    honest = RestAdapter.place
    monkeypatch.setattr(RestAdapter, "place", lambda *args, **kw: honest(*args, **kw) | {"reference": "LF-1-1-1"})
    supplier = make_supplier(base_url=process.base + "/v1", api_key=API_KEY)
    make_paid_order((make_variant(supplier, sku="TEST-OK", price_minor=2500, stock=None), 1))
    relay.run_until_idle()
    row = SupplierOrder.objects.get()
    assert (row.status, row.version) == ("unknown", 0)
    assert open_reasons() == ["supplier_garbage"]

    monkeypatch.setattr(RestAdapter, "place", honest)
    SupplierOrder.objects.update(due_at=timezone.now())
    relay.run_until_idle()

    row.refresh_from_db()
    assert row.status == "placed"
    assert open_reasons() == []
    assert [order["effects"] for order in process.books()["orders"]] == [1]


def test_a_placed_order_whose_first_answer_breaks_the_contract_is_read_again(process, relay, monkeypatch):
    honest = RestAdapter.place

    def spoilt(*args: Any, **options: Any) -> dict[str, Any]:
        told = honest(*args, **options)
        told["lines"][0]["quantity_accepted"] = 7
        return told

    monkeypatch.setattr(RestAdapter, "place", spoilt)
    supplier = make_supplier(base_url=process.base + "/v1", api_key=API_KEY)
    order = make_paid_order((make_variant(supplier, sku="TEST-OK", price_minor=2500, stock=None), 1))
    relay.run_until_idle()
    row = SupplierOrder.objects.get()
    assert (row.status, row.version, order.lines.get().confirmed) == ("placed", 0, 0)
    assert open_reasons() == ["supplier_garbage"]

    Deal(process, relay, supplier, order).news()

    assert order.lines.get().confirmed == 1
    assert open_reasons() == []
