"""Units that were withdrawn and could not be stopped come back as they leave: each once, and none that never came."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from orders import events
from orders.actions.cancel import answer_part
from orders.models import OrderLine, Refund
from suppliers.actions.forward import forward_order
from suppliers.actions.repair import repair_rejection
from suppliers.models import SupplierOrder, SupplierOrderLine
from support.models import Return, ReturnLine, Withdrawal
from support.returning.asking import Wanted, ask_return
from support.returning.withdrawing import Withdrawn, tend_withdrawal, withdraw
from tests.dialogue import unexplained
from tests.factories import add_offer, make_paid_order, make_supplier, make_variant

pytestmark = pytest.mark.django_db


def refused(units: int) -> Withdrawn:
    """Withdraw so many of three units that nobody has sent; the supplier says that it is too late to stop them."""
    variant = make_variant(make_supplier("harbour"), stock=9)
    add_offer(make_supplier("meridian"), variant, stock=9)
    order = make_paid_order((variant, 3))
    forward_order(order)
    SupplierOrderLine.objects.update(pending=0, accepted=3)
    SupplierOrder.objects.update(status="placed", placed_at=timezone.now())
    OrderLine.objects.update(confirmed=3)
    (line,) = order.lines.all()
    done = withdraw(order, {line.pk: units}, form_key=uuid.uuid4())
    answer_part(done.cancellation, part="x", cancelled={}, refused={line.pk: units}, why="packed")
    return done


def ship(units: int) -> None:
    SupplierOrderLine.objects.filter(accepted__gt=0).update(shipped=units)
    OrderLine.objects.update(shipped=units)


def fall_away(units: int, *, shipped: int) -> None:
    """Let the supplier take so many units away by itself, and follow that up."""
    row = SupplierOrder.objects.get()
    SupplierOrderLine.objects.update(accepted=3 - units, cancelled=units, shipped=shipped)
    OrderLine.objects.update(forwarded=3 - units, shipped=shipped)
    lines = [{"line": OrderLine.objects.get().pk, "quantity": units, "reason": "out_of_stock"}]
    repair_rejection(events.record("supplier_lines.rejected", row, by=None, lines=lines))


def tend(done: Withdrawn) -> list[int]:
    """Let it be looked at twice; return the units of each return there is."""
    for _again in range(2):
        Withdrawal.objects.filter(pk=done.withdrawal.pk).exclude(due_at=None).update(due_at=timezone.now())
        tend_withdrawal(done.withdrawal.pk)
    return list(ReturnLine.objects.order_by("pk").values_list("quantity", flat=True))


def is_over() -> bool:
    return Withdrawal.objects.get().due_at is None


def test_each_parcel_has_its_return_as_soon_as_it_has_left():
    done = refused(3)
    assert tend(done) == []
    ship(1)
    assert tend(done) == [1]
    assert not is_over()
    ship(3)
    assert tend(done) == [1, 2]
    assert is_over()
    assert Return.objects.values("request_key").distinct().count() == 2


def test_a_unit_that_never_comes_is_paid_back_and_neither_bought_elsewhere_nor_waited_for():
    done = refused(3)
    fall_away(1, shipped=2)
    line = OrderLine.objects.get()
    assert (line.cancelled, line.forwarded) == (1, 2)
    assert SupplierOrder.objects.count() == 1
    assert Refund.objects.get().lines.get().quantity == 1
    assert tend(done) == [2]
    assert is_over()
    assert [text for text in unexplained() if text.startswith("V15")] == []


def test_what_the_customer_still_wants_of_what_fell_away_is_bought_elsewhere():
    done = refused(1)
    fall_away(2, shipped=0)
    line = OrderLine.objects.get()
    assert (line.cancelled, line.forwarded) == (1, 2)
    assert SupplierOrderLine.objects.latest("pk").quantity == 1
    assert SupplierOrder.objects.count() == 2
    assert tend(done) == []
    assert is_over()


def test_what_the_customer_asked_for_by_another_form_meanwhile_is_not_asked_for_again():
    done = refused(3)
    ship(3)
    line = OrderLine.objects.get()
    ask_return(line.order, Wanted({line.pk: 1}, reason="changed_mind"), form_key=uuid.uuid4())
    assert tend(done) == [1, 2]
    assert is_over()
    assert OrderLine.objects.get().in_returns == 3


def test_what_was_in_a_return_before_is_not_taken_from_what_was_withdrawn():
    done = refused(2)
    ship(3)
    line = OrderLine.objects.get()
    row = ask_return(line.order, Wanted({line.pk: 1}, reason="defective"), form_key=uuid.uuid4())[0]
    Return.objects.filter(pk=row.pk).update(asked_at=timezone.now() - timedelta(days=1))
    assert tend(done) == [1, 2]
    assert is_over()
