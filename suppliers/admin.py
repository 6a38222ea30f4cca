"""Suppliers, offers and the dialogue with them, in the admin."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminURLFieldWidget
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _t, gettext_lazy as _

from shop.money import format_cost
from shop.readonly import ReadOnlyAdmin, ReadOnlyInline
from shop.words import moment
from suppliers import chase_admin
from suppliers.actions.by_hand import answer_by_hand
from suppliers.actions.decide import ask_now, confirm_has_it, probe_now, release, send_again
from suppliers.actions.faultiness import is_faulty_too_often
from suppliers.actions.forward import give_up_refused
from suppliers.adapters import ADAPTERS
from suppliers.carrier_admin import ParcelWatchAdmin, TrackingCallAdmin, TrackingServiceAdmin
from suppliers.credit_admin import SupplierCreditAdmin, SupplierInvoiceAdmin
from suppliers.models import (
    Offer,
    ParcelWatch,
    PictureFetch,
    Supplier,
    SupplierCall,
    SupplierCancellation,
    SupplierCancellationLine,
    SupplierCredit,
    SupplierInvoice,
    SupplierOrder,
    SupplierOrderLine,
    SupplierProbe,
    SupplierReturn,
    SupplierShipment,
    TrackingCall,
    TrackingService,
)

# Its own module of this admin.
__all__ = ["chase_admin"]

admin.site.register(SupplierCredit, SupplierCreditAdmin)
admin.site.register(SupplierInvoice, SupplierInvoiceAdmin)
admin.site.register(ParcelWatch, ParcelWatchAdmin)
admin.site.register(TrackingService, TrackingServiceAdmin)
admin.site.register(TrackingCall, TrackingCallAdmin)


class HostsField(forms.CharField):
    """Names of hosts, one a line, for the list that is stored."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": 3, "cols": 40}), **kwargs)

    def prepare_value(self, value: object) -> object:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: str) -> list[str]:
        return super().clean(value).split()

    def has_changed(self, initial: object, data: str | None) -> bool:
        return (initial or []) != (data or "").split()


class SupplierForm(forms.ModelForm):
    """Secrets are write-only: an empty field keeps what is stored."""

    SECRETS = ("api_key", "webhook_secret")
    adapter = forms.ChoiceField(label=_("Speaks"), choices=[(name, name) for name in ADAPTERS])
    base_url = forms.URLField(
        label=_("Address of its API"),
        assume_scheme="https",
        max_length=300,
        widget=AdminURLFieldWidget(attrs={"class": "vURLField"}),
    )
    allowed_hosts = HostsField(
        label=_("Hosts we may call"), required=False, help_text=_("Besides the API's own: picture hosts. One a line.")
    )

    class Meta:
        model = Supplier
        fields = [
            "name", "slug", "adapter", "base_url", "allowed_hosts", "api_key", "webhook_secret", "currency", "country",
            "delivery_profile", "contact_email", "is_active", "uses_polling", "paused_reason", "markup_percent", "bills_at",
            "credit_share_percent", "replaces_itself",
        ]  # fmt: skip

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        for name in self.SECRETS:
            stored = bool(getattr(self.instance, name, ""))
            self.initial[name] = ""
            if name in self.fields:
                self.fields[name].widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
                self.fields[name].help_text = _t("Stored. Type a new one to replace it.") if stored else ""

    def clean(self) -> dict[str, object]:
        """Keep the stored secret where nothing was typed."""
        cleaned = super().clean() or {}
        for name in self.SECRETS:
            if not cleaned.get(name):
                cleaned[name] = getattr(self.instance, name)
        return cleaned


class SupplierProbeInline(ReadOnlyInline):
    """When it is tried again, while it is not called."""

    model = SupplierProbe
    fields = readonly_fields = ["due_at", "failures", "lease_until"]


