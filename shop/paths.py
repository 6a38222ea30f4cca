"""Paths of pages that have a short name in them: each is worked out once per language, for pages are full of them."""

from __future__ import annotations

from functools import lru_cache

from django.urls import reverse
from django.utils.translation import get_language

MOST_KEPT = 20_000


def path_of(page: str, name: str = "") -> str:
    """Return the path of a page in the language that is spoken now: ``path_of("shop:product", "mug")``.

    Raises NoReverseMatch for a name that no path may have.
    """
    return _path(page, name, get_language())


@lru_cache(maxsize=MOST_KEPT)
def _path(page: str, name: str, language: str | None) -> str:
    # The language stands in the key, and reverse takes it from the thread.
    return reverse(page, args=[name] if name else [])
