"""Put a list together: a category's or a search's, filtered, counted, in order, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.core.paginator import Page, Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _, ngettext

from shop.card_rows import Row as CardRow, card_rows, cards, rows_of
from shop.delivery import services_into
from shop.lists.arrivals import Arrivals
from shop.lists.counts import Reader
from shop.lists.facets import FacetMaker, chips, promoted, ways_out
from shop.lists.filters import Filters, price_range, read_filters
from shop.lists.prices import price_between
from shop.lists.sample import MOST, RANKED, Row, Sample, take_sample
from shop.models import Category, Listing, ListingFact
from shop.search.query import matching, name_scorer, with_code
from shop.search.spelling import corrected, words_like
from shop.search.synonyms import known_synonyms
from shop.search.words import Term, clean_query, terms_of_query
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


@dataclass(frozen=True, slots=True)
class View:
    """With whose eyes a list is read, and what was ticked."""

    filters: Filters
    terms: Terms
    tree: Tree
    arrivals: Arrivals
    reader: Reader

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
    arrivals = Arrivals(services_into(terms.country), terms, timezone.now())
    return View(
        read_filters(request.GET, query=query), terms, tree, arrivals, Reader(terms, arrivals, tree, roots(tree))
    )


def category_list(request: HttpRequest, shown: Category) -> dict[str, object]:
    """Return what the page of a category shows; four statements, whatever is on it."""
    view = _view(request, lambda tree: tree.children(shown))
    within = Q(department=shown) if shown.parent_id is None else Q(category_id__in=view.tree.ids_within(shown))
    conditions = view.conditions()
    sample = take_sample([Listing.objects.filter(within).order_by("-is_available", "-pk")], conditions)
    page = _page(request, sample)
    # Only where there are more than were read does the database put them in order.
    is_first = view.filters.sort == "new" and not view.filters.groups
    if view.filters.sort == "soonest" or is_first or len(sample.all) <= MOST:
        return _context(view, sample, page, _of_rows(_ranked(sample, [], view), page))
    shown_rows: list[CardRow] = []
    if page.object_list:
        found = Listing.objects.filter(within, *conditions.values()).order_by(*ORDERS[view.filters.sort])
        shown_rows = card_rows(found, page.object_list[0], page.object_list[-1] + 1)
    return _context(view, sample, page, shown_rows)


def search_list(request: HttpRequest, query: str) -> dict[str, object]:
    """Return what the page of a search shows; four statements, two more where a word was mistyped."""
    view = _view(request, lambda tree: tree.departments, query)
    asked = terms_of_query(query, known_synonyms())
    conditions, terms = view.conditions(), asked
    sample = take_sample(_found(query, terms), conditions, columns=RANKED)
    if asked and not sample.base:
        terms = corrected(asked)
        if terms != asked:
            sample = take_sample(_found("", terms), conditions, columns=RANKED)
    page = _page(request, sample)
    context = _context(view, sample, page, _of_rows(_ranked(sample, terms, view), page))
    if terms != asked and sample.base:
        context["meant"] = " ".join(term.typed for term in terms)
    if not sample.base:
        context["nearest"] = words_like(term.typed for term in asked)
    return context


def _found(query: str, terms: Sequence[Term]) -> list[QuerySet[Listing]]:
    # A thousand are ranked: those of that very code and name must be among them.
    return [with_code(query), matching(terms, in_name=True), matching(terms)]


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


def _of_rows(rows: Sequence[Row], page: Page) -> list[CardRow]:
    return rows_of([rows[place].product_id for place in page.object_list])


def _page(request: HttpRequest, sample: Sample) -> Page:
    return Paginator(range(min(len(sample.all), MOST)), PER_PAGE).get_page(clean_query(request.GET.get("page", "1")))


def _context(view: View, sample: Sample, page: Page, shown: Sequence[CardRow]) -> dict[str, object]:
    maker = FacetMaker(view.filters, sample, view.reader)
    facets, total = maker.facets(), len(sample.all)
    applied = chips(facets, view.filters)
    return {
        "cards": cards(shown, view.terms, services=view.arrivals.services),
        "page_obj": page,
        "total": min(total, MOST),
        "more": total > MOST,
        "total_words": _items(total),
        "more_words": _more(page),
        "show_words": _("Show 1,000+ items")
        if total > MOST
        else ngettext("Show %(count)d item", "Show %(count)d items", total) % {"count": total},
        "facets": facets,
        "chips": applied,
        "promoted": promoted(facets, view.filters, total),
        "ways_out": [] if total else ways_out(facets, maker),
        "cleared": Filters(view.filters.query, view.filters.sort).address(),
        "querystring": view.filters.address(),
        "sorts": _sorts(view.filters),
        "filters": view.filters,
    }


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
