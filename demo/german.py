"""The demo shop in German: what its suppliers' feeds, which are English, do not bring."""

from __future__ import annotations

import json
from pathlib import Path

from django.db import transaction

from shop.models import Category, Product, Synonym, Wording
from shop.search.index import rebuild_index

TEXTS = Path(__file__).parent / "catalogue" / "german.json"
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
        for text, wording in texts["wordings"].items():
            Wording.objects.update_or_create(language=GERMAN, about="", text=text, defaults={"wording": wording})
        for words in texts["synonyms"]:
            Synonym.objects.get_or_create(words=words)
    rebuild_index()
