"""What agents do about the goods of a case, line by line: pay back, cancel, take back; and where the order goes."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from orders.actions.address import AddressFixed, OtherTerms
from orders.actions.cancel import NothingToCancel, cancellable_units
from orders.address_offer import address_offer
from orders.forms import OrderAddressForm
from orders.models import Cancellation, OrderLine
from orders.refund_page import outcome_words, refund_step
from orders.tax import TaxUnknown
from orders.words import ADDRESS_WORDS
from support.actions.pay_back import reason_for, refund_from_ticket
from support.actions.solve import cancel_line, change_address_from_ticket
from support.forms import CancelLineForm
from support.models import Ticket
from support.views.guard import agents_only


@agents_only
def refund(request: HttpRequest, pk: int, line_id: int) -> HttpResponse:
    if not request.user.has_perm("orders.add_refund"):
        raise PermissionDenied
    found = get_object_or_404(Ticket.objects.exclude(order=None).select_related("order"), pk=pk)
    line = get_object_or_404(found.order.lines.select_related("order"), pk=line_id)
    confirm = partial(refund_from_ticket, found, by=request.user)
    step = refund_step(request, found.order, chosen=line, reason=reason_for(found), confirm=confirm)
    if step.confirmed is not None:
        level = messages.WARNING if step.confirmed.request else messages.SUCCESS
        messages.add_message(request, level, outcome_words(found.order, step.confirmed))
        return redirect("desk:ticket", pk)
    context = {"ticket": found, "line": line, "desk_section": "inbox"} | step.context
    return render(request, "desk/refund.html", context, status=step.status)


@agents_only
def cancel(request: HttpRequest, pk: int, line_id: int) -> HttpResponse:
    found = get_object_or_404(Ticket.objects.exclude(order=None), pk=pk)
    line = get_object_or_404(found.order.lines.select_related("order"), pk=line_id)
    initial = {"reason": Cancellation.Reason.CUSTOMER_REQUEST}
    most = cancellable_units(found.order).get(line.pk, 0)
    form = CancelLineForm(request.POST or None, most=most, initial=initial)
    if request.method == "POST" and _is_cancelled(request, found, line, form):
        return redirect("desk:ticket", pk)
    context = {"ticket": found, "line": line, "form": form, "title": _("Cancel"), "button": _("Cancel it")}
    return render(request, "desk/line_action.html", context, status=422 if form.errors else 200)


def _is_cancelled(request: HttpRequest, found: Ticket, line: OrderLine, form: CancelLineForm) -> bool:
    # Sent a second time, nothing is left to ask for; that is no mistake of the agent's.
    known = Cancellation.objects.filter(key=f"ticket-{request.POST.get('form_key', '')}"[:80], order=found.order)
    if not known.exists():
        if not form.is_valid():
            return False
        data = form.cleaned_data
        reason = Cancellation.Reason(data["reason"])
        try:
            cancel_line(found, line, quantity=data["quantity"], reason=reason, by=request.user, key=data["form_key"])
        except NothingToCancel:
            form.add_error(None, _("Somebody was faster: nothing of it can be cancelled any more. Look again."))
            return False
    messages.success(request, _("Noted. What no supplier has is cancelled at once; the others are asked now."))
    return True


@agents_only
def address(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Ticket.objects.exclude(order=None).select_related("order"), pk=pk)
    order = found.order
    offer = address_offer(order)
    if not offer.can_change:
        messages.error(request, offer.why)
        return redirect("desk:ticket", pk)
    form = OrderAddressForm(request.POST or None, order=order)
    if request.method == "POST" and form.is_valid() and _is_changed(request, found, form):
        return redirect("desk:ticket", pk)
    context = {"ticket": found, "order": order, "offer": offer, "form": form, "desk_section": "inbox"}
    return render(request, "desk/address.html", context, status=422 if form.errors else 200)


def _is_changed(request: HttpRequest, found: Ticket, form: OrderAddressForm) -> bool:
    """Change the address; False, with an error at its place, where that cannot be."""
    try:
        if change_address_from_ticket(found, form.parts(), by=request.user):
            messages.success(request, _("The order goes to the new address now. A mail confirms it."))
    except AddressFixed as error:
        messages.error(request, ADDRESS_WORDS[error.why])
    except OtherTerms:
        text = _("Delivery or tax there are not those that were paid. Cancel the order, and let it be placed anew.")
        form.add_error(None, text)
        return False
    except TaxUnknown:
        form.add_error(None, _("The tax there cannot be looked up at the moment. Please try again in a minute."))
        return False
    return True
