"""The filters as the page shows them: each value with its count and its box, in a place that it keeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from math import inf

from django.utils.translation import gettext as _

from shop.lists.counts import Counts, Reader
from shop.lists.filters import Filters, Pair, price_range
from shop.lists.prices import band_label
from shop.lists.sample import MOST, Row, Sample
from shop.models.texts import worded
from shop.words import day

MOST_VALUES = 10
MOST_FACTS = 4
SHARED_BY = 1.4
# "4 stars and up" and "3 stars and up": below that nobody looks for goods.
STARS = ("4", "3")
MOST_PROMOTED = 3
FEWEST_TO_DIVIDE = 5


@dataclass(frozen=True, slots=True)
class Value:
    """One box to tick. ``count`` in words: “12”, or “12+” where only a part was counted; empty if unknown."""

    param: str
    value: str
    label: str
    number: int
    count: str
    ticked: bool

    @property
    def pair(self) -> Pair:
        """As the address has it."""
        return self.param, self.value

    @property
    def is_empty(self) -> bool:
        """True if ticking it would find nothing; a box that is ticked can always be cleared."""
        return self.count == "0" and not self.ticked


@dataclass(frozen=True, slots=True)
class Facet:
    """The boxes of one question."""

    group: str
    title: str
    values: tuple[Value, ...]


class FacetMaker:
    """Makes the facets of one list from what was counted of it.

    ``base`` is that of the list without any filter, ``sample`` its rows: only where something is ticked are they asked.
    """

    def __init__(self, filters: Filters, reader: Reader, base: Counts, sample: Sample | None = None) -> None:
        self.filters = filters
        self.reader = reader
        self.base = base
        self.sample = sample or Sample({}, [])
        self._counted: dict[int, Counts] = {id(sample.base): base} if sample else {}

    def counts(self, group: str) -> tuple[Counts, bool]:
        """Return what fits all other filters than a group's, and whether there is more than was counted."""
        counts = self._count(group) if self.filters.groups else self.base
        return counts, counts.number > MOST

    def _count(self, group: str) -> Counts:
        rows = self.sample.without(group)
        if id(rows) not in self._counted:
            self._counted[id(rows)] = self.reader.count(rows)
        return self._counted[id(rows)]

    def facets(self) -> tuple[Facet, ...]:
        """Return the facets that have a choice to offer, in the order of the page."""
        found = [self._within(), self._arrival(), self._price(), self._rating(), self._brand()]
        found += map(self._fact, self._fact_names())
        ticked = self.filters.groups
        return tuple(facet for facet in found if len(facet.values) > 1 or (facet.values and facet.group in ticked))

    def is_found_alone(self, group: str) -> bool:
        """True if one group's filter, without all others, would find something."""
        ticked, base = self.filters, self.base
        if group == "by":
            return base.by(max(map(date.fromisoformat, ticked.by))) > 0
        if group == "rating":
            return base.rated(min(map(int, ticked.ratings))) > 0
        if group == "price":
            return any(self._in_range(text, self.sample.base) for text in ticked.prices)
        counted = {"in": base.within, "brand": base.brands, "stock": Counter({"1": base.in_stock})}.get(
            group, base.facts
        )
        return any(counted[value] for _param, value in ticked.groups[group])

    # --- one question each

    def _within(self) -> Facet:
        counts, more = self.counts("in")
        slugs = self.filters.within
        roots = [root for root in self.reader.roots if root.slug in self.base.within or root.slug in slugs]
        values = [self._value("in", root.slug, root.local_name, counts.within[root.slug], more) for root in roots]
        title = _("Department") if any(root.parent_id is None for root in roots) else _("Kind")
        return Facet("in", title, tuple(values))

    def _arrival(self) -> Facet:
        counts, more = self.counts("by")
        days = sorted(self.base.days)
        # The soonest, one in the middle, and the last: more choice than that is none.
        offered = {days[0], days[len(days) // 2], days[-1]} if days else set()
        offered |= {date.fromisoformat(text) for text in self.filters.by}
        values = [
            self._value("by", when.isoformat(), _("by %(day)s") % {"day": day(when)}, counts.by(when), more)
            for when in sorted(offered)
        ]
        stock, more = self.counts("stock")
        if self.base.in_stock < self.base.number or self.filters.in_stock:
            values.append(self._value("stock", "1", _("Can be ordered now"), stock.in_stock, more))
        return Facet("by", _("Availability"), tuple(values))

    def _price(self) -> Facet:
        counts, more = self.counts("price")
        own = [text for text in self.filters.prices if text not in self.reader.bands]
        texts = sorted(
            [band for band in self.reader.bands if self.base.prices[band] or band in self.filters.prices] + own,
            key=_ends,
        )
        values = []
        for text in texts:
            low, high = price_range(text)
            is_band = text in self.reader.bands
            number = counts.prices[text] if is_band else self._in_range(text, self.sample.without("price"))
            values.append(self._value("price", text, band_label(low, high, self.reader.terms.currency), number, more))
        return Facet("price", _("Price"), tuple(values))

    def _in_range(self, text: str, rows: Iterable[Row]) -> int:
        low, high = price_range(text)
        return sum(low <= price and (high is None or price < high) for price in map(self.reader.price, rows))

    def _rating(self) -> Facet:
        counts, more = self.counts("rating")
        offered = {*(STARS if self.base.ratings else ()), *self.filters.ratings}
        values = [
            self._value("rating", stars, _("%(stars)s stars and up") % {"stars": stars}, counts.rated(int(stars)), more)
            for stars in sorted(offered, reverse=True)
        ]
        return Facet("rating", _("Rating"), tuple(values))

    def _brand(self) -> Facet:
        counts, more = self.counts("brand")
        names = self._names(self.base.brands, self.filters.brands)
        return Facet(
            "brand", _("Brand"), tuple(self._value("brand", name, name, counts.brands[name], more) for name in names)
        )

    def _fact(self, name: str) -> Facet:
        group = f"f:{name}"
        counts, more = self.counts(group)
        prefix = f"{name}:"
        base = Counter({fact: count for fact, count in self.base.facts.items() if fact.startswith(prefix)})
        names = self._names(base, [fact for fact in self.filters.facts if fact.startswith(prefix)])
        labels = {fact: worded(fact.removeprefix(prefix), about=name) for fact in names}
        values = [self._value("f", fact, labels[fact], counts.facts[fact], more) for fact in names]
        return Facet(group, worded(name), tuple(sorted(values, key=lambda value: _natural(value.label))))

    def _fact_names(self) -> list[str]:
        """Return the attributes by which this list is best divided: those whose values many goods share."""
        goods: Counter[str] = Counter()
        values: Counter[str] = Counter()
        for fact, count in self.base.facts.items():
            name = fact.partition(":")[0]
            goods[name] += count
            values[name] += 1
        # A value that one thing alone has is found by looking, not by ticking.
        shared = {name: goods[name] - values[name] for name in goods if goods[name] >= SHARED_BY * values[name]}
        good = sorted((name for name in shared if values[name] > 1), key=lambda name: (-shared[name], name))
        best = sorted(good[:MOST_FACTS])
        return best + [name for name in self._ticked_facts() if name not in best]

    def _ticked_facts(self) -> list[str]:
        return list(dict.fromkeys(fact.partition(":")[0] for fact in self.filters.facts))

    # --- parts

    @staticmethod
    def _names(counter: Counter[str], ticked: Iterable[str]) -> list[str]:
        """Return the most frequent values and those ticked, by name, so that each keeps its place."""
        best = sorted(counter, key=lambda name: (-counter[name], name))[:MOST_VALUES]
        return sorted({*best, *ticked}, key=_natural)

    def _value(self, param: str, value: str, label: str, number: int, more: bool) -> Value:
        # Of a list that was counted in part, "0" would be a guess.
        count = f"{number}+" if more and number else "" if more else str(number)
        return Value(param, value, label, number, count, (param, value) in self.filters.ticked)


def _ends(text: str) -> tuple[float, float]:
    low, high = price_range(text)
    return low, inf if high is None else high


def _natural(text: str) -> tuple[object, ...]:
    """Sort 350 ml before 1.2 litres only if the unit is the same, and 5 before 10."""
    head = text.split(" ", 1)[0].replace(",", ".")
    try:
        return (0, float(head), text.casefold())
    except ValueError:
        return (1, 0.0, text.casefold())


def chips(facets: Iterable[Facet], filters: Filters) -> list[dict[str, str]]:
    """Return what is ticked, each with the address of the list without it."""
    return [
        {"label": f"{facet.title}: {value.label}", "query": filters.address(without=[value.pair])}
        for facet in facets
        for value in facet.values
        if value.ticked
    ]


def promoted(facets: Iterable[Facet], filters: Filters, total: int) -> list[dict[str, object]]:
    """Return the filters that divide the list best, one of a question, as links. Parts of a category have links already."""

    def halves(value: Value) -> int:
        return abs(2 * value.number - total)

    if total < FEWEST_TO_DIVIDE:
        return []
    best = [
        (min(choice, key=halves), facet)
        for facet in facets
        if (facet.group != "in" or filters.query)
        and (choice := [value for value in facet.values if 0 < value.number < total])
    ]
    best = sorted(best, key=lambda one: halves(one[0]))[:MOST_PROMOTED]
    return [
        {
            # "2 years" alone would say nothing.
            "label": f"{facet.title}: {value.label}" if value.param == "f" else value.label,
            "count": value.count,
            "query": filters.address(plus=[value.pair]),
        }
        for value, facet in best
    ]


def ways_out(facets: Iterable[Facet], maker: FacetMaker) -> list[dict[str, object]]:
    """Say what to do where nothing fits all filters: which one to drop, the one that frees most first.

    Where dropping one is not enough, which one to keep: ``number`` is then 0.
    """
    filters, sample = maker.filters, maker.sample
    labels: dict[str, str] = {
        facet.group: ", ".join(value.label for value in facet.values if value.ticked) for facet in facets
    }
    # What can be ordered now is asked for among the days of arrival.
    labels["stock"] = _("Can be ordered now")
    labels["by"] = labels.get("by", "").removesuffix(f", {labels['stock']}")
    found = [
        {
            "label": labels.get(group, ""),
            "number": min(len(sample.without(group)), MOST),
            "query": filters.address(without=pairs),
        }
        for group, pairs in filters.groups.items()
        if sample.without(group)
    ]
    if found:
        return sorted(found, key=lambda way: -int(way["number"]))
    return [
        {"label": labels.get(group, ""), "number": 0, "query": filters.address(without=filters.ticked - set(pairs))}
        for group, pairs in filters.groups.items()
        if maker.is_found_alone(group)
    ]
