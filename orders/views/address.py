"""Another address for an order that no supplier has been told of yet: one page, one POST."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from orders.actions.address import AddressFixed, OtherTerms, change_address
from orders.address_offer import LATE_KEY, address_offer
from orders.forms import OrderAddressForm
from orders.models import Order, PaperKind
from orders.tax import TaxUnknown
from orders.words import ADDRESS_WORDS
from shop.limits import allow
from shop.words import country_name

# Each change writes a mail.
LIMIT, SECONDS = 20, 3600
LONGEST = 200


def address(request: HttpRequest, token: str) -> HttpResponse:
    order = get_object_or_404(Order.objects.by_token(token).prefetch_related("lines"))
    offer = address_offer(order)
    if not offer.can_change:
        messages.error(request, offer.why)
        return _too_late(request, order)
    form = OrderAddressForm(request.POST or None, order=order)
    status = 200
    if request.method == "POST" and form.is_valid():
        if allow(request, "order-address", limit=LIMIT, seconds=SECONDS):
            answer = _changed(request, order, form)
            if answer is not None:
                return answer
        else:
            form.add_error(None, _("Too many changes from here. Please wait an hour, or write to us."))
            status = 429
    has_invoice = not order.invoice_to and order.papers.filter(kind=PaperKind.INVOICE).exists()
    context = {"order": order, "offer": offer, "form": form, "has_invoice": has_invoice}
    if form.errors and status == 200:
        status = 422
    response = render(request, "orders/address.html", context, status=status)
    response["X-Robots-Tag"] = "noindex"
    return response


def _changed(request: HttpRequest, order: Order, form: OrderAddressForm) -> HttpResponse | None:
    """Change the address and lead back to the order; None, with an error at its place, where that cannot be."""
    by = request.user if request.user.is_authenticated else None
    try:
        if change_address(order, form.parts(), by=by):
            messages.success(request, _("The order goes to the new address now. A mail confirms it."))
    except AddressFixed as error:
        messages.error(request, ADDRESS_WORDS[error.why])
        return _too_late(request, order)
    except OtherTerms as error:
        form.add_error("postcode" if "postcode" in form.fields else None, _other_terms(order, error))
        return None
    except TaxUnknown:
        form.add_error(None, _("The tax there cannot be looked up at the moment. Please try again in a minute."))
        return None
    return redirect(order)


def _too_late(request: HttpRequest, order: Order) -> HttpResponse:
    """Lead back to the order; what was typed waits for the question to a person that its page offers."""
    form = OrderAddressForm(request.POST, order=order)
    if request.method == "POST" and address_offer(order).can_ask:
        typed = [str(form[name].value() or "").strip()[:LONGEST] for name in form.fields]
        request.session[LATE_KEY] = {"order": order.number, "lines": [line for line in typed if line]}
    return redirect(order)


def _other_terms(order: Order, error: OtherTerms) -> str:
    offer = address_offer(order)
    facts = {"place": country_name(error.place.country), "until": offer.until}
    if error.place.country == order.place.country:
        facts["place"] = f"{error.place.postcode} {error.place.city}".strip()
    if offer.until:
        return (
            _(
                "Delivery or tax for %(place)s are not those you paid. Cancel the order until %(until)s, which pays all "
                "of it back, and order again to that address."
            )
            % facts
        )
    return (
        _("Delivery or tax for %(place)s are not those you paid, so we cannot simply send it there. Please ask us.")
        % facts
    )
