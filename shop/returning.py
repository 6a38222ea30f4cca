"""Write rows and read what became of them, in one statement."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connections
from django.db.models import QuerySet
from django.db.models.sql import UpdateQuery


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
