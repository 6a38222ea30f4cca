"""Put goods on the shelves for tests of lists and search."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Mapping, Sequence

from django.conf import settings

from shop.actions.catalog import CatalogueEntry, put_variant, refresh_products
from shop.models import Product, ProductFact, Variant
from suppliers.models import Supplier
from tests.factories import add_offer

_number = itertools.count(1)


def put(
    supplier: Supplier,
    name: str,
    *,
    sku: str = "",
    gtin: str = "",
    brand: str = "Larch Lane",
    path: Sequence[str] = ("Kitchen", "Tools"),
    options: Mapping[str, str] | None = None,
    facts: Mapping[str, str] | None = None,
    description: str = "<p>A good thing.</p>",
    price_minor: int = 1250,
    stock: int | None = 10,
) -> Variant:
    """Make a product of one variant, as a feed would tell it, and offer it."""
    sku = sku or f"S-{next(_number):04}"
    entry = CatalogueEntry(
        sku=sku, group=sku, name=name, description=description, brand=brand, gtin=gtin, category_path=path,
        options=options or {}, facts=facts or {}, tax_basis_points=2300, weight_grams=None, max_per_order=99,
        not_returnable_reason="", price_minor=price_minor, currency=settings.SHOP_CURRENCY,
    )  # fmt: skip
    variant = put_variant(entry)
    add_offer(supplier, variant, price_minor=price_minor, stock=stock)
    variant.refresh_from_db()
    return variant


def put_copies(variant: Variant, count: int, **fields: object) -> list[Variant]:
    """Put so many more of the same on the shelf, numbered from 1; ``fields`` are their products'. Far quicker than ``put``."""
    first = Variant.objects.select_related("product").get(pk=variant.pk)
    numbers = range(1, count + 1)
    rows = Product.objects.filter(pk=first.product_id).values().get()
    del rows["id"]
    products = [
        Product(
            **rows | {"name": f"{first.product.name} {number:02}", "slug": f"{first.product.slug}-{number}"} | fields
        )
        for number in numbers
    ]
    products = Product.objects.bulk_create(products)
    rows = Variant.objects.filter(pk=first.pk).values().get()
    del rows["id"]
    variants = [
        Variant(**rows | {"product_id": product.pk, "sku": f"{first.sku}-{number}", "gtin": ""})
        for number, product in zip(numbers, products, strict=True)
    ]
    facts = list(first.product.facts.values("name", "value", "position"))
    ProductFact.objects.bulk_create([ProductFact(product=product, **fact) for product in products for fact in facts])
    made = Variant.objects.bulk_create(variants)
    refresh_products([product.pk for product in products])
    return made


def page_of(client, path: str, **asked: object) -> str:
    """Return a page as text; it must be there."""
    answer = client.get(path, asked)
    assert answer.status_code == 200
    return answer.content.decode()


def names_on(page: str) -> list[str]:
    """Return the names on the cards, in the order of the page."""
    return [html.unescape(name) for name in re.findall(r'class="card-name"><a href="[^"]+">([^<]+)</a>', page)]


def boxes_on(page: str) -> dict[tuple[str, str], str]:
    """Return the boxes of the filters: by parameter and value what their label says, with “checked” or “disabled”."""
    found = re.findall(
        r'<input type="checkbox" name="([^"]+)" value="([^"]*)"([^>]*)> <span>([^<]*)</span>(.*?)</label>', page, re.S
    )
    return {
        (param, html.unescape(value)): " ".join(
            [html.unescape(label), *re.findall(r"</span>(\d+\+?)</span>", rest), *state.split()]
        )
        for param, value, state, label, rest in found
    }


def chips_on(page: str) -> dict[str, str]:
    """Return the filters applied, with the address that each one's link leads to."""
    found = re.findall(r'<a class="chip chip-on" href="\?([^"]*)"><span[^>]*>[^<]*</span>([^<]*) <svg', page)
    return {html.unescape(label): html.unescape(query) for query, label in found}
