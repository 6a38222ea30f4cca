"""Small cards below a product: what goes with it, and what was looked at before. One query for both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.files.storage import default_storage
from django.db.models import F, JSONField, OuterRef, Q, Subquery
from django.db.models.functions import JSONObject
from django.utils.translation import gettext as _

from shop.cards import Card, Picture
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
    """Return what stands below a product: others of its category that can be bought, and the latest looked at."""
    seen_ids = [pk for pk in seen_ids if pk != product.pk][:MOST]
    on_sale = Product.objects.on_sale().exclude(pk=product.pk)
    alike = on_sale.filter(category=product.category_id, is_available=True).order_by("-created_at", "-pk")
    # As a list of numbers inside one statement; twice the related ones, for some of them may have been seen.
    either = Q(pk__in=alike.values("pk")[: MOST + len(seen_ids)]) | Q(pk__in=seen_ids)
    found = list(_with_picture(on_sale.filter(either)))
    by_pk = {one.pk: one for one in found}
    seen = [by_pk[pk] for pk in seen_ids if pk in by_pk]
    related = [one for one in found if one.category_id == product.category_id and one.is_available and one not in seen]
    related.sort(key=lambda one: (one.created_at, one.pk), reverse=True)
    return Neighbours([_card(one, terms) for one in related[:MOST]], [_card(one, terms) for one in seen])


def _with_picture(products):  # noqa: ANN001, ANN202  (a queryset with one more column)
    first = ProductImage.objects.filter(product=OuterRef("pk"), position=0).order_by("pk")
    facts = JSONObject(url=F("small"), width=F("small_width"), height=F("small_height"), alt=F("alt"), sizes=F("sizes"))
    return products.annotate(
        picture=Subquery(first.annotate(found=facts).values("found")[:1], output_field=JSONField()),
        panel=F("department__panel"),
    ).defer("description", "search_text", "latest_reviews")


def _card(product: Product, terms: Terms) -> Card:
    price = str(Money(terms.unit_minor(product.price_from_minor or 0, product.tax_class), product.currency))
    if (product.price_to_minor or 0) > (product.price_from_minor or 0):
        price = _("from %(price)s") % {"price": price}
    told = product.picture  # type: ignore[attr-defined]
    picture = Picture(default_storage.url(told["url"]), told["width"], told["height"], told["alt"]) if told else None
    return Card(
        get_absolute_url=product.get_absolute_url(),
        name=product.name,
        card_image=picture,
        price=price,
        arrival="",
        stock_words="" if product.is_available else _("Sold out"),
        stock_level="" if product.is_available else "gone",
        tint=product.panel,  # type: ignore[attr-defined]
        rating=product.rating,
        rating_count=product.rating_count,
    )
