"""From basket to pay page and back."""

from __future__ import annotations

import logging

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from orders.actions.checkout import EmptyBasket, place_order
from orders.actions.defence import TooSmall
from orders.actions.discount import CodeRefused, announced_codes
from orders.actions.payment import make_way, open_session, settle
from orders.actions.quote import Quote
from orders.actions.reservation import SoldOut
from orders.forms import CheckoutForm
from orders.models import CheckoutSession, Order
from orders.providers.registry import provider_of
from orders.states import OrderStatus
from orders.stripe_client import StripeRefused, StripeUnclear
from orders.thanks import has_pay_page, note_return
from orders.views.defence import ask_leave, ask_to_pay, guarded, is_too_quick, note_opened, visit_of
from orders.views.delivery import chosen_services
from orders.views.ended import basket_of_page, key_of_page
from orders.views.known import TYPED_KEY, known_of
from orders.views.summary import quote_shown, summary, was_shown
from shop.actions.basket import (
    basket_lines,
    basket_of,
    keep_sellable,
    remove_line,
    save_for_later,
)
from shop.models import Basket, BasketLine
from shop.visitor import remember_country, remember_services

logger = logging.getLogger(__name__)
LONGEST_TYPED = 400
# The buttons beside a line that cannot be ordered as it stands.
WAYS_OUT = {"remove": remove_line, "later": save_for_later, "fewer": keep_sellable}


@guarded
def checkout(request: HttpRequest) -> HttpResponse:
    basket = basket_of(request)
    is_new_visit = basket is None
    if is_new_visit:
        basket = basket_of_page(request)
        if basket is not None and basket.user_id is not None:
            request.session[TYPED_KEY] = _typed(request)
            messages.info(
                request, _("You have been signed out meanwhile. What you typed is kept: please sign in again.")
            )
            return redirect(f"{reverse('account_login')}?next={reverse('orders:checkout')}")
    lines = basket_lines(basket)
    if basket is None or not lines:
        messages.info(request, _("Your basket is empty, so there is nothing to order yet."))
        return redirect("shop:basket")
    if request.method != "POST":
        note_opened(request, basket)
        return _page(request, CheckoutForm(initial=known_of(request)), basket, lines)
    return _posted(request, basket, lines, is_new_visit=is_new_visit)


def _posted(request: HttpRequest, basket: Basket, lines: list[BasketLine], *, is_new_visit: bool) -> HttpResponse:
    """Do what the pressed button says; what was typed is kept whichever it was."""
    form = CheckoutForm(request.POST)
    typed = _typed(request)
    # What was typed survives a look at the basket and a failed payment.
    request.session[TYPED_KEY] = typed
    remember_country(request, typed["country"])
    remember_services(request, chosen_services(request.POST))
    if set(WAYS_OUT) & set(request.POST):
        return _mend(request, basket)
    if {"look", "apply_code", "drop_code"} & set(request.POST):
        # Only the country, a service or the code was changed: show the sums anew, complain about nothing else yet.
        return _page(request, CheckoutForm(initial=known_of(request)), basket, lines)
    if is_new_visit:
        form.is_valid()
        form.add_error(None, _("You were away for a while. All is as you left it: please look at it and continue."))
        return _page(request, form, basket, lines, status=422)
    order = _ordered(request, basket, form, lines) if form.is_valid() else None
    if order is None:
        # Read anew: somebody else may have been faster.
        return _page(request, form, basket, basket_lines(basket), status=422)
    if not has_pay_page(order):
        # Bought with the order: nothing is to be paid, or not on a page.
        request.session.pop(TYPED_KEY, None)
        return redirect(f"{order.get_absolute_url()}?thanks=1")
    return _to_pay_page(request, order)


def _typed(request: HttpRequest) -> dict[str, str]:
    typed = {name: request.POST.get(name, "")[:LONGEST_TYPED] for name in CheckoutForm.base_fields}
    typed["postcode"] = " ".join(typed["postcode"].upper().split())
    if "drop_code" in request.POST:
        typed["code"] = ""
    return typed


def _mend(request: HttpRequest, basket: Basket) -> HttpResponse:
    """Deal with a line that cannot be ordered as it stands; what was typed is kept already."""
    for name, act in WAYS_OUT.items():
        wanted = request.POST.get(name, "")
        if wanted.isascii() and wanted.isdigit() and len(wanted) < 18:
            act(basket, int(wanted))
    return redirect("orders:checkout")


