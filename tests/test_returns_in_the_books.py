"""Orders with new goods at no price, partial returns and exchanges: every sum and every counter still adds up."""

from __future__ import annotations

import uuid

import pytest

from orders.actions.approval import grant_approval, refuse_approval
from orders.actions.cancel import cancel_units
from orders.models import Event, OrderLine, Refund, WorkItem
from shop.models import Product
from suppliers.actions.track import refuse_all
from suppliers.models import Supplier, SupplierCredit, SupplierOrder, SupplierOrderLine
from support.models import Choice, Replacement, Return
from support.returning.asking import Wanted, ask_return
from support.returning.decide import Verdict, decide
from support.returning.renewal import note_not_to_be_had
from tests.dialogue import connected, order_of, read_news, turn, unexplained
from tests.factories import make_paid_order, make_person, make_supplier, make_variant

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent():
    return make_person("agent", is_superuser=True)


@pytest.fixture
def bought(harbour, relay):
    """Four delivered units of one thing, of a supplier that runs."""
    harbour.control("pause", {"paused": True})
    supplier = connected(harbour)
    Supplier.objects.update(uses_polling=True)
    order = order_of(supplier, quantity=4)
    relay.run_until_idle()
    _go_on(harbour, supplier, relay)
    assert order.lines.get().delivered == 4
    return order


def _go_on(harbour, supplier, relay) -> None:
    for _moment in range(2):
        turn(harbour, 200)
        read_news(supplier, relay)


def back(order, agent, units, solution="replacement", choice=Choice.REPLACEMENT, **more) -> Return:
    line = order.lines.get(replaces=None)
    wanted = Wanted({line.pk: units}, "defective", solution, **more)
    (row,) = ask_return(order, wanted, form_key=uuid.uuid4())
    decide(row, Verdict(choice, goods_back=False), form_key=uuid.uuid4(), by=agent)
    row.refresh_from_db()
    return row


def paid_units(row: Return) -> int:
    return sum(part.quantity for refund in Refund.objects.filter(note=row.number) for part in refund.lines.all())


def test_a_replacement_a_part_and_an_exchange_leave_nothing_unexplained(bought, agent, harbour, relay):
    old = bought.lines.get()
    supplier = Supplier.objects.get()
    other = make_variant(supplier, sku="TEST-DELAY", price_minor=old.variant.price_minor, stock=None)
    type(other).objects.filter(pk=other.pk).update(product=old.variant.product)
    other.refresh_from_db()
    replaced = back(bought, agent, 1)
    exchanged = back(bought, agent, 1, "exchange", exchange_for=other)
    back(bought, agent, 2, "refund", Choice.REFUND_KEEP)
    relay.run_until_idle()
    assert unexplained() == []

    for _moment in range(3):
        _go_on(harbour, supplier, relay)
    bought.refresh_from_db()
    assert {row.status for row in Replacement.objects.all()} == {"delivered"}
    assert Replacement.objects.get(parent=exchanged).line.variant == other
    assert Replacement.objects.get(parent=replaced).line.line_minor == 0
    assert bought.lines.get(pk=old.pk).refunded == 2
    assert SupplierCredit.objects.filter(replacement__isnull=False).count() == 2
    assert unexplained() == []


def test_new_goods_that_are_cancelled_in_parts_are_paid_back_to_the_unit(bought, agent, relay):
    row = back(bought, agent, 3)
    new = OrderLine.objects.get(replaces__isnull=False)
    # Nobody has taken them yet; each part is cancelled on its own, and told twice.
    SupplierOrder.objects.filter(lines__order_line=new).update(status="closed")
    new.refresh_from_db()
    _free(new)
    for number in range(3):
        cancel_units(bought, {new.pk: 1}, reason=Refund.Reason.SUPPLIER_CANNOT, by=None, key=f"cut-{number}")
        relay.run_until_idle()
        assert paid_units(row) == number + 1
        assert owed_units(bought) == 3
    assert row.lines.get().settled == 3
    assert Replacement.objects.get().status == "failed"


def _free(line: OrderLine) -> None:
    SupplierOrderLine.objects.filter(order_line=line).update(pending=0, rejected=line.quantity)
    OrderLine.objects.filter(pk=line.pk).update(forwarded=0)


def owed_units(order) -> int:
    """Return for how many units of the goods that went back a supplier owes something."""
    live = SupplierCredit.objects.exclude(status="withdrawn").filter(
        line__order_line__in=order.lines.filter(replaces=None)
    )
    return sum(live.values_list("units", flat=True))


def test_new_goods_that_their_supplier_rejects_and_nobody_else_has_are_paid_back(bought, agent, relay):
    row = back(bought, agent, 2)
    new = OrderLine.objects.get(replaces__isnull=False)
    asked = SupplierOrder.objects.get(lines__order_line=new)
    SupplierOrder.objects.filter(pk=asked.pk).update(status="placed", due_at=None)
    refuse_all(asked, reason_code="out_of_stock")
    relay.run_until_idle()

    new.refresh_from_db()
    assert (new.cancelled, Replacement.objects.get().status) == (2, "failed")
    assert paid_units(row) == 2
    assert not Refund.objects.filter(lines__line=new).exists()
    # Owed once: with the refund, not with the new goods that never came.
    assert owed_units(bought) == 2
    for event in Event.objects.filter(kind="lines.cancelled"):
        note_not_to_be_had(event)
    assert paid_units(row) == 2


@pytest.fixture
def medicine(relay):
    """A unit that needed an approval, sent."""
    variant = make_variant(make_supplier(), stock=9)
    Product.objects.filter(pk=variant.product_id).update(gate="prescription")
    variant.product.refresh_from_db()
    order = make_paid_order((variant, 1))
    relay.run_until_idle()
    grant_approval(order.lines.get(), 1, by=make_person(role="Pharmacists"))
    relay.run_until_idle()
    SupplierOrderLine.objects.update(pending=0, accepted=1, shipped=1, delivered=1)
    SupplierOrder.objects.update(status="placed", placed_at=order.paid_at, due_at=None)
    OrderLine.objects.update(confirmed=1, shipped=1, delivered=1)
    return order


def test_new_medicine_waits_for_an_approval_of_its_own(medicine, agent, relay):
    back(medicine, agent, 1)
    relay.run_until_idle()
    new = OrderLine.objects.get(replaces__isnull=False)
    assert (new.forwarded, WorkItem.objects.filter(reason="approval", closed_at=None).count()) == (0, 1)
    grant_approval(new, 1, by=make_person(role="Pharmacists"))
    relay.run_until_idle()
    new.refresh_from_db()
    assert new.forwarded == 1
    assert [text for text in unexplained() if text.startswith(("V15", "V16", "V17"))] == []


def test_new_medicine_that_is_refused_is_paid_back(medicine, agent, relay):
    row = back(medicine, agent, 1)
    new = OrderLine.objects.get(replaces__isnull=False)
    refuse_approval(new, 1, by=make_person(role="Pharmacists"))
    relay.run_until_idle()
    new.refresh_from_db()
    assert (new.cancelled, paid_units(row), Replacement.objects.get().status) == (1, 1, "failed")
    assert [text for text in unexplained() if text.startswith(("V15", "V16", "V17"))] == []
