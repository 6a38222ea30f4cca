"""Find the answer that fits: by topic, by how far an order is, and by the words somebody types."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.urls import reverse

from orders.models import Order
from shop.kept import Kept
from shop.languages import current_language, default_language
from shop.search.words import SHORTEST_PREFIX, Term, clean_query, index_text, stems_of, terms_of_query, words_in
from support.markdown import as_words
from support.models import HelpText, Stage

MOST_SUGGESTED = 3
# How much a word of a title says against one further down.
IN_TITLE, IN_SUMMARY, IN_BODY = 4.0, 2.0, 0.5
FITS_TOPIC, FITS_STAGE = 3.0, 1.0
# A word that stands in most articles tells none of them from the others.
COMMON = 0.5
# Below this, what somebody types says nothing about an article.
ENOUGH = 1.0
LONGEST_TYPED = 1000


@dataclass(frozen=True, slots=True)
class Answer:
    """An article in one language, as lists and suggestions show it. ``words`` are those of title, summary and text."""

    slug: str
    topic: str
    stage: str
    language: str
    title: str
    summary: str
    words: tuple[frozenset[str], frozenset[str], frozenset[str]]

    @property
    def url(self) -> str:
        """Its page, in the language that is spoken now."""
        return reverse("support:article", args=[self.slug])


def _load() -> dict[str, list[Answer]]:
    """Read all articles that are shown, by language. One query; a shop has some dozens of them."""
    found: dict[str, list[Answer]] = {}
    shown = HelpText.objects.filter(article__is_published=True).select_related("article")
    for text in shown.order_by("article__position", "article__slug"):
        parts = (f"{text.title} {text.keywords}", text.summary, as_words(text.body))
        words = tuple(_indexed(part, text.language) for part in parts)
        article = text.article
        made = Answer(article.slug, article.topic, article.stage, text.language, text.title, text.summary, words)
        found.setdefault(text.language, []).append(made)
    return found


def _indexed(text: str, language: str) -> frozenset[str]:
    # Both as they stand and without their endings: “delivered” is looked for as it is typed, too.
    return frozenset([*words_in(text), *index_text([text], language).split()])


_kept = Kept(_load)
forget_answers = _kept.forget


def answers() -> list[Answer]:
    """Return what is shown in the language spoken now, in its order; what has no text in it, in the default one."""
    known = _kept.get()
    mine = known.get(current_language(), [])
    slugs = {one.slug for one in mine}
    return [*mine, *(one for one in known.get(default_language(), []) if one.slug not in slugs)]


def search(query: str) -> list[Answer]:
    """Return the articles in which every word of a query stands, or begins one; best first."""
    terms = terms_of_query(clean_query(query), {})
    if not terms:
        return []
    scored = [(_score(terms, one), one) for one in answers()]
    return [one for score, one in sorted(scored, key=lambda pair: -pair[0]) if score]


def _score(terms: Sequence[Term], answer: Answer) -> float:
    total = 0.0
    for term in terms:
        best = max(
            (weight for part, weight in _weighed(answer) if any(_has_all(part, way) for way in term.ways)), default=0.0
        )
        if not best:
            return 0.0
        total += best
    return total


def _weighed(answer: Answer) -> Iterable[tuple[frozenset[str], float]]:
    return zip(answer.words, (IN_TITLE, IN_SUMMARY, IN_BODY), strict=True)


def _has_all(words: frozenset[str], tokens: Sequence[str]) -> bool:
    return all(_has(words, token) for token in tokens)


def _has(words: frozenset[str], token: str) -> bool:
    if token in words or any(form in words for form in stems_of(token)):
        return True
    return len(token) >= SHORTEST_PREFIX and any(word.startswith(token) for word in words)


def suggest(*, topic: str = "", stage: str = "", typed: str = "", most: int = MOST_SUGGESTED) -> list[Answer]:
    """Return the articles that answer best what somebody is about to write.

    ``stage`` is how far their order is; empty: nobody knows. What is about another stage is left out, and so is
    whatever neither topic nor words speak for.
    """
    candidates = [one for one in answers() if not (stage and one.stage and one.stage != stage)]
    by_words = _spoken_for(candidates, typed)
    scored = []
    for one in candidates:
        fits = FITS_TOPIC if topic and one.topic == topic else 0.0
        told = by_words.get(one.slug, 0.0)
        if fits or told >= ENOUGH:
            scored.append((fits + told + (FITS_STAGE if stage and one.stage == stage else 0.0), one))
    return [one for _score, one in sorted(scored, key=lambda pair: -pair[0])[:most]]


def _spoken_for(candidates: Sequence[Answer], typed: str) -> dict[str, float]:
    """Say how much the words of a message speak for each article: the fewer articles a word stands in, the more."""
    found: dict[str, float] = {}
    for word in dict.fromkeys(words_in(typed[:LONGEST_TYPED])):
        if len(word) < SHORTEST_PREFIX:
            continue
        forms = {word, *stems_of(word)}
        having = [
            (one.slug, max(weight for part, weight in _weighed(one) if forms & part))
            for one in candidates
            if any(forms & part for part in one.words)
        ]
        if having and len(having) <= len(candidates) * COMMON:
            for slug, weight in having:
                found[slug] = found.get(slug, 0.0) + weight / len(having)
    return found


def stage_of(order: Order) -> str:
    """Return how far an order is as articles know it; empty where that says nothing. Reads its lines."""
    lines = list(order.lines.all())
    live = sum(line.quantity - line.cancelled for line in lines)
    if not live or not order.is_paid:
        return ""
    if sum(line.delivered for line in lines) >= live:
        return Stage.DELIVERED
    return Stage.SENT if any(line.shipped for line in lines) else Stage.OPEN


def sitemap_paths() -> list[str]:
    """Return the addresses of the help pages, for search engines."""
    known = _kept.get().get(default_language(), [])
    return [reverse("support:help"), *(reverse("support:article", args=[one.slug]) for one in known)]
