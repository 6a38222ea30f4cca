"""What large lists hold, as it was a moment ago: finding, counting and ranking a thousand takes longer than all else.

Only lists without filters are kept; others are read anew each time. What the goods cost, whether they are there and
what they are called is read anew in any case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from shop.kept import Kept, Recently
from shop.lists.counts import Counts
from shop.lists.facets import Facet
from shop.models import Listing

SECONDS = 60
FEW = 200
MOST_KEPT = 200
# From so many goods on, a search is worth keeping even where it finds little.
LARGE_SHOP = 10_000


class Boxes(NamedTuple):
    """What can be ticked, in words: all of it, the best of it, and what to drop where nothing is left."""

    facets: tuple[Facet, ...]
    promoted: list[dict[str, object]]
    ways_out: list[dict[str, object]]


@dataclass(frozen=True, slots=True)
class Whole:
    """A list as far as its page needs it.

    ``ids`` in the order of its pages, at most MOST of them; ``size`` at most MOST + 1; ``counts`` of the list without
    filters; ``meant`` what a search was read as, where a word was mistyped; ``boxes`` by language, once they are asked for.
    """

    ids: Sequence[int]
    size: int
    counts: Counts
    meant: str = ""
    is_search: bool = False
    boxes: dict[str, Boxes] = field(default_factory=dict)


def _is_worth_it(whole: Whole) -> bool:
    # Of a few words the database must put long lists of places together, however little is left in the end.
    return whole.size > FEW or (whole.is_search and _is_large_shop.get())


_is_large_shop = Kept(lambda: Listing.objects.order_by("pk")[LARGE_SHOP : LARGE_SHOP + 1].exists())
wholes: Recently[tuple[object, ...], Whole] = Recently(MOST_KEPT, seconds=SECONDS, is_worth_it=_is_worth_it)
