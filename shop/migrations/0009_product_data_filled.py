"""Begin the history of prices, part right GTINs from wrong ones, and give variants the facts of their products."""

from __future__ import annotations

from itertools import islice

from django.db import migrations
from django.utils import timezone

from shop.gtin import is_gtin

BATCH = 1000


def fill(apps, schema_editor):
    variant_model = apps.get_model("shop", "Variant")
    change_model = apps.get_model("shop", "PriceChange")
    fact_model = apps.get_model("shop", "ProductFact")
    # What things cost before nobody knows any more: the history begins now.
    now = timezone.now()
    rows = variant_model.objects.order_by("pk").iterator(chunk_size=BATCH)
    while batch := list(islice(rows, BATCH)):
        facts: dict[int, list[list[str]]] = {}
        of_products = fact_model.objects.filter(product__in={variant.product_id for variant in batch})
        for fact in of_products.order_by("product", "position", "pk"):
            facts.setdefault(fact.product_id, []).append([fact.name, fact.value])
        for variant in batch:
            variant.facts = facts.get(variant.product_id, [])
            variant.priced_at = now
            if variant.gtin and not is_gtin(variant.gtin):
                variant.gtin, variant.bad_gtin = "", variant.gtin
        variant_model.objects.bulk_update(batch, ["facts", "priced_at", "gtin", "bad_gtin"])
        change_model.objects.bulk_create(
            change_model(variant_id=one.pk, price_minor=one.price_minor, currency=one.currency, since=now)
            for one in batch
        )


class Migration(migrations.Migration):
    dependencies = [("shop", "0008_product_data")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
