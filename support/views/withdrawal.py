"""Withdraw from the contract: say from what, confirm it, and see when it was received. Nobody asks why.

Directive 2011/83/EU, article 11a (Directive (EU) 2023/2673): a function labelled "withdraw from contract here", then
one labelled "confirm withdrawal", and a receipt with date and time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from orders.actions.cancel import cancellable_units
from orders.actions.sent_back import AlreadyBack
from orders.cancellations import cancellation_cards
from orders.models import Event, Order
from orders.periods import Withdrawal, withdrawal_of
from shop.limits import allow
from support.forms_returns import WithdrawForm
from support.models import Return
from support.return_states import ReturnStatus
from support.returning.asking import NotOffered
from support.returning.offer import line_offers
from support.returning.preview import withdrawal_preview
from support.returning.withdrawing import CANCELLATION_KEY, said_with, withdraw
from support.views.customer import LIMIT, SECONDS, TOO_MANY, private
from support.views.return_request import CHANGED
from support.words import RETURN_WORDS


def start(request: HttpRequest, token: str) -> HttpResponse:
    """Ask from what; show what follows, once more to be confirmed; then it is done, once."""
    order = get_object_or_404(Order.objects.by_token(token).exclude(paid_at=None).prefetch_related("lines"))
    right = withdrawal_of(order)
    if not right.days:
        raise Http404
    if "done" in request.GET:
        return _done(request, order, request.GET["done"])
    if request.method == "POST" and _said(order, request.POST.get("form_key", "")) is not None:
        return _to_receipt(order, request.POST["form_key"])
    form, shown = _form(request, order, right)
    if request.method == "POST" and "change" not in request.POST and form.is_valid():
        if "confirm" not in request.POST:
            return _check(request, order, form, shown["unsent"])
        wrong = _withdraw(request, order, form)
        if not wrong:
            return _to_receipt(order, str(form.cleaned_data["form_key"]))
        # What was chosen stays; what there is to choose from is read anew.
        order.refresh_from_db()
        form, shown = _form(request, order, right)
        form.add_error(None, wrong)
    if "change" in request.POST:
        form.errors.clear()
    context = {"order": order, "form": form, "rows": form.rows(), "right": right, **shown}
    return private(render(request, "support/withdraw.html", context, status=422 if form.errors else 200))


def _form(request: HttpRequest, order: Order, right: Withdrawal) -> tuple[WithdrawForm, dict[str, Any]]:
    """Return the form of what somebody can withdraw from now, and what its page says beside it."""
    offers = line_offers(order, now=timezone.now())
    today = timezone.localdate()
    back = {one.line.pk: one.units for one in offers if one.units and one.basis_for("", today=today)}
    unsent = cancellable_units(order) if right.is_open else {}
    most = {pk: back.get(pk, 0) + unsent.get(pk, 0) for pk in {*back, *unsent}} if right.is_open else {}
    lines = [line for line in order.lines.select_related("order", "delivery") if most.get(line.pk)]
    shown = {
        "unsent": unsent,
        "kept_out": [one for one in offers if one.units and one.why_not and one.line.pk not in most],
        "window": max((one.window_until for one in offers if one.window_until), default=None),
        "today": today,
        "has_withdrawn": not lines and _has_withdrawn(order),
    }
    return WithdrawForm(request.POST or None, goods=lines, most=most), shown


def _has_withdrawn(order: Order) -> bool:
    """True if nothing is left because of a withdrawal alone: nobody who has cancelled something has declared one."""
    cancelled = order.cancellations.exclude(key__startswith=CANCELLATION_KEY)
    return Event.objects.filter(order=order, kind="order.withdrawn").exists() and not cancelled.exists()


def _check(request: HttpRequest, order: Order, form: WithdrawForm, unsent: Mapping[int, int]) -> HttpResponse:
    preview = withdrawal_preview(order, form.units(), unsent, form.goods.values())
    context = {"order": order, "kept": form.kept(), "preview": preview}
    return private(render(request, "support/withdraw_check.html", context))


def _withdraw(request: HttpRequest, order: Order, form: WithdrawForm) -> str:
    """Note the withdrawal; return why that cannot be now, and then nothing is noted."""
    if not allow(request, "ticket", limit=LIMIT, seconds=SECONDS):
        return str(TOO_MANY)
    user = request.user if request.user.is_authenticated else None
    try:
        withdraw(order, form.units(), form_key=form.cleaned_data["form_key"], user=user)
    except (NotOffered, AlreadyBack):
        return str(CHANGED)
    return ""


def _to_receipt(order: Order, key: str) -> HttpResponse:
    return redirect(f"{reverse('support:withdraw', args=[order.token])}?done={key}")


def _said(order: Order, key: str) -> Event | None:
    """Return what was noted of a withdrawal when it came in; None for a key that no withdrawal of the order has."""
    try:
        return said_with(order, UUID(key))
    except ValueError:
        return None


def _done(request: HttpRequest, order: Order, key: str) -> HttpResponse:
    said = _said(order, key)
    if said is None:
        raise Http404
    returns = Return.objects.filter(order=order, pk__in=said.facts.get("returns", []))
    rows = returns.select_related("order").prefetch_related("lines__order_line")
    stopped = [card for card in cancellation_cards(order) if card.cancellation.key == said.facts["key"]]
    context = {
        "order": order,
        "at": said.at,
        "returns": [(row, RETURN_WORDS[row.status]) for row in rows],
        "waits": any(row.status == ReturnStatus.ACCEPTED and row.goods_back is not False for row in rows),
        "stopped": stopped,
    }
    return private(render(request, "support/withdrawn.html", context))
