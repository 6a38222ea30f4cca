"""Small cards below a product: what goes with it, and what was looked at before. One query for both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shop.card_rows import PRODUCT, cards, rows_of, small_cards
from shop.cards import Card
from shop.models import Product
from shop.shelves import newest_like
from shop.tax import Terms

MOST = 4
# Some of the newest may be sold out by now.
SPARE = 3
AVAILABLE = PRODUCT.index("is_available")


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
    like = [pk for pk in newest_like(product) if pk != product.pk and pk not in seen_ids][: MOST + SPARE]
    rows = rows_of([*seen_ids, *like])
    seen = [row for row in rows if row[0] in seen_ids]
    related = [row for row in rows if row[0] not in seen_ids and row[AVAILABLE]]
    return Neighbours(small_cards(related[:MOST], terms), small_cards(seen, terms))


def last_seen(seen_ids: Sequence[int], terms: Terms) -> list[Card]:
    """Return whole cards of what was looked at, the latest first; two queries, and none where nothing was."""
    return cards(rows_of(seen_ids[:MOST]), terms) if seen_ids else []
