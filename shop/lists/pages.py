"""Put a list together: a category's or a search's, filtered, counted, in order, page by page."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from django.core.paginator import Page, Paginator
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _, ngettext

from shop.card_rows import Row as CardRow, card_rows, cards, rows_of
from shop.delivery import services_into
from shop.languages import current_language
from shop.lists.arrivals import Arrivals
from shop.lists.counts import Reader
from shop.lists.facets import FacetMaker, chips, promoted, ways_out
from shop.lists.filters import Filters, price_range, read_filters
from shop.lists.large import Boxes, Whole, wholes
from shop.lists.prices import price_between
from shop.lists.sample import (
    MOST,
    RANKED,
    Row,
    Sample,
    sample_of,
    statement_of_best,
    statement_until_enough,
    take_sample,
)
from shop.models import Category, DeliveryService, Listing, ListingFact
from shop.prepared import PreparedSQL
from shop.search.query import (
    Words,
    answering,
    asked_for,
    coded,
    matching,
    may_be_code,
    name_scorer,
    ways_to_write,
    with_code,
)
from shop.search.spelling import corrected, words_like
from shop.search.synonyms import known_synonyms
from shop.search.vocabulary import whole_words
from shop.search.words import Term, clean_query, terms_of_query, tokens_of
from shop.tax import Terms
from shop.tree import Tree, category_tree
from shop.visitor import terms_of

PER_PAGE = 24
# The place among the questions of a search that asks for the very code.
WITH_CODE = 0
ORDERS = {
    "new": ("-is_available", "-pk"),
    "price": ("-is_available", "price_minor", "-pk"),
    "price-down": ("-is_available", "-price_minor", "-pk"),
}


@dataclass(frozen=True)
class View:
    """With whose eyes a list is read, and what was ticked; ``roots`` are the parts that the list is divided into."""

    filters: Filters
    terms: Terms
    tree: Tree
    services: Mapping[int, Sequence[DeliveryService]]
    roots: Sequence[Category]

    @cached_property
    def arrivals(self) -> Arrivals:
        """When goods would arrive; a list that was read lately does not ask."""
        return Arrivals(self.services, self.terms, timezone.now())

    @cached_property
    def reader(self) -> Reader:
        """What reads rows with these eyes."""
        return Reader(self.terms, self.arrivals, self.tree, self.roots)

    def conditions(self) -> dict[str, Q]:
        """Return what each ticked group asks of a listing."""
        ticked, terms = self.filters, self.terms
        found: dict[str, Q] = {}
        for group in ticked.groups:
            if group == "in":
                found[group] = Q(category_id__in=self._categories())
            elif group == "price":
                ranges = [price_between("price_minor", *price_range(text), terms) for text in ticked.prices]
                found[group] = _any(ranges)
            elif group == "stock":
                found[group] = Q(is_available=True)
            elif group == "by":
                found[group] = self.arrivals.by(max(map(date.fromisoformat, ticked.by)))
            elif group == "rating":
                found[group] = Q(rating_tenths__gte=10 * min(map(int, ticked.ratings)))
            elif group == "brand":
                found[group] = Q(brand__in=ticked.brands)
            else:
                facts = [fact for fact in ticked.facts if f"f:{fact.partition(':')[0]}" == group]
                found[group] = Q(Exists(ListingFact.objects.filter(listing=OuterRef("pk"), fact__in=facts)))
        return found

    def _categories(self) -> list[int]:
        chosen = (self.tree.by_slug.get(slug) for slug in self.filters.within)
        return [pk for category in chosen if category for pk in self.tree.ids_within(category)]


def _any(conditions: Iterable[Q]) -> Q:
    found = Q(pk__in=[])
    for condition in conditions:
        found |= condition
    return found


def _view(request: HttpRequest, roots: Callable[[Tree], list[Category]], query: str = "") -> View:
    """Look up what is known of the visitor's country: two statements."""
    terms, tree = terms_of(request), category_tree()
    return View(read_filters(request.GET, query=query), terms, tree, services_into(terms.country), roots(tree))


