"""A shop whose goods have German words: what tests of languages share."""

from __future__ import annotations

from django.test import Client

from shop.models import Category, Product, Variant, Wording
from shop.search.index import rebuild_index
from tests.factories import make_supplier
from tests.shelf import put

WORDS = {
    "Colour": "Farbe",
    "Sage": "Salbei",
    "Material": "Werkstoff",
    "Stoneware": "Steinzeug",
    "Stoneware, lead-free glaze": "Steinzeug, bleifreie Glasur",
    "Standard": "Normalversand",
}


def german_mug() -> Variant:
    """Put a mug on the shelf with German words for all that is said of it, beside a lamp that has none."""
    supplier = make_supplier()
    mug = put(supplier, "Stoneware mug", options={"Colour": "Sage"}, facts={"Material": "Stoneware, lead-free glaze"})
    put(supplier, "Task lamp", facts={"Material": "Steel"})
    german = {"names": {"de": "Becher aus Steinzeug"}, "descriptions": {"de": "<p>Ein kräftiger Becher.</p>"}}
    Product.objects.filter(pk=mug.product_id).update(**german)
    Category.objects.filter(name="Kitchen").update(names={"de": "Küche"}, introductions={"de": "Alles für den Herd."})
    for text, wording in WORDS.items():
        Wording.objects.create(language="de", text=text, wording=wording)
    rebuild_index()
    mug.refresh_from_db()
    return mug


def page_at(client: Client, path: str, **headers: str) -> str:
    """Return a page that must be there."""
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, path
    return answer.content.decode()
