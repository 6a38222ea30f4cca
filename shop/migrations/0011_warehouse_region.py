"""A warehouse may stand in a part of its country that stands to customs in its own way."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0010_listings")]

    operations = [
        migrations.AddField(
            model_name="deliveryprofile",
            name="region",
            field=models.ForeignKey(
                blank=True,
                help_text="Where that part of the country stands to customs in its own way, as the Canary Islands do.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="shop.region",
                verbose_name="sent from region",
            ),
        ),
    ]
