"""What orders adds to pages of the shop window and of the account."""

from __future__ import annotations

from django.db import models
from django.http import HttpRequest
from django.utils import timezone

from orders.account import account_orders
from orders.actions.discount import announced_codes
from orders.forms import CheckoutForm
from orders.views.known import known_of
from orders.views.summary import quote_in_basket
from shop.models import Basket
from shop.panels import Panel


def basket_code(request: HttpRequest, basket: Basket) -> Panel:
    """Return the discount code under the sums of the basket, with what it takes off once there is one."""
    form = CheckoutForm(initial=known_of(request))
    context: dict[str, object] = {"code": form["code"].value() or "", "announced": announced_codes(now=timezone.now())}
    if context["code"]:
        quote = quote_in_basket(request, form, basket)
        context |= {
            "quote": quote,
            "discount": quote.money(-quote.discount_minor),
            "total": quote.money(quote.total_minor),
        }
    return Panel("orders/_basket_code.html", context)


def open_orders(request: HttpRequest, user: models.Model) -> Panel | None:
    """Return the orders that are still under way, for somebody who is about to delete their account."""
    found = list(account_orders(request.user).filter(is_open=True)[:20])
    return Panel("orders/_open_orders.html", {"orders": found}) if found else None
