"""Products with options, facts, pictures and reviews, made through the shop's own actions."""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.conf import settings
from django.utils import timezone
from PIL import Image

from shop.actions import reviews
from shop.actions.catalog import CatalogueEntry, put_variant
from shop.actions.pictures import store_picture
from shop.models import Review, Variant
from suppliers.models import Supplier
from tests.factories import add_offer, make_person

ENTRY = CatalogueEntry(
    sku="KETTLE",
    group="KETTLE",
    name="Enamel kettle",
    description="<p>A kettle for two. It whistles.</p>",
    brand="Tolven",
    gtin="",
    category_path=["Kitchen", "Stove"],
    options={},
    facts={"Material": "Enamelled steel", "Country of making": "Slovenia", "Care": "  "},
    tax_basis_points=2300,
    weight_grams=1250,
    max_per_order=99,
    not_returnable_reason="",
    price_minor=2450,
    currency=settings.SHOP_CURRENCY,
    dimensions_mm={"length": 220, "width": 180, "height": 205},
)


def entry(**fields: object) -> CatalogueEntry:
    """Return what a feed tells of a kettle, with some of it told otherwise."""
    return replace(ENTRY, **fields)


def make_kettle(
    supplier: Supplier,
    *,
    options: Sequence[Mapping[str, str]] = ({},),
    pictures: int = 0,
    stock: int | None = 10,
    price_minor: int = 2450,
    **fields: object,
) -> list[Variant]:
    """Make a product with one variant for each set of options, each with so many pictures."""
    made = []
    for place, chosen in enumerate(options):
        variant = put_variant(entry(sku=f"KETTLE-{place}", options=chosen, **fields))
        add_offer(supplier, variant, price_minor=price_minor, stock=stock)
        for position in range(pictures):
            store_picture(
                variant.product,
                variant,
                position=position,
                alt=f"Kettle {position}",
                content=png(900, 1125, shade=40 * place + position),
                source_url="",
            )
        variant.refresh_from_db()
        made.append(variant)
    return made


def png(width: int, height: int, *, shade: int = 0, mode: str = "RGB") -> bytes:
    """Return a picture of one colour."""
    file = io.BytesIO()
    colour = (shade % 256, 90, 60) if mode == "RGB" else (shade % 256, 90, 60, 0)
    Image.new(mode, (width, height), colour).save(file, "PNG")
    return file.getvalue()


def make_review(variant: Variant, *, rating: int = 5, publish: bool = True, **fields: object) -> Review:
    """Make a review, read and published by a person unless told otherwise."""
    facts = {"author": "Mia", "text": "Boils fast.", "title": "Good", "bought_on": timezone.localdate()} | fields
    review = Review.objects.create(product=variant.product, rating=rating, **facts)
    if publish:
        reviews.approve(review, by=make_person())
    return review


def words_of(page: str) -> str:
    """Return what a page says to its reader: no tags, no script, single spaces."""
    bare = re.sub(r"<script.*?</script>|<style.*?</style>", " ", page, flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", bare)).split())


def structured(page: str) -> dict[str, dict]:
    """Return a page's JSON-LD by type."""
    found = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, flags=re.S)
    return {data["@type"]: data for data in map(json.loads, found)}
