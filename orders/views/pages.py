"""The customer's order page, the way to find it, and the account's list."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from orders import events
from orders.actions.line_review import lines_to_review
from orders.cancellations import cancel_offer, cancellation_cards, cancelled_by_others
from orders.forms import FindForm
from orders.models import Order, OrderLine
from orders.papers.links import paper_links
from orders.paying import can_pay_now, kept_by_bank, transfer_details
from orders.progress import is_moving, order_word, parcel_cards, refund_lines
from shop.limits import allow
from shop.panels import panels

REFRESH_SECONDS = 4
# Tries to find an order, per address they come from and hour.
FIND_LIMIT, FIND_SECONDS = 10, 3600


def detail(request: HttpRequest, token: str) -> HttpResponse:
    order = get_object_or_404(Order.objects.by_token(token).prefetch_related("lines"))
    cancellations = cancellation_cards(order)
    is_waiting = any(card.cancellation.is_waiting for card in cancellations)
    context = {
        "order": order,
        "word": order_word(order),
        "parcels": parcel_cards(order),
        "cancelled": cancelled_by_others(order, cancellations),
        "cancellations": cancellations,
        "offer": cancel_offer(order),
        "refunds": refund_lines(order),
        "papers": paper_links(order),
        "to_review": lines_to_review(order),
        "payment": order.payments.first(),
        "panels": panels("order_page", request, order),
        "refresh": REFRESH_SECONDS if is_waiting or is_moving(order) else None,
        "transfer": transfer_details(order),
        "kept": kept_by_bank(order),
        "thanks": "thanks" in request.GET and order.is_paid,
        "can_pay": can_pay_now(order) and not is_waiting,
    }
    response = render(request, "orders/detail.html", context)
    # The address is the key. The site-wide "same-origin" policy keeps it from other sites; "no-referrer"
    # would make browsers send "Origin: null", which the CSRF check refuses.
    response["X-Robots-Tag"] = "noindex"
    return response


def find(request: HttpRequest) -> HttpResponse:
    form = FindForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "orders/find.html", {"form": form}, status=422 if form.errors else 200)
    if not allow(request, "find-order", limit=FIND_LIMIT, seconds=FIND_SECONDS):
        form.add_error(None, _("Too many tries from here. Please wait an hour, or write to us."))
        return render(request, "orders/find.html", {"form": form}, status=429)
    _ask_for_link(form.cleaned_data["number"], form.cleaned_data["email"])
    # The answer is the same whether or not there is such an order: it tells nothing to strangers.
    return render(request, "orders/find.html", {"form": FindForm(), "asked": True})


def _ask_for_link(number: str, email: str) -> None:
    order = Order.objects.filter(number__endswith=f"-{number}", email__iexact=email).first() if number else None
    if order is not None:
        with transaction.atomic():
            events.record("order.link_requested", order, by=None)


@login_required
def account(request: HttpRequest) -> HttpResponse:
    lines = Prefetch("lines", OrderLine.objects.order_by("position"))
    mine = Order.objects.of(request.user).prefetch_related(lines, "deliveries")
    page = Paginator(mine, 20).get_page(request.GET.get("page"))
    rows = [(order, order_word(order)) for order in page]
    return render(request, "orders/account.html", {"page_obj": page, "rows": rows})
