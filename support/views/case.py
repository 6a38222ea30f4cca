"""A customer's case: read it, write in it, say that it is solved and how it went."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from shop.limits import allow
from support.actions.closing import customer_goes_on, customer_solves, rate
from support.actions.ticket import survivor_of
from support.case_page import case_context, note_seen
from support.forms import CustomerReplyForm, RatingForm
from support.models import Ticket
from support.states import TicketStatus
from support.views.customer import LIMIT, SECONDS, TOO_MANY, private


def _case(token: str) -> Ticket:
    return get_object_or_404(Ticket.objects.select_related("order", "merged_into"), token=token)


def ticket(request: HttpRequest, token: str) -> HttpResponse:
    found = _case(token)
    goes_on = survivor_of(found)
    # Never into a case of somebody else, however the two came together.
    if goes_on.pk != found.pk and goes_on.email.lower() == found.email.lower() and request.method != "POST":
        return redirect(goes_on)
    form = CustomerReplyForm(request.POST or None, request.FILES or None)
    if "solved" in request.POST and not (form["message"].data or "").strip() and not form["photos"].data:
        return _solved(request, found)
    if request.method == "POST" and form.is_valid():
        if allow(request, "ticket", limit=LIMIT, seconds=SECONDS):
            data = form.cleaned_data
            where, _new = customer_goes_on(found, data["message"], form_key=data["form_key"], photos=data["photos"])
            messages.success(request, _("Your message is with us."))
            # Last words, and then it is solved: in this order, for what is written opens a case.
            return _solved(request, where) if "solved" in request.POST else redirect(where)
        form.add_error(None, TOO_MANY)
    if not request.user.has_perm("support.change_ticket"):
        # An agent who looks at what a customer sees is not the customer.
        note_seen(found, now=timezone.now())
    context = case_context(found) | {"form": form, "rating_form": RatingForm()}
    return private(render(request, "support/ticket.html", context, status=422 if form.errors else 200))


def _solved(request: HttpRequest, found: Ticket) -> HttpResponse:
    """Close the case because its customer says so; said twice, it is closed."""
    if customer_solves(found):
        messages.success(request, _("Thank you. The case is closed; it opens again when you write below."))
    return redirect(found)


def rating(request: HttpRequest, token: str) -> HttpResponse:
    """Ask how it went. A link of a mail only fills in the answer: it counts once its reader presses the button."""
    found = _case(token)
    if found.status != TicketStatus.SOLVED:
        return redirect(found)
    chosen = request.GET.get("answer", "")
    form = RatingForm(request.POST or None, initial={"answer": chosen if chosen in {"good", "bad"} else ""})
    if request.method == "POST" and form.is_valid():
        rate(found, is_good=form.cleaned_data["answer"] == "good", comment=form.cleaned_data["comment"])
        messages.success(request, _("Thank you for telling us."))
        return redirect(found)
    context = {"ticket": found, "form": form}
    return private(render(request, "support/rating.html", context, status=422 if form.errors else 200))
