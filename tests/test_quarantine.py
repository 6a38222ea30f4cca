"""What fails for a reason of its own is set aside with one person asked; everything else flows on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from orders import lease
from orders.models import WorkItem
from suppliers.actions.ask import read_news
from suppliers.actions.breaker import close_breaker, due_probes, open_breaker
from suppliers.actions.decide import release, set_aside_old
from suppliers.actions.send import send_supplier_order
from suppliers.adapters.rest import RestAdapter
from suppliers.models import Supplier, SupplierOrder, SupplierProbe
from tests.demo.supplier_process import API_KEY
from tests.factories import make_paid_order, make_person, make_supplier, make_variant

pytestmark = pytest.mark.django_db
TAKEN = {"placed", "closed"}


@pytest.fixture
def variant(harbour):
    supplier = make_supplier(base_url=harbour.base + "/v1", api_key=API_KEY, uses_polling=False)
    return make_variant(supplier, sku="TEST-OK", stock=None)


def forwarded(variant) -> SupplierOrder:
    """Have an order paid and split, not yet sent."""
    from suppliers.actions.forward import forward_order

    (row,) = forward_order(make_paid_order((variant, 1)))
    row.refresh_from_db()
    return row


def die_over(row: SupplierOrder) -> None:
    """Take a row as a worker does, and never come back."""
    assert lease.take(SupplierOrder.objects.all(), row.pk) is not None
    SupplierOrder.objects.filter(pk=row.pk).update(
        status="sending", lease_until=lease.db_now_plus(-1), due_at=lease.db_now_plus(-1)
    )


def test_an_order_that_kills_three_workers_is_set_aside_and_the_others_flow_on(harbour, relay, variant):
    poison, other = forwarded(variant), forwarded(variant)
    for _time in range(3):
        die_over(poison)
    relay.run_until_idle()
    poison.refresh_from_db()
    other.refresh_from_db()
    assert (poison.attempt, poison.due_at, poison.status) == (3, None, "sending")
    assert poison.quarantined_at is not None
    assert "3 workers died" in poison.last_error
    assert other.status in TAKEN
    item = WorkItem.objects.get(closed_at=None)
    assert (item.reason, item.money_minor) == ("quarantined", poison.order.total_minor)
    relay.run_until_idle()
    assert WorkItem.objects.count() == 1


def test_a_person_lets_it_be_tried_again_and_it_is_placed_once(client, harbour, relay, variant):
    poison = forwarded(variant)
    for _time in range(3):
        die_over(poison)
    relay.run_until_idle()
    client.force_login(make_person(role="Store staff"))
    ticked = {"action": "release_rows", "_selected_action": [poison.pk]}
    assert client.post(reverse("admin:suppliers_supplierorder_changelist"), ticked).status_code == 302
    relay.run_until_idle()
    poison.refresh_from_db()
    assert poison.status in TAKEN
    assert [row["effects"] for row in harbour.books()["orders"]] == [1]
    assert not WorkItem.objects.filter(closed_at=None).exists()
    assert not release(poison, by=None)


def test_two_deaths_are_borne(harbour, relay, variant):
    row = forwarded(variant)
    for _time in range(2):
        die_over(row)
    relay.run_until_idle()
    row.refresh_from_db()
    assert row.status in TAKEN
    assert row.deaths == 0


def test_an_order_that_our_code_trips_over_is_set_aside_after_three_tries(harbour, relay, variant, monkeypatch):
    row, place = forwarded(variant), RestAdapter.place

    def trip(self, request, *, key):
        if request["reference"] == row.reference:
            raise ZeroDivisionError
        return place(self, request, key=key)

    monkeypatch.setattr(RestAdapter, "place", trip)
    other = forwarded(variant)
    for _time in range(5):
        SupplierOrder.objects.exclude(due_at=None).update(due_at=lease.db_now_plus(-1))
        relay.run_until_idle()
    row.refresh_from_db()
    other.refresh_from_db()
    assert (row.attempt, row.status, row.due_at) == (3, "unknown", None)
    assert row.quarantined_at is not None
    assert other.status in TAKEN
    assert WorkItem.objects.get(closed_at=None).reason == "quarantined"


def test_another_order_under_our_reference_is_set_aside_at_once(harbour, relay, variant, monkeypatch):
    row = forwarded(variant)
    harbour.control("faults", [{"match": "POST /v1/orders", "kind": "accept_then_drop", "times": 1}])
    send_supplier_order(row.pk)
    request = row.request | {"lines": [row.request["lines"][0] | {"quantity": 7}]}
    SupplierOrder.objects.update(
        request=request, first_sent_at=timezone.now() - timedelta(hours=21), due_at=timezone.now()
    )
    relay.run_until_idle()
    row.refresh_from_db()
    assert (row.status, row.due_at) == ("unknown", None)
    assert WorkItem.objects.get(closed_at=None).reason == "quarantined"
    assert [effects["effects"] for effects in harbour.books()["orders"]] == [1]


def test_what_is_not_placed_within_a_day_is_set_aside_with_one_person_asked(relay):
    row = forwarded(make_variant(make_supplier()))
    relay.run_until_idle()
    assert set_aside_old() == 0
    SupplierOrder.objects.update(due_at=timezone.now(), failures=8)
    relay.run_until_idle()
    assert WorkItem.objects.get(closed_at=None).reason == "supplier_silent"
    SupplierOrder.objects.update(waits_since=timezone.now() - timedelta(hours=25))
    assert set_aside_old() == 1
    assert set_aside_old() == 0
    row.refresh_from_db()
    assert (row.status, row.due_at) == ("ready", None)
    # The one that says more has taken the other's place.
    assert WorkItem.objects.get(closed_at=None).reason == "quarantined"
    attempt = row.attempt
    relay.run_until_idle()
    row.refresh_from_db()
    assert row.attempt == attempt


def test_a_released_order_has_its_full_day_again(relay):
    row = forwarded(make_variant(make_supplier()))
    SupplierOrder.objects.update(waits_since=timezone.now() - timedelta(hours=25))
    set_aside_old()
    assert release(row, by=None)
    assert set_aside_old() == 0


def test_what_was_placed_long_ago_is_not_set_aside(harbour, relay, variant):
    row = forwarded(variant)
    relay.run_until_idle()
    SupplierOrder.objects.update(waits_since=timezone.now() - timedelta(hours=25))
    assert set_aside_old() == 0
    row.refresh_from_db()
    assert row.quarantined_at is None


def test_ask_again_wakes_nothing_that_waits_for_a_person(client, relay):
    row = forwarded(make_variant(make_supplier()))
    SupplierOrder.objects.update(waits_since=timezone.now() - timedelta(hours=25))
    set_aside_old()
    client.force_login(make_person(role="Store staff"))
    ticked = {"action": "ask_again", "_selected_action": [row.pk]}
    client.post(reverse("admin:suppliers_supplierorder_changelist"), ticked)
    row.refresh_from_db()
    assert row.due_at is None


def test_a_probe_whose_worker_dies_once_it_has_closed_the_breaker_leaves_nothing_due():
    supplier = make_supplier()
    assert open_breaker(supplier, "five calls failed")
    SupplierProbe.objects.update(due_at=lease.db_now_plus(-1), rested_since=None)
    assert lease.take(due_probes(), SupplierProbe.objects.get().pk) is not None

    assert close_breaker(supplier)

    assert SupplierProbe.objects.get().due_at is None
    assert open_breaker(supplier, "again")
    assert SupplierProbe.objects.get().due_at is not None


def test_a_supplier_over_whose_reading_three_workers_died_is_read_again_by_itself(harbour, relay):
    supplier = make_supplier(base_url=harbour.base + "/v1", api_key=API_KEY, due_at=timezone.now())
    rows = Supplier.objects.filter(pk=supplier.pk)
    for _time in range(3):
        assert lease.take(Supplier.objects.all(), supplier.pk) is not None
        rows.update(lease_until=lease.db_now_plus(-1), due_at=lease.db_now_plus(-1))

    relay.run_until_idle()
    supplier.refresh_from_db()
    assert (supplier.quarantined_at, supplier.orders_as_of, supplier.failures) == (None, "", 3)
    # After its pause, or when somebody wishes it.
    assert read_news(supplier)
    relay.run_until_idle()

    supplier.refresh_from_db()
    assert (supplier.failures, supplier.deaths, supplier.lease_until) == (0, 0, None)
    assert supplier.due_at > timezone.now()
    assert supplier.orders_as_of
    assert not WorkItem.objects.exists()


def test_news_that_it_was_placed_end_the_quarantine(harbour, relay, variant):
    from suppliers.actions.track import take_order_copy

    row = forwarded(variant)
    harbour.control("faults", [{"match": "POST /v1/orders", "kind": "accept_then_drop", "times": 1}])
    send_supplier_order(row.pk)
    SupplierOrder.objects.update(waits_since=timezone.now() - timedelta(hours=25))
    set_aside_old()
    row.refresh_from_db()
    assert take_order_copy(row, harbour.books()["orders"][0])
    row.refresh_from_db()
    assert row.quarantined_at is None
    assert row.status in TAKEN
    assert not WorkItem.objects.filter(closed_at=None).exists()
