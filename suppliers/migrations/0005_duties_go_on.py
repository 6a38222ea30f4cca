"""Suppliers and probes that were set aside go on: reading a supplier is a duty now, and never set aside."""

from django.db import migrations
from django.utils import timezone


def go_on(apps, schema_editor):
    work = apps.get_model("orders", "WorkItem").objects.filter(reason="quarantined", closed_at=None)
    for name in ("Supplier", "SupplierProbe"):
        aside = apps.get_model("suppliers", name).objects.exclude(quarantined_at=None)
        about = [f"{name.lower()}:{pk}" for pk in aside.values_list("pk", flat=True)]
        work.filter(subject_key__in=about).update(closed_at=timezone.now())
        aside.update(quarantined_at=None, due_at=timezone.now(), deaths=0)


class Migration(migrations.Migration):
    dependencies = [
        ("suppliers", "0004_breaker_and_quarantine"),
        ("orders", "0007_quarantine"),
    ]

    operations = [migrations.RunPython(go_on, migrations.RunPython.noop)]
