"""The database's own full-text index of the listings, kept in step by the database itself.

PostgreSQL: a generated ``tsvector`` column with a GIN index, and trigrams of the known words. SQLite: an FTS5
table without content of its own, fed by triggers. Neither is a field of a model, so no migration of a model
can describe them; and SQLite drops a table's triggers whenever a migration rebuilds it. Hence they are put up
after every migrate, where they are missing.
"""

from __future__ import annotations

from django.db import connection

COLUMNS = ("name_words", "key_words", "group_words", "body_words")
WEIGHTS = "ABCD"

_NEW, _OLD = (", ".join(f"{row}.{name}" for name in COLUMNS) for row in ("new", "old"))
_NAMES = ", ".join(COLUMNS)
_FORGET = f"INSERT INTO shop_listing_fts(shop_listing_fts, rowid, {_NAMES}) VALUES ('delete', old.product_id, {_OLD});"  # noqa: S608 - names of our own columns
_LEARN = f"INSERT INTO shop_listing_fts(rowid, {_NAMES}) VALUES (new.product_id, {_NEW});"  # noqa: S608 - names of our own columns

SQLITE = (
    f"""CREATE VIRTUAL TABLE IF NOT EXISTS shop_listing_fts USING fts5(
        {_NAMES}, content='shop_listing', content_rowid='product_id', prefix='3 4', tokenize='unicode61')""",
    f"CREATE TRIGGER IF NOT EXISTS listing_words_in AFTER INSERT ON shop_listing BEGIN {_LEARN} END",
    f"CREATE TRIGGER IF NOT EXISTS listing_words_out AFTER DELETE ON shop_listing BEGIN {_FORGET} END",
    f"""CREATE TRIGGER IF NOT EXISTS listing_words_changed AFTER UPDATE OF {_NAMES} ON shop_listing
        BEGIN {_FORGET} {_LEARN} END""",
)
NAMES_VECTOR = "to_tsvector('simple'::regconfig, name_words)"
_VECTOR = " || ".join(
    f"setweight(to_tsvector('simple'::regconfig, {name}), '{weight}')"
    for name, weight in zip(COLUMNS, WEIGHTS, strict=True)
)
POSTGRESQL = (
    f"ALTER TABLE shop_listing ADD COLUMN IF NOT EXISTS document tsvector GENERATED ALWAYS AS ({_VECTOR}) STORED",
    "CREATE INDEX IF NOT EXISTS listing_document ON shop_listing USING gin (document)",
    # Of its own: asked for a weight, the index above must look at every row that has the word anywhere.
    f"CREATE INDEX IF NOT EXISTS listing_names ON shop_listing USING gin ({NAMES_VECTOR})",
    "CREATE INDEX IF NOT EXISTS search_word_trigrams ON shop_searchword USING gin (word gin_trgm_ops)",
)
_INSTALLED = {
    "sqlite": "SELECT count(*) = 3 FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'listing_words_%'",
    "postgresql": "SELECT to_regclass('listing_names') IS NOT NULL AND to_regclass('search_word_trigrams') IS NOT NULL",
}


def install() -> bool:
    """Put up what is missing of the index; what SQLite's triggers missed is read again. Safe to repeat.

    Returns False where there are no listings to index: the database was migrated back to before them.
    """
    if "shop_listing" not in connection.introspection.table_names():
        # Migrated back to before there were lists.
        return False
    with connection.cursor() as cursor:
        cursor.execute(_INSTALLED[connection.vendor])
        if cursor.fetchone()[0]:
            return True
        for statement in SQLITE if connection.vendor == "sqlite" else POSTGRESQL:
            cursor.execute(statement)
    refill()
    return True


def refill() -> None:
    """Have SQLite read its full-text index anew from the listings. PostgreSQL's cannot differ."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO shop_listing_fts(shop_listing_fts) VALUES ('rebuild')")
