"""A catalogue of any size, written in bulk: ``python -m benchmarks.goods COUNT`` fills the database of the environment.

Without COUNT it prints, as JSON, the addresses in that database that a benchmark may ask for.

COUNT variants of half as many products, with facts, pictures, prices, stock and delivery, in 6 departments of 8
categories. All of it follows from the numbers of the rows, so that every run sells the same.
"""

from __future__ import annotations

import io
import json
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from itertools import count as numbers
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command, get_commands  # noqa: E402
from django.core.management.color import no_style  # noqa: E402
from django.db import connection, models  # noqa: E402

from benchmarks.lean_tables import make_lean_tables  # noqa: E402
from shop.actions.delivery import ServiceTerms, ZoneTerms  # noqa: E402
from shop.lists.pages import PER_PAGE  # noqa: E402
from shop.models import Category, DeliveryProfile, Product, ProductFact, ProductImage, Variant  # noqa: E402
from suppliers.actions.setup import Connection, connect_supplier  # noqa: E402

Row = dict[str, Any]
DEPARTMENTS = ("Kitchen", "Desk", "Home", "Outdoors", "Bath", "Kids")
KINDS = ("Everyday", "Gifts", "Storage", "Tools", "Textiles", "Lights", "Care", "Classics")
LOOKS = ("Round", "Tall", "Small", "Folding", "Striped", "Plain", "Glazed", "Woven", "Brushed", "Painted")
STUFFS = ("Oak", "Linen", "Steel", "Glass", "Cotton", "Cork", "Ash", "Stoneware", "Wool", "Copper", "Birch", "Enamel")
NOUNS = (
    "Mug", "Kettle", "Lamp", "Towel", "Basket", "Bowl", "Tray", "Shelf", "Hook", "Clock", "Vase", "Mirror", "Rug", "Chair",
    "Bench", "Bottle", "Jug", "Board", "Knife", "Pan", "Pot", "Plate", "Cushion", "Blanket", "Curtain", "Candle", "Lantern",
    "Notebook", "Pencil", "Ruler", "Box", "Bag", "Apron", "Brush", "Soap", "Tent", "Hammock", "Puzzle", "Kite", "Ladder",
)  # fmt: skip
BRANDS = tuple(f"{first}{last}" for first in ("Harl", "Mori", "Quen", "Tavi", "Ost", "Brem") for last in ("ow", "an", "ley", "ek", "ard"))  # fmt: skip
COLOURS = ("Sage", "Clay", "Slate", "Cream", "Navy")
SYLLABLES = ("ba", "ke", "li", "mo", "nu", "ra", "se", "ti", "vo", "za")
TAX_CLASSES = ("standard", "standard", "standard", "reduced")
# So many products share the name of a series: a larger shop has more words, not only more hits.
SERIES_OF = 40
NOW = datetime.now(UTC)
ASKED_FOR = 200


def series(product: int) -> str:
    """Return the made-up word of a product's series."""
    number, word = product // SERIES_OF + 1000, ""
    while number:
        number, place = divmod(number, len(SYLLABLES))
        word += SYLLABLES[place]
    return word.title()