@admin.register(Supplier)
class SupplierAdmin(admin.ModelAdmin):
    """Someone who sends goods for us."""

    form = SupplierForm
    list_display = [
        "name",
        "is_active",
        "health",
        "why",
        "next_try",
        "punctuality",
        "faults",
        "last_good_at",
        "stock_as_of",
    ]
    list_filter = ["is_active", "adapter"]
    search_fields = ["name", "slug"]
    readonly_fields = [
        "health", "why", "next_try", "can_do", "last_good_at", "failures_in_row", "closed_until", "last_error",
        "punctuality", "faults",
    ]  # fmt: skip
    fieldsets = [
        (None, {"fields": ["name", "slug", "country", "is_active", "paused_reason"]}),
        (_("How it does"), {"fields": [
            "health", "why", "next_try", "last_good_at", "failures_in_row", "closed_until", "last_error", "punctuality",
            "faults",
        ]}),
        (_("How we reach it"), {"fields": [
            "adapter", "base_url", "allowed_hosts", "api_key", "webhook_secret", "uses_polling", "can_do", "contact_email",
        ]}),
        (_("Prices, delivery and returns"), {"fields": [
            "currency", "markup_percent", "bills_at", "delivery_profile", "credit_share_percent", "replaces_itself",
        ]}),
    ]  # fmt: skip
    list_select_related = ["probe", "delivery_profile"]
    inlines = [SupplierProbeInline]
    actions = ["read_now", "try_now"]

    def has_delete_permission(self, request: HttpRequest, obj: Supplier | None = None) -> bool:
        return False

    @admin.display(description=_("health"))
    def health(self, supplier: Supplier) -> str:
        if supplier.paused_reason or not supplier.is_active:
            return _t("paused")
        if supplier.opened_at:
            return _t("not called")
        if self._rests(supplier):
            return _t("asked us to wait")
        return _t("failing now and then") if supplier.failures_in_row else _t("ok")

    @admin.display(description=_("why"))
    def why(self, supplier: Supplier) -> str:
        return supplier.paused_reason or supplier.opened_reason or "-"

    @admin.display(description=_("punctuality"))
    def punctuality(self, supplier: Supplier) -> str:
        profile = supplier.delivery_profile
        if profile.on_time_percent is None:
            return _t("too few parcels")
        facts = {"percent": profile.on_time_percent, "count": profile.measured_parcels, "days": profile.margin_days}
        return _t("%(percent)d %% of %(count)d parcels; promises have %(days)d days more") % facts

    @admin.display(description=_("comes back faulty"), ordering="fault_percent")
    def faults(self, supplier: Supplier) -> str:
        if supplier.fault_percent is None:
            return _t("too few units")
        text = _t("%(percent)d %% of %(count)d units") % {
            "percent": supplier.fault_percent,
            "count": supplier.fault_units,
        }
        return _t("%(text)s; others come first") % {"text": text} if is_faulty_too_often(supplier) else text

    @admin.display(description=_("can"))
    def can_do(self, supplier: Supplier) -> str:
        return ", ".join(one.replace("_", " ") for one in supplier.capabilities) or "-"

    @admin.display(description=_("next try"))
    def next_try(self, supplier: Supplier) -> str:
        at = self._next_try(supplier)
        return moment(at) if at else "-"

    def _next_try(self, supplier: Supplier) -> datetime | None:
        probe = getattr(supplier, "probe", None)
        until = [supplier.closed_until] if self._rests(supplier) else []
        return max([*until, *([probe.due_at] if supplier.opened_at and probe and probe.due_at else [])], default=None)

    @staticmethod
    def _rests(supplier: Supplier) -> bool:
        return supplier.closed_until is not None and supplier.closed_until > timezone.now()

    @admin.action(description=_("Not called: try it once now"), permissions=["change"])
    def try_now(self, request: HttpRequest, queryset: QuerySet[Supplier]) -> None:
        count = sum(probe_now(supplier) for supplier in queryset)
        self.message_user(request, _t("%(count)d suppliers are tried in a moment.") % {"count": count})

    @admin.action(description=_("Read its news and stock now"), permissions=["change"])
    def read_now(self, request: HttpRequest, queryset: QuerySet[Supplier]) -> None:
        count = queryset.update(due_at=timezone.now(), stock_due_at=None)
        self.message_user(request, _t("%(count)d suppliers are read in a moment.") % {"count": count})


