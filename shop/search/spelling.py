"""What a mistyped word may have meant: words of the catalogue that are one slip away, or at least look alike."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from string import ascii_lowercase

from django.db import connection
from django.db.models import BooleanField, F
from django.db.models.expressions import RawSQL
from django.db.models.functions import Length

from shop.models import SearchWord
from shop.search.synonyms import known_synonyms
from shop.search.words import Term

SHORTEST = 3
MOST_MEANT = 5
MOST_COMPARED = 5_000


def one_slip_away(word: str) -> set[str]:
    """Return every text that one wrong, missing, doubled or swapped letter away from a word.

    Some 400 for a word of seven letters: few enough to look each up in an ordinary index, on any database.
    """
    letters = sorted(set(ascii_lowercase) | set(word))
    splits = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    found = {left + right[1:] for left, right in splits if right}
    found |= {left + right[1] + right[0] + right[2:] for left, right in splits if len(right) > 1}
    found |= {left + letter + right[1:] for left, right in splits if right for letter in letters}
    found |= {left + letter + right for left, right in splits for letter in letters}
    return found - {word}


def corrected(terms: Sequence[Term]) -> list[Term]:
    """Return the terms with what each unknown one may have meant in its place; one query. The same if nothing is near."""
    slips = {term.typed: one_slip_away(term.typed) for term in terms if _can_slip(term)}
    asked = set(slips).union(*slips.values()) if slips else set()
    known = set(SearchWord.objects.filter(word__in=asked).values_list("word", flat=True)) | (
        asked & set(known_synonyms())
    )
    return [_meant(term, slips.get(term.typed, set()) & known) if term.typed not in known else term for term in terms]


def _can_slip(term: Term) -> bool:
    return len(term.typed) >= SHORTEST and term.typed.isalpha()


def _meant(term: Term, near: set[str]) -> Term:
    if not near:
        return term
    # The first letter is seldom the wrong one.
    best = sorted(near, key=lambda word: (word[0] != term.typed[0], abs(len(word) - len(term.typed) - 1), word))
    best = best[:MOST_MEANT]
    more = [way for word in best for way in known_synonyms().get(word, [])]
    return Term(best[0], tuple((word,) for word in best) + tuple(more))


def begun(terms: Sequence[Term]) -> list[Term]:
    """Return the terms with what the last one, half typed and with a slip in it, may become; one query.

    Slips in its first two letters are not seen: those say where to look.
    """
    last = terms[-1]
    if not _can_slip(last):
        return list(terms)
    slips = one_slip_away(last.typed)
    lengths = range(max(SHORTEST, len(last.typed) - 1), len(last.typed) + 2)
    near = SearchWord.objects.filter(word__startswith=last.typed[:2]).values_list("word", flat=True)[:MOST_COMPARED]
    found = {word for word in near if any(word[:length] in slips for length in lengths)}
    return [*terms[:-1], _meant(last, found)]


def words_like(words: Iterable[str]) -> list[str]:
    """Return known words that look like some that nothing was found for, the nearest first; one query."""
    word = max((word for word in words if len(word) >= SHORTEST), key=len, default="")
    if not word:
        return []
    if connection.vendor == "postgresql":
        alike = SearchWord.objects.filter(RawSQL("word %% %s", [word], BooleanField())).annotate(
            near=RawSQL("word <-> %s", [word])
        )
        return list(alike.order_by("near", "word").values_list("word", flat=True)[:MOST_MEANT])
    # SQLite has no trigrams of ours; its shops are small, and few words begin alike.
    sized = SearchWord.objects.filter(word__startswith=word[0]).annotate(length=Length(F("word")))
    sized = sized.filter(length__range=(len(word) - 3, len(word) + 3)).values_list("word", flat=True)[:MOST_COMPARED]
    return difflib.get_close_matches(word, list(sized), n=MOST_MEANT, cutoff=0.6)
