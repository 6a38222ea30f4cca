"""Gated goods never reach a supplier without an approval, whatever the way in."""

from __future__ import annotations

import re
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from threading import Barrier, Thread

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.urls import reverse
from django.utils import timezone

from config.audit import run_audit
from orders.actions.approval import NothingToDecide, grant_approval
from orders.models import Approval, Event, OrderLine, Reaction, WorkItem
from shop.models import Product
from suppliers.actions.forward import NotPaid, forward_order, give_up_refused, make_supplier_orders
from suppliers.actions.gate import NotApproved
from suppliers.actions.track import refuse_all
from suppliers.models import Offer, SupplierOrder
from tests.demo.supplier_process import API_KEY
from tests.factories import add_offer, make_order, make_paid_order, make_person, make_supplier, make_variant
from tests.pharmacy import (
    forwarded,
    gate,
    gated,
    line_fixture,  # noqa: F401
    pharmacist_fixture,  # noqa: F401
    supplier_fixture,  # noqa: F401
    waiting,
)

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parent.parent


# --- ways around the gate


def test_the_one_function_refuses_ungranted_units_whoever_calls(line, pharmacist):
    offer = Offer.objects.get()
    for units in (1, 3):
        with pytest.raises(NotApproved), transaction.atomic():
            make_supplier_orders([(line, offer, units)])
    grant_approval(line, 2, by=pharmacist)
    with pytest.raises(NotApproved), transaction.atomic():
        make_supplier_orders([(line, offer, 1), (line, offer, 2)])
    assert SupplierOrder.objects.count() == 0


def test_no_other_code_makes_a_supplier_order():
    making = re.compile(
        r"SupplierOrder(Line)?(\.objects)?(\.create|\.bulk_create|\.get_or_create|\.update_or_create|)\("
    )
    found = set()
    for app in ("shop", "orders", "suppliers", "support", "notifications", "config"):
        for file in (ROOT / app).rglob("*.py"):
            text = re.sub(r"class SupplierOrder(Line)?\(", "", file.read_text())
            if "migrations" not in file.parts and making.search(text):
                found.add(str(file.relative_to(ROOT)))
    # What a supplier sends by itself asks the gate as well; the preview of messages makes up an order that is rolled
    # back before the page is answered.
    by_itself, made_up = "suppliers/actions/replace_in_kind.py", "notifications/preview/samples.py"
    assert found == {"suppliers/actions/forward.py", by_itself, made_up}


def test_an_approval_of_another_line_helps_nothing(supplier, relay, pharmacist):
    order = make_paid_order((gated(supplier), 1), (gated(supplier), 1))
    relay.run_until_idle()
    first, second = order.lines.order_by("position")
    grant_approval(first, 1, by=pharmacist)
    relay.run_until_idle()
    assert (forwarded(first), forwarded(second)) == (1, 0)
    with pytest.raises(NotApproved), transaction.atomic():
        make_supplier_orders([(second, Offer.objects.get(variant=second.variant), 1)])


def test_an_approval_that_has_lapsed_helps_nothing(line, relay, pharmacist):
    now = timezone.now()
    with pytest.raises(NothingToDecide):
        grant_approval(line, 3, by=pharmacist, valid_until=now - timedelta(seconds=1))
    ago = now - timedelta(hours=2)
    Approval.objects.create(
        order_line=line, units=3, decision="granted", by=pharmacist, at=ago, valid_until=now - timedelta(hours=1)
    )
    forward_order(line.order)
    assert forwarded(line) == 0
    assert waiting(line)


def test_an_approval_is_used_once(line, relay, pharmacist):
    grant_approval(line, 2, by=pharmacist, valid_until=timezone.now() + timedelta(hours=1))
    relay.run_until_idle()
    for _time in range(3):
        forward_order(line.order)
    assert forwarded(line) == 2
    with pytest.raises(NotApproved), transaction.atomic():
        make_supplier_orders([(line, Offer.objects.get(), 1)])


