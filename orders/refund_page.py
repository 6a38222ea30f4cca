"""The steps of paying back by hand, the same at the desk and in the admin: type, look at every amount, confirm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core import signing
from django.http import HttpRequest
from django.utils.translation import gettext as _

from orders.actions.refund import TooMuch
from orders.actions.refund_by_hand import (
    Confirmed,
    Preview,
    QuoteChanged,
    confirmed_before,
    preview_refund,
)
from orders.actions.refund_caps import cap_of
from orders.actions.refund_quote import NothingToPay, changes_between
from orders.keys import bound_key
from orders.models import Order, OrderLine
from orders.refund_forms import RefundForm

SHOWN_SALT = "orders.refund.shown"
# Does what was confirmed: (order, wish, *, shown, key) -> Confirmed; raises as ``confirm_refund`` does.
Confirm = Callable[..., Confirmed]


@dataclass(frozen=True, slots=True)
class Step:
    """What to answer: a page's context and status, or what followed from a confirmation."""

    context: dict[str, Any]
    status: int = 200
    confirmed: Confirmed | None = None


def refund_step(
    request: HttpRequest, order: Order, *, chosen: OrderLine | None = None, reason: str = "", confirm: Confirm
) -> Step:
    """Go one step: show the form, or the preview of what was typed, or do what was confirmed.

    ``chosen`` is the line whose units stand in the form at first. What the person saw comes back signed
    with the confirmation; if it is no longer so, the preview is shown again with what has changed.
    """
    if request.method != "POST":
        return _form(request, order, RefundForm(order=order, chosen=chosen, initial={"reason": reason}))
    known = _known(order, request.POST.get("form_key", ""))
    if known is not None:
        # Sent a second time: nothing may be left to pay back, and that is no mistake of the person's.
        return Step({}, confirmed=known)
    form = RefundForm(request.POST, order=order)
    shown = _shown(request)
    if "change" in request.POST or (not form.is_valid() and shown is None):
        return _form(request, order, form, status=200 if "change" in request.POST else 422)
    if not form.is_valid():
        # It was right when it was typed: somebody has been faster.
        form.add_error(
            None, _("Something has changed meanwhile. Nothing was paid: look at what is left, and try again.")
        )
        return _form(request, order, form, status=422)
    return _preview_or_confirm(request, order, form, shown, confirm)


def _preview_or_confirm(
    request: HttpRequest, order: Order, form: RefundForm, shown: Mapping[str, Any] | None, confirm: Confirm
) -> Step:
    wish = form.wish()
    try:
        if shown is None:
            return _preview(request, form, preview_refund(order, wish, by=request.user))
        made = confirm(order, wish, shown=shown, key=str(bound_key(form.cleaned_data["form_key"], order)))
    except QuoteChanged as change:
        told = changes_between(shown or {}, change.quote)
        return _preview(request, form, Preview(change.quote, change.needs_approval), changes=told, status=422)
    except NothingToPay:
        form.add_error(None, _("Nothing of that is left to be paid back. Look at what is left, and try again."))
    except TooMuch:
        form.add_error(None, _("So much is not left of the payments. Look at what is left, and try again."))
    else:
        return Step({}, confirmed=made)
    return _form(request, order, form, status=422)


def _known(order: Order, key: str) -> Confirmed | None:
    try:
        return confirmed_before(order, str(bound_key(UUID(key), order)))
    except ValueError:
        return None


def _shown(request: HttpRequest) -> Mapping[str, Any] | None:
    """Return what the person saw when they confirmed; None if nothing was confirmed, or not by our page."""
    try:
        return signing.loads(request.POST.get("shown", ""), salt=SHOWN_SALT)
    except signing.BadSignature:
        return None


def _form(request: HttpRequest, order: Order, form: RefundForm, status: int = 200) -> Step:
    return Step({"form": form, "order": order, "cap": cap_of(request.user, order.currency)}, status)


def _preview(
    request: HttpRequest, form: RefundForm, preview: Preview, *, changes: list[str] | None = None, status: int = 200
) -> Step:
    context = {
        "form": form,
        "order": form.order,
        "quote": preview.quote,
        "needs_approval": preview.needs_approval,
        "cap": cap_of(request.user, form.order.currency),
        "changes": changes or [],
        "shown": signing.dumps(preview.shown(), salt=SHOWN_SALT, compress=True),
    }
    return Step(context, status)


def outcome_words(order: Order, confirmed: Confirmed) -> str:
    """Say what followed from a confirmation, for whoever confirmed it."""
    amount = order.money(confirmed.amount_minor)
    if confirmed.request is not None:
        text = _("%(amount)s waits for approval. Nothing is paid and the customer hears nothing before that.")
        return text % {"amount": amount}
    return _("%(amount)s is on its way back.") % {"amount": amount}
