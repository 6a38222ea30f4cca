"""Cancel an order, or part of it, from its own page: one page that says what happens, one POST."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.actions.cancel import NothingToCancel, request_cancellation
from orders.cancellations import Offer, cancel_offer
from orders.forms import CancelForm
from orders.models import Cancellation, Order
from orders.words import CANCELLATION_WORDS


def cancel(request: HttpRequest, token: str) -> HttpResponse:
    order = get_object_or_404(Order.objects.by_token(token).prefetch_related("lines"))
    offer = cancel_offer(order)
    form = CancelForm(request.POST or None, order=order, units=offer.units)
    if (
        request.method == "POST"
        and order.cancellations.filter(key=f"page-{request.POST.get('form_key')}"[:80]).exists()
    ):
        # A second click on the same page: asked for once, and by now there may be nothing left to choose.
        return redirect(order)
    if request.method == "POST" and form.is_valid():
        return _asked(request, order, form)
    context = {"order": order, "offer": offer, "form": form, "answer_by": form.answer_by(timezone.now())}
    response = render(request, "orders/cancel.html", context, status=422 if form.errors else 200)
    response["X-Robots-Tag"] = "noindex"
    return response


def _asked(request: HttpRequest, order: Order, form: CancelForm) -> HttpResponse:
    by = request.user if request.user.is_authenticated else None
    try:
        made = request_cancellation(order, form.quantities(), key=form.key(), by=by)
    except NothingToCancel:
        messages.error(request, _closed(cancel_offer(order)))
    else:
        messages.success(request, _said(made))
    return redirect(order)


def _closed(offer: Offer) -> str:
    return offer.closed or _("There is nothing left to cancel: look below at what was asked for.")


def _said(made: Cancellation) -> str:
    if made.is_waiting:
        return _("We have noted it, and see to it at once. This page shows the answer.")
    return str(CANCELLATION_WORDS[made.status].text)
