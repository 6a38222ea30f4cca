"""Which browser placed an order, and whether it has just done so: bought it, or come back from paying for it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import HttpRequest

from orders.models import Order
from shop.actions.basket import SESSION_KEY as BASKET

SESSION_KEY = "thanks"
# A reload still thanks; whoever comes back later wants to know where the parcels are.
THANKED_FOR = timedelta(minutes=30)


def note_return(request: HttpRequest, order: Order, *, now: datetime) -> None:
    """Remember that this visitor has just bought: come back from the pay page, or ordered what needs none."""
    request.session[SESSION_KEY] = {"order": order.pk, "at": now.timestamp()}


def has_returned(request: HttpRequest, order: Order, *, now: datetime) -> bool:
    """True for the visitor who has just bought this order, and for nobody else with its link."""
    told = request.session.get(SESSION_KEY)
    if not isinstance(told, dict) or told.get("order") != order.pk:
        return False
    return now.timestamp() - float(told.get("at", 0)) < THANKED_FOR.total_seconds()


def is_placed_here(request: HttpRequest, order: Order) -> bool:
    """True if the order came out of this visitor's own basket, or is in their account."""
    if request.user.is_authenticated and order.user_id == request.user.pk:
        return True
    return order.basket_id is not None and request.session.get(BASKET) == order.basket_id
