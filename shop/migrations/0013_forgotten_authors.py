"""A review may lose its writer's name."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0012_one_price_per_place")]

    operations = [
        migrations.AlterField(
            model_name="review",
            name="author",
            field=models.CharField(blank=True, help_text="Empty: forgotten.", max_length=60, verbose_name="name shown"),
        ),
    ]
