"""A nightly audit that was set aside goes on: it is a duty now, and never set aside."""

from django.db import migrations
from django.utils import timezone


def go_on(apps, schema_editor):
    aside = apps.get_model("config", "NightlyAudit").objects.exclude(quarantined_at=None)
    if aside.update(quarantined_at=None, due_at=timezone.now(), deaths=0):
        work = apps.get_model("orders", "WorkItem").objects.filter(reason="quarantined", closed_at=None)
        work.filter(subject_key__startswith="nightlyaudit:").update(closed_at=timezone.now())


class Migration(migrations.Migration):
    dependencies = [
        ("config", "0002_quarantine"),
        ("orders", "0007_quarantine"),
    ]

    operations = [migrations.RunPython(go_on, migrations.RunPython.noop)]
