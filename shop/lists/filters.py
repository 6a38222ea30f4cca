"""What a visitor ticked, as the address says it; what makes no sense is left out, never an error."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from urllib.parse import urlencode

from django.http import QueryDict

from shop.search.words import clean_query

# Nobody ticks more; a longer address is somebody's experiment.
MOST_VALUES = 20
LONGEST_VALUE = 160
SORTS = ("relevance", "new", "price", "price-down", "soonest")
PRICES = re.compile(r"(\d{1,9})-(\d{1,9})?", re.ASCII)
SLUG = re.compile(r"[\w-]{1,80}", re.ASCII)
STARS = re.compile(r"[1-5]", re.ASCII)

Pair = tuple[str, str]


@dataclass(frozen=True)
class Filters:
    """The values ticked, by the names they have in the address; ``facts`` as ``Colour:Sage``.

    A *group* is what one question asks: values of one group widen, groups narrow. Each fact's name is a
    group of its own (``f:Colour``), all other groups are called like their parameter.
    """

    query: str
    sort: str
    within: tuple[str, ...] = ()
    prices: tuple[str, ...] = ()
    in_stock: bool = False
    by: tuple[str, ...] = ()
    ratings: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()

    @cached_property
    def groups(self) -> dict[str, list[Pair]]:
        """The parameters of each group that is ticked."""
        found: dict[str, list[Pair]] = {}
        told = [
            ("in", self.within),
            ("by", self.by),
            ("stock", ("1",) if self.in_stock else ()),
            ("price", self.prices),
            ("rating", self.ratings),
        ]
        for name, values in (*told, ("brand", self.brands)):
            if values:
                found[name] = [(name, value) for value in values]
        for fact in self.facts:
            found.setdefault(f"f:{fact.partition(':')[0]}", []).append(("f", fact))
        return found

    @cached_property
    def ticked(self) -> set[Pair]:
        """All parameters of all groups."""
        return {pair for pairs in self.groups.values() for pair in pairs}

    def address(self, *, without: Iterable[Pair] = (), plus: Iterable[Pair] = ()) -> str:
        """Return the parameters of this list, less some and with others, always in one order; the first page."""
        dropped = set(without)
        kept = [("q", self.query)] if self.query else []
        kept += [pair for pairs in self.groups.values() for pair in pairs if pair not in dropped]
        kept += plus
        if self.sort != self.usual_sort:
            kept.append(("sort", self.sort))
        return urlencode(kept)

    @property
    def usual_sort(self) -> str:
        """The order that needs no parameter."""
        return "relevance" if self.query else "new"


def read_filters(asked: QueryDict, *, query: str = "") -> Filters:
    """Read an address; unknown parameters and values that no filter has are left out."""
    usual = "relevance" if query else "new"
    sort = asked.get("sort", "")
    is_known = sort in SORTS and (query or sort != "relevance")
    return Filters(
        query=query,
        sort=sort if is_known else usual,
        within=_values(asked, "in", SLUG),
        prices=tuple(text for text in _values(asked, "price", PRICES) if _is_range(text)),
        in_stock=asked.get("stock") == "1",
        by=tuple(text for text in _values(asked, "by", re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)) if _is_day(text)),
        ratings=_values(asked, "rating", STARS),
        brands=_values(asked, "brand", re.compile(r".+")),
        facts=_values(asked, "f", re.compile(r"[^:]+:.+")),
    )


def price_range(text: str) -> tuple[int, int | None]:
    """Return the two ends of ``1000-2500`` or ``10000-``: from the first, below the second; minor units."""
    low, _dash, high = text.partition("-")
    return int(low), int(high) if high else None


def _values(asked: QueryDict, name: str, pattern: re.Pattern[str]) -> tuple[str, ...]:
    texts = (clean_query(text[:LONGEST_VALUE]) for text in asked.getlist(name)[:MOST_VALUES])
    return tuple(dict.fromkeys(text for text in texts if pattern.fullmatch(text)))


def _is_range(text: str) -> bool:
    low, high = price_range(text)
    return high is None or low < high


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