def category_list(request: HttpRequest, shown: Category) -> dict[str, object]:
    """Return what the page of a category shows; four statements, whatever is on it."""
    view = _view(request, lambda tree: tree.children(shown))
    within = Q(department=shown) if shown.parent_id is None else Q(category_id__in=view.tree.ids_within(shown))
    conditions = view.conditions()

    def read() -> tuple[Whole, Sample]:
        sample = take_sample([Listing.objects.filter(within).order_by("-is_available", "-pk")], conditions)
        return _whole(sample, [], view), sample

    whole, sample = _read(view, read, "category", shown.pk)
    page = _page(request, whole)
    # Only where there are more than were read does the database put them in order.
    is_first = view.filters.sort == "new" and not view.filters.groups
    if view.filters.sort == "soonest" or is_first or whole.size <= MOST:
        return _context(view, whole, sample, page, _of_page(whole, page))
    shown_rows: list[CardRow] = []
    if page.object_list:
        found = Listing.objects.filter(within, *conditions.values()).order_by(*ORDERS[view.filters.sort])
        shown_rows = card_rows(found, page.object_list[0], page.object_list[-1] + 1)
    return _context(view, whole, sample, page, shown_rows)


def search_list(request: HttpRequest, query: str) -> dict[str, object]:
    """Return what the page of a search shows; four statements, two more where a word was mistyped."""
    view = _view(request, lambda tree: tree.departments, query)
    asked = terms_of_query(query, known_synonyms())
    whole, sample = _read(view, lambda: _searched(query, asked, view), query, *asked)
    page = _page(request, whole)
    context = _context(view, whole, sample, page, _of_page(whole, page))
    if whole.meant:
        context["meant"] = whole.meant
    if not whole.counts.number:
        context["nearest"] = words_like(term.typed for term in asked)
    return context


def _searched(query: str, asked: list[Term], view: View) -> tuple[Whole, Sample]:
    terms, conditions = asked, view.conditions()
    whole = whole_words(tokens_of(terms))
    sample = _sample(query, terms, whole, conditions)
    if whole and not sample.base:
        # Descriptions may have words that only begin so.
        sample = _sample(query, terms, {}, conditions)
    if asked and not sample.base:
        terms = corrected(asked)
        if terms != asked:
            sample = _sample("", terms, {}, conditions)
    is_meant = terms != asked and sample.base
    return _whole(sample, terms, view, meant=" ".join(term.typed for term in terms) if is_meant else ""), sample


def _read(view: View, read: Callable[[], tuple[Whole, Sample]], *asked: Hashable) -> tuple[Whole, Sample | None]:
    """Return what a list holds, and its rows where something is ticked; a large one without filters as it was lately."""
    if view.filters.groups:
        return read()
    return wholes.get((*asked, view.filters.sort, view.terms.key), lambda: read()[0]), None


def _whole(sample: Sample, terms: Sequence[Term], view: View, *, meant: str = "") -> Whole:
    ids = array("q", [row.product_id for row in _ranked(sample, terms, view)])
    return Whole(ids, len(sample.all), view.reader.count(sample.base), meant, bool(view.filters.query))


def _sample(query: str, terms: Sequence[Term], whole: Words, conditions: Mapping[str, Q]) -> Sample:
    if terms and not conditions:
        return _by_words(query, terms, whole)
    # A thousand are ranked: those of that very code and name must be among them.
    found = [with_code(query), matching(terms, whole, in_name=True), matching(terms, whole)]
    return take_sample(found, conditions, columns=RANKED)


def _by_words(query: str, terms: Sequence[Term], whole: Words) -> Sample:
    """Do what ``take_sample`` does without filters, by a statement that is written once."""
    asked = asked_for(terms, whole, in_name=True), asked_for(terms, whole)
    if may_be_code(query):
        return sample_of(_of_code_and_word(*ways_to_write(query), *asked))
    return sample_of(_of_words(*asked))


