"""Money that came after its order had run out: the order goes on, or the money goes back."""

from __future__ import annotations

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from orders.actions.checkout import is_replaced
from orders.actions.discount import CodeRefused, take_use_again
from orders.actions.payment import mark_paid
from orders.actions.refund import refund_everything
from orders.actions.reservation import SoldOut, release, reserve
from orders.actions.shipping import lock_order
from orders.models import Order, Payment, Refund
from orders.states import OrderStatus, move_order


def settle_late_payment(order: Order) -> bool:
    """Decide about money that came after the order had run out: go on, or pay it back.

    It goes on if the goods are there, and a use of its discount code, and the customer has not
    ordered them anew since. Call it inside a transaction (a reaction's). Returns True if the order goes on. Safe to repeat.
    """
    lock_order(order)
    order.refresh_from_db()
    payment = order.payments.filter(captured_minor=order.total_minor, currency=order.currency).first()
    if order.status != OrderStatus.LATE_PAID or payment is None:
        return False
    why = "replaced" if is_replaced(order) else "late_payment"
    if why == "late_payment":
        try:
            with transaction.atomic():
                _take_up_again(order, payment)
            return True
        except (SoldOut, CodeRefused, IntegrityError):
            # The goods are gone, or the discount they were sold with; or the newer order was paid this
            # very moment, which the database saw.
            order.refresh_from_db()
    refund_everything(payment, reason=Refund.Reason.LATE_PAYMENT, by=None)
    move_order(order, OrderStatus.CANCELLED, by=None, reason=why)
    return False


def _take_up_again(order: Order, payment: Payment) -> None:
    take_use_again(order)
    release(order)
    for line in order.lines.order_by("variant", "pk"):
        if line.cancelled < line.quantity:
            reserve(line, until=timezone.now() + timedelta(days=1))
    payment.order = order
    mark_paid(payment)
