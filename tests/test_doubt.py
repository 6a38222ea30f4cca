"""Nobody knows whether the supplier has the order: what happens next is what its adapter declares."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from orders import lease
from orders.models import WorkItem
from suppliers.actions.decide import confirm_has_it, send_again
from suppliers.actions.send import send_supplier_order
from suppliers.adapters import ADAPTERS
from suppliers.adapters.base import Adapter, Doubt, Refused
from suppliers.adapters.rest import RestAdapter
from suppliers.models import SupplierOrder
from tests.demo.supplier_process import API_KEY
from tests.factories import make_paid_order, make_person, make_supplier, make_variant

pytestmark = pytest.mark.django_db
_serial = itertools.count(1)
# With time running fast, what was just placed may be delivered by now.
TAKEN = {"placed", "closed"}


def ours(copy):
    return copy | {"reference": copy["reference"].partition("_")[0]}


class Numbering(RestAdapter):
    """A supplier that takes every request for a new order: whoever sends twice orders twice.

    Its adapter translates: our reference is what stands before its own number.
    """

    def place(self, request, *, key):
        theirs = f"{request['reference']}_{next(_serial)}"
        return ours(self._send("POST", "/orders", json_body=request | {"reference": theirs}, key=f"key-of-{theirs}"))


class LookedUp(Numbering):
    """It knows no keys, but its orders can be found by our reference."""

    doubt = Doubt.LOOKUP
    settles_in = timedelta(0)

    def find(self, reference):
        theirs = [copy for copy in self.walk("orders").items if copy["reference"].startswith(f"{reference}_")]
        return ours(theirs[0]) if theirs else None


class Blind(Numbering):
    """It knows no keys, and cannot be asked."""

    doubt = Doubt.BLIND

    def find(self, reference):
        raise AssertionError("a blind supplier was asked")


@pytest.fixture(autouse=True)
def adapters(monkeypatch):
    monkeypatch.setitem(ADAPTERS, "looked-up", LookedUp)
    monkeypatch.setitem(ADAPTERS, "blind", Blind)


def an_order(process, adapter: str = "rest") -> SupplierOrder:
    """Have an order paid; nothing is forwarded yet."""
    supplier = make_supplier(base_url=process.base + "/v1", api_key=API_KEY, adapter=adapter)
    return make_paid_order((make_variant(supplier, sku="TEST-OK", stock=None), 1))


def fault(process, kind: str, times: int = 1, match: str = "POST /v1/orders") -> None:
    process.control("faults", [{"match": match, "kind": kind, "times": times}])


def sent(process) -> list[dict]:
    """Return what the supplier was sent to place an order, as it noted it."""
    return [row for row in process.books()["requests"] if (row["method"], row["path"]) == ("POST", "/v1/orders")]


def posts(process) -> int:
    return len(sent(process))


def try_now(relay) -> SupplierOrder:
    SupplierOrder.objects.exclude(due_at=None).update(due_at=lease.db_now_plus(-1))
    relay.run_until_idle()
    return SupplierOrder.objects.get()


def test_whoever_declares_nothing_is_taken_for_blind():
    assert Adapter.doubt == Doubt.BLIND
    assert RestAdapter.doubt == Doubt.IDEMPOTENT


def test_an_idempotent_supplier_is_sent_the_same_key_again(harbour, relay):
    an_order(harbour)
    fault(harbour, "accept_then_drop")
    relay.run_until_idle()
    assert SupplierOrder.objects.get().status == "unknown"
    assert try_now(relay).status in TAKEN
    books = harbour.books()
    assert [row["effects"] for row in books["orders"]] == [1]
    assert len({row["key"] for row in sent(harbour)}) == 1
    assert posts(harbour) == 2


@pytest.mark.parametrize(("kind", "posts_in_all"), [("accept_then_drop", 1), ("reset", 2)])
def test_when_a_key_is_too_old_an_order_is_looked_up_before_it_is_repeated(harbour, relay, kind, posts_in_all):
    an_order(harbour)
    fault(harbour, kind)
    relay.run_until_idle()
    SupplierOrder.objects.update(
        first_sent_at=timezone.now() - timedelta(hours=21), last_sent_at=timezone.now() - timedelta(hours=1)
    )
    assert try_now(relay).status in TAKEN
    books = harbour.books()
    assert [row["effects"] for row in books["orders"]] == [1]
    assert posts(harbour) == posts_in_all


def test_a_supplier_without_keys_that_has_the_order_is_not_sent_it_again(harbour, relay):
    an_order(harbour, "looked-up")
    fault(harbour, "accept_then_drop")
    relay.run_until_idle()
    assert SupplierOrder.objects.get().status == "unknown"
    assert try_now(relay).status in TAKEN
    assert len(harbour.books()["orders"]) == posts(harbour) == 1


def test_a_supplier_without_keys_that_surely_has_nothing_is_sent_the_order_again(harbour, relay):
    an_order(harbour, "looked-up")
    fault(harbour, "reset")
    relay.run_until_idle()
    assert harbour.books()["orders"] == []
    assert try_now(relay).status in TAKEN
    assert len(harbour.books()["orders"]) == 1


def test_not_there_so_soon_after_sending_is_not_believed(harbour, relay, monkeypatch):
    monkeypatch.setattr(LookedUp, "settles_in", timedelta(seconds=60))
    an_order(harbour, "looked-up")
    fault(harbour, "reset")
    relay.run_until_idle()
    before = posts(harbour)
    row = try_now(relay)
    assert (row.status, posts(harbour)) == ("unknown", before)
    SupplierOrder.objects.update(last_sent_at=timezone.now() - timedelta(seconds=61))
    assert try_now(relay).status in TAKEN
    assert len(harbour.books()["orders"]) == 1


@pytest.mark.parametrize("kind", ["garbage_html", "error_500", "503", "reset"])
def test_a_look_up_that_fails_sends_nothing(harbour, relay, kind):
    an_order(harbour, "looked-up")
    fault(harbour, "accept_then_drop")
    relay.run_until_idle()
    fault(harbour, kind, match="GET /v1/orders*")
    row = try_now(relay)
    assert row.status == "unknown"
    assert row.due_at is not None
    assert len(harbour.books()["orders"]) == posts(harbour) == 1


def test_a_request_refused_in_doubt_is_looked_up_for_an_earlier_one_may_have_been_taken(harbour, relay, monkeypatch):
    an_order(harbour)
    fault(harbour, "accept_then_drop")
    relay.run_until_idle()

    def refuse(self, request, *, key):
        raise Refused("validation-failed", "not any more")

    monkeypatch.setattr(RestAdapter, "place", refuse)
    monkeypatch.setattr(RestAdapter, "settles_in", timedelta(0))
    assert try_now(relay).status in TAKEN
    assert not WorkItem.objects.filter(closed_at=None).exists()


def a_doubt(harbour, relay, kind: str = "accept_then_drop") -> SupplierOrder:
    an_order(harbour, "blind")
    fault(harbour, kind)
    relay.run_until_idle()
    return SupplierOrder.objects.get()


def test_a_blind_supplier_is_never_sent_an_order_in_doubt_again_but_one_person_is_asked(harbour, relay):
    row = a_doubt(harbour, relay)
    assert (row.status, row.due_at) == ("unknown", None)
    for _time in range(3):
        SupplierOrder.objects.update(due_at=lease.db_now_plus(-1))
        relay.run_until_idle()
    assert len(harbour.books()["orders"]) == posts(harbour) == 1
    assert WorkItem.objects.get(closed_at=None).reason == "supplier_doubt"


def test_a_person_may_say_that_the_blind_supplier_has_it(harbour, relay):
    row, person = a_doubt(harbour, relay), make_person(role="Store staff")
    assert confirm_has_it(row, by=person)
    assert not confirm_has_it(row, by=person)
    assert not send_again(row, by=person)
    relay.run_until_idle()
    row.refresh_from_db()
    assert row.status == "placed"
    assert posts(harbour) == 1
    assert not WorkItem.objects.filter(closed_at=None).exists()
    assert row.order.events.get(kind="supplier_order.placed").by == person


def test_a_person_may_say_that_the_blind_supplier_has_it_not(harbour, relay):
    row, person = a_doubt(harbour, relay, "reset"), make_person(role="Store staff")
    assert harbour.books()["orders"] == []
    assert send_again(row, by=person)
    assert not send_again(row, by=person)
    assert not confirm_has_it(row, by=person)
    relay.run_until_idle()
    row.refresh_from_db()
    assert row.status in TAKEN
    assert len(harbour.books()["orders"]) == 1
    assert not WorkItem.objects.filter(closed_at=None).exists()
    assert row.order.events.get(kind="supplier_order.ready").by == person


@pytest.mark.parametrize(("button", "status"), [("has_it", "placed"), ("has_it_not", "ready")])
def test_both_answers_are_buttons_in_the_admin(client, harbour, relay, button, status):
    row = a_doubt(harbour, relay)
    client.force_login(make_person(role="Store staff"))
    ticked = {"action": button, "_selected_action": [row.pk]}
    assert client.post(reverse("admin:suppliers_supplierorder_changelist"), ticked).status_code == 302
    row.refresh_from_db()
    assert row.status == status


def test_whoever_dies_while_sending_to_a_blind_supplier_leaves_it_to_a_person(harbour, relay):
    order = an_order(harbour, "blind")
    from suppliers.actions.forward import forward_order

    (row,) = forward_order(order)
    SupplierOrder.objects.update(status="sending", attempt=1, lease_until=lease.db_now_plus(-1))
    send_supplier_order(row.pk)
    row.refresh_from_db()
    assert (row.status, row.due_at) == ("unknown", None)
    assert posts(harbour) == 0
    assert WorkItem.objects.get(closed_at=None).reason == "supplier_doubt"


def test_a_blind_supplier_that_is_away_is_waited_for(relay, settings):
    # Longer than a slow machine takes over the whole turn.
    settings.RETRY_SECONDS = settings.RETRY_MAX_SECONDS = 600
    supplier = make_supplier(base_url="http://127.0.0.1:9/v1", adapter="blind")
    make_paid_order((make_variant(supplier), 1))
    relay.run_until_idle()
    row = SupplierOrder.objects.get()
    assert (row.status, row.failures) == ("ready", 1)
    assert row.due_at is not None
    assert not WorkItem.objects.filter(closed_at=None).exists()


def test_news_of_an_order_in_doubt_close_the_question(harbour, relay):
    row = a_doubt(harbour, relay)
    from suppliers.actions.track import take_order_copy

    copy = harbour.books()["orders"][0]
    assert take_order_copy(row, copy | {"reference": row.reference})
    assert row.status in TAKEN
    assert not WorkItem.objects.filter(closed_at=None).exists()
