"""What a word is: without case, accents and plural, the same in the index and in what visitors type."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

MOST_WORDS = 8
LONGEST_QUERY = 100
# Longer "words" are no words; they would only fatten the index.
LONGEST_WORD = 40
SHORTEST_PREFIX = 3
SHORTEST_STEM = 3
# What Unicode does not take apart into a letter and its accent.
LETTERS = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "’": ""})
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
PIECE = re.compile(r"[^\W_]+")


def clean_query(text: str) -> str:
    """Return what a visitor typed, without control characters and not longer than sensible."""
    return " ".join("".join(char if char.isprintable() else " " for char in text[:LONGEST_QUERY]).split())


def fold(text: str) -> str:
    """Return a text without case and accents: “Crème” and “CREME” are the same, and so are ß and ss."""
    if text.isascii():
        return text.lower().replace("'", "")
    plain = unicodedata.normalize("NFKD", text.casefold().replace("'", "").translate(LETTERS))
    return "".join(char for char in plain if not unicodedata.combining(char))


def stem(word: str) -> str:
    """Return a word without its plural ending, as far as that can be told without a dictionary."""
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1]


def words_in(text: str) -> list[str]:
    """Return the folded words of a text, in order. What hyphens join counts apart and as one."""
    return [word for term in text.split() for word in _words_of(term)]


@lru_cache(maxsize=8192)
def _words_of(term: str) -> tuple[str, ...]:
    """Take apart what stands between two spaces; a catalogue says the same again and again."""
    folded = fold(term)
    found = PIECE.findall(folded)
    if len(found) > 1:
        found.append("".join(found))
    spelt_out = folded if term.isascii() else fold(term.casefold().translate(UMLAUTS))
    if spelt_out != folded:
        # “Kueche” is how Küche is typed on a keyboard without ü.
        found += PIECE.findall(spelt_out)
    return tuple(word for word in found if len(word) <= LONGEST_WORD)


def german_stem(word: str) -> str:
    """Return a folded German word without its commonest endings: Tasse, Tassen and Kerzenständern lose them.

    Not more: what is left of a word must still be told from other words.
    """
    for ending in ("ern", "en", "er", "es", "em", "e", "n", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST_STEM:
            return word.removesuffix(ending)
    return word


STEMS = {"de": german_stem}


def index_text(texts: Iterable[str], language: str = "") -> str:
    """Return what the index holds of some texts in a language: each word once, without plural."""
    shorten = STEMS.get(language, stem)
    return " ".join(dict.fromkeys(shorten(word) for text in texts for word in words_in(text)))


def stems_of(word: str) -> list[str]:
    """Return what a typed word may stand for in the index, whichever language it is of; itself left out."""
    return [form for form in dict.fromkeys(shorten(word) for shorten in (stem, *STEMS.values())) if form != word]


def _synonym_keys(word: str) -> list[str]:
    # Synonyms are kept by their English stem, which leaves German words whole: Tassen is looked up as Tasse, too.
    plain = german_stem(word)
    return list(dict.fromkeys([stem(word), plain, f"{plain}e"]))


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a query, as ``typed``, and all that it may be found by: ``ways`` of which one must fit whole."""

    typed: str
    ways: tuple[tuple[str, ...], ...]


def tokens_of(terms: Iterable[Term]) -> list[str]:
    """Return all words by which some terms may be found."""
    return [token for term in terms for way in term.ways for token in way]


def terms_of_query(query: str, synonyms: dict[str, list[tuple[str, ...]]]) -> list[Term]:
    """Take a query apart; ``synonyms`` are other ways to say a word, by its stem."""
    terms: list[Term] = []
    for typed in query.split()[:MOST_WORDS]:
        pieces = tuple(piece[:LONGEST_WORD] for piece in PIECE.findall(fold(typed)))
        if not pieces:
            continue
        ways = [pieces]
        if len(pieces) > 1:
            ways.append(("".join(pieces)[:LONGEST_WORD],))
        ways += [way for key in _synonym_keys("".join(pieces)) for way in synonyms.get(key, [])]
        terms.append(Term(" ".join(pieces), tuple(dict.fromkeys(ways))))
    return terms
