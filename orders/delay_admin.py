"""Delays that customers were told of, in the admin."""

from __future__ import annotations

from django.contrib import admin

from orders.models import Delay, DelayPart
from shop.readonly import ReadOnlyAdmin, ReadOnlyInline


class DelayPartInline(ReadOnlyInline):
    """Which days moved, and why."""

    model = DelayPart
    fields = readonly_fields = ["delivery", "before_on", "earliest_on", "latest_on", "reason_code"]


@admin.register(Delay)
class DelayAdmin(ReadOnlyAdmin):
    """What customers were told, what they chose, and until when silence counts as waiting."""

    list_display = ["order", "status", "is_definite", "told_at", "answer_by"]
    list_filter = ["status", "is_definite", "told_at"]
    list_select_related = ["order"]
    search_fields = ["order__number"]
    list_per_page = 50
    show_full_result_count = False
    inlines = [DelayPartInline]
