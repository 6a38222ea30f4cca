"""Find products by words; simple for now: every word must occur somewhere in what is known."""

from __future__ import annotations

from django.db.models import QuerySet

from shop.models import Product

MOST_WORDS = 8
LONGEST = 100


def clean_query(text: str) -> str:
    """Return what a visitor typed, without control characters and not longer than sensible."""
    return " ".join("".join(char if char.isprintable() else " " for char in text[:LONGEST]).split())


def find_products(query: str) -> QuerySet[Product]:
    """Return the published products in which all words of a query occur; none for an empty one.

    A plural "s" at the end of a word does not matter.
    """
    words = query.lower().split()[:MOST_WORDS]
    if not words:
        return Product.objects.none()
    found = Product.objects.on_sale()
    for word in words:
        stem = word[:-1] if len(word) > 3 and word.endswith("s") else word
        # search_text is lower case already, so this needs no case folding per row.
        found = found.filter(search_text__contains=stem)
    return found