def _coded_named_said(*asked: str) -> tuple[str, list[object]]:
    questions = (coded(*asked[:-2]), answering(asked[-2], in_name=True), answering(asked[-1]))
    return statement_until_enough([listings.values_list(*RANKED) for listings in questions])


def _said_or_named(named: str, said: str) -> tuple[str, list[object]]:
    # Several words together are in few goods, and the database takes as long for their names alone as for all texts.
    best, every = answering(named, in_name=True), answering(said)
    return statement_of_best(best.values_list(*RANKED), every.values_list(*RANKED))


_of_code_and_word = PreparedSQL(_coded_named_said)
_of_words = PreparedSQL(_said_or_named)


def _ranked(sample: Sample, terms: Sequence[Term], view: View) -> list[Row]:
    """Put what was found in order. What can be bought comes first, but for the one that was asked for by its code."""
    rows, day, sort = sample.all[:MOST], view.reader.day, view.filters.sort
    score = name_scorer(terms)
    keys: dict[str, Callable[[Row], tuple[object, ...]]] = {
        "relevance": lambda row: (row.branch != WITH_CODE, not row.is_available, -score(row.name_words)),
        "price": lambda row: (not row.is_available, row.price_minor),
        "price-down": lambda row: (not row.is_available, -row.price_minor),
        "soonest": lambda row: (not row.is_available, day(row) or date.max),
        "new": lambda row: (not row.is_available,),
    }
    return sorted(rows, key=lambda row: (*keys[sort](row), -row.product_id))


def _of_page(whole: Whole, page: Page) -> list[CardRow]:
    return rows_of([whole.ids[place] for place in page.object_list])


def _page(request: HttpRequest, whole: Whole) -> Page:
    return Paginator(range(min(whole.size, MOST)), PER_PAGE).get_page(clean_query(request.GET.get("page", "1")))


def _context(
    view: View, whole: Whole, sample: Sample | None, page: Page, shown: Sequence[CardRow]
) -> dict[str, object]:
    boxes, total = _boxes(view, whole, sample), whole.size
    return {
        "cards": cards(shown, view.terms, services=view.services),
        "page_obj": page,
        "total": min(total, MOST),
        "more": total > MOST,
        "total_words": _items(total),
        "more_words": _more(page),
        "show_words": _("Show 1,000+ items")
        if total > MOST
        else ngettext("Show %(count)d item", "Show %(count)d items", total) % {"count": total},
        "facets": boxes.facets,
        "chips": chips(boxes.facets, view.filters),
        "promoted": boxes.promoted,
        "ways_out": boxes.ways_out,
        "cleared": Filters(view.filters.query, view.filters.sort).address(),
        "querystring": view.filters.address(),
        "sorts": _sorts(view.filters),
        "filters": view.filters,
    }


def _boxes(view: View, whole: Whole, sample: Sample | None) -> Boxes:
    language = current_language()
    known = whole.boxes.get(language)
    if known is None:
        maker = FacetMaker(view.filters, view.reader, whole.counts, sample)
        facets = maker.facets()
        out = [] if whole.size else ways_out(facets, maker)
        known = whole.boxes[language] = Boxes(facets, promoted(facets, view.filters, whole.size), out)
    return known


def _items(total: int) -> str:
    if total > MOST:
        return _("1,000+ items")
    return ngettext("%(count)d item", "%(count)d items", total) % {"count": total}


def _more(page: Page) -> str:
    """Say what loading more would add."""
    left = min(page.paginator.count - page.end_index(), PER_PAGE)
    return ngettext("Show %(count)d more", "Show %(count)d more", left) % {"count": left}


def _sorts(filters: Filters) -> list[tuple[str, str, bool]]:
    names = {
        "relevance": _("Best match"),
        "new": _("Newest first"),
        "price": _("Price, low to high"),
        "price-down": _("Price, high to low"),
        "soonest": _("Soonest arrival"),
    }
    offered = [key for key in names if filters.query or key != "relevance"]
    return [(key, names[key], key == filters.sort) for key in offered]