def _ordered(request: HttpRequest, basket: Basket, form: CheckoutForm, lines: list[BasketLine]) -> Order | None:
    """Return the order of a valid form; None, with errors at their places, if nothing was ordered."""
    if is_too_quick(request, basket):
        form.add_error(None, _("That was quicker than we can look at it. Please press the button once more."))
        return None
    quote = quote_shown(request, form, basket, lines)
    return _order_of(request, basket, form, quote, lines) if quote is not None and was_shown(form, quote) else None


def _order_of(
    request: HttpRequest, basket: Basket, form: CheckoutForm, quote: Quote, lines: list[BasketLine]
) -> Order | None:
    user = request.user if request.user.is_authenticated else None
    pay_with = form.cleaned_data["pay_with"]
    visit = visit_of(request, email=form.address().email, basket=basket)
    try:
        ask_leave(request, basket, form.address(), visit, quote, pay_with=pay_with)
        bought = make_way(basket, form.address(), now=timezone.now(), quote=quote, pay_with=pay_with)
        if bought is not None:
            messages.info(request, _("You have paid this order already. If you want more, please order it by itself."))
            return bought
        return place_order(
            basket,
            form.address(),
            user=user,
            now=timezone.now(),
            quote=quote,
            visit=visit,
            pay_with=pay_with,
            lines=lines,
        )
    except SoldOut as error:
        text = _("%(name)s was sold meanwhile: below you see how many are left, and can go on with the rest.")
        form.add_error(None, text % {"name": error.variant.product.name})
    except CodeRefused as error:
        form.add_error("code", error.words)
    except TooSmall as error:
        text = _("We send orders from %(least)s. Please add something to your basket.")
        form.add_error(None, text % {"least": error.least})
    except EmptyBasket:
        form.add_error(None, _("Your basket is empty."))
    return None


def _page(
    request: HttpRequest, form: CheckoutForm, basket: Basket, lines: list[BasketLine], status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "announced": announced_codes(now=timezone.now()),
        "page_key": key_of_page(basket),
        "is_known": request.user.is_authenticated and not form.is_bound and form.is_complete,
    }
    return render(request, "orders/checkout.html", context | summary(request, form, basket, lines), status=status)


def _to_pay_page(request: HttpRequest, order: Order) -> HttpResponse:
    payable = [CheckoutSession.State.NEW, CheckoutSession.State.OPEN]
    session = order.sessions.filter(state__in=payable).first()
    if session is None or order.cancellations.waiting().exists():
        return redirect(order)
    if not provider_of(session.provider).has_page:
        # The order page says where the money is to go.
        return redirect(order)
    ask_to_pay(request, session)
    try:
        session = open_session(session)
    except (StripeUnclear, StripeRefused) as error:
        logger.warning("no pay page for order %s: %s", order.pk, type(error).__name__)
        messages.error(
            request,
            _("The payment page does not answer at the moment. Your order is kept; please try again in a minute."),
        )
        return redirect(order)
    if session.state != CheckoutSession.State.OPEN:
        # Another tab has given it up meanwhile.
        return redirect(order)
    return HttpResponse(status=303, headers={"Location": session.url})


@require_POST
@guarded
def pay(request: HttpRequest, token: str) -> HttpResponse:
    return _to_pay_page(request, get_object_or_404(Order.objects.by_token(token)))


def returned(request: HttpRequest, token: str) -> HttpResponse:
    """Take a customer back from the pay page; the same as webhook and sweep, only sooner."""
    order = get_object_or_404(Order.objects.by_token(token))
    session = order.sessions.filter(stripe_id=request.GET.get("session", "")[:120]).exclude(stripe_id="").first()
    is_known = session is not None
    if session is not None:
        try:
            settle(session)
        except (StripeUnclear, StripeRefused):
            # They come from the pay page, so they have paid; only we cannot hear of it yet.
            logger.warning("payment of order %s not known yet", order.pk)
            is_known = False
    order.refresh_from_db()
    is_settled = order.is_paid or order.status == OrderStatus.AUTHORISED
    if is_settled:
        request.session.pop(TYPED_KEY, None)
    if session is not None and (is_settled or not is_known):
        note_return(request, order, now=timezone.now())
        return redirect(f"{order.get_absolute_url()}?thanks=1")
    return redirect(order)
