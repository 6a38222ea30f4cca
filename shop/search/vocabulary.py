"""Words that are typed whole: to look for a word costs a large shop a tenth of what the beginning of one costs it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.db.models import Q

from shop.kept import KeptEach
from shop.models import SearchWord
from shop.search.words import STEMS, stem, stems_of

SHORTEST = 3
# Of a word with more longer ones than this, or of a query with more in all, only the beginnings are looked for.
MOST_FORMS, MOST_READ = 12, 300
# Other processes learn a new word after so long; until then it is not found by its beginning alone.
SECONDS = 60


def _load(tokens: Collection[str]) -> Mapping[str, tuple[str, ...]]:
    begun = Q()
    for token in tokens:
        begun |= Q(word__startswith=token)
    words = list(SearchWord.objects.filter(begun).values_list("word", flat=True)[: MOST_READ + 1])
    if len(words) > MOST_READ:
        return {}
    found = {token: _forms(token, [word for word in words if word.startswith(token)]) for token in tokens}
    return {token: forms for token, forms in found.items() if forms}


def _forms(token: str, words: list[str]) -> tuple[str, ...]:
    """Return how a token stands in the index, given the known words that begin with it; nothing if it is no word itself."""
    longer = [shorten(word) for word in words for shorten in (stem, *STEMS.values())]
    if token not in words and token not in longer:
        return ()
    forms = dict.fromkeys([token, *stems_of(token), *(form for form in longer if form.startswith(token))])
    return tuple(forms) if len(forms) <= MOST_FORMS else ()


_kept = KeptEach(_load, seconds=SECONDS)
forget_words = _kept.forget


def whole_words(tokens: Collection[str]) -> Mapping[str, tuple[str, ...]]:
    """Return, for those of some folded words that are words of the catalogue, all words of the index that they find.

    That is themselves, without their endings, and longer words of names, brands, groups and options that begin with
    them. Mostly no query.
    """
    asked = [token for token in dict.fromkeys(tokens) if len(token) >= SHORTEST and token.isalpha()]
    return _kept.get(asked) if asked else {}
