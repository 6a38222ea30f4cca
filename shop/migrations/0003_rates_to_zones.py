"""Rates per country become zones of countries, each with the services into it. Every rate survives."""

from django.db import migrations

TERMS = ("price_minor", "free_from_minor", "transit_min_days", "transit_max_days")


def rates_to_zones(apps, schema_editor):
    """Put the countries of a profile that had the same terms into one zone with a standard service."""
    Rate, Zone = apps.get_model("shop", "DeliveryRate"), apps.get_model("shop", "DeliveryZone")
    Country, Service = apps.get_model("shop", "ZoneCountry"), apps.get_model("shop", "DeliveryService")
    groups = {}
    for rate in Rate.objects.order_by("profile", "country"):
        # Everywhere else is a zone of its own, whatever its terms.
        key = (rate.profile_id, not rate.country, *(getattr(rate, name) for name in TERMS))
        groups.setdefault(key, []).append(rate)
    counts = {}
    for (profile_id, is_elsewhere, *terms), rates in groups.items():
        position = counts.setdefault(profile_id, 0)
        counts[profile_id] += 1
        zone = Zone.objects.create(
            profile_id=profile_id,
            name="Everywhere else" if is_elsewhere else _name(rates, position),
            position=position,
            is_elsewhere=is_elsewhere,
        )
        Service.objects.create(zone=zone, code="standard", name="Standard", **dict(zip(TERMS, terms, strict=True)))
        if not is_elsewhere:
            Country.objects.bulk_create(
                Country(zone=zone, profile_id=profile_id, country=rate.country) for rate in rates
            )


def _name(rates, position):
    return rates[0].country.name[:60] if len(rates) == 1 else f"Zone {position + 1}"


def zones_to_rates(apps, schema_editor):
    """Give each country of a zone the rate of its cheapest service; rates know no others."""
    Rate, Service = apps.get_model("shop", "DeliveryRate"), apps.get_model("shop", "DeliveryService")
    Country = apps.get_model("shop", "ZoneCountry")
    for zone in apps.get_model("shop", "DeliveryZone").objects.all():
        service = Service.objects.filter(zone=zone).order_by("price_minor", "pk").first()
        if service is None:
            continue
        codes = [one.country.code for one in Country.objects.filter(zone=zone)]
        for code in [""] if zone.is_elsewhere else codes:
            terms = {name: getattr(service, name) for name in TERMS}
            Rate.objects.create(profile_id=zone.profile_id, country=code, **terms)


class Migration(migrations.Migration):

    dependencies = [
        ('shop', '0002_delivery_zones'),
    ]

    operations = [
        migrations.RunPython(rates_to_zones, zones_to_rates),
        migrations.DeleteModel(
            name='DeliveryRate',
        ),
    ]