@admin.register(Offer)
class OfferAdmin(ReadOnlyAdmin):
    """Who delivers what, at what cost."""

    list_display = [
        "supplier_sku",
        "supplier",
        "variant",
        "cost",
        "status",
        "availability",
        "stock",
        "stock_told_at",
    ]
    list_filter = ["supplier", "status", "availability"]
    search_fields = ["supplier_sku", "variant__sku", "variant__product__name"]
    list_select_related = ["supplier", "variant"]

    @admin.display(description=_("unit cost"), ordering="unit_cost")
    def cost(self, offer: Offer) -> str:
        return f"{format_cost(offer.unit_cost)} {offer.currency}"


class SupplierOrderLineInline(ReadOnlyInline):
    """What was asked for and what became of it."""

    model = SupplierOrderLine
    fields = readonly_fields = [
        "supplier_sku", "quantity", "pending", "accepted", "backordered", "rejected", "cancelled", "shipped",
        "delivered", "reason_code",
    ]  # fmt: skip


class SupplierShipmentInline(ReadOnlyInline):
    """Its parcels, under the supplier's own ids."""

    model = SupplierShipment
    fields = readonly_fields = ["supplier_shipment_id", "shipment", "for_return", "version"]


class SetAsideFilter(admin.SimpleListFilter):
    """What is not tried again by itself."""

    title = _("set aside")
    parameter_name = "set_aside"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("yes", _t("set aside")), ("doubt", _t("in doubt: a person must ask"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[SupplierOrder]) -> QuerySet[SupplierOrder]:
        if self.value() == "yes":
            return queryset.exclude(quarantined_at=None)
        if self.value() == "doubt":
            return queryset.filter(status="unknown", due_at=None)
        return queryset


@admin.register(SupplierOrder)
class SupplierOrderAdmin(ReadOnlyAdmin):
    """What was ordered from whom."""

    list_display = [
        "reference", "order", "supplier", "status", "supplier_status", "attempt", "placed_at", "quarantined_at",
        "last_error",
    ]  # fmt: skip
    list_filter = ["status", "supplier", "supplier_status", SetAsideFilter, "created_at"]
    search_fields = ["reference", "supplier_order_id", "order__number"]
    list_select_related = ["order", "supplier"]
    inlines = [SupplierOrderLineInline, SupplierShipmentInline]
    actions = ["ask_again", "has_it", "has_it_not", "release_rows", "give_up"]

    def has_change_permission(self, request: HttpRequest, obj: SupplierOrder | None = None) -> bool:
        return obj is None and request.user.has_perm("suppliers.change_supplierorder")

    @admin.action(description=_("Ask again now (same key: never ordered twice)"), permissions=["change"])
    def ask_again(self, request: HttpRequest, queryset: QuerySet[SupplierOrder]) -> None:
        count = sum(ask_now(row) for row in queryset)
        self.message_user(request, _t("%(count)d are asked again.") % {"count": count})

    @admin.action(description=_("In doubt, I asked: the supplier has it"), permissions=["change"])
    def has_it(self, request: HttpRequest, queryset: QuerySet[SupplierOrder]) -> None:
        count = sum(confirm_has_it(row, by=request.user) for row in queryset)
        self.message_user(request, _t("%(count)d noted as placed.") % {"count": count})

    @admin.action(description=_("In doubt, I asked: the supplier does not have it, send again"), permissions=["change"])
    def has_it_not(self, request: HttpRequest, queryset: QuerySet[SupplierOrder]) -> None:
        count = sum(send_again(row, by=request.user) for row in queryset)
        self.message_user(request, _t("%(count)d are sent again.") % {"count": count})

    @admin.action(description=_("Set aside: try again"), permissions=["change"])
    def release_rows(self, request: HttpRequest, queryset: QuerySet[SupplierOrder]) -> None:
        count = sum(release(row, by=request.user) for row in queryset)
        self.message_user(request, _t("%(count)d are tried again.") % {"count": count})

    @admin.action(description=_("Refused: try another supplier, else cancel and refund"), permissions=["change"])
    def give_up(self, request: HttpRequest, queryset: QuerySet[SupplierOrder]) -> None:
        count = sum(give_up_refused(row, by=request.user) for row in queryset)
        self.message_user(request, _t("%(count)d given up; their goods are looked for elsewhere.") % {"count": count})


@admin.register(SupplierReturn)
class SupplierReturnAdmin(ReadOnlyAdmin):
    """Returns at suppliers."""

    list_display = [
        "return_reference", "order", "supplier_order", "status", "awaits_replacement", "refused_reason", "created_at",
    ]  # fmt: skip
    list_filter = ["status", "awaits_replacement", "created_at"]
    search_fields = ["return_reference", "order__number"]
    list_select_related = ["order", "supplier_order"]


@admin.register(SupplierCall)
class SupplierCallAdmin(ReadOnlyAdmin):
    """Every call; secrets and personal data are left out."""

    list_display = ["at", "supplier", "method", "path", "reference", "status", "failure", "milliseconds"]
    list_filter = ["supplier", "status", "method", "at"]
    search_fields = ["reference", "path"]
    list_select_related = ["supplier"]
    show_full_result_count = False


class SupplierCancellationLineInline(ReadOnlyInline):
    """Which units."""

    model = SupplierCancellationLine
    fields = readonly_fields = ["line", "quantity", "cancelled", "refused"]


@admin.register(SupplierCancellation)
class SupplierCancellationAdmin(ReadOnlyAdmin):
    """What suppliers were asked to stop. Where one answers by telephone, its answer is noted here."""

    list_display = ["request_key", "order", "supplier_order", "status", "outcome", "created_at", "last_error"]
    list_filter = ["status", "supplier_order__supplier", "created_at"]
    search_fields = ["request_key", "order__number"]
    list_select_related = ["order", "supplier_order"]
    inlines = [SupplierCancellationLineInline]
    actions = ["note_stopped", "note_not_stopped"]

    def has_change_permission(self, request: HttpRequest, obj: SupplierCancellation | None = None) -> bool:
        return obj is None and request.user.has_perm("suppliers.change_supplierorder")

    @admin.action(description=_("The supplier says: stopped. Cancel and pay back"), permissions=["change"])
    def note_stopped(self, request: HttpRequest, queryset: QuerySet[SupplierCancellation]) -> None:
        self._note(request, queryset, stopped=True)

    @admin.action(description=_("The supplier says: it cannot be stopped"), permissions=["change"])
    def note_not_stopped(self, request: HttpRequest, queryset: QuerySet[SupplierCancellation]) -> None:
        self._note(request, queryset, stopped=False)

    def _note(self, request: HttpRequest, queryset: QuerySet[SupplierCancellation], *, stopped: bool) -> None:
        count = sum(answer_by_hand(row, stopped=stopped, by=request.user) for row in queryset)
        self.message_user(request, _t("%(count)d answers noted; the customers are told.") % {"count": count})


@admin.register(PictureFetch)
class PictureFetchAdmin(ReadOnlyAdmin):
    """Pictures that catalogues name; the broken ones say why, and their products show a drawing."""

    list_display = ["variant", "position", "status", "status_changed_at", "url", "last_error"]
    list_filter = ["status", "supplier"]
    search_fields = ["variant__sku", "url"]
    list_select_related = ["variant"]
    list_per_page = 50
