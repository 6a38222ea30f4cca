"""Questions to suppliers about goods that come late, in the admin."""

from __future__ import annotations

from django.contrib import admin

from shop.readonly import ReadOnlyAdmin
from suppliers.models import SupplierChase


@admin.register(SupplierChase)
class SupplierChaseAdmin(ReadOnlyAdmin):
    """Who was asked about what, how, and whether they answered."""

    list_display = ["supplier_order", "supplier", "late_kind", "status", "channel", "asked_at", "answer_by"]
    list_filter = ["status", "late_kind", "channel", "supplier_order__supplier"]
    list_select_related = ["supplier_order__supplier"]
    search_fields = ["supplier_order__reference", "order__number"]
    list_per_page = 50
    show_full_result_count = False

    @admin.display(ordering="supplier_order__supplier__name")
    def supplier(self, chase: SupplierChase) -> str:
        return chase.supplier_order.supplier.name
