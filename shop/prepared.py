"""Queries whose SQL is written once: for a few rows Django takes longer to write it than the database to answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

from django.db import connection, connections
from django.db.models import Model, QuerySet
from django.db.models.sql.compiler import SQLCompiler

Value = int | str


class Prepared:
    """A query that gives plain rows (``values_list``) and is asked again and again with other values.

    ``build`` makes it from these values. It is called once per thread and kinds of values, with stand-ins, and each
    value must stand exactly once in what the database is told, as it is: a number, or a text.
    """

    def __init__(self, build: Callable[..., QuerySet[Any]]) -> None:
        self._build = build
        self._own = threading.local()

    def __call__(self, *values: Value) -> list[tuple[Any, ...]]:
        """Return the rows for some values; one query."""
        compiler, sql, places = self._written(tuple(map(type, values)))
        given = [values[place] if is_value else place for is_value, place in places]
        with connection.cursor() as cursor:
            cursor.execute(sql, given)
            found = cursor.fetchall()
        return list(compiler.results_iter(results=[found], tuple_expected=True))

    def _written(self, kinds: tuple[type, ...]) -> tuple[SQLCompiler, str, list[tuple[bool, Any]]]:
        known = self._own.__dict__.setdefault("written", {})
        # Each thread has a connection of its own, and in tests not always the same one.
        if kinds not in known or known[kinds][0].connection is not connections[connection.alias]:
            known[kinds] = self._write(kinds)
        return known[kinds]

    def _write(self, kinds: tuple[type, ...]) -> tuple[SQLCompiler, str, list[tuple[bool, Any]]]:
        # Neither a number nor a text like these is ever meant.
        marks = [f"\0{place}" if kind is str else -2_000_000_000 - place for place, kind in enumerate(kinds)]
        compiler = self._build(*marks).query.get_compiler(connection.alias)
        sql, told = compiler.as_sql()
        places = [(True, marks.index(one)) if one in marks else (False, one) for one in told]
        if sorted(place for is_value, place in places if is_value) != list(range(len(marks))):
            raise ValueError("a value does not stand exactly once in the query")
        return compiler, sql, places


def columns_of(model: type[Model], names: Iterable[str] | None = None) -> tuple[str, ...]:
    """Return the columns of a model, or some of them, in the order in which ``from_db`` reads them."""
    wanted = None if names is None else set(names)
    return tuple(field.attname for field in model._meta.concrete_fields if wanted is None or field.attname in wanted)
