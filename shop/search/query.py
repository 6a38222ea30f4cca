"""From typed words to the condition that the database's full-text index answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db import connection
from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL

from shop.models import Listing, Variant
from shop.search.schema import NAMES_VECTOR
from shop.search.words import SHORTEST_PREFIX, Term, stems_of

LONGEST_CODE = 40


def matching(terms: Sequence[Term], *, in_name: bool = False) -> QuerySet[Listing]:
    """Return the listings in which every term occurs, as a word or as the beginning of one, in any order.

    ``in_name``: in their names alone.
    """
    if not terms:
        return Listing.objects.none()
    if connection.vendor == "postgresql":
        asked = " & ".join(_either(term, " & ", " | ", _lexeme) for term in terms)
        column = NAMES_VECTOR.replace("name_words", '"shop_listing"."name_words"') if in_name else '"document"'
        return Listing.objects.filter(
            RawSQL(f"{column} @@ to_tsquery('simple'::regconfig, %s)", [asked], BooleanField())  # noqa: S608, S611 - ours
        )
    asked = " AND ".join(_either(term, " AND ", " OR ", _phrase) for term in terms)
    asked = f"name_words : ({asked})" if in_name else asked
    found = RawSQL("SELECT rowid FROM shop_listing_fts WHERE shop_listing_fts MATCH %s", [asked])
    return Listing.objects.filter(pk__in=found)


def _either(term: Term, word_and: str, word_or: str, form: Callable[[str], str]) -> str:
    ways = (word_and.join(form(token) for token in way) for way in term.ways)
    return f"({word_or.join(f'({way})' for way in ways)})"


def _lexeme(token: str) -> str:
    # Tokens are letters and digits only, so nothing in them can end the quotes.
    if len(token) < SHORTEST_PREFIX:
        return f"'{token}'"
    forms = " | ".join([f"'{token}':*", *(f"'{plain}'" for plain in stems_of(token))])
    return f"({forms})"


def _phrase(token: str) -> str:
    if len(token) < SHORTEST_PREFIX:
        return f'"{token}"'
    forms = " OR ".join([f'"{token}" *', *(f'"{plain}"' for plain in stems_of(token))])
    return f"({forms})"


def with_code(query: str) -> QuerySet[Listing]:
    """Return the listings of the product that has exactly this SKU or GTIN, in any case."""
    if not query or len(query) > LONGEST_CODE or " " in query:
        return Listing.objects.none()
    codes = Variant.objects.filter(Q(sku__in={query, query.upper(), query.lower()}) | Q(gtin=query), is_active=True)
    return Listing.objects.filter(pk__in=codes.values("product_id"))


def name_scorer(terms: Sequence[Term]) -> Callable[[str], float]:
    """Return a function that says how well a name answers a query: how many of its terms it has, then how little else.

    It takes the indexed words of a name. A search asks it a thousand times, hence the plain search for texts.
    """
    asked = [[[_marks(token) for token in way] for way in term.ways] for term in terms]

    def score(name_words: str) -> float:
        text = f" {name_words} "
        found = sum(any(all(any(mark in text for mark in marks) for marks in way) for way in ways) for ways in asked)
        return found + 1 / text.count(" ") if found else 0.0

    return score


def _marks(token: str) -> list[str]:
    if len(token) < SHORTEST_PREFIX:
        return [f" {token} "]
    return [f" {token}", *(f" {plain} " for plain in stems_of(token))]
