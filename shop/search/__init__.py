"""Find products by words: forgiving about case, accents, plural, order and one wrong letter."""

from shop.search.words import clean_query

__all__ = ["clean_query"]
