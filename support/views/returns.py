"""A return's page for its customer: how it stands, what to do, hand it in, take it back, object, print."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from orders.models import Order
from shop.limits import allow
from support.actions.closing import customer_goes_on
from support.barcode import code_39
from support.forms_returns import HandInForm, ObjectionForm
from support.models import Return
from support.return_page import return_context, was_declined
from support.return_states import ReturnStatus
from support.returning.flow import cancel_return, note_handed_in
from support.views.customer import LIMIT, SECONDS, TOO_MANY, private


def _return(token: str, number: str) -> Return:
    order = get_object_or_404(Order.objects.by_token(token))
    rows = Return.objects.filter(order=order).select_related("order", "ticket", "exchange_for__product")
    return get_object_or_404(rows, number=number)


def show(request: HttpRequest, token: str, number: str) -> HttpResponse:
    """Show one return of an order to whoever has the order's link."""
    return _page(request, _return(token, number), HandInForm(), ObjectionForm())


def _page(request: HttpRequest, row: Return, form: HandInForm, objection: ObjectionForm) -> HttpResponse:
    status = 422 if form.errors or objection.errors else 200
    context = return_context(row) | {
        "form": form,
        "objection": objection,
        "wrong": objection if objection.errors else form,
    }
    return private(render(request, "support/return.html", context, status=status))


@require_POST
def handed_in(request: HttpRequest, token: str, number: str) -> HttpResponse:
    """Note that its customer says they have handed it in. No money moves by that."""
    row = _return(token, number)
    form = HandInForm(request.POST)
    if not form.is_valid():
        return _page(request, row, form, ObjectionForm())
    if note_handed_in(row, tracking_number=form.cleaned_data["tracking_number"]):
        messages.success(request, _("Thank you. We have noted that it is on its way."))
    elif row.status != ReturnStatus.IN_TRANSIT:
        messages.error(request, _("This return does not wait for goods."))
    return redirect(row)


@require_POST
def cancel(request: HttpRequest, token: str, number: str) -> HttpResponse:
    """Take a request back, until the goods are handed in."""
    row = _return(token, number)
    if cancel_return(row, by=request.user if request.user.is_authenticated else None):
        messages.success(request, _("You have taken it back. Nothing has to be sent."))
    elif row.status != ReturnStatus.CANCELLED:
        messages.error(request, _("It can no longer be taken back: look below how it stands."))
    return redirect(row)


@require_POST
def objection(request: HttpRequest, token: str, number: str) -> HttpResponse:
    """Take in why a decision is not right: it stands in the case, and a person looks at it again."""
    row = _return(token, number)
    form = ObjectionForm(request.POST, request.FILES)
    if not was_declined(row):
        return redirect(row)
    if form.is_valid():
        if allow(request, "ticket", limit=LIMIT, seconds=SECONDS):
            data = form.cleaned_data
            text = _("I object to the decision about %(number)s.") % {"number": row.number}
            customer_goes_on(
                row.ticket, f"{text}\n\n{data['message']}", form_key=data["form_key"], photos=data["photos"]
            )
            if row.status in {ReturnStatus.DECLINED, ReturnStatus.REVIEW}:
                told = _("Your objection is with us: a person looks at it again, and writes to you.")
            else:
                told = _("What you wrote is with us. Meanwhile it was decided anew: look below how it stands.")
            messages.success(request, told)
            return redirect(row)
        form.add_error(None, TOO_MANY)
    return _page(request, row, HandInForm(), form)


def slip(request: HttpRequest, token: str, number: str) -> HttpResponse:
    """Show what is printed and put into the parcel."""
    row = _return(token, number)
    context = {
        "row": row,
        "order": row.order,
        "lines": row.lines.select_related("order_line"),
        "code": code_39(row.number),
    }
    return private(render(request, "support/return_slip.html", context))
