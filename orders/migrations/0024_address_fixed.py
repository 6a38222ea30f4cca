"""From when on an order's address stays as it is."""

from django.db import migrations, models
from django.db.models import F


def fix_addresses(apps, schema_editor):
    """Let the addresses of all orders that were paid before stay: a supplier may have been sent them."""
    paid = apps.get_model("orders", "Order").objects.exclude(paid_at=None)
    paid.update(address_fixed_at=F("paid_at"))


class Migration(migrations.Migration):
    dependencies = [("orders", "0023_line_review")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="address_fixed_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="address told to a supplier"),
        ),
        migrations.RunPython(fix_addresses, migrations.RunPython.noop),
    ]
