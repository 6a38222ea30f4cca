"""Count what the rows of a sample have, in one pass."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from operator import attrgetter

from shop.lists.arrivals import Arrivals
from shop.lists.prices import bands, least_catalogue_price
from shop.lists.sample import Row
from shop.models import Category, TaxClass
from shop.tax import Terms
from shop.tree import Tree


@dataclass(slots=True)
class Counts:
    """How many rows have each value, and how many there are; the keys are as in the address."""

    number: int = 0
    within: Counter[str] = field(default_factory=Counter)
    prices: Counter[str] = field(default_factory=Counter)
    in_stock: int = 0
    days: Counter[date] = field(default_factory=Counter)
    ratings: Counter[int] = field(default_factory=Counter)
    brands: Counter[str] = field(default_factory=Counter)
    facts: Counter[str] = field(default_factory=Counter)

    def by(self, day: date) -> int:
        """How many arrive by a day."""
        return sum(count for other, count in self.days.items() if other <= day)

    def rated(self, stars: int) -> int:
        """How many have at least so many stars."""
        return sum(count for tenths, count in self.ratings.items() if tenths >= 10 * stars)


class Reader:
    """Reads rows with a visitor's eyes: at the prices and days of one country. Remembers what it worked out."""

    def __init__(self, terms: Terms, arrivals: Arrivals, tree: Tree, roots: Iterable[Category]) -> None:
        self.terms = terms
        self.arrivals = arrivals
        self.tree = tree
        self.roots = list(roots)
        self.bands = bands(terms.currency)
        edges = [int(band.partition("-")[0]) for band in self.bands]
        # In prices of the catalogue, so that none has to be worked out to find its band.
        kinds = TaxClass.values[:1] if terms.includes_tax else TaxClass.values
        known = {kind: [least_catalogue_price(edge, terms, kind) for edge in edges] for kind in kinds}
        self._edges = {kind: known.get(kind) or known[TaxClass.values[0]] for kind in TaxClass.values}

    def band(self, row: Row) -> str:
        """In which band its price is, as shown."""
        return self.bands[bisect_right(self._edges[row.tax_class], row.price_minor) - 1]

    def price(self, row: Row) -> int:
        """What it costs as shown, at least; minor units."""
        return self.terms.unit_minor(row.price_minor, row.tax_class)

    def day(self, row: Row) -> date | None:
        """By which day it would be there."""
        return self.arrivals.day_of(
            row.profile_id, self.terms.unit_minor(row.usual_minor, row.tax_class), row.handling, row.sent_to
        )

    def count(self, rows: Sequence[Row]) -> Counts:
        """Count all that filters ask for.

        Rows that are alike are put together first, so that what takes thinking is done once for each kind.
        """
        found = Counts(len(rows), brands=_tally(rows, "brand"), in_stock=_tally(rows, "is_available")[True])
        found.brands.pop("", None)
        found.ratings = _tally(rows, "rating_tenths")
        found.ratings.pop(None, None)
        found.prices = Counter(map(self.band, rows))
        for category_id, number in _tally(rows, "category_id").items():
            if (place := self.tree.place_under(category_id, self.roots)) is not None:
                found.within[place.slug] += number
        for row, number in self._alike(rows):
            if (day := self.day(row)) is not None:
                found.days[day] += number
        # All lists in one text: the parser starts once.
        found.facts.update(chain.from_iterable(json.loads(f"[{','.join(row.facts for row in rows)}]")))
        return found

    def _alike(self, rows: Sequence[Row]) -> list[tuple[Row, int]]:
        """Return one row of each kind that arrives on the same day, and how many of its kind there are."""
        by_price = {profile for profile in {row.profile_id for row in rows} if self.arrivals.depends_on_price(profile)}
        kinds = [
            (row.profile_id, row.handling, row.sent_to, (row.usual_minor, row.tax_class))
            if row.profile_id in by_price
            else (row.profile_id, row.handling, row.sent_to, None)
            for row in rows
        ]
        examples = dict(zip(kinds, rows, strict=True))
        return [(examples[kind], number) for kind, number in Counter(kinds).items()]


def _tally(rows: Sequence[Row], *names: str) -> Counter:
    return Counter(map(attrgetter(*names), rows))
