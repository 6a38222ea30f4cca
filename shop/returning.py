"""Write rows and read what became of them, in one statement."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connections, router
from django.db.models import Model, QuerySet
from django.db.models.constants import OnConflict
from django.db.models.sql import InsertQuery, UpdateQuery


def update_returning(rows: QuerySet, names: Sequence[str], **changes: object) -> list[tuple[object, ...]]:
    """Do what ``rows.update(**changes)`` does, and return some columns of the rows it has changed.

    A read before would know less (it may be late at once), and one after costs a statement more. PostgreSQL and
    SQLite both know RETURNING; Django's own ``update`` does not say it.
    """
    query = rows.order_by().query.chain(UpdateQuery)
    query.add_update_values(changes)
    statement, values = query.get_compiler(rows.db).as_sql()
    if not statement:
        return []
    connection = connections[rows.db]
    fields = [rows.model._meta.pk if name == "pk" else rows.model._meta.get_field(name) for name in names]
    columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} RETURNING {columns}", values)
        return cursor.fetchall()


def insert_once(row: Model) -> bool:
    """Write a new row down and give it its id, unless a unique column says that it is there already; True if it is new.

    One statement, and no savepoint: whoever was faster is waited for, and the constraint decides. Where it is False
    the caller reads what is there, and must find it: SQLite lets any other constraint hold its row back silently, too.
    No signals are sent.
    """
    using = router.db_for_write(type(row), instance=row)
    connection = connections[using]
    fields = [field for field in row._meta.concrete_fields if field is not row._meta.pk]
    query = InsertQuery(type(row), on_conflict=OnConflict.IGNORE)
    query.insert_values(fields, [row])
    ((statement, values),) = query.get_compiler(using).as_sql()
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} RETURNING {connection.ops.quote_name(row._meta.pk.column)}", values)
        written = cursor.fetchone()
    if written is None:
        return False
    row.pk = written[0]
    for field in fields:
        if hasattr(getattr(row, field.attname), "resolve_expression"):
            # What the database has worked out is read when it is asked for.
            del row.__dict__[field.attname]
    row._state.adding, row._state.db = False, using
    return True