def test_a_refusal_is_no_approval(line, pharmacist):
    Approval.objects.create(order_line=line, units=3, decision="refused", by=pharmacist)
    forward_order(line.order)
    assert forwarded(line) == 0


def test_an_unpaid_order_goes_nowhere_even_with_an_approval(supplier, pharmacist):
    order = make_order((gated(supplier), 1))
    line = order.lines.get()
    with pytest.raises(NothingToDecide):
        grant_approval(line, 1, by=pharmacist)
    Approval.objects.create(order_line=line, units=1, decision="granted", by=pharmacist)
    assert forward_order(order) == []
    with pytest.raises(NotPaid), transaction.atomic():
        make_supplier_orders([(line, Offer.objects.get(), 1)])
    assert SupplierOrder.objects.count() == 0


def test_goods_that_were_gated_after_they_were_sold_wait(supplier, relay):
    variant = make_variant(supplier)
    order = make_paid_order((variant, 1))
    gate(variant, "age")
    relay.run_until_idle()
    assert forwarded(order.lines.get()) == 0
    assert waiting(order.lines.get())


def test_taking_the_gate_off_the_product_frees_nothing_that_was_sold_with_it(line, relay):
    Product.objects.update(gate="none")
    forward_order(line.order)
    assert forwarded(line) == 0


def test_a_gate_put_on_and_taken_off_again_still_needs_the_pharmacist(supplier, relay):
    variant = make_variant(supplier)
    order = make_paid_order((variant, 1))
    gate(variant)
    relay.run_until_idle()
    gate(variant, "none")
    forward_order(order)
    assert forwarded(order.lines.get()) == 0


def test_replayed_events_and_reactions_forward_nothing(line, relay):
    for _time in range(2):
        Event.objects.update(delivered_at=None)
        Reaction.objects.update(done_at=None, due_at=timezone.now())
        relay.run_until_idle()
    assert forwarded(line) == 0
    assert WorkItem.objects.filter(reason="approval").count() == 1


def test_a_second_order_of_the_same_goods_needs_its_own_approval(line, relay, pharmacist, supplier):
    grant_approval(line, 3, by=pharmacist)
    again = make_paid_order((line.variant, 1))
    relay.run_until_idle()
    assert forwarded(line) == 3
    assert forwarded(again.lines.get()) == 0


def test_staffs_buttons_send_nothing_that_was_not_approved(line, relay, client):
    client.force_login(make_person(role="Store staff"))
    work = WorkItem.objects.get(closed_at=None)
    client.post(reverse("admin:orders_workitem_changelist"), {"action": "close_items", "_selected_action": [work.pk]})
    client.post(reverse("admin:suppliers_supplierorder_changelist"), {"action": "ask_again", "_selected_action": ["1"]})
    relay.run_until_idle()
    assert forwarded(line) == 0
    forward_order(line.order)
    assert waiting(line)


def rejected(line, relay, pharmacist, **grant) -> SupplierOrder:
    """Forward three approved units, and let the supplier refuse the whole order."""
    grant_approval(line, 3, by=pharmacist, **grant)
    relay.run_until_idle()
    row = SupplierOrder.objects.get()
    SupplierOrder.objects.filter(pk=row.pk).update(status="refused", due_at=None)
    row.refresh_from_db()
    return row


def test_units_that_were_rejected_go_elsewhere_under_the_same_approval(line, relay, pharmacist):
    add_offer(make_supplier("meridian"), line.variant, stock=9)
    assert give_up_refused(rejected(line, relay, pharmacist), by=None)
    relay.run_until_idle()
    assert forwarded(line) == 3
    assert SupplierOrder.objects.get(supplier__slug="meridian").lines.get().quantity == 3
    assert [finding.violations for finding in run_audit() if finding.check.name == "V16 gate"] == [[]]


