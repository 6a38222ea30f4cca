"""The demo shop in German: what its suppliers' feeds, which are English, do not bring."""

from __future__ import annotations

import json
from pathlib import Path

from django.db import transaction

from shop.models import Category, Product, Synonym, Wording
from shop.models.texts import forget_wordings
from shop.search.index import rebuild_index

TEXTS = Path(__file__).parent / "german.json"
GERMAN = "de"


def put_german() -> None:
    """Write the German texts beside the English ones, and let the search know of them. Safe to repeat."""
    texts = json.loads(TEXTS.read_text())
    with transaction.atomic():
        for category in Category.objects.filter(name__in=texts["categories"]):
            category.names = category.names | {GERMAN: texts["categories"][category.name]}
            category.save(update_fields=["names"])
        for product in Product.objects.filter(name__in=texts["products"]):
            name, description = texts["products"][product.name]
            product.names = product.names | {GERMAN: name}
            product.descriptions = product.descriptions | {GERMAN: description}
            product.save(update_fields=["names", "descriptions"])
        Wording.objects.bulk_create(
            [Wording(language=GERMAN, text=text, wording=wording) for text, wording in texts["wordings"].items()],
            update_conflicts=True,
            unique_fields=["language", "about", "text"],
            update_fields=["wording"],
        )
        for words in texts["synonyms"]:
            Synonym.objects.get_or_create(words=words)
    # No signal tells of rows written together.
    forget_wordings()
    rebuild_index()
