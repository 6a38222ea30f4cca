"""Reading a supplier may take long: it is held on to meanwhile, and a process that is to end stops between two pages."""

from __future__ import annotations

import pytest
from django.db import NotSupportedError
from django.db.models import F
from django.utils import timezone

from orders.models import WorkItem
from shop.turns import ENDING
from suppliers.actions import poll
from suppliers.actions.poll import poll_supplier
from suppliers.adapters import ADAPTERS
from suppliers.adapters.rest import RestAdapter
from suppliers.models import Offer, Supplier
from tests.demo.supplier_process import API_KEY
from tests.factories import make_supplier

pytestmark = pytest.mark.django_db
WHOLE = ["/orders", "/shipments", "/returns", "/account", "/catalog", "/stock"]


class Watched(RestAdapter):
    """Speaks our contract; tells what is asked, and lets a test do something just before it."""

    asked: list[str]
    meanwhile: dict[str, object]

    def _send(self, method, path, **options):
        self.asked.append(path)
        self.meanwhile.get(path, lambda: None)()
        return super()._send(method, path, **options)


@pytest.fixture
def watched(monkeypatch):
    monkeypatch.setattr(Watched, "asked", [], raising=False)
    monkeypatch.setattr(Watched, "meanwhile", {}, raising=False)
    monkeypatch.setitem(ADAPTERS, "watched", Watched)
    yield Watched
    ENDING.clear()


@pytest.fixture
def supplier(harbour, watched):
    return make_supplier(
        base_url=harbour.base + "/v1", api_key=API_KEY, adapter="watched", capabilities=["returns"], stock_due_at=None
    )


def read(supplier: Supplier) -> Supplier:
    Supplier.objects.update(due_at=timezone.now())
    poll_supplier(supplier.pk)
    return Supplier.objects.get()


def test_a_supplier_is_held_on_to_from_page_to_page(supplier, watched):
    held = []
    watched.meanwhile = dict.fromkeys(WHOLE, lambda: held.append(Supplier.objects.get().lease_until))
    after = read(supplier)
    assert watched.asked == WHOLE
    # The account is no list: it has no pages.
    at_pages = [until for path, until in zip(WHOLE, held, strict=True) if path != "/account"]
    assert all(earlier < later for earlier, later in zip(at_pages, at_pages[1:], strict=False))
    assert (after.lease_until, after.deaths, after.failures) == (None, 0, 0)


def test_who_has_lost_a_supplier_to_another_reader_asks_for_no_further_page(supplier, watched):
    watched.meanwhile = {"/shipments": lambda: Supplier.objects.update(attempt=F("attempt") + 1)}
    after = read(supplier)
    assert watched.asked == ["/orders", "/shipments"]
    # It is still the other's.
    assert after.lease_until is not None


def test_a_process_that_is_to_end_stops_between_two_parts_of_a_page_of_the_catalogue(supplier, watched):
    watched.meanwhile = {"/catalog": ENDING.set}
    after = read(supplier)
    assert watched.asked == WHOLE[:-1]
    assert not Offer.objects.exists()
    assert after.catalogue_as_of == ""


def test_a_catalogue_that_changes_while_it_is_read_is_read_again(supplier, watched):
    assert read(supplier).stock_due_at > timezone.now()
    Supplier.objects.update(stock_due_at=None)
    # As a webhook about it does.
    watched.meanwhile = {"/stock": lambda: Supplier.objects.update(stock_due_at=None)}
    assert read(supplier).stock_due_at is None


def test_an_item_that_met_a_plan_out_of_date_is_taken_at_the_second_try(supplier, monkeypatch):
    tries = []

    def take(_supplier, copy):
        tries.append(copy)
        if len(tries) == 1:
            raise NotSupportedError("cached plan must not change result type")

    poll._take(supplier, "orders", {"reference": "LF-1"}, take)
    assert tries == [{"reference": "LF-1"}] * 2
    assert not WorkItem.objects.exists()


def test_a_process_that_is_to_end_stops_at_the_next_page_and_the_next_process_begins_at_once(supplier, watched):
    watched.meanwhile = {"/orders": ENDING.set}
    after = read(supplier)
    assert watched.asked == ["/orders"]
    assert (after.lease_until, after.failures, after.last_error) == (None, 0, "")
    assert after.due_at <= timezone.now()
    assert after.orders_as_of
    ENDING.clear()
    watched.asked.clear()
    watched.meanwhile = {}
    poll_supplier(supplier.pk)
    assert watched.asked == WHOLE
