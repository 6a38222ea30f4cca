"""Read a supplier's catalogue and stock now."""

from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from suppliers.actions.catalog import sync_supplier
from suppliers.actions.pictures import fetch_all
from suppliers.adapters.base import Refused, TryLater, Unclear
from suppliers.models import Supplier


class Command(BaseCommand):
    """Sync one supplier."""

    help = "Reads what changed in a supplier's catalogue and stock, with its pictures."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the supplier's slug, as in the admin")

    def handle(self, *, slug: str, **options: object) -> None:
        supplier = Supplier.objects.filter(slug=slug).first()
        if supplier is None:
            known = ", ".join(Supplier.objects.values_list("slug", flat=True)) or "none yet"
            raise CommandError(f"There is no supplier {slug!r}. Known: {known}.")
        try:
            taken = sync_supplier(supplier, report=self.stdout.write)
            stored, broken = fetch_all(supplier)
        except (TryLater, Unclear) as error:
            raise CommandError(f"{supplier.name} does not answer ({error}). Try again later.") from error
        except Refused as error:
            raise CommandError(f"{supplier.name} refuses us ({error}). Check its address and key.") from error
        self.stdout.write(
            self.style.SUCCESS(
                f"{supplier.name}: {taken} items and {stored} pictures taken; {broken} pictures cannot be used"
            )
        )
