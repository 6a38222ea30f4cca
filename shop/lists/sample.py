"""Read what is needed to count and to rank: at most a thousand rows, however large the shop, in one statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Q, QuerySet

from shop.models import Listing

# No list is counted further, and no search ranks more.
MOST = 1_000
COLUMNS = (
    "product_id",
    "is_available",
    "price_minor",
    "usual_minor",
    "tax_class",
    "category_id",
    "brand",
    "delivery_profile_id",
    "handling_max_days",
    "sent_to",
    "rating_tenths",
    "facts",
)
RANKED = (*COLUMNS, "name_words")


class Row(NamedTuple):
    """One listing as far as counting needs it; ``branch`` is which of the questions it answers."""

    branch: int
    product_id: int
    is_available: bool
    price_minor: int
    usual_minor: int
    tax_class: str
    category_id: int
    brand: str
    profile_id: int | None
    handling: int
    sent_to: str
    rating_tenths: int | None
    facts: str
    name_words: str = ""


# What is asked: all listings of the list, those that fit all filters, and for each ticked group those that fit
# all others: its values stay to be chosen from.
BASE, ALL = "base", "all"


class Sample:
    """The rows of each question, each at most once and at most MOST + 1 of them."""

    def __init__(self, rows: Mapping[str, list[Row]], groups: Iterable[str]) -> None:
        self._rows = rows
        self._groups = list(groups)

    @property
    def base(self) -> list[Row]:
        """Those of the list without any filter."""
        return self._rows[BASE if self._groups else ALL]

    @property
    def all(self) -> list[Row]:
        """Those that fit all filters."""
        return self._rows[ALL]

    def without(self, group: str) -> list[Row]:
        """Those that fit all filters but one group's, which may not be ticked at all."""
        if group not in self._groups:
            return self.all
        return self.base if len(self._groups) == 1 else self._rows[group]


def take_sample(
    bases: list[QuerySet[Listing]], conditions: Mapping[str, Q], *, columns: Sequence[str] = COLUMNS
) -> Sample:
    """Ask all questions of a list in one statement.

    ``bases``: what the list is made of, the best first; whoever is in the first is not looked for in the next.
    ``conditions``: what each ticked group asks for. ``columns``: RANKED where names decide the order.
    """
    groups = list(conditions)
    asked: dict[str, list[str]] = {ALL: groups}
    if groups:
        asked[BASE] = []
    if len(groups) > 1:
        asked |= {group: [other for other in groups if other != group] for group in groups}
    branches = [
        # Where filters narrow a list, any thousand rows will do; in an order they would cost a sort of all.
        (name, base.filter(*[conditions[group] for group in wanted]).order_by() if wanted else base)
        for name, wanted in asked.items()
        # The best first matters where rows are ranked; to count, one question in the widest is enough.
        for base in (bases if name == ALL else bases[-1:])
    ]
    found: dict[str, dict[int, Row]] = {name: {} for name in asked}
    for row in _union([listings.values_list(*columns) for _name, listings in branches]):
        found[branches[row.branch][0]].setdefault(row.product_id, row)
    return Sample({name: list(rows.values())[: MOST + 1] for name, rows in found.items()}, groups)


def sample_of(rows: Iterable[tuple[object, ...]]) -> Sample:
    """Return the sample of a list without any filter, whose rows a statement about its ``bases`` has found."""
    found: dict[int, Row] = {}
    for one in rows:
        row = Row(*one)  # type: ignore[arg-type]
        found.setdefault(row.product_id, row)
    return Sample({ALL: list(found.values())[: MOST + 1]}, [])


def _union(branches: list[QuerySet[Listing]]) -> list[Row]:
    sql, params = statement_of(branches)
    if not sql:
        return []
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [Row(*row) for row in cursor.fetchall()]


def statement_of(branches: Sequence[QuerySet[Listing]]) -> tuple[str, list[object]]:
    """Return one statement for several questions, and what it is told; each row begins with the number of its question."""
    # The ORM cannot limit the parts of a union on SQLite; as tables of their own it can be done.
    asked = _statements(branches)
    parts = [f"SELECT {number} AS branch, part{number}.* FROM ({sql}) part{number}" for number, sql, _values in asked]  # noqa: S608 - made by the ORM
    return " UNION ALL ".join(parts), [value for _number, _sql, values in asked for value in values]


def statement_until_enough(branches: Sequence[QuerySet[Listing]]) -> tuple[str, list[object]]:
    """Return the same for questions of which a later one is not asked where one before it fills the sample."""
    asked, parts, before = _statements(branches), [], ""
    for number, _sql, _values in asked:
        parts.append(f"SELECT {number} AS branch, part{number}.* FROM part{number}{before}")  # noqa: S608 - numbers
        before += f"{' AND' if before else ' WHERE'} (SELECT COUNT(*) FROM part{number}) <= {MOST}"  # noqa: S608 - numbers
    named = ", ".join(f"part{number} AS ({sql})" for number, sql, _values in asked)
    return f"WITH {named} {' UNION ALL '.join(parts)}", [value for _number, _sql, values in asked for value in values]


def statement_of_best(best: QuerySet[Listing], every: QuerySet[Listing]) -> tuple[str, list[object]]:
    """Return the same for rows of which the ``best`` are only asked for where they might not be among a sample of ``every``."""
    (_first, chosen, wanted), (_second, whole, told) = _statements([best, every])
    sql = (
        f"WITH part1 AS ({chosen}), part2 AS ({whole}) "  # noqa: S608 - made by the ORM
        f"SELECT 1 AS branch, part1.* FROM part1 WHERE (SELECT COUNT(*) FROM part2) > {MOST} "
        "UNION ALL SELECT 2 AS branch, part2.* FROM part2"
    )
    return sql, [*wanted, *told]


def _statements(branches: Sequence[QuerySet[Listing]]) -> list[tuple[int, str, tuple[object, ...]]]:
    """Return number, SQL and values of those questions that can have an answer."""
    found = []
    for number, listings in enumerate(branches):
        with suppress(EmptyResultSet):
            found.append((number, *listings[: MOST + 1].query.sql_with_params()))
    return found
