"""Other words for the same thing, as staff keep them."""

from __future__ import annotations

from shop.kept import Kept
from shop.models import Synonym
from shop.search.words import PIECE, fold, stem


def other_words(groups: list[str]) -> dict[str, list[tuple[str, ...]]]:
    """Return, for each single word of some groups (“rucksack, backpack”), the other ways to say it."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for group in groups:
        ways = [tuple(PIECE.findall(fold(way))) for way in group.split(",")]
        ways = [way for way in ways if way]
        for way in ways:
            # The query is read word by word, so only what is one word can be looked up.
            if len(way) == 1:
                found.setdefault(stem(way[0]), []).extend(other for other in ways if other != way)
    return found


def _load() -> dict[str, list[tuple[str, ...]]]:
    return other_words(list(Synonym.objects.values_list("words", flat=True)))


_kept = Kept(_load)
known_synonyms = _kept.get
forget_synonyms = _kept.forget
