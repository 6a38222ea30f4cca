"""What the words typed so far may become: categories and products, a handful, cheap enough to ask at each letter."""

from __future__ import annotations

from itertools import islice

from shop.search.query import matching, name_scorer, with_code
from shop.search.spelling import begun
from shop.search.synonyms import known_synonyms
from shop.search.vocabulary import whole_words
from shop.search.words import Term, index_text, terms_of_query, tokens_of
from shop.tree import category_tree

MOST = 8
MOST_CATEGORIES = 2
SHORTEST = 2
# So many are looked at and the best of them shown: at each letter, not all hits can be ranked.
LOOKED_AT = 60


def suggestions(typed: str) -> list[dict[str, str]]:
    """Return at most eight rows, each with ``text``, ``url`` and ``kind``; one query, three where a word was mistyped."""
    terms = terms_of_query(typed, known_synonyms())
    if len("".join(term.typed for term in terms)) < SHORTEST:
        return []
    found = _products(typed, terms)
    if not found:
        meant = begun(terms)
        terms, found = meant, _products("", meant) if meant != terms else []
    rows = _categories(terms)
    return rows + found[: MOST - len(rows)]


def _categories(terms: list[Term]) -> list[dict[str, str]]:
    tree = category_tree()
    score = name_scorer(terms)
    named = (
        category
        for category in tree.by_id.values()
        if score(index_text([category.name, *category.names.values()])) >= len(terms)
    )
    return [
        {
            "text": f"{category.parent.local_name}: {category.local_name}" if category.parent else category.local_name,
            "url": category.get_absolute_url(),
            "kind": "category",
        }
        for category in islice(named, MOST_CATEGORIES)
    ]


def _products(typed: str, terms: list[Term]) -> list[dict[str, str]]:
    found = list(with_code(typed).select_related("product")[:1]) if any(char.isdigit() for char in typed) else []
    known = {listing.pk for listing in found}
    # The last word may still be begun.
    named = (
        matching(terms, whole_words(tokens_of(terms[:-1])), in_name=True)
        .filter(product__is_published=True)
        .select_related("product")
    )
    score = name_scorer(terms)
    columns = ("name_words", "is_available", "product__name", "product__names", "product__slug")
    best = sorted(
        named.only(*columns)[:LOOKED_AT],
        key=lambda listing: (not listing.is_available, -score(listing.name_words), -listing.pk),
    )
    found += [listing for listing in best if listing.pk not in known]
    return [
        {"text": listing.product.local_name, "url": listing.product.get_absolute_url(), "kind": "product"}
        for listing in found[:MOST]
    ]
