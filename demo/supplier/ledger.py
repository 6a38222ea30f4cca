"""Keep a supplier's books in one SQLite file, so that a restart forgets nothing."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    kind TEXT NOT NULL, id TEXT NOT NULL, reference TEXT NOT NULL, updated_at TEXT NOT NULL,
    document TEXT NOT NULL, private TEXT NOT NULL, PRIMARY KEY (kind, id));
CREATE INDEX IF NOT EXISTS documents_walk ON documents (kind, updated_at, id);
CREATE INDEX IF NOT EXISTS documents_reference ON documents (kind, reference);
CREATE TABLE IF NOT EXISTS effects (reference TEXT NOT NULL, supplier_id TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS keys (
    operation TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, status INTEGER NOT NULL,
    headers TEXT NOT NULL, body TEXT NOT NULL, stored_at REAL NOT NULL, PRIMARY KEY (operation, key));
CREATE TABLE IF NOT EXISTS walks (token TEXT PRIMARY KEY, terms TEXT NOT NULL, begun_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS steps (
    id INTEGER PRIMARY KEY, due REAL NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
    payload TEXT NOT NULL, parked INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS steps_due ON steps (parked, due, id);
CREATE TABLE IF NOT EXISTS hooks (
    id TEXT PRIMARY KEY, serial INTEGER NOT NULL, type TEXT NOT NULL, reference TEXT NOT NULL, body TEXT NOT NULL,
    state TEXT NOT NULL, copies INTEGER NOT NULL, attempts INTEGER NOT NULL, due REAL NOT NULL, last_status INTEGER);
CREATE INDEX IF NOT EXISTS hooks_due ON hooks (state, due);
CREATE TABLE IF NOT EXISTS requests (
    at TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, status INTEGER, key TEXT, request_id TEXT);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
TABLES = ("documents", "effects", "keys", "walks", "steps", "hooks", "requests", "settings")


def as_stamp(moment: datetime) -> str:
    """Write a moment as the contract does, always with microseconds, so that text order is time order."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass
class Record:
    """Hold one order, shipment, return, catalogue item or stock level.

    ``document`` is what the platform may see; ``private`` is what only the supplier knows.
    """

    kind: str
    id: str
    reference: str
    document: dict[str, Any]
    private: dict[str, Any] = field(default_factory=dict)


class Ledger:
    """Open the books; every use from any thread goes through one connection and one lock."""

    def __init__(self, path: Path | str) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        # NORMAL in WAL mode survives the process being killed at any instant, which is what tests
        # and demonstrations do to it; only a power cut could take the last moments.
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SCHEMA)
        newest = self.execute("SELECT max(updated_at) AS newest FROM documents").fetchone()["newest"]
        self._last = newest or ""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run a block as one transaction; inside another one it joins that."""
        with self._lock:
            if self._depth == 0:
                self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._db.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._db.execute("COMMIT")

    def execute(self, sql: str, *values: object) -> sqlite3.Cursor:
        """Run one statement."""
        with self._lock:
            return self._db.execute(sql, values)

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """Run one query and return its rows as dictionaries."""
        with self._lock:
            return [dict(row) for row in self._db.execute(sql, values)]

    def clear(self) -> None:
        """Empty every table."""
        with self.transaction():
            for table in TABLES:
                self.execute(f"DELETE FROM {table}")

    def stamp(self) -> str:
        """Return the time now, later than every stamp before it even if the machine's clock goes back."""
        with self._lock:
            now = datetime.now(UTC)
            if self._last and as_stamp(now) <= self._last:
                now = datetime.fromisoformat(self._last) + timedelta(microseconds=1)
            self._last = as_stamp(now)
            return self._last

    def get(self, kind: str, identifier: str) -> Record | None:
        """Fetch one record."""
        rows = self.rows("SELECT * FROM documents WHERE kind=? AND id=?", kind, identifier)
        return as_record(rows[0]) if rows else None

    def of(self, kind: str, reference: str) -> list[Record]:
        """List the records of a kind that belong to one order, oldest identifier first."""
        rows = self.rows("SELECT * FROM documents WHERE kind=? AND reference=? ORDER BY rowid", kind, reference)
        return [as_record(row) for row in rows]

    def put(self, record: Record) -> None:
        """Store a record under its own ``updated_at``."""
        self.execute(
            "INSERT INTO documents (kind, id, reference, updated_at, document, private) VALUES (?,?,?,?,?,?)"
            " ON CONFLICT (kind, id) DO UPDATE SET updated_at=excluded.updated_at,"
            " document=excluded.document, private=excluded.private",
            record.kind,
            record.id,
            record.reference,
            record.document["updated_at"],
            json.dumps(record.document),
            json.dumps(record.private),
        )

    def setting(self, name: str, default: Any = None) -> Any:
        """Read one remembered value."""
        rows = self.rows("SELECT value FROM settings WHERE name=?", name)
        return json.loads(rows[0]["value"]) if rows else default

    def remember(self, name: str, value: Any) -> None:
        """Store one value under a name."""
        self.execute("INSERT OR REPLACE INTO settings (name, value) VALUES (?,?)", name, json.dumps(value))

    def next_number(self, name: str) -> int:
        """Count up a named series, starting at 1."""
        with self.transaction():
            number = self.setting(f"number:{name}", 0) + 1
            self.remember(f"number:{name}", number)
            return number


def as_record(row: dict[str, Any]) -> Record:
    """Build a record from its row."""
    document = json.loads(row["document"])
    return Record(row["kind"], row["id"], row["reference"], document, json.loads(row["private"]))
