"""What a customer can do about an order that is not paid yet, for its page."""

from __future__ import annotations

from django.utils.functional import Promise

from orders.cancellations import PAYABLE
from orders.models import Authorisation, Order
from orders.providers.registry import provider_of
from orders.states import OrderStatus


def can_pay_now(order: Order) -> bool:
    """True while the order can be paid on a page: by a card, or whatever that page offers. One query at most."""
    if order.status != OrderStatus.PLACED or not provider_of(order.pay_with).has_page:
        return False
    return order.sessions.filter(state__in=PAYABLE).exists()


def transfer_details(order: Order) -> list[tuple[str | Promise, str]]:
    """Return where the money of an unpaid order is to go; empty where that is not for the customer to do."""
    return provider_of(order.pay_with).details(order) if order.status == OrderStatus.PLACED else []


def kept_by_bank(order: Order) -> Authorisation | None:
    """Return what a bank keeps, or kept, for an order that is being checked or over; None for every other one."""
    is_asked = order.status in {OrderStatus.AUTHORISED, OrderStatus.CANCELLED}
    return order.authorisations.first() if is_asked else None
