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

from orders.actions.age import age_asked
from orders.actions.checkout import Placed, Wish, is_as_wanted, open_order, place_wish
from orders.actions.defence import TooSmall
from orders.actions.discount import CodeRefused, announced_codes
from orders.actions.opening import open_session
from orders.actions.payment import end_page_of, settle
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
from orders.views.till import Till, till_from, till_of
from shop.actions.basket import keep_sellable, remove_line, save_for_later
from shop.models import Basket
from shop.visitor import remember_country, remember_services

logger = logging.getLogger(__name__)
LONGEST_TYPED = 400
# The buttons beside a line that cannot be ordered as it stands.
WAYS_OUT = {"remove": remove_line, "later": save_for_later, "fewer": keep_sellable}


@guarded
def checkout(request: HttpRequest) -> HttpResponse:
    till = till_of(request)
    is_new_visit = till is None
    if is_new_visit:
        basket = basket_of_page(request)
        if basket is not None and basket.user_id is not None:
            request.session[TYPED_KEY] = _typed(request)
            messages.info(
                request, _("You have been signed out meanwhile. What you typed is kept: please sign in again.")
            )
            return redirect(f"{reverse('account_login')}?next={reverse('orders:checkout')}")
        till = till_from(basket) if basket is not None else None
    if till is None or not till.lines:
        messages.info(request, _("Your basket is empty, so there is nothing to order yet."))
        return redirect("shop:basket")
    if request.method != "POST":
        note_opened(request, till.basket)
        return _page(request, _fresh_form(request, till), till)
    return _posted(request, till, is_new_visit=is_new_visit)


def _posted(request: HttpRequest, till: Till, *, is_new_visit: bool) -> HttpResponse:
    """Do what the pressed button says; what was typed is kept whichever it was."""
    form = CheckoutForm(request.POST, age=_age(till))
    typed = _typed(request)
    # What was typed survives a look at the basket and a failed payment.
    request.session[TYPED_KEY] = typed
    remember_country(request, typed["country"])
    remember_services(request, chosen_services(request.POST))
    if set(WAYS_OUT) & set(request.POST):
        return _mend(request, till.basket)
    if {"look", "apply_code", "drop_code"} & set(request.POST):
        # Only the country, a service or the code was changed: show the sums anew, complain about nothing else yet.
        return _page(request, _fresh_form(request, till), till_from(till.basket))
    if is_new_visit:
        form.is_valid()
        form.add_error(None, _("You were away for a while. All is as you left it: please look at it and continue."))
        return _page(request, form, till, status=422)
    placed = _ordered(request, till, form) if form.is_valid() else None
    if placed is None:
        # Read anew: somebody else may have been faster.
        return _page(request, form, till_from(till.basket), status=422)
    if not has_pay_page(placed.order):
        # Bought with the order: nothing is to be paid, or not on a page.
        request.session.pop(TYPED_KEY, None)
        return redirect(f"{placed.order.get_absolute_url()}?thanks=1")
    return _to_pay_page(request, placed)


def _fresh_form(request: HttpRequest, till: Till) -> CheckoutForm:
    # Nothing remembers that somebody is old enough; only the page itself, from one look at the sums to the next.
    return CheckoutForm(initial=known_of(request) | {"of_age": "of_age" in request.POST}, age=_age(till))


def _age(till: Till) -> int:
    return age_asked(line.variant for line in till.lines)


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


def _ordered(request: HttpRequest, till: Till, form: CheckoutForm) -> Placed | None:
    """Return the order of a valid form; None, with errors at their places, if nothing was ordered."""
    if is_too_quick(request, till.basket):
        form.add_error(None, _("That was quicker than we can look at it. Please press the button once more."))
        return None
    quote = quote_shown(request, form, till)
    return _order_of(request, till, form, quote) if quote is not None and was_shown(form, quote) else None


def _order_of(request: HttpRequest, till: Till, form: CheckoutForm, quote: Quote) -> Placed | None:
    user, address = request.user if request.user.is_authenticated else None, form.address()
    visit = visit_of(request, email=address.email, basket=till.basket)
    wish = Wish(till.basket, till.lines, address, quote, user, form.cleaned_data["pay_with"], visit, form.age)
    try:
        return _place(request, wish, till.order)
    except SoldOut as error:
        text = _("%(name)s was sold meanwhile: below you see how many are left, and can go on with the rest.")
        form.add_error(None, text % {"name": error.variant.product.local_name})
    except CodeRefused as error:
        form.add_error("code", error.words)
    except TooSmall as error:
        text = _("We send orders from %(least)s. Please add something to your basket.")
        form.add_error(None, text % {"least": error.least})
    return None


def _place(request: HttpRequest, wish: Wish, current: Order | None) -> Placed:
    """Go on with the basket's open order, or end its pay page and order anew."""
    now = timezone.now()
    if current is not None and is_as_wanted(current, wish.address, wish.quote, pay_with=wish.pay_with, now=now):
        return Placed(current)
    if wish.quote.total_minor:
        ask_leave(request, wish.visit, gives_up=current is not None)
    if current is not None:
        bought = end_page_of(current)
        if bought is not None:
            messages.info(request, _("You have paid this order already. If you want more, please order it by itself."))
            return Placed(bought)
        current = open_order(wish.basket)
    return place_wish(wish, current, now=now)


def _page(request: HttpRequest, form: CheckoutForm, till: Till, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "announced": announced_codes(now=timezone.now()),
        "page_key": key_of_page(till.basket),
        "is_known": request.user.is_authenticated and not form.is_bound and form.is_complete,
        "basket_count": sum(line.quantity for line in till.lines),
    }
    return render(request, "orders/checkout.html", context | summary(request, form, till), status=status)


def _to_pay_page(request: HttpRequest, placed: Placed) -> HttpResponse:
    order, session = placed.order, placed.session
    if session is None:
        payable = [CheckoutSession.State.NEW, CheckoutSession.State.OPEN]
        session = order.sessions.filter(state__in=payable).first()
        if session is None or order.cancellations.waiting().exists():
            return redirect(order)
    if not provider_of(session.provider).has_page:
        # The order page says where the money is to go.
        return redirect(order)
    ask_to_pay(request, session, is_counted=placed.session is not None)
    try:
        session = open_session(session, lines=placed.lines)
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
    return _to_pay_page(request, Placed(get_object_or_404(Order.objects.by_token(token))))


def returned(request: HttpRequest, token: str) -> HttpResponse:
    """Take a customer back from the pay page; the same as webhook and sweep, only sooner."""
    named = CheckoutSession.objects.filter(order__token=token, stripe_id=request.GET.get("session", "")[:120])
    session = named.exclude(stripe_id="").select_related("order").first()
    order = get_object_or_404(Order.objects.by_token(token)) if session is None else session.order
    is_known = session is not None
    if session is not None:
        try:
            settle(session)
        except (StripeUnclear, StripeRefused):
            # They come from the pay page, so they have paid; only we cannot hear of it yet.
            logger.warning("payment of order %s not known yet", order.pk)
            is_known = False
    if not order.is_paid:
        # Settled by somebody else meanwhile.
        order.refresh_from_db()
    is_settled = order.is_paid or order.status == OrderStatus.AUTHORISED
    if is_settled:
        request.session.pop(TYPED_KEY, None)
    if session is not None and (is_settled or not is_known):
        note_return(request, order, now=timezone.now())
        return redirect(f"{order.get_absolute_url()}?thanks=1")
    return redirect(order)
