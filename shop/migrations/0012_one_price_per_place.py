"""Territories with a country code of their own are no regions any more: one place has one price."""

from django.db import migrations

# The regions that are gone, and the countries that they were.
COUNTRIES = {
    "FI-ALAND": ["AX"],
    "FR-OUTERMOST": ["GF", "GP", "MF", "MQ", "RE", "YT"],
    "FR-OVERSEAS": ["BL", "NC", "PF", "PM", "WF"],
    "GB-CHANNEL": ["GG", "JE"],
}


def name_countries(apps, schema_editor):
    """Name the countries where zones and rates named the region.

    Where a zone left the region out, the territory now has to be named by a zone, or by the one for everywhere
    else, to be sent to.
    """
    Region = apps.get_model("shop", "Region")
    for region in Region.objects.filter(code__in=COUNTRIES):
        _move_zones(apps, region, COUNTRIES[region.code])
        _move_rates(apps, region, COUNTRIES[region.code])
        region.delete()
    _tax_monaco(apps)


def _move_zones(apps, region, countries):
    ZoneCountry = apps.get_model("shop", "ZoneCountry")
    named = ZoneCountry.objects.filter(region=region)
    for row in named.filter(is_served=True):
        for country in countries:
            fields = {"profile_id": row.profile_id, "country": country, "region": None}
            ZoneCountry.objects.get_or_create(**fields, defaults={"zone_id": row.zone_id})
    named.delete()


def _move_rates(apps, region, countries):
    TaxRate = apps.get_model("shop", "TaxRate")
    named = TaxRate.objects.filter(region=region)
    # What has no rate bears no tax.
    for row in named.exclude(basis_points=0):
        for country in countries:
            key = {"country": country, "region": None, "tax_class": row.tax_class, "valid_from": row.valid_from}
            rest = {"basis_points": row.basis_points, "valid_until": row.valid_until}
            TaxRate.objects.get_or_create(**key, defaults=rest)
    named.delete()


def _tax_monaco(apps):
    """Let Monaco, which counts as France for the tax, have its rates and its way to read prices."""
    TaxRate, MarketCountry = apps.get_model("shop", "TaxRate"), apps.get_model("shop", "MarketCountry")
    if not TaxRate.objects.filter(country="MC").exists():
        for row in TaxRate.objects.filter(country="FR", region=None):
            row.pk, row.country = None, "MC"
            row.save(force_insert=True)
    france = MarketCountry.objects.filter(country="FR").first()
    if france is not None:
        MarketCountry.objects.get_or_create(country="MC", defaults={"market_id": france.market_id})


class Migration(migrations.Migration):
    dependencies = [("shop", "0011_warehouse_region")]

    operations = [migrations.RunPython(name_countries, migrations.RunPython.noop)]