def words_of(product: int) -> tuple[str, str, str, str]:
    """Return a product's look, material, noun and brand, mixed so that they do not go together."""
    mixed = product * 2_654_435_761 % 2**32
    return (
        LOOKS[mixed % len(LOOKS)],
        STUFFS[mixed // 10 % len(STUFFS)],
        NOUNS[mixed // 1000 % len(NOUNS)],
        BRANDS[mixed // 100_000 % len(BRANDS)],
    )


def name_of(product: int) -> str:
    """Return a product's name."""
    look, stuff, noun, _brand = words_of(product)
    return f"{look} {stuff} {noun} {series(product)}"


def variants_of(count: int) -> Iterator[tuple[int, range]]:
    """Yield the number of each product with those of its variants: one, two or three of them."""
    first = 1
    for product in numbers(1):
        many = min(product % 3 + 1, count + 1 - first)
        yield product, range(first, first + many)
        first += many
        if first > count:
            return


def price_of(product: int, place: int) -> int:
    """Return a variant's price in minor units."""
    return 495 + product * 7919 % 9000 + place * 300


def stock_of(variant: int) -> int:
    """Return how many there are: of one in twenty none, of the others enough for a long benchmark."""
    return 0 if variant % 20 == 0 else 5000 + variant % 400


def product_rows(count: int) -> Iterator[Row]:
    """Yield all products, with what cards show of their variants."""
    for product, variants in variants_of(count):
        look, stuff, noun, brand = words_of(product)
        category = product % (len(DEPARTMENTS) * len(KINDS))
        name, prices = name_of(product), [price_of(product, place) for place in range(len(variants))]
        yield {
            "id": product,
            "name": name,
            "slug": f"{look}-{stuff}-{noun}-{series(product)}-{product}".lower(),
            "department_id": category // len(KINDS) + 1,
            "category_id": len(DEPARTMENTS) + category + 1,
            "brand": brand,
            "description": f"<p>A {look.lower()} {noun.lower()} of {stuff.lower()}, made to last.</p>" * 3,
            "tax_class": TAX_CLASSES[product % len(TAX_CLASSES)],
            "created_at": NOW - timedelta(seconds=count - product),
            "price_from_minor": min(prices),
            "price_to_minor": max(prices),
            "currency": settings.SHOP_CURRENCY,
            "is_available": any(stock_of(variant) for variant in variants),
            "rating_count": product % 7,
            "rating_sum": product % 7 * 4,
        }


def facts_of(product: int) -> list[list[str]]:
    """Return a product's table of facts."""
    look, stuff, noun, _brand = words_of(product)
    size = f"{product % 40 + 5} cm"
    return [["Material", stuff], ["Finish", look], ["Height", size], ["Care", f"Wipe the {noun.lower()} dry"]]


def variant_rows(count: int) -> Iterator[Row]:
    """Yield all variants, each with its price, its stock and its origin."""
    for product, variants in variants_of(count):
        for place, variant in enumerate(variants):
            stock = stock_of(variant)
            yield {
                "id": variant,
                "product_id": product,
                "sku": f"B-{variant:08}",
                "options": {"Colour": COLOURS[place]} if len(variants) > 1 else {},
                "facts": facts_of(product),
                "position": place,
                "price_minor": price_of(product, place),
                "priced_at": NOW,
                "currency": settings.SHOP_CURRENCY,
                "weight_grams": 200 + product % 3000,
                "unit_cost": price_of(product, place) * 40,
                "cost_currency": settings.SHOP_CURRENCY,
                "availability": "in_stock" if stock else "out_of_stock",
                "stock_told": stock,
                "stock_told_at": NOW,
                "handling_max_days": product % 3 + 1,
                "delivery_profile_id": product % 3 + 1,
            }


def fact_rows(count: int) -> Iterator[Row]:
    """Yield all lines of the tables of facts."""
    for product, _variants in variants_of(count):
        for place, (name, value) in enumerate(facts_of(product)):
            yield {"product_id": product, "name": name, "value": value, "position": place}


def image_rows(count: int) -> Iterator[Row]:
    """Yield the pictures: two of each product. Their files are nowhere, for no benchmark asks for them."""
    for product, _variants in variants_of(count):
        for place in range(2):
            file = f"products/{product:016x}{place}"
            yield {
                "product_id": product,
                "position": place,
                "alt": name_of(product),
                "large": f"{file}-l.webp",
                "large_width": 960,
                "large_height": 1200,
                "small": f"{file}-s.webp",
                "small_width": 360,
                "small_height": 450,
                "sizes": [[360, 450, f"{file}-s.webp"], [960, 1200, f"{file}-l.webp"]],
            }


def copy_rows(model: type[models.Model], rows: Iterator[Row]) -> None:
    """Write rows by COPY; what a row does not say is as the model's default, what the model does not have is left out."""
    fields = [
        field for field in model._meta.concrete_fields if not (field.primary_key and model in NUMBERED_BY_DATABASE)
    ]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    defaults = [NOW if getattr(field, "auto_now", False) else field.get_default() for field in fields]
    named = [
        (field.attname, default, isinstance(field, models.JSONField))
        for field, default in zip(fields, defaults, strict=True)
    ]
    with connection.cursor() as cursor, cursor.copy(f'COPY "{model._meta.db_table}" ({columns}) FROM STDIN') as copy:
        for row in rows:
            values = [(row.get(name, default), is_json) for name, default, is_json in named]
            copy.write_row([json.dumps(value) if is_json and value is not None else value for value, is_json in values])
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [model]):
            cursor.execute(statement)


NUMBERED_BY_DATABASE = (ProductFact, ProductImage)


def make_categories() -> None:
    """Make the departments first, so that their numbers are the first."""
    tops = [
        Category(pk=place + 1, name=name, slug=name.lower(), panel=name.lower(), position=place)
        for place, name in enumerate(DEPARTMENTS)
    ]
    parts = [
        Category(name=f"{kind}", slug=f"{top.slug}-{kind}".lower(), parent=top, panel=top.panel, position=place)
        for top in tops
        for place, kind in enumerate(KINDS)
    ]
    Category.objects.bulk_create(tops)
    for number, part in enumerate(parts, start=len(tops) + 1):
        part.pk = number
    Category.objects.bulk_create(parts)
    with connection.cursor() as cursor:
        cursor.execute(connection.ops.sequence_reset_sql(no_style(), [Category])[0])


def make_origins() -> None:
    """Connect three suppliers, in Ireland, Germany and the United Kingdom, with two services each."""
    for slug, country, zone in (("harbour", "IE", "Europe/Dublin"), ("meridian", "DE", "Europe/Berlin"), ("kestrel", "GB", "Europe/London")):  # fmt: skip
        usual = ServiceTerms("standard", "Standard", 390, 5000, 2, 4)
        quick = ServiceTerms("express", "Express", 990, None, 1, 2)
        connect_supplier(
            Connection(
                slug=slug,
                name=slug.title(),
                base_url="http://127.0.0.1:9/v1",
                api_key="benchmark",
                webhook_secret="whsec_YmVuY2htYXJr",
                country=country,
                sent_from=slug.title(),
                time_zone=zone,
                cutoff=time(14),
                return_address="1 Quay",
                zones=[ZoneTerms("Europe", ["IE", "DE", "FR"], [usual, quick])],
            )
        )
    assert sorted(DeliveryProfile.objects.values_list("pk", flat=True)) == [1, 2, 3]


def index() -> None:
    """Have the shop write what its lists and its search read, where it has a command for that; tell the database of it."""
    if "rebuild_search" in get_commands():
        call_command("rebuild_search", stdout=io.StringIO())
    make_lean_tables()
    with connection.cursor() as cursor:
        # So that no automatic one begins in the middle of a round.
        cursor.execute("VACUUM ANALYZE")


def queries(products: int) -> list[str]:
    """Return what people search for: a thing, a thing of something, a brand's thing, a series; none misspelt."""
    chance = random.Random(1)
    found = []
    for _number in range(60):
        product = chance.randint(1, products)
        look, stuff, noun, brand = words_of(product)
        asked = (noun, f"{stuff} {noun}", f"{brand} {noun}", f"{noun} {series(product)}", f"{look} {stuff} {noun}")
        found.append(chance.choice(asked).lower())
    return found


def full_categories() -> list[str]:
    """Return the categories whose goods fill a page: one of a small shop with ten says nothing about a large one's."""
    found: list[str] = []
    for goods in ("products_in_department", "products"):
        counted = Category.objects.annotate(count=models.Count(goods)).filter(count__gte=PER_PAGE)
        found += counted.values_list("slug", flat=True)
    return found


def addresses(products: int) -> dict[str, object]:
    """Return what may be asked for: addresses of products, things to buy, categories, words to search for."""
    chosen = random.Random(2).sample(range(1, products + 1), min(ASKED_FOR, products))
    found = Product.objects.filter(pk__in=chosen, is_available=True)
    sold = Variant.objects.filter(product__in=found, availability="in_stock").order_by("product_id", "position")
    return {
        "products": [product.slug for product in found],
        "goods": list(sold.distinct("product_id").values_list("product__slug", "sku")),
        "categories": full_categories(),
        "queries": queries(products),
    }


def main(count: int) -> None:
    """Fill the database."""
    make_categories()
    make_origins()
    for model, rows in ((Product, product_rows), (Variant, variant_rows), (ProductFact, fact_rows), (ProductImage, image_rows)):  # fmt: skip
        copy_rows(model, rows(count))
    index()


if __name__ == "__main__":
    if sys.argv[1:]:
        main(int(sys.argv[1]))
    else:
        print(json.dumps(addresses(Product.objects.count())))
