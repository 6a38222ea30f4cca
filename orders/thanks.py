"""Which browser placed an order, and whether it has just done so: bought it, or come back from paying for it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import HttpRequest

from orders.models import Order
from orders.providers.registry import provider_of
from shop.actions.basket import SESSION_KEY as BASKET

SESSION_KEY = "thanks"
# A reload still thanks; whoever comes back later wants to know where the parcels are.
THANKED_FOR = timedelta(minutes=30)


def note_return(request: HttpRequest, order: Order, *, now: datetime) -> None:
    """Remember that this visitor has just come back from the pay page."""
    request.session[SESSION_KEY] = {"order": order.pk, "at": now.timestamp()}


def has_returned(request: HttpRequest, order: Order, *, now: datetime) -> bool:
    """True for the visitor who has just paid for this order on its page, and for nobody else with its link."""
    if not has_pay_page(order):
        return False
    told = request.session.get(SESSION_KEY)
    if not isinstance(told, dict) or told.get("order") != order.pk:
        return False
    return now.timestamp() - float(told.get("at", 0)) < THANKED_FOR.total_seconds()


def has_pay_page(order: Order) -> bool:
    """True if an order is paid on a page; False if its customer has bought with the order itself."""
    return order.total_minor > 0 and provider_of(order.pay_with).has_page


def has_just_bought(request: HttpRequest, order: Order, *, now: datetime) -> bool:
    """True for the visitor who has bought this order a moment ago, and for nobody else with its link."""
    if has_pay_page(order):
        return has_returned(request, order, now=now)
    # Nothing is noted: a page that is being worked out anew as the button is pressed would write over it.
    return now - order.placed_at < THANKED_FOR and is_placed_here(request, order)


def is_placed_here(request: HttpRequest, order: Order) -> bool:
    """True if the order came out of this visitor's own basket, or is in their account."""
    if request.user.is_authenticated and order.user_id == request.user.pk:
        return True
    return order.basket_id is not None and request.session.get(BASKET) == order.basket_id
