"""Supplier orders of a customer's order on hold: what was not sent off stays here, and goes off afterwards."""

from __future__ import annotations

import contextlib

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from orders import lease
from orders.actions.shipping import lock_order
from orders.models import Hold, Order
from orders.states import IllegalMove, OrderStatus
from shop.models import User
from suppliers.actions.gate import ask_pharmacist
from suppliers.models import SupplierOrder
from suppliers.states import SupplierOrderStatus, move_supplier_order

Status = SupplierOrderStatus


def is_held(order: Order) -> bool:
    """True while somebody keeps the order from being sent out."""
    return Hold.objects.filter(order=order, released_at=None).exists()


def hold_unsent(order: Order) -> int:
    """Keep here what no supplier has been sent, if the order is on hold; return how many. Safe to repeat.

    What a worker is sending right now, or has sent, is not touched: it is out of our hands.
    """
    with transaction.atomic():
        lock_order(order)
        if not is_held(order):
            return 0
        ready = SupplierOrder.objects.filter(lease.is_free(), order=order, status=Status.READY)
        return sum(_move(row, Status.HELD, due_at=None) for row in ready)


def release_unsent(order: Order, *, by: User | None = None) -> int:
    """Send off what was kept here, unless another hold is left; return how many. Safe to repeat."""
    with transaction.atomic():
        lock_order(order)
        if is_held(order):
            return 0
        due_at = max(order.forward_after or timezone.now(), timezone.now())
        held = SupplierOrder.objects.filter(order=order, status=Status.HELD)
        return sum(_move(row, Status.READY, by=by, due_at=due_at, waits_since=Now()) for row in held)


def _move(row: SupplierOrder, to: Status, *, by: User | None = None, **fields: object) -> bool:
    # A sender may take it at this very moment: then it has it.
    with contextlib.suppress(IllegalMove):
        return move_supplier_order(row, to, by=by, fields=fields, only=lease.is_free())
    return False


def ask_pharmacists(order: Order) -> None:
    """Ask for the decision about each gated line of an order whose money is authorised. Safe to repeat."""
    lock_order(order)
    order.refresh_from_db()
    if order.status != OrderStatus.AUTHORISED:
        return
    for line in order.lines.exclude(gated_at=None):
        if line.open > 0:
            ask_pharmacist(line, line.open)