def test_repair_asks_again_when_the_approval_has_lapsed(line, relay, pharmacist):
    other = make_supplier("meridian")
    add_offer(other, line.variant, stock=9)
    now = timezone.now()
    row = rejected(line, relay, pharmacist, valid_until=now + timedelta(hours=1))
    # As if two hours had gone by: the order and its approval are older.
    with pytest.MonkeyPatch.context() as clock:
        clock.setattr("django.utils.timezone.now", lambda: now + timedelta(hours=2))
        give_up_refused(row, by=None)
        relay.run_until_idle()
        # The relay goes by the database's clock, which nobody moved.
        Reaction.objects.update(due_at=now)
        relay.run_until_idle()
    assert forwarded(line) == 0
    assert waiting(line)
    assert not SupplierOrder.objects.filter(supplier=other).exists()
    grant_approval(line, 3, by=pharmacist)
    relay.run_until_idle()
    assert forwarded(line) == 3


def test_repair_cannot_bring_in_more_than_was_approved(line, relay, pharmacist):
    add_offer(make_supplier("meridian"), line.variant, stock=9)
    grant_approval(line, 1, by=pharmacist)
    relay.run_until_idle()
    refuse_all(SupplierOrder.objects.get(), reason_code="out_of_stock")
    # The event lies about the number: the line's own counters and approvals decide.
    event = Event.objects.get(kind="supplier_lines.rejected")
    Event.objects.filter(pk=event.pk).update(facts={"lines": [{"line": line.pk, "quantity": 3}]})
    relay.run_until_idle()
    assert forwarded(line) == 1
    assert waiting(line)


def test_no_gated_unit_stands_in_the_suppliers_own_books_without_an_approval(harbour, relay, pharmacist):
    supplier = make_supplier(base_url=harbour.base + "/v1", api_key=API_KEY)
    variant = gated(supplier, sku="TEST-OK", price_minor=2500, stock=None)
    order = make_paid_order((variant, 2))
    relay.run_until_idle()
    forward_order(order)
    Event.objects.update(delivered_at=None)
    Reaction.objects.update(done_at=None, due_at=timezone.now())
    relay.run_until_idle()
    assert harbour.books()["orders"] == []
    grant_approval(order.lines.get(), 1, by=pharmacist)
    relay.run_until_idle()
    (there,) = harbour.books()["orders"]
    assert there["effects"] == 1
    assert sum(row.quantity for row in SupplierOrder.objects.get().lines.all()) == 1
    assert OrderLine.objects.get().open == 1


# --- two at once


def empty_approvals() -> None:
    """Let the end of a test empty the table, as nobody else may."""
    triggers = import_module("orders.migrations.0001_tables")
    with connection.cursor() as cursor:
        for statement in triggers.NO_TRIGGERS[connection.vendor]:
            if "approval" in statement:
                cursor.execute(statement)
        cursor.execute("DELETE FROM orders_approval")
        for statement in triggers.TRIGGERS[connection.vendor]:
            if "approval" in statement:
                cursor.execute(statement)


def forward_at_once(line) -> list[str]:
    """Let a thread per supplier order one unit of a line; return how each ended."""
    offers, ends = list(Offer.objects.all()), []
    together = Barrier(len(offers))

    def run(offer: Offer) -> None:
        together.wait(timeout=30)
        try:
            with transaction.atomic():
                make_supplier_orders([(line, offer, 1)])
            ends.append("ordered")
        except (NotApproved, IntegrityError) as error:
            ends.append(type(error).__name__)
        finally:
            connections.close_all()

    running = [Thread(target=run, args=[offer]) for offer in offers]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(timeout=60)
    return ends


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_no_more_go_out_than_were_approved():
    try:
        variant = gated(make_supplier())
        # Each orders from a supplier of its own, so that nothing but the gate stands between them.
        for slug in ("meridian", "kestrel", "osprey"):
            add_offer(make_supplier(slug), variant)
        order = make_paid_order((variant, 5))
        grant_approval(order.lines.get(), 2, by=make_person(role="Pharmacists"))
        for _round in range(3):
            ends = forward_at_once(order.lines.get())
            assert len(ends) == 4
            assert order.lines.get().forwarded <= 2
        assert order.lines.get().forwarded == 2
    finally:
        empty_approvals()
