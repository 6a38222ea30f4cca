"""Paying back by hand in the admin: the calculator of an order, caps, and what waits for approval."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _t, gettext_lazy as _
from django.views.decorators.http import require_POST

from orders.actions.refund import TooMuch
from orders.actions.refund_by_hand import (
    APPROVED,
    MAY_APPROVE,
    AlreadyDecided,
    MayNotApprove,
    QuoteChanged,
    approve_refund,
    confirm_refund,
    decline_refund,
    may_approve,
    quote_request,
)
from orders.actions.refund_quote import NothingToPay, RefundQuote, changes_between
from orders.models import Order, RefundCap, RefundRequest
from orders.refund_page import SHOWN_SALT, outcome_words, refund_step
from orders.states import RefundRequestStatus
from shop.amount_field import AmountsForm
from shop.readonly import ReadOnlyAdmin, money_display

MAY_REFUND = "orders.add_refund"


def order_refund(request: HttpRequest, pk: int) -> HttpResponse:
    """Pay back some of an order: type, look at every amount, confirm."""
    if not request.user.has_perms([MAY_REFUND, "orders.view_order"]):
        raise PermissionDenied
    order = Order.objects.filter(pk=pk).first()
    if order is None:
        raise Http404
    step = refund_step(request, order, reason="goodwill", confirm=partial(confirm_refund, by=request.user))
    if step.confirmed is not None:
        level = messages.WARNING if step.confirmed.request else messages.SUCCESS
        messages.add_message(request, level, outcome_words(order, step.confirmed))
        return HttpResponseRedirect(reverse("admin:orders_order_change", args=[pk]))
    title = _t("Refund of %(number)s") % {"number": order.number}
    context = admin.site.each_context(request) | {"title": title, "opts": Order._meta} | step.context
    return TemplateResponse(request, "admin/order_refund.html", context, status=step.status)


class RefundCapForm(AmountsForm):
    """A cap, with its amounts as money of its currency."""

    amounts = {
        "per_refund_minor": _("In the currency above, as in 50.00."),
        "per_order_minor": _("All that was paid back by hand for it, whoever did."),
    }

    class Meta:
        model = RefundCap
        fields = "__all__"


@admin.register(RefundCap)
class RefundCapAdmin(admin.ModelAdmin):
    """How much each role may pay back alone. No role may edit it: whoever could would have no cap."""

    form = RefundCapForm
    list_display = ["group", "currency", "most_once", "most_per_order"]
    list_select_related = ["group"]
    most_once = money_display("per_refund_minor", _("most in one refund"))
    most_per_order = money_display("per_order_minor", _("most for one order"))


@admin.register(RefundRequest)
class RefundRequestAdmin(ReadOnlyAdmin):
    """Refunds above their asker's cap: whoever may approves or declines them, with every amount in sight."""

    list_display = ["order", "money", "reason", "status", "asked_by", "asked_at", "decided_by", "decided_at"]
    list_filter = ["status", "reason", "asked_at"]
    search_fields = ["order__number", "order__email"]
    list_select_related = ["order", "asked_by", "decided_by"]
    change_form_template = "admin/refund_request.html"
    fields = readonly_fields = [
        "order", "status", "money", "reason", "note", "asked_by", "asked_at", "decided_by", "decided_at", "answer",
    ]  # fmt: skip
    money = money_display("amount_minor", _("amount"))

    def get_urls(self) -> list[URLPattern]:
        decide = self.admin_site.admin_view(require_POST(self.decide))
        return [path("<int:pk>/decide/", decide, name="orders_refundrequest_decide"), *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: dict, *args: object, **kwargs: object) -> HttpResponse:
        asked = kwargs.get("obj")
        if isinstance(asked, RefundRequest):
            context |= self._decision(request, asked)
        return super().render_change_form(request, context, *args, **kwargs)

    def _decision(self, request: HttpRequest, asked: RefundRequest) -> dict[str, Any]:
        if asked.status != RefundRequestStatus.ASKED:
            key = f"{APPROVED}{asked.pk}-"
            return {"is_open": False, "refunds": asked.order.refunds.filter(idempotency_key__startswith=key)}
        quote = self._quote(asked)
        is_own = asked.asked_by_id == request.user.pk
        may = quote is not None and may_approve(asked, request.user, quote.total_minor)
        return {
            "is_open": True,
            "quote": quote,
            "changes": changes_between(asked.shown, quote) if quote and quote.shown() != asked.shown else [],
            "shown": signing.dumps(quote.shown(), salt=SHOWN_SALT, compress=True) if quote else "",
            "may_approve": may,
            "may_decline": is_own or request.user.has_perm(MAY_APPROVE),
            "is_own": is_own,
            "why_not": "" if may or quote is None else self._why_not(request, is_own),
        }

    @staticmethod
    def _quote(asked: RefundRequest) -> RefundQuote | None:
        try:
            return quote_request(asked)
        except (NothingToPay, TooMuch):
            return None

    @staticmethod
    def _why_not(request: HttpRequest, is_own: bool) -> str:
        if is_own:
            return _t("You asked for it yourself: somebody else must approve it.")
        if not request.user.has_perm(MAY_APPROVE):
            return _t("You may not approve refunds.")
        return _t("It is more than you may approve for one order: somebody with a higher cap must.")

    def decide(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Approve or decline; what cannot be done is said, and the page shows how it stands."""
        asked = RefundRequest.objects.select_related("order").filter(pk=pk).first()
        if asked is None or not self.has_view_permission(request):
            raise Http404
        level, told = self._decide(request, asked)
        self.message_user(request, told, level)
        return HttpResponseRedirect(reverse("admin:orders_refundrequest_change", args=[pk]))

    def _decide(self, request: HttpRequest, asked: RefundRequest) -> tuple[int, str]:
        answer = request.POST.get("answer", "").strip()
        try:
            if request.POST.get("decide") == "approve":
                refunds = approve_refund(asked, shown=self._seen(request), by=request.user)
                amount = asked.order.money(sum(refund.amount_minor for refund in refunds))
                return messages.SUCCESS, _t("Approved: %(amount)s is on its way back.") % {"amount": amount}
            if not answer and asked.asked_by_id != request.user.pk:
                return messages.ERROR, _t("Not declined: say why, so that whoever asked knows what to do.")
            decline_refund(asked, answer=answer, by=request.user)
        except MayNotApprove:
            return messages.ERROR, _t("You may not decide this one: it is your own, or above your cap.")
        except (AlreadyDecided, NothingToPay, TooMuch):
            return messages.WARNING, _t("Nothing was paid: it was decided meanwhile, or nothing of it is left.")
        except QuoteChanged as change:
            text = _t("Nothing was paid, for something has changed meanwhile: %(changes)s Look at the amounts below.")
            return messages.WARNING, text % {"changes": " ".join(changes_between(asked.shown, change.quote))}
        return messages.SUCCESS, _t("Declined; whoever asked is told.")

    @staticmethod
    def _seen(request: HttpRequest) -> dict[str, Any] | None:
        try:
            return signing.loads(request.POST.get("shown", ""), salt=SHOWN_SALT)
        except signing.BadSignature:
            # Then only what the asker saw can be approved.
            return None
