"""Help for customers: report a problem, ask, follow the case."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from orders.actions.cancel import cancellable_units
from orders.models import Order
from orders.progress import parcel_cards
from shop.limits import allow
from shop.models import Variant
from support.actions.ticket import customer_writes, open_ticket
from support.forms import ContactForm, CustomerReplyForm, HelpForm
from support.models import Ticket, TicketMessage, Topic
from support.states import TicketStatus

LIMIT, SECONDS = 20, 3600
TOO_MANY = _("Too many messages from here. Please wait an hour, or answer one of our mails.")


def order_help(request: HttpRequest, token: str) -> HttpResponse:
    order = get_object_or_404(Order.objects.by_token(token).exclude(paid_at=None))
    initial = {"topic": request.GET.get("topic", "")}
    form = HelpForm(request.POST or None, request.FILES or None, order=order, initial=initial)
    if request.method == "POST" and form.is_valid():
        if allow(request, "ticket", limit=LIMIT, seconds=SECONDS):
            return redirect(_open_for(request, order, form))
        form.add_error(None, TOO_MANY)
    stoppable = cancellable_units(order)
    context = {"form": form, "order": order, "parcels": parcel_cards(order), "stoppable": stoppable}
    return _private(render(request, "support/order_help.html", context, status=422 if form.errors else 200))


def _open_for(request: HttpRequest, order: Order, form: HelpForm) -> Ticket:
    topic = Topic(form.cleaned_data["topic"])
    quantities = form.quantities()
    first = next((form.order_lines[str(pk)].name for pk in quantities), order.number)
    return open_ticket(
        order=order,
        email=order.email,
        name=order.name,
        topic=topic,
        subject=f"{topic.label}: {first}",
        body=form.cleaned_data["message"],
        lines=quantities,
        photos=form.cleaned_data["photos"],
        form_key=form.cleaned_data["form_key"],
        user=request.user if request.user.is_authenticated else None,
    )


def contact(request: HttpRequest) -> HttpResponse:
    user = request.user
    initial = {"email": user.email if user.is_authenticated else "", "message": _question_about(request)}
    form = ContactForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        if form.cleaned_data["website"]:
            # A program: it sees what a person would see, and nothing is kept.
            return render(request, "support/contact.html", {"form": ContactForm(), "sent": True})
        if allow(request, "ticket", limit=LIMIT, seconds=SECONDS):
            order = form.order()
            made = open_ticket(
                order=order,
                email=form.cleaned_data["email"],
                name=order.name if order else "",
                topic=Topic.QUESTION,
                subject=form.cleaned_data["message"].strip().splitlines()[0][:80],
                body=form.cleaned_data["message"],
                form_key=form.cleaned_data["form_key"],
                user=user if user.is_authenticated else None,
            )
            return redirect(made)
        form.add_error(None, TOO_MANY)
    return render(request, "support/contact.html", {"form": form}, status=422 if form.errors else 200)


def _question_about(request: HttpRequest) -> str:
    """Name the goods that a link asks about, so that nobody types them off; empty for any other link."""
    sku = request.GET.get("about", "").replace("\x00", "")[:40]
    variant = Variant.objects.select_related("product").filter(sku=sku).first() if sku else None
    if variant is None:
        return ""
    name = variant.product.name + (f", {variant.options_label}" if variant.options_label else "")
    return _("Question about %(name)s (%(sku)s):") % {"name": name, "sku": variant.sku} + "\n\n"


def ticket(request: HttpRequest, token: str) -> HttpResponse:
    found = get_object_or_404(Ticket.objects.select_related("order"), token=token)
    form = CustomerReplyForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        if allow(request, "ticket", limit=LIMIT, seconds=SECONDS):
            data = form.cleaned_data
            customer_writes(found, data["message"], form_key=data["form_key"], photos=data["photos"])
            messages.success(request, _("Your message is with us."))
            return redirect(found)
        form.add_error(None, TOO_MANY)
    # The one place that decides what of a case a customer sees: their own thread, nothing else.
    thread = found.messages.filter(thread=TicketMessage.Thread.CUSTOMER)
    context = {
        "ticket": found,
        "state": state_words(found),
        "thread": thread.select_related("user").prefetch_related("attachments"),
        "form": form,
        "is_solved": found.status == TicketStatus.SOLVED,
    }
    return _private(render(request, "support/ticket.html", context, status=422 if form.errors else 200))


def state_words(ticket: Ticket) -> str:
    """Say how a case stands, in the customer's words."""
    return {
        TicketStatus.WAITING_CUSTOMER: _("We have answered. Write below if something is still open."),
        TicketStatus.WAITING_SUPPLIER: _("We have asked the supplier and tell you as soon as they answer."),
        TicketStatus.SOLVED: _("Solved. If something is still open, just write below."),
    }.get(ticket.status, _("With us. We answer by mail and on this page."))


def _private(response: HttpResponse) -> HttpResponse:
    # The address is the key. The site-wide "same-origin" policy keeps it from other sites; "no-referrer"
    # would make browsers send "Origin: null", which the CSRF check refuses.
    response["X-Robots-Tag"] = "noindex"
    return response
