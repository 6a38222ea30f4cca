"""Admin base classes: what was recorded can be read, not edited or deleted."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.functional import Promise

from shop.money import Money


def money_display(
    field: str, description: str | Promise
) -> Callable[[admin.options.BaseModelAdmin, models.Model], str]:
    """Return a column that writes an amount of minor units as money.

    The currency is the row's own, else its order's. Of an inline's rows the order is the parent, so
    that no row costs a query.
    """

    @admin.display(description=description, ordering=field)
    def amount(_admin: admin.options.BaseModelAdmin, row: models.Model) -> str:
        currency = getattr(row, "currency", None) or row.order.currency  # type: ignore[attr-defined]
        return str(Money(getattr(row, field), currency))

    return amount


class ReadOnlyAdmin(admin.ModelAdmin):
    """A model that people look at; it changes through actions only."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class ReadOnlyInline(admin.TabularInline):
    """Rows of another model, shown with it."""

    template = "admin/rows.html"
    extra = 0
    can_delete = False
    show_change_link = False

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False
