"""Returns, claims and replacements in the admin: to look at; they are decided at the desk."""

from __future__ import annotations

from django.contrib import admin
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _, pgettext

from shop.readonly import ReadOnlyAdmin, ReadOnlyInline, money_display
from support.models import Claim, Replacement, Return, ReturnDecision, ReturnLine, Withdrawal


class ReturnLineInline(ReadOnlyInline):
    """Which goods."""

    model = ReturnLine
    fields = readonly_fields = [
        "order_line", "quantity", "received", "refused", "settled", "condition", "note", "written_off",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReturnLine]:
        return super().get_queryset(request).select_related("order_line")


class ReturnDecisionInline(ReadOnlyInline):
    """What was decided, by whom and why."""

    model = ReturnDecision
    fields = readonly_fields = [
        "at", "choice", "proposed", "amount", "status", "needs", "decided_by", "approved_by", "because", "text",
    ]  # fmt: skip
    amount = money_display("amount_minor", _("refund"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReturnDecision]:
        return super().get_queryset(request).select_related("decided_by", "approved_by", "parent__order")

    @admin.display(description=_("because"))
    def because(self, decision: ReturnDecision) -> str:
        return "; ".join(map(str, decision.why))


class ClaimInline(ReadOnlyInline):
    """Money without goods."""

    model = Claim
    fields = readonly_fields = ["number", "status", "amount", "is_part", "opened_at"]
    amount = money_display("amount_minor", _("amount"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Claim]:
        return super().get_queryset(request).select_related("order")


class ReplacementInline(ReadOnlyInline):
    """New goods for old ones."""

    model = Replacement
    fields = readonly_fields = ["number", "line", "quantity", "is_exchange", "status", "status_changed_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Replacement]:
        return super().get_queryset(request).select_related("line")


@admin.register(Return)
class ReturnAdmin(ReadOnlyAdmin):
    """Goods on their way back."""

    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    list_display = ["number", "order", "status", "basis", "reason", "choice", "asked_at", "at_the_desk"]
    list_filter = ["status", "basis", "reason", "choice", "asked_at"]
    search_fields = ["number", "ticket__number", "order__number"]
    list_select_related = ["order"]
    # What the engine keeps for itself is left out.
    fieldsets = [
        (None, {"fields": ["number", "status", "status_changed_at", "at_the_desk", "order", "ticket"]}),
        (_("What was asked and decided"), {"fields": [
            "basis", "reason", "solution", "exchange_for", "choice", "goods_back", "refund_at_handover", "opened_by",
        ]}),
        (_("The way back"), {"fields": [
            "shop_pays", "return_by", "return_to", "instructions", "label_url", "carrier_name", "tracking_number",
            "supplier_order", "supplier_return",
        ]}),
        (_("When"), {"fields": [
            "asked_at", "decided_at", "ready_at", "reminded_at", "handed_in_at", "received_at", "resolved_at",
        ]}),
    ]  # fmt: skip
    readonly_fields = ["at_the_desk", "status", "status_changed_at"]
    inlines = [ReturnLineInline, ReturnDecisionInline, ClaimInline, ReplacementInline]

    @admin.display(description=_("at the desk"))
    def at_the_desk(self, row: Return) -> str:
        return format_html('<a href="{}">{}</a>', reverse("desk:return", args=[row.pk]), pgettext("to open it", "Open"))


@admin.register(Withdrawal)
class WithdrawalAdmin(ReadOnlyAdmin):
    """Withdrawals from the contract, with the moment at which they were declared."""

    list_display = ["order", "declared_at", "cancellation"]
    list_filter = ["declared_at"]
    search_fields = ["order__number"]
    list_select_related = ["order", "cancellation__order"]


@admin.register(Claim)
class ClaimAdmin(ReadOnlyAdmin):
    """Money that is owed without goods coming back."""

    list_display = ["number", "order", "parent", "amount", "status", "opened_at"]
    list_filter = ["status", "is_part", "opened_at"]
    search_fields = ["number", "order__number", "parent__number"]
    list_select_related = ["order", "parent"]
    fields = readonly_fields = [
        "number", "order", "parent", "amount", "is_part", "status", "status_changed_at", "opened_at",
    ]  # fmt: skip
    amount = money_display("amount_minor", _("amount"))


@admin.register(Replacement)
class ReplacementAdmin(ReadOnlyAdmin):
    """New goods for old ones."""

    list_display = ["number", "order", "parent", "line", "quantity", "is_exchange", "status", "opened_at"]
    list_filter = ["status", "is_exchange", "opened_at"]
    search_fields = ["number", "order__number", "parent__number", "line__sku"]
    list_select_related = ["order", "parent", "line"]
