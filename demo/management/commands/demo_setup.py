"""``manage.py demo_setup``: fill the demo shop from its simulated suppliers' own APIs."""

from __future__ import annotations

import json
import os

from django.core.management import call_command
from django.core.management.base import BaseCommand

from demo.merchants import connect_demo_supplier, make_people
from shop.models import Product
from suppliers.actions.catalog import sync_supplier


class Command(BaseCommand):
    help = "Database, log-ins and suppliers of the demo shop. DEMO_SUPPLIERS: JSON {slug: {base, key, secret}}."

    def handle(self, *args: object, **options: object) -> None:
        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
        make_people()
        known = set(Product.objects.values_list("variants__delivery_profile__code", flat=True))
        for slug, facts in json.loads(os.environ["DEMO_SUPPLIERS"]).items():
            supplier = connect_demo_supplier(
                slug, base_url=facts["base"] + "/v1", api_key=facts["key"], webhook_secret=facts["secret"]
            )
            if slug not in known:
                taken = sync_supplier(supplier, report=lambda text: None)
                self.stdout.write(f"  {supplier.name}: {taken} items with pictures")
