"""Which rate an address bears, and how its country reads prices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from shop.kept import KeptEach
from shop.markets import kept_market
from shop.models import Region, TaxClass, TaxRate
from shop.money import included_tax_minor, payable_step, rounded
from shop.places import Place, located, region_among
from shop.words import country_name


@dataclass(frozen=True, slots=True)
class Rates:
    """The rates that count on one day in some countries, each in 1/100 of a percent, by country, region and class."""

    found: Mapping[tuple[str, int | None, str], int]
    regions: Sequence[Region] = ()

    def of(self, tax_class: str, place: Place) -> int:
        """Return the rate of a class at an address; 0 where the shop charges no tax.

        The region's own rate wins over the country's, and a class without one bears the standard rate.
        """
        if tax_class == TaxClass.ZERO:
            return 0
        place = located(place)
        region = region_among(self.regions, place)
        for part in (region.pk, None) if region else (None,):
            for kind in (tax_class, TaxClass.STANDARD):
                known = self.found.get((place.country, part, str(kind)))
                if known is not None:
                    return known
        return 0

    def charges_in(self, country: str) -> bool:
        """True if the shop charges some tax somewhere in a country."""
        return any(points and there == country for (there, _region, _kind), points in self.found.items())


def _load_rates(countries: Iterable[str]) -> dict[str, list[TaxRate]]:
    found: dict[str, list[TaxRate]] = {}
    # Of two that overlap all the same, the newer one counts.
    for row in TaxRate.objects.filter(country__in=countries).select_related("region").order_by("valid_from"):
        found.setdefault(row.country.code, []).append(row)
    return found


_rates = KeptEach(_load_rates)


def rates_on(day: date, countries: Iterable[str]) -> Rates:
    """Return the rates of some countries on one day, as they were within the last second; mostly no query."""
    rows = [row for known in _rates.get(set(countries)).values() for row in known if row.is_valid_on(day)]
    found = {(row.country.code, row.region_id, row.tax_class): row.basis_points for row in rows}
    return Rates(found, list({row.region_id: row.region for row in rows if row.region is not None}.values()))


@dataclass(frozen=True)
class Terms:
    """How prices are for the customers of one country.

    The catalogue holds one price of each thing: with the tax of the shop's own country. Where prices
    include tax it is what everybody pays, whatever the tax in it; elsewhere that tax is taken out of it,
    once per unit (docs/adr/0011). ``home`` holds the rates at home, by class; empty where not asked for.
    """

    country: str
    currency: str
    includes_tax: bool = True
    charges_tax: bool = True
    home: Mapping[str, int] | None = None

    def unit_minor(self, catalogue_minor: int, tax_class: str) -> int:
        """Return what one unit costs there, in minor units, from its price in the catalogue."""
        home = 0 if self.includes_tax else (self.home or {}).get(tax_class, 0)
        return rounded(catalogue_minor - included_tax_minor(catalogue_minor, home), step=payable_step(self.currency))

    @cached_property
    def key(self) -> tuple[object, ...]:
        """All of it, for what is kept by it."""
        home = tuple(sorted(self.home.items())) if self.home else ()
        return self.country, self.currency, self.includes_tax, self.charges_tax, home

    @property
    def country_name(self) -> str:
        """The country in words."""
        return country_name(self.country)

    @property
    def note(self) -> Promise:
        """What stands beside every price."""
        if self.includes_tax:
            return _("incl. VAT")
        return _("plus tax") if self.charges_tax else _("without tax")

    @property
    def total_label(self) -> Promise:
        """What stands before a sum of goods and delivery, before tax that comes on top."""
        if self.includes_tax:
            return _("Total incl. VAT")
        return _("Total plus tax") if self.charges_tax else _("Total without tax")

    @property
    def sentence(self) -> Promise:
        """The same for the foot of the page."""
        if self.includes_tax:
            return _("Tax is included. Delivery is shown before you order.")
        if self.charges_tax:
            return _("Tax is added at the checkout. Delivery is shown before you order.")
        return _("No tax is included: we charge none there, but customs may.")


def terms_for(country: str, *, on: date | None = None) -> Terms:
    """Return how a country reads prices, as it was within the last second; mostly no query. ``on``: None is today."""
    home = settings.SHOP_COUNTRY
    if kept_market(country).prices_include_tax:
        return Terms(country, settings.SHOP_CURRENCY)
    rates = rates_on(on or timezone.localdate(), {country, home})
    return Terms(
        country,
        settings.SHOP_CURRENCY,
        includes_tax=False,
        # What another calculator takes there is known only when it is asked.
        charges_tax=rates.charges_in(country) or not settings.TAX_CALCULATOR.endswith(".TableCalculator"),
        home={str(kind): rates.of(kind, Place(home)) for kind in TaxClass},
    )


def class_of_rate(told_basis_points: int | None, *, on: date) -> TaxClass:
    """Return the class whose rate at home is what a supplier tells; standard where none is, or nothing was told."""
    if told_basis_points == 0:
        return TaxClass.ZERO
    if told_basis_points is None:
        return TaxClass.STANDARD
    rates, home = rates_on(on, [settings.SHOP_COUNTRY]), Place(settings.SHOP_COUNTRY)
    return next((kind for kind in TaxClass if rates.of(kind, home) == told_basis_points), TaxClass.STANDARD)
