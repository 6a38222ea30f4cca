"""Followed parcels, the services that tell their scans, and the calls to those, in the admin."""

from __future__ import annotations

import json

from django.contrib import admin
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t, gettext_lazy as _

from shop.readonly import ReadOnlyAdmin
from suppliers.carriers import services_in_use
from suppliers.models import ParcelWatch, TrackingService


def _pretty(copy: object) -> SafeString | str:
    return format_html("<pre>{}</pre>", json.dumps(copy, indent=1, ensure_ascii=False)) if copy else "-"


class TrackingServiceAdmin(ReadOnlyAdmin):
    """Who tells carriers' scans, and whether it answers."""

    list_display = ["slug", "health", "last_good_at", "failing_since", "due_at", "last_error"]
    fields = readonly_fields = ["slug", "health", "last_good_at", "failing_since", "due_at", "last_error", "told"]

    @admin.display(description=_("health"))
    def health(self, service: TrackingService) -> str:
        if service.slug not in services_in_use():
            return _t("not in use: it has no key")
        return _t("does not answer") if service.failing_since else _t("ok")

    @admin.display(description=_("last news of no known parcel that made no sense"))
    def told(self, service: TrackingService) -> SafeString | str:
        return _pretty(service.strange)


class ParcelWatchAdmin(ReadOnlyAdmin):
    """Parcels as their carriers tell of them, in the carriers' own words."""

    list_display = [
        "tracking_number",
        "shipment_status",
        "service",
        "raw",
        "told_at",
        "asked_at",
        "due_at",
        "last_error",
    ]
    list_filter = ["service", "refused_code"]
    search_fields = ["tracking_number", "service_id", "shipment__order__number"]
    list_select_related = ["shipment"]
    fields = readonly_fields = [
        "shipment", "shipment_status", "supplier_says", "service", "tracking_number", "service_id", "raw", "told_at",
        "earliest_on", "latest_on", "asked_at", "due_at", "refused_code", "failures", "last_error", "told",
    ]  # fmt: skip
    show_full_result_count = False
    actions = ["ask_now"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ParcelWatch]:
        """The copies that made no sense may be long; the list does without them."""
        rows = super().get_queryset(request)
        return rows if request.resolver_match and request.resolver_match.kwargs else rows.defer("strange")

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return obj is None and request.user.has_perm("suppliers.change_supplierorder")

    @admin.display(description=_("parcel"))
    def shipment_status(self, watch: ParcelWatch) -> str:
        return watch.shipment.get_status_display()

    @admin.display(description=_("its supplier says"))
    def supplier_says(self, watch: ParcelWatch) -> str:
        return watch.shipment.get_supplier_says_display() or "-"

    @admin.display(description=_("last copy that made no sense"))
    def told(self, watch: ParcelWatch) -> SafeString | str:
        return _pretty(watch.strange)

    @admin.action(description=_("Ask their carriers now"), permissions=["change"])
    def ask_now(self, request: HttpRequest, queryset: QuerySet[ParcelWatch]) -> None:
        count = queryset.filter(refused_code="", service__in=services_in_use()).update(due_at=timezone.now())
        self.message_user(request, _t("%(count)d are asked about in a moment.") % {"count": count})


class TrackingCallAdmin(ReadOnlyAdmin):
    """Every call; secrets and personal data are left out."""

    list_display = ["at", "service", "method", "path", "status", "failure", "milliseconds"]
    list_filter = ["service", "status", "at"]
    show_full_result_count = False
