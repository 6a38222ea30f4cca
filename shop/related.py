"""Small cards below a product: what goes with it, and what was looked at before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shop.card_rows import PRODUCT, Row, card_rows, cards, small_cards
from shop.cards import Card
from shop.models import Listing, Product
from shop.shelves import rows_like
from shop.tax import Terms

MOST = 4
AVAILABLE = PRODUCT.index("is_available")


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Cards of related products, and of those looked at before."""

    related: list[Card]
    seen: list[Card]


def neighbours(product: Product, seen_ids: Sequence[int], terms: Terms) -> Neighbours:
    """Return what stands below a product: what is like it and can be bought, and what was looked at last.

    Mostly no query, and one for what was looked at.

    Related are the newest of its category, and where these are few, of its department.
    """
    seen_ids = [pk for pk in seen_ids if pk != product.pk][:MOST]
    like = rows_like(product.category_id, product.department_id)
    related = [row for row in like if row[AVAILABLE] and row[0] != product.pk and row[0] not in seen_ids]
    return Neighbours(small_cards(related[:MOST], terms), small_cards(_rows_of(seen_ids), terms))


def last_seen(seen_ids: Sequence[int], terms: Terms) -> list[Card]:
    """Return whole cards of what was looked at, the latest first; two queries, and none where nothing was."""
    return cards(_rows_of(seen_ids[:MOST]), terms) if seen_ids else []


def _rows_of(ids: Sequence[int]) -> list[Row]:
    """Return the rows of those that are still on sale, in the order asked for."""
    found = {row[0]: row for row in card_rows(Listing.objects.filter(pk__in=ids))} if ids else {}
    return [found[pk] for pk in ids if pk in found]
