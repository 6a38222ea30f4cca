"""``manage.py demo_setup``: fill the demo shop from its simulated suppliers' own APIs."""

from __future__ import annotations

import json
import os

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from demo.german import put_german
from demo.merchants import connect_demo_supplier, make_codes, make_people, make_synonyms, tint_departments
from shop.models import Wording
from suppliers.actions.catalog import sync_supplier
from suppliers.actions.pictures import fetch_all
from suppliers.adapters.base import Refused, TryLater, Unclear
from suppliers.models import Supplier


class Command(BaseCommand):
    help = "Database, log-ins and suppliers of the demo shop. DEMO_SUPPLIERS: JSON {slug: {base, key, secret}}."

    def handle(self, *args: object, **options: object) -> None:
        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
        make_people()
        for slug, facts in json.loads(os.environ["DEMO_SUPPLIERS"]).items():
            supplier = connect_demo_supplier(
                slug, base_url=facts["base"] + "/v1", api_key=facts["key"], webhook_secret=facts["secret"]
            )
            if not supplier.offers.exists():
                taken = self._read(supplier)
                self.stdout.write(f"  {supplier.name}: {taken} items with pictures")
        tint_departments()
        make_codes()
        make_synonyms()
        if not Wording.objects.exists():
            put_german()

    def _read(self, supplier: Supplier) -> int:
        try:
            taken = sync_supplier(supplier, report=lambda text: None)
            # The relay would fetch them in the next minutes; whoever starts the demo wants to see them at once.
            fetch_all(supplier)
            return taken
        except (TryLater, Unclear, Refused) as error:
            raise CommandError(f"{supplier.name} does not answer: {error} (var/log/{supplier.slug}.log)") from error
