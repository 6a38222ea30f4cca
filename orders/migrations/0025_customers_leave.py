"""The customer at the provider goes with its account."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0024_address_fixed")]

    operations = [
        migrations.AddField(
            model_name="providercustomer",
            name=name,
            field=field,
        )
        for name, field in (
            ("attempt", models.PositiveIntegerField(default=0, help_text="Counts how often it was taken; the fence.", verbose_name="attempt")),
            ("deaths", models.PositiveSmallIntegerField(default=0, help_text="How often a worker took it and never gave it back.", verbose_name="deaths in a row")),
            ("due_at", models.DateTimeField(blank=True, db_index=True, help_text="Empty: nothing to do.", null=True, verbose_name="due at")),
            ("email", models.EmailField(blank=True, help_text="A repeat names the same.", max_length=254, verbose_name="e-mail address there")),
            ("failures", models.PositiveIntegerField(default=0, verbose_name="failures in a row")),
            ("last_error", models.TextField(blank=True, verbose_name="last error")),
            ("lease_until", models.DateTimeField(blank=True, null=True, verbose_name="taken until")),
            ("leaving_at", models.DateTimeField(blank=True, null=True, verbose_name="account deleted")),
            ("quarantined_at", models.DateTimeField(blank=True, help_text="Not tried again until a person says so.", null=True, verbose_name="set aside")),
        )
    ]
