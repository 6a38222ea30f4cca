"""Tax rates, regions and markets in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from shop.amount_field import AmountsForm
from shop.models import Market, MarketCountry, Region, TaxRate


class CountsNow(admin.SimpleListFilter):
    """Rates that count today, or do not."""

    title = _("counts today")
    parameter_name = "now"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("yes", str(_("yes"))), ("no", str(_("no")))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[TaxRate]) -> QuerySet[TaxRate]:
        now = TaxRate.objects.valid_on(timezone.localdate()).values("pk")
        if self.value() == "yes":
            return queryset.filter(pk__in=now)
        return queryset.exclude(pk__in=now) if self.value() == "no" else queryset


@admin.register(TaxRate)
class TaxRateAdmin(admin.ModelAdmin):
    """What each class bears where and when. A rate that changes gets a last day and a successor."""

    list_display = ["country", "region", "tax_class", "rate", "valid_from", "valid_until"]
    list_filter = [CountsNow, "tax_class", ("country", admin.AllValuesFieldListFilter)]
    list_select_related = ["region"]
    search_fields = ["country", "region__code", "region__name"]
    autocomplete_fields = ["region"]
    date_hierarchy = "valid_from"
    list_per_page = 50

    @admin.display(description=_("rate"), ordering="basis_points")
    def rate(self, row: TaxRate) -> str:
        return f"{row.percent} %"


@admin.register(Region)
class RegionAdmin(admin.ModelAdmin):
    """Parts of countries with a tax, a customs border or delivery terms of their own, told by the postcode."""

    list_display = ["code", "name", "country", "postcodes", "customs", "customs_with"]
    list_filter = ["customs", "country"]
    search_fields = ["code", "name", "postcodes"]
    list_per_page = 50

    def get_readonly_fields(self, request: HttpRequest, obj: Region | None = None) -> list[str]:
        # Rates and zones that name it are of its country.
        return ["country", "code"] if obj else []


class CountryInline(admin.TabularInline):
    """Its countries."""

    model = MarketCountry
    extra = 1


class MarketForm(AmountsForm):
    """The terms of a market; limits are typed as money of the shop."""

    amounts = {
        "keep_below_minor": _("Refunds below it need no goods back: keep it or give it away. 0: always needed."),
        "accepts_below_minor": _("What costs more waits for a person. 0: any amount."),
    }

    class Meta:
        model = Market
        fields = "__all__"


@admin.register(Market)
class MarketAdmin(admin.ModelAdmin):
    """Which countries read prices with tax; one that is in no market reads them without."""

    form = MarketForm
    list_display = ["name", "prices_include_tax", "its_countries", "return_days", "withdrawal_days", "accepts_by_rule"]
    list_filter = ["prices_include_tax", "accepts_by_rule"]
    search_fields = ["name"]
    inlines = [CountryInline]
    fieldsets = [
        (None, {"fields": ["name", "prices_include_tax"]}),
        (_("Delays"), {"fields": ["silence_waits_days", "consent_within_days"]}),
        (
            _("Returns: how long"),
            {
                "fields": ["return_days", "withdrawal_days", "fault_days"],
                "description": _(
                    "What customers are told before they buy and before they ask. All of them count from the delivery "
                    "of the order's last parcel."
                ),
            },
        ),
        (
            _("Returns: money, and what is decided without a person"),
            {
                "fields": ["refunds_at_handover", "keep_below_minor", "accepts_by_rule", "accepts_below_minor"],
                "description": _(
                    "A withdrawal from the contract is always accepted by itself. Anything else waits for a person at "
                    "the desk, unless the rule may accept it; it never declines, and asks a person where it has doubts "
                    "(many returns of one customer, medicine)."
                ),
            },
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Market]:
        return super().get_queryset(request).prefetch_related("countries")

    @admin.display(description=_("countries"))
    def its_countries(self, market: Market) -> str:
        return ", ".join(row.country.code for row in market.countries.all())
