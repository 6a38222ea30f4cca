"""What staff do about returns beside deciding them: the list, the receipt, steps by hand, and opening one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_POST

from orders.actions.sent_back import AlreadyBack
from orders.actions.shipping import lock_order
from orders.keys import bound_key
from shop.models import User
from support.actions.ticket import Author, Thread, tell_thread
from support.forms_returning import LabelForm, OpenReturnForm, ReceiptForm
from support.models import Return, Ticket, TicketMessage
from support.return_states import ReturnStatus
from support.returning import screen
from support.returning.asking import NotOffered, ask_return, known_request
from support.returning.flow import cancel_return, expire, hand_in, make_ready, receive, reopen
from support.returning.listing import Asked, counts_of_views, rows_of
from support.returning.withdrawing import said_with, withdraw
from support.views.guard import agents_only, those_with
from support.views.return_decision import MAY_DECIDE, may_receive

PER_PAGE = 50


@those_with("support.view_return")
def returns(request: HttpRequest) -> HttpResponse:
    asked, now = Asked.of(request.GET), timezone.now()
    page = Paginator(rows_of(asked, now=now), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "asked": asked,
        "views": counts_of_views(asked, now=now),
        "page_obj": page,
        "querystring": asked.querystring(),
        "suppliers": asked.suppliers(),
        "desk_section": "returns",
    }
    return render(request, "desk/returns.html", context)


@those_with(MAY_DECIDE)
def receipt(request: HttpRequest, pk: int) -> HttpResponse:
    """Note what came back."""
    row = get_object_or_404(screen.returns_for_desk(), pk=pk)
    if not may_receive(row):
        messages.info(request, _("Nothing is to be received for it: %(state)s.") % {"state": row.get_status_display()})
        return redirect("desk:return", pk)
    lines = screen.lines_of(row)
    form = ReceiptForm(request.POST or None, request.FILES or None, lines=lines)
    if request.method == "POST" and form.is_valid():
        _receive(row, form, by=request.user)
        row.refresh_from_db()
        if row.status == ReturnStatus.REVIEW:
            messages.warning(request, _("Noted. It is not as agreed: what differs is decided anew."))
        else:
            messages.success(request, _("Noted. What was decided follows by itself."))
        return redirect("desk:return", pk)
    context = {"row": row, "form": form, "desk_section": "returns"}
    return render(request, "desk/return_receive.html", context, status=422 if form.errors else 200)


def _receive(row: Return, form: ReceiptForm, *, by: User) -> None:
    key = bound_key(form.cleaned_data["form_key"], row)
    with transaction.atomic():
        lock_order(row.order)
        if TicketMessage.objects.filter(form_key=key).exists():
            return
        text = _("%(number)s: received at the desk by %(name)s.") % {"number": row.number, "name": by.get_short_name()}
        photos = form.cleaned_data["photos"]
        tell_thread(row.ticket, Thread.INTERNAL, text, author=Author.SYSTEM, form_key=key, photos=photos)
        receive(row, form.found(), by=by)


@those_with(MAY_DECIDE)
def label(request: HttpRequest, pk: int) -> HttpResponse:
    """Say by hand where the goods go."""
    row = get_object_or_404(screen.returns_for_desk(), pk=pk)
    if row.status != ReturnStatus.ACCEPTED:
        messages.info(request, _("It needs no address now: %(state)s.") % {"state": row.get_status_display()})
        return redirect("desk:return", pk)
    address = row.supplier_order.supplier.delivery_profile.return_address
    form = LabelForm(request.POST or None, initial={"return_to": address})
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            lock_order(row.order)
            row.refresh_from_db()
            if make_ready(row, form.label(), by=request.user):
                messages.success(request, _("The customer is told where the goods go."))
            else:
                messages.info(request, _("Somebody was faster. This is how it stands now."))
        return redirect("desk:return", pk)
    context = {"row": row, "form": form, "desk_section": "returns"}
    return render(request, "desk/return_label.html", context, status=422 if form.errors else 200)


def _handed_in(row: Return, by: User) -> bool:
    return hand_in(row, by=by)


def _cancel(row: Return, by: User) -> bool:
    return cancel_return(row, by=by)


def _expire(row: Return, by: User) -> bool:
    return expire(row, by=by)


def _anew(row: Return, by: User) -> bool:
    with transaction.atomic():
        lock_order(row.order)
        row.refresh_from_db()
        return reopen(row, _("somebody looks at it again"), by=by)


# What can be done by a button: the deed, and what it tells.
STEPS: Mapping[str, tuple[Callable[[Return, User], bool], str | Promise]] = {
    "handed-in": (_handed_in, gettext_lazy("Noted: the goods are on their way back.")),
    "cancel": (_cancel, gettext_lazy("Taken back for the customer. The goods may be asked for anew.")),
    "expire": (_expire, gettext_lazy("Ended: the goods were not handed in.")),
    "anew": (_anew, gettext_lazy("It is decided anew.")),
}


@those_with(MAY_DECIDE)
@require_POST
def step(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Return.objects.select_related("order", "ticket", "supplier_return"), pk=pk)
    deed = STEPS.get(request.POST.get("step", ""))
    if deed is not None and deed[0](row, request.user):
        messages.success(request, str(deed[1]))
    else:
        messages.info(request, _("Nothing was done: the return has changed meanwhile. This is how it stands now."))
    return redirect("desk:return", pk)


@agents_only
def open_return(request: HttpRequest, pk: int) -> HttpResponse:
    """Open a return for the customer of a case."""
    if not request.user.has_perm("support.add_return"):
        raise PermissionDenied
    found = get_object_or_404(Ticket.objects.exclude(order=None).select_related("order"), pk=pk)
    offers, unsent = screen.offers_with_units(found.order), screen.unsent_lines(found.order)
    form = OpenReturnForm(request.POST or None, request.FILES or None, offers=offers, unsent=unsent)
    if request.method == "POST":
        made = _known(found, request)
        if made is None and form.is_valid():
            made = _opened(request, found, form)
        if made is not None:
            return redirect("desk:return", made[0].pk) if len(made) == 1 else redirect("desk:ticket", pk)
    context = {"ticket": found, "order": found.order, "form": form, "desk_section": "inbox"}
    return render(request, "desk/return_open.html", context, status=422 if form.errors else 200)


def _known(found: Ticket, request: HttpRequest) -> list[Return] | None:
    """Return what this form has opened before: sent twice, it may find nothing left to open. None: nothing yet."""
    try:
        key = UUID(request.POST.get("form_key", ""))
    except ValueError:
        return None
    made = known_request(found.order, key)
    return made if made or said_with(found.order, key) is not None else None


def _opened(request: HttpRequest, found: Ticket, form: OpenReturnForm) -> list[Return] | None:
    """Return what was opened (a withdrawal from goods that have not left: no return); None if it could not be."""
    wanted, who = form.wanted(), {"opened_by": request.user, "ticket": found, "form_key": form.cleaned_data["form_key"]}
    try:
        if form.is_withdrawal:
            made = withdraw(found.order, wanted.units, words=wanted.words, photos=wanted.photos, **who).returns
        else:
            made = ask_return(found.order, wanted, **who)
    except (NotOffered, AlreadyBack):
        form.add_error(None, _("Not so much of it can go back any more: somebody was faster. Look again."))
        return None
    if form.is_withdrawal:
        messages.success(request, _("The withdrawal is noted, and its receipt goes to the customer."))
        return made
    numbers = ", ".join(row.number for row in made)
    messages.success(request, _("Opened: %(numbers)s.") % {"numbers": numbers})
    return made
