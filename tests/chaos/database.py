"""Look into the shop's database from outside: what is leased, what is due, who is connected.

The nemesis asks here whether a fault hits work in flight. The checker never does: it reads the
export and other people's ledgers only.
"""

from __future__ import annotations

import sqlite3
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

OURSELVES = "chaos"
# Suppliers are polled for ever: their due times are no backlog.
FOR_EVER = "suppliers_supplier"
Lease = tuple[str, int, int]


class Look(ABC):
    """One connection for reading; subclasses know the dialect."""

    # The time now, and a minute from now: longer than any pause of a run, shorter than any deadline.
    now = soon = ""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tables = [str(row[0]) for row in self.rows(self.find_tables())]

    @abstractmethod
    def find_tables(self) -> str:
        """Return the query that names every table of due work."""

    @abstractmethod
    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query."""

    def leases(self) -> set[Lease]:
        """Return what is in some worker's hands at this moment: table, id, attempt."""
        # A leased row is due at its lease's end; only the due time has an index.
        held = f"due_at IS NOT NULL AND lease_until > {self.now}"
        parts = [f"SELECT '{t}', id, attempt FROM {t} WHERE {held}" for t in self._tables]
        return {(str(table), int(pk), int(attempt)) for table, pk, attempt in self.rows(" UNION ALL ".join(parts))}

    def still_held(self, leases: set[Lease]) -> set[Lease]:
        """Return those of some leases that nobody gave back: the same attempt still has the row."""
        parts = [f"SELECT '{t}', id, attempt, lease_until IS NULL FROM {t}" for t in {lease[0] for lease in leases}]
        if not parts:
            return set()
        ids = ",".join(str(lease[1]) for lease in leases)
        now = {
            (table, pk): (attempt, free)
            for table, pk, attempt, free in self.rows(
                " UNION ALL ".join(f"{part} WHERE id IN ({ids})" for part in parts)
            )
        }
        return {lease for lease in leases if now.get(lease[:2]) == (lease[2], 0)}

    def due(self) -> int:
        """Count the rows that are due now or in somebody's hands, and the events not delivered yet."""
        return sum(int(count) for _table, count in self._work(self.now))

    def what_is_to_come(self) -> str:
        """Name the tables with work in them; also what was offered to a worker and is not due until offered again."""
        return ", ".join(f"{table} {count}" for table, count in self._work(self.soon) if count)

    def _work(self, until: str) -> list[tuple[Any, ...]]:
        parts = [
            f"SELECT '{t}', count(*) FROM {t} WHERE due_at IS NOT NULL AND (due_at <= {until} OR lease_until > {self.now})"
            for t in self._tables
            if t != FOR_EVER
        ]
        parts.append("SELECT 'orders_event', count(*) FROM orders_event WHERE delivered_at IS NULL")
        return self.rows(" UNION ALL ".join(parts))

    def attempts(self) -> int:
        """Return how many times anything was taken so far."""
        parts = [f"SELECT coalesce(sum(attempt), 0) FROM {t}" for t in self._tables]
        return sum(int(row[0]) for row in self.rows(" UNION ALL ".join(parts)))

    def failed_mails(self) -> int:
        """Count the mails whose last try failed."""
        return int(self.rows("SELECT count(*) FROM notifications_notification WHERE failures > 0")[0][0])


class PostgresLook(Look):
    """PostgreSQL: also ends other people's connections."""

    now = "now()"
    soon = "now() + interval '60 seconds'"

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection = psycopg.connect(url, autocommit=True, application_name=OURSELVES)
        super().__init__()

    def find_tables(self) -> str:
        return (
            "SELECT table_name FROM information_schema.columns"
            " WHERE column_name = 'lease_until' AND table_schema = 'public' ORDER BY 1"
        )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self._lock, self._connection.cursor() as cursor:
            return [
                tuple(int(value) if isinstance(value, bool) else value for value in row)
                for row in cursor.execute(query)
            ]

    def terminate(self, *, only_busy: bool) -> tuple[int, int]:
        """End the shop's connections; return how many, and how many of them were in a transaction."""
        busy = "AND xact_start IS NOT NULL" if only_busy else ""
        mine = f"datname = current_database() AND application_name <> '{OURSELVES}' AND backend_type = 'client backend'"
        query = f"SELECT xact_start IS NOT NULL, pg_terminate_backend(pid) FROM pg_stat_activity WHERE {mine} {busy}"
        ended = self.rows(query)
        return len(ended), sum(row[0] for row in ended)

    def blocked(self) -> int:
        """Count the connections that wait for somebody's lock."""
        mine = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        return int(self.rows(f"SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted AND {mine}")[0][0])

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold what every writer of an order needs."""
        with psycopg.connect(self.url, application_name=OURSELVES) as connection:
            connection.execute("LOCK TABLE orders_order, orders_event, orders_reaction IN EXCLUSIVE MODE")
            yield
            connection.rollback()

    def close(self) -> None:
        self._connection.close()


class SqliteLook(Look):
    """SQLite: a file; who writes holds the whole of it."""

    now = "strftime('%Y-%m-%d %H:%M:%f', 'now')"
    soon = "strftime('%Y-%m-%d %H:%M:%f', 'now', '+60 seconds')"

    def __init__(self, file: Path) -> None:
        self.file = file
        self._connection = sqlite3.connect(file, timeout=30, isolation_level=None, check_same_thread=False)
        super().__init__()

    def find_tables(self) -> str:
        return (
            "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) p"
            " WHERE m.type = 'table' AND p.name = 'lease_until' ORDER BY 1"
        )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(query).fetchall()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the write lock, as a long transaction would."""
        connection = sqlite3.connect(self.file, timeout=30, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")
            connection.close()

    def close(self) -> None:
        self._connection.close()


def look_into(url: str) -> PostgresLook | SqliteLook:
    """Open the shop's database by its DATABASE_URL."""
    if url.startswith("postgres"):
        return PostgresLook(url)
    return SqliteLook(Path(urlsplit(url).path))
