"""The customer's order page, the way to find it, and what can be corrected right after buying."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.actions.email_address import TooLateToCorrect, can_correct, correct_email
from orders.actions.line_review import lines_to_review
from orders.address_offer import address_offer
from orders.cancellations import cancel_offer, cancellation_cards, cancelled_by_others
from orders.delays import open_delay
from orders.forms import EmailForm, FindForm, ParcelForm
from orders.lookup import ask_for_link, bare_parcel
from orders.models import Order, OrderLine
from orders.papers.links import paper_links
from orders.parts import with_parts
from orders.paying import can_pay_now, kept_by_bank, transfer_details
from orders.periods import withdrawal_of
from orders.progress import delivered_words, is_moving, order_word, parcel_cards, refund_lines
from orders.states import OrderStatus
from orders.thanks import has_just_bought, has_returned, is_placed_here
from shop.limits import allow
from shop.panels import panels

REFRESH_SECONDS = 4
# Not yet known, kept by the bank, or paid.
THANKED = (OrderStatus.PLACED, OrderStatus.AUTHORISED, OrderStatus.PAID)
# Tries to find an order, per address they come from and hour; parcels are looked at more often than that.
FIND_LIMIT, PARCEL_LIMIT, FIND_SECONDS = 10, 60, 3600


def detail(request: HttpRequest, token: str) -> HttpResponse:
    lines = Prefetch("lines", OrderLine.objects.select_related("delivery"))
    order = get_object_or_404(with_parts(Order.objects.by_token(token)).prefetch_related(lines))
    context = _context(request, order)
    is_thanks = context["is_fresh"] and "thanks" in request.GET and order.status in THANKED
    return _private(render(request, "orders/thanks.html" if is_thanks else "orders/detail.html", context))


def _context(request: HttpRequest, order: Order) -> dict[str, object]:
    now = timezone.now()
    cancellations = cancellation_cards(order)
    parcels = parcel_cards(order)
    is_waiting = any(card.cancellation.is_waiting for card in cancellations)
    returned = has_returned(request, order, now=now)
    offer, withdrawal = cancel_offer(order), withdrawal_of(order)
    can_return = any(line.shipped > max(line.returned, line.in_returns) for line in order.lines.all())
    return {
        "order": order,
        "word": order_word(order),
        "parcels": parcels,
        "delivered_words": delivered_words(parcels),
        "cancelled": cancelled_by_others(order, cancellations),
        "cancellations": cancellations,
        "offer": offer,
        "address": address_offer(order),
        # Where nothing is late, nothing is asked of the database.
        "delay": open_delay(order) if any(card.old_arrival for card in parcels) else None,
        "refunds": refund_lines(order),
        "papers": paper_links(order),
        "to_review": lines_to_review(order),
        "payment": order.payments.first(),
        "panels": panels("order_page", request, order),
        "refresh": REFRESH_SECONDS if is_waiting or is_moving(order) else None,
        "transfer": transfer_details(order),
        "kept": kept_by_bank(order),
        "is_fresh": has_just_bought(request, order, now=now),
        "has_returned": returned,
        "can_correct": is_placed_here(request, order) and can_correct(order, now=now),
        # Whoever has just paid is not asked to pay once more, though we have not heard of it yet.
        "can_pay": can_pay_now(order) and not is_waiting and not returned,
        # The calendar is for days to come.
        "is_coming": order.is_paid and any(not card.is_delivered for card in parcels),
        "is_sent": any(line.shipped for line in order.lines.all()),
        "can_return": can_return,
        "withdraw": withdrawal if withdrawal.is_open and (offer.units or can_return) else None,
    }


def _private(response: HttpResponse) -> HttpResponse:
    # The address is the key. The site-wide "same-origin" policy keeps it from other sites; "no-referrer"
    # would make browsers send "Origin: null", which the CSRF check refuses.
    response["X-Robots-Tag"] = "noindex"
    return response


def email_address(request: HttpRequest, token: str) -> HttpResponse:
    """Let whoever placed an order correct its address; the link alone is not enough, for the wrong person may have it."""
    order = get_object_or_404(Order.objects.by_token(token))
    now = timezone.now()
    if not is_placed_here(request, order) or not can_correct(order, now=now):
        messages.error(request, _("The address can no longer be changed here. Please write to us."))
        return redirect(order)
    form = EmailForm(request.POST or None, initial={"email": order.email})
    if request.method == "POST" and form.is_valid():
        by = request.user if request.user.is_authenticated else None
        try:
            if correct_email(order, form.cleaned_data["email"], now=now, by=by):
                messages.success(request, _("Corrected. We write to %(email)s now.") % {"email": order.email})
        except TooLateToCorrect:
            messages.error(request, _("The address can no longer be changed here. Please write to us."))
            return redirect("support:contact")
        return redirect(f"{order.get_absolute_url()}?thanks=1")
    status = 422 if form.errors else 200
    return _private(render(request, "orders/email_address.html", {"form": form, "order": order}, status=status))


def find(request: HttpRequest) -> HttpResponse:
    form = FindForm(request.POST or None)
    context = {"form": form, "parcel_form": ParcelForm(), "withdraw": request.GET.get("for") == "withdraw"}
    if request.method != "POST" or not form.is_valid():
        return render(request, "orders/find.html", context, status=422 if form.errors else 200)
    if not allow(request, "find-order", limit=FIND_LIMIT, seconds=FIND_SECONDS):
        form.add_error(None, _("Too many tries from here. Please wait an hour, or write to us."))
        return render(request, "orders/find.html", context, status=429)
    ask_for_link(form.cleaned_data["number"], form.cleaned_data["email"], now=timezone.now())
    # The answer is the same whether or not there is such an order: it tells nothing to strangers.
    return render(request, "orders/find.html", {"form": FindForm(), "asked": True})


def parcel(request: HttpRequest) -> HttpResponse:
    """Show where a parcel is to whoever has its number: nothing of its contents, nor whose it is."""
    if "number" not in request.GET:
        return redirect("orders:find")
    form = ParcelForm(request.GET)
    found, status = None, 422
    if form.is_valid() and not allow(request, "find-parcel", limit=PARCEL_LIMIT, seconds=FIND_SECONDS):
        form.add_error(None, _("Too many tries from here. Please wait an hour, or write to us."))
        status = 429
    elif form.is_valid():
        found = bare_parcel(form.cleaned_data["number"])
        status = 200
    return _private(render(request, "orders/parcel.html", {"form": form, "parcel": found}, status=status))
