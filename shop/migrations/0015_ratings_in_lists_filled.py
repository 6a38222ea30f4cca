from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give the listings of goods that have reviews their mean, rounded as it is shown."""
    Product, Listing = apps.get_model("shop", "Product"), apps.get_model("shop", "Listing")
    rated = Product.objects.filter(rating_count__gt=0).values_list("pk", "rating_count", "rating_sum")
    for pk, count, stars in rated.iterator(chunk_size=1000):
        Listing.objects.filter(pk=pk).update(rating_tenths=round(10 * round(stars / count, 1)))


class Migration(migrations.Migration):

    dependencies = [
        ("shop", "0014_pictures_as_avif_and_ratings_in_lists"),
    ]

    operations = [
        # On the way back the column goes.
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
