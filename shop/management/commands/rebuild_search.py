"""``manage.py rebuild_search``: write what lists and search read anew, from the catalogue."""

from __future__ import annotations

from django.core.management.base import BaseCommand

from shop.search.index import rebuild_index
from shop.search.schema import install


class Command(BaseCommand):
    help = "Write the index of lists and search anew. Visitors can search meanwhile. Safe to repeat."

    def handle(self, *args: object, **options: object) -> None:
        install()
        done = rebuild_index(report=lambda count: self.stdout.write(f"  {count} products", ending="\r"))
        self.stdout.write(f"{done} products are indexed.")
