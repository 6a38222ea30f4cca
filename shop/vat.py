"""The value added tax of the EU's 27 states and the United Kingdom as it stands in November 2026.

Read on 2026-11-28 in: SimplyVAT, "VAT rates in Europe" (support.simplyvat.com/knowledgehub/vat-rates-in-europe),
with the changes of 2025 and 2026 from: Finnish Tax Administration, "The reduced VAT rate of 14% will be lowered to
13.5% at the beginning of 2026" (vero.fi); Sovos, "Lithuania Removes 9% Reduced VAT Rate" (2026-01-05); newcraft.dev,
"VAT Rates EU Countries 2025" (Romania 21/11 % from August 2025, Estonia 24 % from July 2025, Slovakia 23/19/5 %).
Parts of countries (``shop.regions``) that have rates of their own: vatcalc.com, "Madeira cuts reduced VAT"; a table
of Portugal's regions (madskillsvocabulary.com, "VAT rates in Madeira 2022"); and for Jungholz and Mittelberg, which
bear Germany's standard rate and Austria's reduced ones (UStG, section 10(4)): kalkuel.at, "Umsatzsteuerregelung".

These rows are a beginning, not advice: staff keep them right in the admin, where a rate that changes gets a last day
and a successor. Which goods bear a country's reduced rate differs from country to country.
"""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.db import connections, transaction

from shop.models.region import Customs, Region
from shop.models.tax import Market, MarketCountry, TaxClass, TaxRate
from shop.regions import regions

SINCE = date(2026, 1, 1)
CLASSES = (TaxClass.STANDARD, TaxClass.REDUCED, TaxClass.SECOND_REDUCED, TaxClass.SUPER_REDUCED)
# Country: percent of standard, reduced, second reduced and super-reduced; None where there is no such rate.
EU: dict[str, tuple[float | None, ...]] = {
    "AT": (20, 13, 10, None),
    "BE": (21, 12, 6, None),
    "BG": (20, 9, None, None),
    "CY": (19, 9, 5, 3),
    "CZ": (21, 12, None, None),
    "DE": (19, 7, None, None),
    "DK": (25, None, None, None),
    "EE": (24, 13, 9, None),
    "ES": (21, 10, None, 4),
    "FI": (25.5, 13.5, 10, None),
    "FR": (20, 10, 5.5, 2.1),
    "GR": (24, 13, 6, None),
    "HR": (25, 13, 5, None),
    "HU": (27, 18, 5, None),
    "IE": (23, 13.5, 9, 4.8),
    "IT": (22, 10, 5, 4),
    "LT": (21, 12, 5, None),
    "LU": (17, 14, 8, 3),
    "LV": (21, 12, 5, None),
    "MT": (18, 7, 5, None),
    "NL": (21, 9, None, None),
    "PL": (23, 8, 5, None),
    "PT": (23, 13, 6, None),
    "RO": (21, 11, None, None),
    "SE": (25, 12, 6, None),
    "SI": (22, 9.5, 5, None),
    "SK": (23, 19, 5, None),
}
# Monaco counts as France for the tax (Directive 2006/112/EC, article 7).
EU["MC"] = EU["FR"]
UK: dict[str, tuple[float | None, ...]] = {"GB": (20, 5, None, None), "IM": (20, 5, None, None)}
# By the code of the region; those outside a tax area without any rate bear none.
REGIONS: dict[str, tuple[float | None, ...]] = {
    "AT-JUNGHOLZ": (19, 13, 10, None),
    "PT-AZORES": (16, 9, 4, None),
    "PT-MADEIRA": (22, 12, 4, None),
}
NONE = (0, None, None, None)


def fill_tax(sender: object, using: str, **kwargs: object) -> None:
    """Fill the tables of regions, tax rates and markets where they are empty. Runs after every migrate; safe to repeat.

    A table that holds anything is left as it is: it is the staff's.
    """
    if Region._meta.db_table not in connections[using].introspection.table_names():
        # An older state of the database was asked for.
        return
    with transaction.atomic():
        if not Region.objects.exists():
            Region.objects.bulk_create(Region(**fields) for fields in regions())
        if not TaxRate.objects.exists():
            TaxRate.objects.bulk_create(_rates())
        if not Market.objects.exists():
            _fill_markets()


def rates_of(percents: tuple[float | None, ...]) -> list[tuple[str, int]]:
    """Return class and rate in 1/100 of a percent, of those there are."""
    known = zip(CLASSES, percents, strict=True)
    return [(str(kind), round(percent * 100)) for kind, percent in known if percent is not None]


def rates_of_region(code: str, customs: str) -> list[tuple[str, int]]:
    """Return the same for a region, by its code and how it stands to customs; none: as the rest of its country."""
    if code in REGIONS:
        return rates_of(REGIONS[code])
    return rates_of(NONE) if customs != Customs.SAME else []


def _rates() -> list[TaxRate]:
    rows = [
        TaxRate(tax_class=kind, country=country, basis_points=points, valid_from=SINCE)
        for country, percents in (EU | UK).items()
        for kind, points in rates_of(percents)
    ]
    return rows + [
        TaxRate(tax_class=kind, country=region.country, region=region, basis_points=points, valid_from=SINCE)
        for region in Region.objects.all()
        for kind, points in rates_of_region(region.code, region.customs)
    ]


# Fourteen days to withdraw: Directive 2011/83/EU, article 9, and the United Kingdom's Consumer Contracts Regulations
# 2013, regulation 30. A fault within two years: Directive (EU) 2019/771, article 10; longer in the United Kingdom (six
# years, Limitation Act 1980), where after six months the customer has to show it. Read 2026-11-29.
WITHDRAWAL = {"withdrawal_days": 14}
# The US Federal Trade Commission's rule (16 CFR 435), as its business guide to the "Mail, Internet, or Telephone Order
# Merchandise Rule" explains it (copy at cliclaw.com, nodes 633 and 6273, read 2026-11-28): who says nothing to a first
# definite delay of up to 30 days has agreed to wait; a longer, an indefinite or a second one needs consent, and
# without it the money goes back. The rule counts to the day of shipment; we count to arrival.
AMERICAN_DELAYS = {"silence_waits_days": 30, "consent_within_days": 30}


def _fill_markets() -> None:
    markets = {"European Union": sorted(EU), "United Kingdom": sorted(UK)}
    if not any(settings.SHOP_COUNTRY in countries for countries in markets.values()):
        # Where the shop is at home, prices are as people there are used to read them: with tax.
        markets["Home"] = [settings.SHOP_COUNTRY]
    if settings.SHOP_COUNTRY != "US":
        # Its prices are what they were outside of any market; what it has of its own is the rule about delays.
        american = Market.objects.create(name="United States", prices_include_tax=False, **AMERICAN_DELAYS)
        MarketCountry.objects.create(market=american, country="US")
    for name, countries in markets.items():
        terms = AMERICAN_DELAYS if "US" in countries else {}
        terms |= WITHDRAWAL if {"DE", "GB"} & set(countries) else {}
        market = Market.objects.create(name=name, **terms)
        MarketCountry.objects.bulk_create(MarketCountry(market=market, country=country) for country in countries)
