"""What the lean pages read that the shop does not keep for them: their own indexes, so that no change of ours slows them."""

from __future__ import annotations

from django.db import connection

STATEMENTS = (
    """CREATE INDEX lean_department ON shop_product (department_id, created_at DESC, id DESC)
       WHERE is_published AND price_from_minor IS NOT NULL""",
    """CREATE INDEX lean_category ON shop_product (category_id, created_at DESC, id DESC)
       WHERE is_published AND price_from_minor IS NOT NULL""",
    """CREATE TABLE lean_words AS
       SELECT id AS product_id, to_tsvector('simple', name || ' ' || brand) AS document FROM shop_product""",
    "CREATE INDEX lean_words_document ON lean_words USING gin (document)",
)


def make_lean_tables() -> None:
    """Write them, once the goods are there."""
    with connection.cursor() as cursor:
        for statement in STATEMENTS:
            cursor.execute(statement)
