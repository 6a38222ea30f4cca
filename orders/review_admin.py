"""Which order lines reviews come from, in the admin."""

from __future__ import annotations

from django.contrib import admin

from orders.models import LineReview
from shop.readonly import ReadOnlyAdmin


@admin.register(LineReview)
class LineReviewAdmin(ReadOnlyAdmin):
    """The proof that a review's writer bought the thing; decided about is the review itself, under Shop."""

    list_display = ["line", "review"]
    list_select_related = ["line__order", "review"]
    search_fields = ["line__order__number", "line__sku"]
    list_per_page = 50
