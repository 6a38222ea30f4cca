"""A discount code typed in the basket, kept for the checkout."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from orders.forms import CheckoutForm
from orders.views.known import TYPED_KEY, known_of
from orders.views.summary import try_code
from shop.actions.basket import basket_of

LONGEST = 60


@require_POST
def code(request: HttpRequest) -> HttpResponse:
    """Keep a code, or drop the one that is kept; the basket says what it does, or why it does nothing."""
    typed = request.POST.get("code", "").replace("\x00", "").strip()[:LONGEST]
    if "drop_code" in request.POST:
        typed = ""
    request.session[TYPED_KEY] = request.session.get(TYPED_KEY, {}) | {"code": typed}
    basket = basket_of(request)
    if typed and basket is not None:
        try_code(request, CheckoutForm(initial=known_of(request)), basket)
    return redirect(reverse("shop:basket") + "#code")
