"""A customer asks to send something back: one form, one page that says what follows, one button."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy

from orders.actions.sent_back import AlreadyBack
from orders.cancellations import cancel_offer
from orders.models import Order
from orders.periods import withdrawal_of
from shop.limits import allow
from shop.models import Variant
from support.actions.ticket import answer_due
from support.file_fields import brought_by
from support.forms_returns import PhotosForm, ReturnForm
from support.models import FAULTS, Return, ReturnReason, Solution
from support.returning.asking import NotOffered, Wanted, ask_return, known_request
from support.returning.offer import LineOffer, line_offers, reasons_offered
from support.returning.preview import preview_of
from support.views.customer import LIMIT, SECONDS, TOO_MANY, private

CHANGED = gettext_lazy("What can go back has changed meanwhile. Please look at it once more.")


def new(request: HttpRequest, token: str) -> HttpResponse:
    """Take in what goes back; show what that brings before it is sent; send it, once."""
    order = get_object_or_404(Order.objects.by_token(token).exclude(paid_at=None).prefetch_related("lines"))
    known = _known(request, order)
    if known:
        return redirect(known[0])
    offers = line_offers(order, now=timezone.now())
    form = _form(request, order, offers)
    if request.method == "POST" and "change" not in request.POST and form.is_valid():
        return _confirm(request, order, form, offers)
    return _page(request, order, form, offers)


def _known(request: HttpRequest, order: Order) -> list[Return]:
    """Return what the same form has asked for before: a second click leads there, whatever is left to choose."""
    if request.method != "POST":
        return []
    try:
        return known_request(order, UUID(request.POST.get("form_key", "")))
    except ValueError:
        return []


def _form(request: HttpRequest, order: Order, offers: Sequence[LineOffer]) -> ReturnForm:
    today = timezone.localdate()
    reasons = reasons_offered(offers, today=today)
    lines = [one.line for one in offers if one.units]
    asked = request.GET.get("line", "")
    initial: dict[str, object] = {"lines": [asked]} if asked in {str(line.pk) for line in lines} else {}
    if request.GET.get("reason", "") in reasons:
        initial["reason"] = request.GET["reason"]
    return ReturnForm(
        request.POST or None,
        offers=offers,
        reasons=reasons,
        variants=_variants(order, lines),
        today=today,
        initial=initial,
    )


def _variants(order: Order, lines: Sequence) -> list[Variant]:
    """Return the other variants of the products of some lines that can be had there. One query."""
    products = {line.variant.product_id for line in lines}
    rows = Variant.objects.filter(product__in=products, is_active=True, product__is_published=True)
    rows = rows.select_related("product").order_by("product", "position", "pk")
    return [one for one in rows if one.is_sellable and one.is_sent_to(order.country.code)]


def _page(request: HttpRequest, order: Order, form: ReturnForm, offers: Sequence[LineOffer]) -> HttpResponse:
    if "change" in request.POST:
        # Back from the page before sending: nothing is wrong with it.
        form.errors.clear()
    photos = PhotosForm(request.POST, request.FILES)["photos"]
    context = {
        "order": order,
        "form": form,
        "rows": form.rows(),
        "brought": brought_by(photos),
        "closed": [one for one in offers if one.line.pk not in form.offers],
        "offer": cancel_offer(order),
        "withdrawal": withdrawal_of(order),
    }
    return private(render(request, "support/return_new.html", context, status=422 if form.errors else 200))


def _confirm(request: HttpRequest, order: Order, form: ReturnForm, offers: Sequence[LineOffer]) -> HttpResponse:
    wanted, is_sending = form.wanted(), "send" in request.POST
    before = {"photos": request.POST.getlist("photos_kept")}
    photos = PhotosForm(request.POST, request.FILES) if is_sending else PhotosForm(initial=before)
    if is_sending and photos.is_valid():
        if allow(request, "ticket", limit=LIMIT, seconds=SECONDS):
            return _send(request, order, form, wanted, photos)
        photos.add_error(None, TOO_MANY)
    try:
        preview = preview_of(order, wanted, offers)
    except NotOffered:
        form.add_error(None, CHANGED)
        return _page(request, order, form, offers)
    context = {
        "order": order,
        "form": photos,
        "kept": form.kept(),
        "preview": preview,
        "reason": ReturnReason(wanted.reason).label,
        "solution": Solution(wanted.solution).label,
        "asks_photos": wanted.reason in FAULTS,
        # Chosen for another reason, and kept: they are sent along, and can be left out.
        "brought": brought_by(PhotosForm(request.POST)["photos"]),
        "answer_by": answer_due(timezone.now()),
    }
    return private(render(request, "support/return_check.html", context, status=422 if photos.errors else 200))


def _send(request: HttpRequest, order: Order, form: ReturnForm, wanted: Wanted, photos: PhotosForm) -> HttpResponse:
    user = request.user if request.user.is_authenticated else None
    whole = Wanted(
        wanted.units, wanted.reason, wanted.solution, wanted.exchange_for, wanted.words, photos.cleaned_data["photos"]
    )
    try:
        made = ask_return(order, whole, form_key=form.cleaned_data["form_key"], user=user)
    except (NotOffered, AlreadyBack):
        # What was typed stays; what can go back is read anew.
        order.refresh_from_db()
        offers = line_offers(order, now=timezone.now())
        again = _form(request, order, offers)
        again.add_error(None, CHANGED)
        return _page(request, order, again, offers)
    messages.success(request, _("We have your request."))
    return redirect(made[0])
