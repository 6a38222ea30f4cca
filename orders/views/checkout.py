"""From basket to pay page and back."""

from __future__ import annotations

import logging

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from orders.actions.checkout import EmptyBasket, place_order
from orders.actions.payment import make_way, open_session, settle
from orders.actions.reservation import SoldOut
from orders.forms import CheckoutForm
from orders.models import CheckoutSession, Order
from orders.providers.registry import provider_of
from orders.states import OrderStatus
from orders.stripe_client import StripeRefused, StripeUnclear
from shop.actions.basket import basket_lines, basket_of
from shop.cards import picture_of, small_picture
from shop.delivery import Parcel, Undeliverable, plan_parcels
from shop.models import Basket, BasketLine
from shop.money import Money

logger = logging.getLogger(__name__)
SESSION_KEY = "checkout"


def checkout(request: HttpRequest) -> HttpResponse:
    basket = basket_of(request)
    lines = basket_lines(basket)
    if basket is None or not lines:
        messages.info(request, _("Your basket is empty, so there is nothing to order yet."))
        return redirect("shop:basket")
    if request.method != "POST":
        return _page(request, CheckoutForm(initial=_known(request)), lines)
    form = CheckoutForm(request.POST)
    # What was typed survives a look at the basket and a failed payment.
    request.session[SESSION_KEY] = {name: request.POST.get(name, "")[:200] for name in form.fields}
    if "look" in request.POST:
        # Only the country was changed: show parcels and costs anew, complain about nothing yet.
        return _page(request, CheckoutForm(initial=request.session[SESSION_KEY]), lines)
    order = _order_of(request, basket, form) if form.is_valid() and _total_was_shown(form, lines) else None
    if order is None:
        return _page(request, form, lines, status=422)
    return _to_pay_page(request, order)


def _known(request: HttpRequest) -> dict[str, str]:
    user = request.user
    known = {"country": settings.SHOP_COUNTRY}
    if user.is_authenticated:
        known |= {"email": user.email, "name": user.name}
    return known | request.session.get(SESSION_KEY, {})


def _total_was_shown(form: CheckoutForm, lines: list[BasketLine]) -> bool:
    """False, with an error, if the total the customer saw is not the one they would pay.

    A price may have changed since, or the country without a look at what delivery there costs.
    """
    shown = form.data.get("shown", "")
    try:
        parcels = _plan(lines, form.cleaned_data["country"])
    except Undeliverable:
        # Said in its own words when the order is made.
        return True
    total = sum(parcel.items_minor + parcel.price_minor for parcel in parcels)
    if not shown.isdecimal() or int(shown[:12]) == total:
        return True
    text = _("The total is %(total)s now: look at the goods and the delivery, and continue if it suits you.")
    form.add_error(None, text % {"total": Money(total, settings.SHOP_CURRENCY)})
    return False


def _plan(lines: list[BasketLine], country: str) -> list[Parcel]:
    return plan_parcels([(line.variant, line.quantity) for line in lines], country, now=timezone.now())


def _order_of(request: HttpRequest, basket: Basket, form: CheckoutForm) -> Order | None:
    user = request.user if request.user.is_authenticated else None
    try:
        pay_with = form.cleaned_data["pay_with"]
        bought = make_way(basket, form.address(), now=timezone.now(), pay_with=pay_with)
        if bought is not None:
            messages.info(request, _("You have paid this order already. If you want more, please order it by itself."))
            return bought
        return place_order(basket, form.address(), user=user, now=timezone.now(), pay_with=pay_with)
    except SoldOut as error:
        text = _("There is not enough left of %(name)s. Please change the quantity in your basket.")
        form.add_error(None, text % {"name": error.variant.product.name})
    except Undeliverable as error:
        names = ", ".join(variant.product.name for variant in error.variants)
        text = _("%(names)s cannot be sent to that country. Please remove it from your basket, or change the country.")
        form.add_error("country", text % {"names": names})
    except EmptyBasket:
        form.add_error(None, _("Your basket is empty."))
    return None


def _page(request: HttpRequest, form: CheckoutForm, lines: list[BasketLine], status: int = 200) -> HttpResponse:
    typed = str(form["country"].value() or "")
    country = typed if typed in dict(form.fields["country"].choices) else settings.SHOP_COUNTRY
    parcels: list[Parcel] = []
    stuck: list[str] = []
    try:
        parcels = _plan(lines, country)
    except Undeliverable as error:
        stuck = [variant.product.name for variant in error.variants]
    items = sum(line.variant.price_minor * line.quantity for line in lines)
    delivery = sum(parcel.price_minor for parcel in parcels)
    context = {
        "form": form,
        "groups": [(parcel, [_item(variant, units) for variant, units in parcel.lines]) for parcel in parcels],
        "stuck": ", ".join(stuck),
        "import_texts": {parcel.profile.import_text for parcel in parcels if parcel.profile.import_text},
        "currency": settings.SHOP_CURRENCY,
        "items": Money(items, settings.SHOP_CURRENCY),
        "delivery": Money(delivery, settings.SHOP_CURRENCY),
        "total": Money(items + delivery, settings.SHOP_CURRENCY),
        "country": country,
    }
    return render(request, "orders/checkout.html", context, status=status)


def _item(variant, units: int) -> dict[str, object]:
    return {
        "name": variant.product.name,
        "options": variant.options_label,
        "quantity": units,
        "total": Money(variant.price_minor * units, variant.currency),
        "image": small_picture(picture_of(variant, variant.product.images.all())),
    }


def _to_pay_page(request: HttpRequest, order: Order) -> HttpResponse:
    payable = [CheckoutSession.State.NEW, CheckoutSession.State.OPEN]
    session = order.sessions.filter(state__in=payable).first()
    if session is None or order.cancellations.waiting().exists():
        return redirect(order)
    if not provider_of(session.provider).has_page:
        # The order page says where the money is to go.
        request.session.pop(SESSION_KEY, None)
        return redirect(order)
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
def pay(request: HttpRequest, token: str) -> HttpResponse:
    return _to_pay_page(request, get_object_or_404(Order.objects.by_token(token)))


def returned(request: HttpRequest, token: str) -> HttpResponse:
    """Take a customer back from the pay page; the same as webhook and sweep, only sooner."""
    order = get_object_or_404(Order.objects.by_token(token))
    session = order.sessions.filter(stripe_id=request.GET.get("session", "")[:120]).exclude(stripe_id="").first()
    if session is not None:
        try:
            settle(session)
        except (StripeUnclear, StripeRefused):
            logger.warning("payment of order %s not known yet", order.pk)
    order.refresh_from_db()
    if order.is_paid or order.status == OrderStatus.AUTHORISED:
        request.session.pop(SESSION_KEY, None)
    return redirect(reverse("orders:detail", args=[order.token]) + ("?thanks=1" if order.is_paid else ""))
