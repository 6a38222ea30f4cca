"""Catalogue, delivery and people in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from shop import access_admin, review_admin, search_admin, tax_admin, texts_admin
from shop.actions.catalog import refresh_products
from shop.models import (
    Basket,
    BasketLine,
    Category,
    DeliveryProfile,
    DeliveryZone,
    PriceChange,
    Product,
    ProductFact,
    ProductImage,
    StockWatch,
    User,
    Variant,
)
from shop.readonly import ReadOnlyAdmin, ReadOnlyInline, money_display
from shop.search.index import index_category
from shop.zone_forms import ZoneForm, ZoneFormSet

# The other modules of this admin.
__all__ = ["access_admin", "review_admin", "search_admin", "tax_admin", "texts_admin"]

admin.site.unregister(Group)


@admin.register(User)
class PersonAdmin(UserAdmin):
    """People who log in."""

    ordering = ["email"]
    list_display = ["email", "name", "is_staff", "is_active", "date_joined"]
    list_filter = ["is_staff", "is_active", "groups"]
    search_fields = ["email", "name"]
    readonly_fields = ["date_joined", "last_login"]
    fieldsets = [
        (None, {"fields": ["email", "password", "name"]}),
        (_("May"), {"fields": ["is_active", "is_staff", "is_superuser", "groups"]}),
        (_("Times"), {"fields": ["date_joined", "last_login"]}),
    ]
    add_fieldsets = [
        (None, {"classes": ["wide"], "fields": ["email", "name", "usable_password", "password1", "password2"]})
    ]


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin):
    """Departments and their parts."""

    list_display = ["name", "parent", "position"]
    list_filter = ["parent"]
    search_fields = ["name", "slug"]
    list_select_related = ["parent"]
    prepopulated_fields = {"slug": ["name"]}

    def save_model(self, request, obj, form, change) -> None:
        super().save_model(request, obj, form, change)
        # Its products are found by its name, and stand in the lists of what it is a part of.
        if change and {"name", "names", "parent"} & set(form.changed_data):
            index_category(obj)


class VariantInline(ReadOnlyInline):
    """What is bought; price and stock come from suppliers."""

    model = Variant
    price = money_display("price_minor", _("price"))
    fields = [
        "sku",
        "options_label",
        "price",
        "availability",
        "stock_told",
        "reserved",
        "delivery_profile",
        "is_active",
    ]
    readonly_fields = fields


class FactInline(ReadOnlyInline):
    """The table of facts."""

    model = ProductFact
    fields = ["name", "value"]
    readonly_fields = fields


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    """What is shown. Suppliers' syncs write names and prices; staff decide what is published."""

    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    list_display = ["name", "brand", "department", "price", "is_available", "is_published", "gate", "updated_at"]
    list_filter = ["is_published", "is_available", "department", "tax_class", "gate"]
    search_fields = ["name", "brand", "variants__sku", "variants__gtin"]
    list_select_related = ["department"]
    list_per_page = 50
    readonly_fields = ["price", "is_available", "rating", "rating_count", "created_at", "updated_at"]
    fieldsets = [
        (None, {"fields": ["name", "names", "brand", "category", "department", "slug", "is_published"]}),
        (_("As it stands"), {"fields": [
            "price", "is_available", "rating", "rating_count", "created_at", "updated_at",
        ]}),
        (_("Description"), {"fields": ["description", "descriptions"]}),
        (_("How it may be sold"), {"fields": [
            "tax_class", "tax_code", "gate", "minimum_age", "max_per_order", "limit_reason", "active_ingredient",
        ]}),
        (_("Returns"), {"fields": ["not_returnable_reason", "return_limit_percent"]}),
        (_("Product safety"), {"fields": ["maker", "responsible_person", "warnings", "leaflet_url"]}),
    ]  # fmt: skip
    autocomplete_fields = ["category", "department"]
    inlines = [VariantInline, FactInline]

    def save_related(self, request, form, formsets, change) -> None:
        super().save_related(request, form, formsets, change)
        refresh_products([form.instance.pk])

    @admin.display(description=_("price from"), ordering="price_from_minor")
    def price(self, product: Product) -> str:
        return str(product.price_from) if product.price_from_minor is not None else "-"

    @admin.display(description=_("stars"))
    def rating(self, product: Product) -> str:
        return str(product.rating or "-")


class PriceInline(ReadOnlyInline):
    """What it has cost."""

    model = PriceChange
    fields = readonly_fields = ["since", "price"]


class WrongGtin(admin.SimpleListFilter):
    """Variants whose supplier tells a number that no GTIN can be."""

    title = _("GTIN")
    parameter_name = "gtin"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("wrong", str(_("wrong")))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Variant]) -> QuerySet[Variant]:
        return queryset.exclude(bad_gtin="") if self.value() == "wrong" else queryset


@admin.register(Variant)
class VariantAdmin(ReadOnlyAdmin):
    """What is bought, as suppliers write it."""

    list_display = [
        "sku",
        "product",
        "options_label",
        "price",
        "availability",
        "stock_told",
        "reserved",
        "stock_told_at",
    ]
    list_filter = ["availability", "is_active", WrongGtin, "delivery_profile"]
    search_fields = ["sku", "gtin", "bad_gtin", "product__name"]
    list_select_related = ["product"]
    list_per_page = 50
    inlines = [PriceInline]


@admin.register(StockWatch)
class StockWatchAdmin(ReadOnlyAdmin):
    """Who waits for what."""

    list_display = ["variant", "email", "asked_at", "back_at"]
    list_select_related = ["variant"]
    list_filter = ["asked_at"]
    search_fields = ["email", "variant__sku"]
    list_per_page = 50


@admin.register(ProductImage)
class ProductImageAdmin(admin.ModelAdmin):
    """Pictures and what they say to those who cannot see them."""

    list_display = ["alt", "product", "position"]
    search_fields = ["alt", "product__name"]
    list_select_related = ["product"]
    fields = ["product", "variant", "position", "alt", "source_url"]
    readonly_fields = ["product", "variant", "source_url"]

    def has_add_permission(self, request) -> bool:
        return False


class ZoneInline(admin.StackedInline):
    """Zones with the services into them, edited in place."""

    model = DeliveryZone
    form = ZoneForm
    formset = ZoneFormSet
    extra = 1
    template = "admin/delivery_zones.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeliveryZone]:
        return super().get_queryset(request).prefetch_related("countries__region")


@admin.register(DeliveryProfile)
class DeliveryProfileAdmin(admin.ModelAdmin):
    """Where goods are sent from, and what that means for customers."""

    list_display = [
        "name",
        "sent_from",
        "country",
        "cutoff_time",
        "on_time_percent",
        "margin_days",
        "returns_paid_by_shop",
    ]
    readonly_fields = ["on_time_percent", "measured_parcels", "measured_at", "margin_days"]
    search_fields = ["name", "sent_from"]
    inlines = [ZoneInline]


class BasketLineInline(ReadOnlyInline):
    """What is in it."""

    model = BasketLine
    fields = readonly_fields = ["variant", "quantity", "price_seen_minor", "is_saved", "held"]


@admin.register(Basket)
class BasketAdmin(ReadOnlyAdmin):
    """What visitors have chosen so far."""

    list_display = ["id", "user", "country", "generation", "updated_at"]
    list_select_related = ["user"]
    list_filter = ["updated_at"]
    search_fields = ["user__email"]
    inlines = [BasketLineInline]
