from django.db import migrations


def tell_apart(apps, schema_editor):
    """Give new goods that may come twice the reason of their own: until now they were asked about as cancelled goods.

    Only they named a part: the return they were for, or their parcel. What is about a return is about it from here on.
    """
    work, backs = apps.get_model("orders", "WorkItem"), apps.get_model("suppliers", "SupplierReturn")
    for item in work.objects.filter(reason="cancelled_sent").exclude(part=""):
        item.reason = "comes_twice"
        back = backs.objects.filter(return_reference=item.part).first()
        if back is not None:
            item.subject_key, item.part = f"supplierreturn:{back.pk}", ""
        item.save(update_fields=["reason", "subject_key", "part"])


class Migration(migrations.Migration):

    dependencies = [
        ("orders", "0005_returns_mended"),
        ("suppliers", "0004_new_goods_by_suppliers"),
    ]

    operations = [migrations.RunPython(tell_apart, migrations.RunPython.noop)]
