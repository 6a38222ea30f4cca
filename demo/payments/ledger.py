from __future__ import annotations

import json
import secrets
import sqlite3
import string
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TABLES = """
CREATE TABLE IF NOT EXISTS objects (
    position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, parent TEXT,
    created INTEGER NOT NULL, body TEXT NOT NULL, private TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS objects_of_kind ON objects (kind, position);
CREATE INDEX IF NOT EXISTS objects_of_parent ON objects (parent, kind);
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL, created REAL NOT NULL);
CREATE TABLE IF NOT EXISTS jobs (
    position INTEGER PRIMARY KEY AUTOINCREMENT, due_at REAL NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
    detail TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (
    position INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL, due_at REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, delivered_at REAL, abandoned_at REAL, last_status INTEGER, last_error TEXT);
CREATE INDEX IF NOT EXISTS deliveries_of_event ON deliveries (event_id);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due_at) WHERE delivered_at IS NULL AND abandoned_at IS NULL;
CREATE TABLE IF NOT EXISTS switches (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS requests (
    position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, at REAL NOT NULL, method TEXT NOT NULL,
    path TEXT NOT NULL, status INTEGER NOT NULL, idempotency_key TEXT, stripe_version TEXT);
"""
REQUESTS_KEPT = 5000
ALPHABET = string.ascii_letters + string.digits


def new_id(prefix: str, *, length: int = 24) -> str:
    """Make an identifier of Stripe's form, such as ``pi_3kX…``."""
    return f"{prefix}_{''.join(secrets.choice(ALPHABET) for _ in range(length))}"


@dataclass(frozen=True)
class Job:
    """Something the sandbox does by itself at a given time."""

    kind: str
    subject: str
    detail: dict


class Ledger:
    """The sandbox's memory: one SQLite file that outlives the process.

    ``body`` is the object as the API shows it, ``private`` what only the sandbox knows of it.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # One connection behind one lock: the sandbox is small, and its answers are then serialisable by nature.
        self._lock = threading.RLock()
        self._depth = 0
        # How often the books have been emptied: whoever asked before that is not written down after it.
        self.emptied = 0
        self.connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.connection.row_factory = sqlite3.Row
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = NORMAL")
        self.connection.executescript(TABLES)

    def close(self) -> None:
        with self._lock:
            self.connection.close()

    @contextmanager
    def change(self) -> Iterator[None]:
        """Do everything inside, or nothing of it; a change within a change joins it."""
        with self._lock:
            if self._depth == 0:
                self.connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self.connection.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self.connection.execute("COMMIT")

    def run(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """Run one statement and return its rows."""
        with self._lock:
            return self.connection.execute(sql, values).fetchall()

    def add(self, body: dict, *, parent: str | None = None, private: dict | None = None) -> dict:
        self.run(
            "INSERT INTO objects (id, kind, parent, created, body, private) VALUES (?, ?, ?, ?, ?, ?)",
            body["id"],
            body["object"],
            parent,
            body["created"],
            json.dumps(body),
            json.dumps(private or {}),
        )
        return body

    def save(self, body: dict, *, private: dict | None = None) -> dict:
        self.run("UPDATE objects SET body = ? WHERE id = ?", json.dumps(body), body["id"])
        if private is not None:
            self.run("UPDATE objects SET private = ? WHERE id = ?", json.dumps(private), body["id"])
        return body

    def find(self, kind: str, identifier: str) -> dict | None:
        rows = self.run("SELECT body FROM objects WHERE id = ? AND kind = ?", identifier, kind)
        return json.loads(rows[0]["body"]) if rows else None

    def private(self, identifier: str) -> dict:
        return json.loads(self.run("SELECT private FROM objects WHERE id = ?", identifier)[0]["private"])

    def newest(self, kind: str, *, parent: str | None = None, since: int = 0) -> list[dict]:
        """Read all objects of a kind, the newest first."""
        rows = self.run(
            "SELECT body FROM objects WHERE kind = ? AND (? IS NULL OR parent = ?) AND created >= ? "
            "ORDER BY position DESC",
            kind,
            parent,
            parent,
            since,
        )
        return [json.loads(row["body"]) for row in rows]

    def schedule(self, kind: str, subject: str, *, due_at: float, **detail: object) -> None:
        self.run(
            "INSERT INTO jobs (due_at, kind, subject, detail) VALUES (?, ?, ?, ?)",
            due_at,
            kind,
            subject,
            json.dumps(detail),
        )

    def take_due_job(self) -> Job | None:
        """Remove the job that is due first and return it; call it inside the change that does the job."""
        return self._take_job("due_at <= ?", time.time())

    def take_next_job(self, subject: str | None) -> Job | None:
        """Remove the next job (of one object), due or not, and return it; call it inside the change that does it."""
        return self._take_job("subject = coalesce(?, subject)", subject)

    def _take_job(self, condition: str, value: object) -> Job | None:
        rows = self.run(f"SELECT * FROM jobs WHERE {condition} ORDER BY due_at LIMIT 1", value)
        if not rows:
            return None
        self.run("DELETE FROM jobs WHERE position = ?", rows[0]["position"])
        return Job(rows[0]["kind"], rows[0]["subject"], json.loads(rows[0]["detail"]))

    def switch(self, name: str, *, default: dict) -> dict:
        rows = self.run("SELECT value FROM switches WHERE name = ?", name)
        return json.loads(rows[0]["value"]) if rows else default

    def set_switch(self, name: str, value: dict) -> None:
        self.run("INSERT OR REPLACE INTO switches (name, value) VALUES (?, ?)", name, json.dumps(value))

    def note_request(self, emptied: int, **facts: object) -> None:
        """Remember one API call; the oldest are forgotten, and one that began in books since ``emptied`` is too."""
        names = ", ".join(facts)
        marks = ", ".join("?" for _ in facts)
        with self.change():
            if emptied != self.emptied:
                return
            self.run(f"INSERT INTO requests ({names}) VALUES ({marks})", *facts.values())
            self.run("DELETE FROM requests WHERE position <= (SELECT max(position) FROM requests) - ?", REQUESTS_KEPT)

    def forget_everything(self) -> None:
        with self.change():
            self.emptied += 1
            for table in ("objects", "answers", "jobs", "deliveries", "switches", "requests"):
                self.run(f"DELETE FROM {table}")
