"""Orders that were cancelled whole after they were paid give back the use of their code, as they do from now on."""

from django.db import migrations
from django.db.models import F
from django.utils import timezone

from orders.actions.discount import Buyer


def give_back(apps, schema_editor):
    """Count anew what the codes of such orders were used for, in all and by each customer."""
    DiscountUse = apps.get_model("orders", "DiscountUse")
    Tally, Code = apps.get_model("orders", "DiscountTally"), apps.get_model("orders", "DiscountCode")
    for use in DiscountUse.objects.filter(released_at=None, order__status="cancelled").select_related("order"):
        DiscountUse.objects.filter(pk=use.pk).update(released_at=timezone.now())
        Code.objects.filter(pk=use.code_id, used__gte=1).update(used=F("used") - 1)
        names = Buyer(email=use.order.email).names
        names += [f"account:{use.order.user_id}"] if use.order.user_id else []
        Tally.objects.filter(code=use.code_id, who__in=names, used__gte=1).update(used=F("used") - 1)


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0019_union_of_work_reasons'),
    ]

    operations = [
        migrations.RunPython(give_back, migrations.RunPython.noop),
    ]
