"""Queries whose SQL is written once: for a few rows Django takes longer to write it than the database to answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import NotSupportedError, connection, connections
from django.db.backends.utils import CursorWrapper
from django.db.models import Model, QuerySet
from django.db.models.query import get_related_populators
from django.db.models.sql import UpdateQuery
from django.db.models.sql.compiler import SQLCompiler

Value = int | str | date | datetime
# Neither a number nor a moment like these is ever meant.
NO_NUMBER, NO_MOMENT = 2_000_000_000, datetime(1, 1, 2, tzinfo=UTC)
Rows = list[tuple[Any, ...]]
Converters = dict[int, tuple[list[Callable[..., Any]], Any]]
# What a query is made into: its SQL, what it is told, and how what comes back is read.
Read = Callable[[CursorWrapper], Any]
Written = tuple[str, Sequence[object], Read]


class PreparedSQL:
    """SQL that is asked again and again with other values, and gives plain rows.

    ``build`` makes it from these values, with what it is told beside it. It is called once per thread and kinds of
    values, with stand-ins, and each value must stand exactly once in what the database is told, as it is: a number,
    a text, a day or a moment.
    """

    # False where the best way to find the rows depends on the values.
    has_one_plan = False

    def __init__(self, build: Callable[..., Any]) -> None:
        self._build = build
        self._own = threading.local()

    def __call__(self, *values: Value) -> Any:
        """Return the rows for some values; one query."""
        sql, places, read = self._known(tuple(map(type, values)))
        try:
            return self._ask(sql, places, read, values)
        except NotSupportedError:
            # A migration has widened a column beneath a plan that is kept: all plans of this connection go. In a
            # transaction they go with its rollback, at which psycopg drops what it has prepared.
            if not self.has_one_plan or connection.in_atomic_block:
                raise
            with connection.cursor() as cursor:
                cursor.execute("DEALLOCATE ALL")
            return self._ask(sql, places, read, values)

    def _ask(
        self,
        sql: str,
        places: list[tuple[bool, Any]],
        read: Read,
        values: Sequence[Value],
    ) -> Any:
        with connection.cursor() as cursor:
            known = [_as_told(value) for value in values]
            # What is written down of statements is to be read with its values.
            if self.has_one_plan and connection.vendor == "postgresql" and not connection.queries_logged:
                known = _let_plan_once(cursor, known)
            cursor.execute(sql, [known[place] if is_value else place for is_value, place in places])
            return read(cursor)

    def _known(self, kinds: tuple[type, ...]) -> tuple[str, list[tuple[bool, Any]], Read]:
        known = self._own.__dict__.setdefault("written", {})
        # Each thread has a connection of its own, and in tests not always the same one.
        here = connections[connection.alias]
        if kinds not in known or known[kinds][0] is not here:
            known[kinds] = here, self._mark(kinds)
        return known[kinds][1]

    def _mark(self, kinds: tuple[type, ...]) -> tuple[str, list[tuple[bool, Any]], Read]:
        stand_ins = [_stand_in(kind, place) for place, kind in enumerate(kinds)]
        sql, told, read = self._write(*stand_ins)
        marks = [_as_told(one) for one in stand_ins]
        places = [(True, marks.index(one)) if one in marks else (False, one) for one in told]
        if sorted(place for is_value, place in places if is_value) != list(range(len(marks))):
            raise ValueError("a value does not stand exactly once in the query")
        return sql, places, read

    def _write(self, *marks: Value) -> Written:
        return *self._build(*marks), _all_rows


class Prepared(PreparedSQL):
    """The same for a query of Django's (``values_list``), which ``build`` returns, and whose columns are read as Django does.

    The database keeps its plan, too: the rows must be found in the same way whatever the values are.
    """

    has_one_plan = True

    def _write(self, *marks: Value) -> Written:
        compiler = self._build(*marks).query.get_compiler(connection.alias)
        sql, told = compiler.as_sql()
        return sql, told, partial(_converted, compiler, _converters(compiler))


class PreparedRows(Prepared):
    """The same for a query that gives rows of a model, with what it selects with them (``select_related``)."""

    def _write(self, *marks: Value) -> Written:
        query = self._build(*marks)
        compiler = query.query.get_compiler(connection.alias)
        sql, told = compiler.as_sql()
        return sql, told, partial(_models_of, compiler, _converters(compiler))

    def first(self, *values: Value) -> Any:
        """Return the first row for some values as an object; None if there is none."""
        return next(iter(self(*values)), None)


class PreparedUpdate(Prepared):
    """The same for an UPDATE: ``build`` returns the rows and what becomes of their columns; gives how many were changed."""

    def __call__(self, *values: Value) -> int:
        try:
            return super().__call__(*values)
        except EmptyResultSet:
            # Its rows can be none whatever the values: among an empty list, say.
            return 0

    def _write(self, *marks: Value) -> Written:
        rows, changes = self._build(*marks)
        query = rows.query.chain(UpdateQuery)
        query.add_update_values(changes)
        return *query.get_compiler(connection.alias).as_sql(), _how_many


def _all_rows(cursor: CursorWrapper) -> Rows:
    return list(cursor.fetchall())


def _how_many(cursor: CursorWrapper) -> int:
    return cursor.rowcount


def _converters(compiler: SQLCompiler) -> Converters:
    """Return what turns the columns of a written query into values; Django looks for them anew at each query."""
    return compiler.get_converters([column for column, _sql, _alias in compiler.select[: compiler.col_count]])


def _converted(compiler: SQLCompiler, converters: Converters, cursor: CursorWrapper) -> Rows:
    rows = cursor.fetchall()
    return list(map(tuple, compiler.apply_converters(rows, converters))) if converters else list(rows)


def _models_of(compiler: SQLCompiler, converters: Converters, cursor: CursorWrapper) -> list[Any]:
    """Make objects of rows, as Django does of those of a query it has just written (``ModelIterable``)."""
    model, places = compiler.klass_info["model"], compiler.klass_info["select_fields"]
    names = [column.target.attname for column, _sql, _alias in compiler.select[places[0] : places[-1] + 1]]
    beside = get_related_populators(compiler.klass_info, compiler.select, connection.alias)
    found = []
    for row in _converted(compiler, converters, cursor):
        one = model.from_db(connection.alias, names, row[places[0] : places[-1] + 1])
        for populator in beside:
            populator.populate(row, one)
        found.append(one)
    return found


def _let_plan_once(cursor: CursorWrapper, values: Sequence[Any]) -> list[object]:
    """Have PostgreSQL keep the statement with its plan for as long as the connection lasts; return the values for it.

    Django's own cursors write values into the statement, so each is another one; this one sends them beside it, and
    after a few times (``prepare_threshold``, see ``config.environment``) only its name.
    """
    from django.db.backends.postgresql.base import ServerBindingCursor  # needs psycopg, which SQLite does not
    from psycopg.types.numeric import Int8

    cursor.cursor.close()
    cursor.cursor = ServerBindingCursor(connection.connection)
    # A small number is of another type than a large one, and another type another statement.
    return [Int8(value) if isinstance(value, int) else value for value in values]


def any_of(build: Callable[..., QuerySet[Any]]) -> Prepared:
    """Return the question whether there is any of the rows that ``build`` gives, for what hardly ever has some."""
    asked = Prepared(lambda *values: build(*values).order_by().values_list("pk")[:1])
    # Of old and of new rows there may be any number, so the database looks at the values each time.
    asked.has_one_plan = False
    return asked


def _stand_in(kind: type, place: int) -> Value:
    if kind is str:
        return f"\0{place}"
    if issubclass(kind, date):
        moment = NO_MOMENT + timedelta(days=place)
        return moment if kind is datetime else moment.date()
    return NO_NUMBER - place


def _as_told(value: Value) -> Any:
    """Return what Django makes of a value for this database."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return connection.ops.adapt_datefield_value(value) if isinstance(value, date) else value


def columns_of(model: type[Model], names: Iterable[str] | None = None) -> tuple[str, ...]:
    """Return the columns of a model, or some of them, in the order in which ``from_db`` reads them."""
    wanted = None if names is None else set(names)
    return tuple(field.attname for field in model._meta.concrete_fields if wanted is None or field.attname in wanted)
