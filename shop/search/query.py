"""From typed words to the condition that the database's full-text index answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from django.db import connection
from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL

from shop.models import Listing, Variant
from shop.search.schema import NAMES_VECTOR
from shop.search.words import SHORTEST_PREFIX, Term, stems_of

LONGEST_CODE = 40
# The words of the index that a typed word stands for; see ``shop.search.vocabulary``.
Words = Mapping[str, Sequence[str]]
NONE: Words = {}


def matching(terms: Sequence[Term], whole: Words = NONE, *, in_name: bool = False) -> QuerySet[Listing]:
    """Return the listings in which every term occurs, in any order: as one of its ``whole`` words, else as the
    beginning of any.

    ``in_name``: in their names alone.
    """
    return answering(asked_for(terms, whole, in_name=in_name), in_name=in_name) if terms else Listing.objects.none()


def asked_for(terms: Sequence[Term], whole: Words = NONE, *, in_name: bool = False) -> str:
    """Return what the index of the database at hand is asked for; see ``matching``."""
    if connection.vendor == "postgresql":
        return " & ".join(_either(term, " & ", " | ", lambda token: _lexeme(token, whole)) for term in terms)
    asked = " AND ".join(_either(term, " AND ", " OR ", lambda token: _phrase(token, whole)) for term in terms)
    return f"name_words : ({asked})" if in_name else asked


def answering(asked: str, *, in_name: bool = False) -> QuerySet[Listing]:
    """Return the listings that the index finds for what ``asked_for`` returned."""
    if connection.vendor == "postgresql":
        column = NAMES_VECTOR.replace("name_words", '"shop_listing"."name_words"') if in_name else '"document"'
        return Listing.objects.filter(
            RawSQL(f"{column} @@ to_tsquery('simple'::regconfig, %s)", [asked], BooleanField())  # noqa: S608, S611 - ours
        )
    found = RawSQL("SELECT rowid FROM shop_listing_fts WHERE shop_listing_fts MATCH %s", [asked])
    return Listing.objects.filter(pk__in=found)


def _either(term: Term, word_and: str, word_or: str, form: Callable[[str], str]) -> str:
    ways = (word_and.join(form(token) for token in way) for way in term.ways)
    return f"({word_or.join(f'({way})' for way in ways)})"


def _lexeme(token: str, whole: Words) -> str:
    # Tokens are letters and digits only, so nothing in them can end the quotes.
    if len(token) < SHORTEST_PREFIX:
        return f"'{token}'"
    words = [f"'{word}'" for word in whole.get(token) or stems_of(token)]
    forms = " | ".join(words if token in whole else [f"'{token}':*", *words])
    return f"({forms})"


def _phrase(token: str, whole: Words) -> str:
    if len(token) < SHORTEST_PREFIX:
        return f'"{token}"'
    words = [f'"{word}"' for word in whole.get(token) or stems_of(token)]
    forms = " OR ".join(words if token in whole else [f'"{token}" *', *words])
    return f"({forms})"


def with_code(query: str) -> QuerySet[Listing]:
    """Return the listings of the product that has exactly this SKU or GTIN, in any case."""
    return coded(*ways_to_write(query)) if may_be_code(query) else Listing.objects.none()


def may_be_code(query: str) -> bool:
    """True if somebody may have typed an SKU or a GTIN."""
    return 0 < len(query) <= LONGEST_CODE and " " not in query


def ways_to_write(query: str) -> tuple[str, str, str, str]:
    """Return what ``coded`` is told to find a code in any case."""
    return query, query.upper(), query.lower(), query


def coded(typed: str, upper: str, lower: str, gtin: str) -> QuerySet[Listing]:
    """Return the listings of the product with one of three SKUs, or that GTIN."""
    codes = Variant.objects.filter(Q(sku__in=[typed, upper, lower]) | Q(gtin=gtin), is_active=True)
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
