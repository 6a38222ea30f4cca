"""Discount codes and their uses in the admin."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from orders.models import CodeGuess, DiscountCode, DiscountTally, DiscountUse
from shop.amount_field import AmountsForm
from shop.money import Money
from shop.readonly import ReadOnlyAdmin


class StandsFilter(admin.SimpleListFilter):
    """Where a code is in its life."""

    title = _("stands")
    parameter_name = "stands"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        words = {"valid": _("can be used"), "coming": _("not yet"), "over": _("over"), "used_up": _("used up")}
        return [(key, str(word)) for key, word in words.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[DiscountCode]) -> QuerySet[DiscountCode]:
        now = timezone.now()
        over, coming = Q(valid_until__lte=now), Q(valid_from__gt=now)
        used_up = Q(limit_total__isnull=False, used__gte=F("limit_total"))
        chosen = {"coming": coming, "over": over, "used_up": used_up}.get(self.value() or "")
        if chosen is not None:
            return queryset.filter(chosen)
        if self.value() != "valid":
            return queryset
        # Taken out one by one: what has no end or no limit is neither over nor used up.
        alive = queryset.filter(Q(valid_until=None) | Q(valid_until__gt=now), valid_from__lte=now, is_active=True)
        return alive.filter(Q(limit_total=None) | Q(used__lt=F("limit_total")))


class DiscountCodeForm(AmountsForm):
    """A code, with its amounts as money of its currency."""

    amounts = {
        "amount_minor": _("In the currency below, as in 5.00."),
        "minimum_minor": _("Value of the goods it is for, as the customer reads prices; empty: any."),
    }

    class Meta:
        model = DiscountCode
        fields = "__all__"

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self.fields["minimum_minor"].required = False

    def clean_minimum_minor(self) -> int:
        return self.cleaned_data.get("minimum_minor") or 0


@admin.register(DiscountCode)
class DiscountCodeAdmin(admin.ModelAdmin):
    """What customers type to pay less. A code that was used is taken out of use, not deleted."""

    form = DiscountCodeForm
    list_display = ["code", "value", "minimum", "valid_from", "valid_until", "uses", "limit_per_customer", "is_active"]
    list_filter = [StandsFilter, "kind", "is_active", "valid_from"]
    search_fields = ["code", "announcement"]
    autocomplete_fields = ["products", "categories"]
    readonly_fields = ["uses", "orders"]
    fieldsets = [
        (None, {"fields": ["code", "is_active", "announcement"]}),
        (_("Takes off"), {"fields": ["kind", "percent", "amount_minor", "currency"]}),
        (_("Counts for"), {"fields": ["minimum_minor", "products", "categories"]}),
        (_("When and how often"), {"fields": ["valid_from", "valid_until", "limit_total", "limit_per_customer"]}),
        (_("So far"), {"fields": ["uses", "orders"]}),
    ]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, str]:
        return {"currency": settings.SHOP_CURRENCY} | super().get_changeform_initial_data(request)

    def get_readonly_fields(self, request: HttpRequest, obj: DiscountCode | None = None) -> list[str]:
        # Orders name the code they were placed with.
        return [*self.readonly_fields, "code"] if obj is not None and obj.uses.exists() else self.readonly_fields

    def has_delete_permission(self, request: HttpRequest, obj: DiscountCode | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or not obj.uses.exists())

    @admin.display(description=_("takes off"))
    def value(self, code: DiscountCode) -> str:
        return code.value

    @admin.display(description=_("minimum"), ordering="minimum_minor")
    def minimum(self, code: DiscountCode) -> str:
        return str(Money(code.minimum_minor, code.currency)) if code.minimum_minor else "–"

    @admin.display(description=_("used"), ordering="used")
    def uses(self, code: DiscountCode) -> str:
        return str(code.used) if code.limit_total is None else f"{code.used} / {code.limit_total}"

    @admin.display(description=_("orders"))
    def orders(self, code: DiscountCode) -> str:
        if code.pk is None:
            return "–"
        address = reverse("admin:orders_discountuse_changelist")
        return format_html('<a href="{}?code__id__exact={}">{}</a>', address, code.pk, _("Show the orders"))


@admin.register(DiscountUse)
class DiscountUseAdmin(ReadOnlyAdmin):
    """Orders placed with a code."""

    list_display = ["code", "order", "off", "order_status", "taken_at", "released_at"]
    list_filter = [("released_at", admin.EmptyFieldListFilter), "taken_at", "code"]
    search_fields = ["code__code", "order__number", "order__email"]
    list_select_related = ["code", "order"]

    @admin.display(description=_("discount"), ordering="order__discount_minor")
    def off(self, use: DiscountUse) -> str:
        return str(use.order.money(use.order.discount_minor))

    @admin.display(description=_("payment"), ordering="order__status")
    def order_status(self, use: DiscountUse) -> str:
        return use.order.get_status_display()


@admin.register(DiscountTally)
class DiscountTallyAdmin(ReadOnlyAdmin):
    """How often each customer uses each code; whose mailbox it is cannot be read from it."""

    list_display = ["code", "who", "used"]
    list_filter = ["code"]
    list_select_related = ["code"]


@admin.register(CodeGuess)
class CodeGuessAdmin(ReadOnlyAdmin):
    """Unknown codes that came from one place within an hour."""

    list_display = ["hour", "misses", "who"]
    list_filter = ["hour"]
