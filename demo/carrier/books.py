"""Keep the service's books in one SQLite file: parcels as carriers know them, registrations, webhooks to send."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from demo.carrier.faults import Faults

SCHEMA = """
CREATE TABLE IF NOT EXISTS parcels (number TEXT PRIMARY KEY, facts TEXT NOT NULL, updated_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS trackings (
    id TEXT PRIMARY KEY, number TEXT NOT NULL, slug TEXT NOT NULL, custom TEXT NOT NULL, created_at TEXT NOT NULL,
    UNIQUE (number, slug));
CREATE TABLE IF NOT EXISTS hooks (
    id TEXT PRIMARY KEY, body TEXT NOT NULL, due REAL NOT NULL, attempts INTEGER NOT NULL, copies INTEGER NOT NULL,
    state TEXT NOT NULL, last_status INTEGER);
CREATE TABLE IF NOT EXISTS requests (at TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, status INTEGER);
"""
Facts = dict[str, Any]


class Books:
    """Every use from any thread goes through one connection and one lock."""

    def __init__(self, path: Path | str) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SCHEMA)
        self._last = 0

    def execute(self, sql: str, *values: object) -> list[Facts]:
        """Run one statement and return its rows."""
        with self._lock:
            return [dict(row) for row in self._db.execute(sql, values)]

    def stamp(self) -> str:
        """Return the time now, later than every stamp before."""
        with self._lock:
            self._last = max(time.time_ns() // 1000, self._last + 1)
            return datetime.fromtimestamp(self._last / 1_000_000, UTC).isoformat(timespec="microseconds")

    def put_parcel(self, number: str, facts: Facts) -> bool:
        """Write down what the carrier knows of a parcel; False if that is nothing new."""
        text = json.dumps(facts, sort_keys=True)
        with self._lock:
            known = self.execute("SELECT facts FROM parcels WHERE number=?", number)
            if known and known[0]["facts"] == text:
                return False
            self.execute("INSERT OR REPLACE INTO parcels VALUES (?,?,?)", number, text, self.stamp())
        return True

    def parcel(self, number: str) -> tuple[Facts, str]:
        """Return what the carrier knows of a parcel, and since when; nothing, if it has never seen it."""
        rows = self.execute("SELECT facts, updated_at FROM parcels WHERE number=?", number)
        return (json.loads(rows[0]["facts"]), rows[0]["updated_at"]) if rows else ({}, "")

    def owe_hook(self, body: Facts, *, due: float, copies: int) -> None:
        """Owe a webhook; its id is that of its event."""
        text = json.dumps(body, separators=(",", ":"))
        self.execute("INSERT INTO hooks VALUES (?,?,?,0,?,'due',NULL)", body["event_id"], text, due, copies)


@dataclass
class Service:
    """What every part of the simulated service works with. ``mode`` says how webhooks are sent."""

    books: Books
    key: str
    webhook_url: str = ""
    webhook_secret: str = ""
    mode: str = "normal"
    faults: Faults = field(default_factory=Faults)
    news: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)

    def register(self, number: str, slug: str, custom: Facts) -> str | None:
        """Follow a number; return the new registration's id, or None if it is registered."""
        found = self.books.execute("SELECT id FROM trackings WHERE number=? AND slug=?", number, slug)
        if found:
            return None
        made = uuid.uuid4().hex
        row = (made, number, slug, json.dumps(custom), self.books.stamp())
        self.books.execute("INSERT INTO trackings VALUES (?,?,?,?,?)", *row)
        return made
