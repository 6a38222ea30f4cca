"""The account's orders, and buying again what was in one."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from orders.account import account_orders, order_rows, with_parts
from orders.actions.buy_again import BoughtAgain, buy_again
from orders.models import Order
from shop.actions.basket import ensure_basket
from shop.panels import panels

PER_PAGE = 20


@login_required
def account(request: HttpRequest) -> HttpResponse:
    page = Paginator(with_parts(account_orders(request.user)), PER_PAGE).get_page(request.GET.get("page"))
    context = {"page_obj": page, "rows": order_rows(list(page)), "panels": panels("account", request, request.user)}
    return render(request, "orders/account.html", context)


@require_POST
def again(request: HttpRequest, token: str) -> HttpResponse:
    """Put what an order held into the visitor's basket, and say what is not sold any more."""
    order = get_object_or_404(Order.objects.by_token(token))
    _say(request, buy_again(order, ensure_basket(request)))
    return redirect("shop:basket")


def _say(request: HttpRequest, done: BoughtAgain) -> None:
    if done.added:
        text = _("In your basket again: %(goods)s. Prices are today's.")
        messages.success(request, text % {"goods": "; ".join(done.added)})
    for name, most in done.fewer:
        messages.warning(request, _("Of %(name)s there are only %(most)d left.") % {"name": name, "most": most})
    if done.missing:
        text = _("Not sold at the moment, so not in your basket: %(goods)s.")
        messages.warning(request, text % {"goods": "; ".join(done.missing)})
