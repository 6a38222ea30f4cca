"""How the database is emptied after a test that commits."""

from __future__ import annotations

from django.db import connection, transaction

from config.nightly import keep_row
from config.roles import keep_roles
from shop.search.index import keep_index
from shop.vat import fill_tax
from support.actions.articles import keep_articles
from support.first_macros import keep_macros
from support.levels import keep_levels

# What migrate fills, in its order.
FILLED_BY_MIGRATE = (fill_tax, keep_index, keep_levels, keep_macros, keep_articles, keep_row, keep_roles)
# The same for ever: no test makes or removes a model.
KEPT = {"auth_permission", "django_content_type"}
# Their triggers refuse DELETE.
APPEND_ONLY = {"orders_approval", "orders_paper"}


def empty_tables() -> None:
    """Empty every table that has rows, and fill again what is never empty.

    Django empties all hundred, has PostgreSQL make a new file for each table and index, and asks every app
    for its permissions anew: that takes longer than most tests.
    """
    tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - KEPT
    has_rows = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})" for table in sorted(tables))
    # Foreign keys are looked at when it is over.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(has_rows)
        filled = {table for (table,) in cursor.fetchall()}
        if connection.vendor == "postgresql":
            for table in filled & APPEND_ONLY:
                cursor.execute(f"TRUNCATE {table} CASCADE")
            filled -= APPEND_ONLY
        for table in filled:
            cursor.execute(f"DELETE FROM {table}")
    for fill in FILLED_BY_MIGRATE:
        fill(sender=None, using="default")
