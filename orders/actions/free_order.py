"""An order that a discount has made free: nothing is to be paid, so no pay page is opened."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from orders.actions.reservation import keep
from orders.models import Order
from orders.states import OrderStatus, move_order
from shop.actions.basket import empty_basket


def settle_free(order: Order) -> bool:
    """Mark an order paid that costs nothing; False if it costs something or is settled already.

    Call it inside the transaction that places the order. What follows from a payment follows from this too.
    """
    if order.total_minor or order.status != OrderStatus.PLACED:
        return False
    now = timezone.now()
    fields = {"paid_at": now, "forward_after": now + timedelta(seconds=settings.FORWARD_GRACE_SECONDS)}
    move_order(order, OrderStatus.PAID, by=None, fields=fields, free=True)
    keep(order)
    if order.basket_id is not None:
        empty_basket(order.basket_id, generation=order.basket_generation)
    return True
