"""Small cards below a product: what goes with it, and what was looked at before. One query for both."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.files.storage import default_storage
from django.db.models import F, JSONField, OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.utils.translation import gettext as _

from shop.cards import CARD_SIZES, Card, Picture, cards, for_cards, local_alt, srcset_of
from shop.models import Product, ProductImage
from shop.money import Money
from shop.tax import Terms

MOST = 4


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Cards of related products, and of those looked at before."""

    related: list[Card]
    seen: list[Card]


def neighbours(product: Product, seen_ids: Sequence[int], terms: Terms) -> Neighbours:
    """Return what stands below a product: what is like it and can be bought, and what was looked at last.

    Related are the newest of its category, and where these are few, of its department.
    """
    seen_ids = [pk for pk in seen_ids if pk != product.pk][:MOST]
    on_sale = Product.objects.on_sale().exclude(pk=product.pk)
    # By number, which is by age: an order that both databases read from an index. Some more, should some be seen ones.
    most = MOST + len(seen_ids)
    newest = on_sale.filter(is_available=True).order_by("-pk").values("pk")
    found = {
        one.pk: one
        for one in _with_picture(
            on_sale.filter(
                pk__in=_any_of(
                    newest.filter(category=product.category_id)[:most],
                    newest.filter(department=product.department_id)[:most],
                    seen_ids,
                )
            )
        )
    }
    seen = [found[pk] for pk in seen_ids if pk in found]
    related = [
        one
        for one in found.values()
        if one.is_available and one.department_id == product.department_id and one.pk not in seen_ids
    ]
    related.sort(key=lambda one: (one.category_id == product.category_id, one.pk), reverse=True)
    return Neighbours([_card(one, terms) for one in related[:MOST]], [_card(one, terms) for one in seen])


def last_seen(seen_ids: Sequence[int], terms: Terms) -> list[Card]:
    """Return whole cards of what was looked at, the latest first; two queries, and none where nothing was."""
    if not seen_ids:
        return []
    found = for_cards(Product.objects.on_sale()).in_bulk(seen_ids[:MOST])
    return cards([found[pk] for pk in seen_ids if pk in found], terms)


def _any_of(*choices: QuerySet | Sequence[int]) -> QuerySet:
    """Return the ids that are in any of the choices, as one subquery.

    Not joined by OR: PostgreSQL would then look at every product there is. Each choice stands in a query of its own,
    for SQLite takes no limit inside a union.
    """
    first, *others = (Product.objects.filter(pk__in=choice).order_by().values("pk") for choice in choices)
    return first.union(*others, all=True)


def _with_picture(products: QuerySet[Product]) -> QuerySet[Product]:
    first = ProductImage.objects.filter(product=OuterRef("pk"), position=0).order_by("pk")
    facts = JSONObject(
        url=F("small"),
        width=F("small_width"),
        height=F("small_height"),
        alt=F("alt"),
        sizes=F("sizes"),
        avif=F("avif_sizes"),
    )
    return products.annotate(
        picture=Subquery(first.annotate(found=facts).values("found")[:1], output_field=JSONField()),
        panel=F("department__panel"),
    ).defer("description", "descriptions", "latest_reviews")


def _card(product: Product, terms: Terms) -> Card:
    price = str(Money(terms.unit_minor(product.price_from_minor or 0, product.tax_class), product.currency))
    if (product.price_to_minor or 0) > (product.price_from_minor or 0):
        price = _("from %(price)s") % {"price": price}
    return Card(
        get_absolute_url=product.get_absolute_url(),
        name=product.local_name,
        card_image=_picture(product.picture, local_alt(product.local_name)),  # type: ignore[attr-defined]
        price=price,
        arrival="",
        stock_words="" if product.is_available else _("Sold out"),
        stock_level="" if product.is_available else "gone",
        tint=product.panel,  # type: ignore[attr-defined]
        rating=product.rating,
        rating_count=product.rating_count,
    )


def _picture(told: dict[str, Any] | None, alt: str) -> Picture | None:
    if not told:
        return None
    # Inside an object that it makes, SQLite writes a list as text.
    sizes, avif = (json.loads(one) if isinstance(one, str) else one for one in (told["sizes"], told["avif"]))
    choices = srcset_of(sizes), CARD_SIZES, srcset_of(avif)
    return Picture(default_storage.url(told["url"]), told["width"], told["height"], alt or told["alt"], *choices)
