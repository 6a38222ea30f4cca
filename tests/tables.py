"""Tables made once by all migrations, and copied by every test database and every house that follows.

``python -m tests.tables`` makes them from nothing, whether or not they are there: ./test begins with it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path(tempfile.gettempdir()) / f"waybill-tests-{os.getuid()}"
# What decides how the tables look after ``migrate``, and what stands in them: a change here makes new ones.
SOURCES = (
    "*/migrations/*.py",
    "*/models.py",
    "*/models/*.py",
    "config/nightly.py",
    "config/roles.py",
    "config/settings.py",
    "requirements.txt",
    "shop/regions.py",
    "shop/search/*.py",
    "shop/vat.py",
    "support/levels.py",
    "support/first_macros.py",
    "support/actions/articles.py",
    "support/articles/*/*.md",
    "tests/tables.py",
)
# Several branches may be worked on in turns; what is older goes.
KEPT = 4
# Any number will do, as long as nobody else's is the same.
LOCK = 7_214_905_331
PREFIX = "waybill_tables_"
DRAFT = f"{PREFIX}draft"


def made_from() -> str:
    """Return a short name for the sources as they are now."""
    digest = hashlib.sha256()
    for pattern in SOURCES:
        for file in sorted(ROOT.glob(pattern)):
            digest.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def migrate(url: str) -> None:
    """Run all migrations on the database of a DATABASE_URL, in a process with a plain shop's settings."""
    with tempfile.TemporaryDirectory(prefix="waybill-tables-") as folder:
        env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        env |= {"WAYBILL_IGNORE_ENV_FILES": "1", "DEBUG": "1", "VAR_DIR": folder, "DATABASE_URL": url}
        for command in (["migrate", "--verbosity", "0"], ["createcachetable"]):
            words = [sys.executable, "manage.py", *command]
            done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


def make(*, anew: bool = False) -> None:
    """Have tables of the database that is tested, unless they are there; ``anew``: make them in any case."""
    if os.environ.get("WAYBILL_TEST_ON") == "postgres":
        with _server(os.environ["TEST_DATABASE_URL"]) as server:
            _kept_database(server, os.environ["TEST_DATABASE_URL"], anew=anew)
    else:
        with _alone():
            _kept_file(anew=anew)


# --- SQLite: a file


def copy_to_file(to: Path) -> None:
    """Copy the tables to a file of SQLite, in place of what is there; make them first if they are missing."""
    for rest in (to, to.with_name(f"{to.name}-wal"), to.with_name(f"{to.name}-shm")):
        rest.unlink(missing_ok=True)
    with _alone():
        shutil.copyfile(_kept_file(), to)


@contextmanager
def _alone() -> Iterator[None]:
    """Keep others out: whoever comes meanwhile waits, rather than make the same tables."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "tables.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _kept_file(*, anew: bool = False) -> Path:
    kept = FOLDER / f"tables-{made_from()}.sqlite3"
    if anew or not kept.exists():
        draft = FOLDER / "draft.sqlite3"
        for rest in FOLDER.glob("draft.sqlite3*"):
            rest.unlink()
        migrate(f"sqlite:///{draft}")
        if draft.with_name("draft.sqlite3-wal").exists():
            raise RuntimeError("somebody has the new tables open: the file alone would not be all")
        draft.replace(kept)
        for old in sorted(FOLDER.glob("tables-*.sqlite3"), key=lambda file: file.stat().st_mtime)[:-KEPT]:
            old.unlink()
    return kept


# --- PostgreSQL: a database that others are made like


def with_name(url: str, name: str) -> str:
    """Return the address of another database of the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def copy_to_database(url: str, name: str) -> None:
    """Copy the tables to a database on the server of ``url``, in place of one with that name; make them if missing."""
    with _server(url) as server:
        kept = _kept_database(server, url)
        _drop(server, name)
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{kept}"')


def drop_database(url: str, name: str) -> None:
    """Remove a database from the server of ``url``, whoever is connected to it."""
    with _server(url) as server:
        _drop(server, name)


@contextmanager
def _server(url: str) -> Iterator[psycopg.Connection]:
    # The database in the address may be one that is still to be made.
    with psycopg.connect(with_name(url, "postgres"), autocommit=True) as connection:
        yield connection


def _kept_database(server: psycopg.Connection, url: str, *, anew: bool = False) -> str:
    # Falls with the connection. Nobody can copy what somebody else is copying, so this waits for them as well.
    server.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    kept = f"{PREFIX}{made_from()}"
    found = server.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s) ORDER BY oid", [PREFIX])
    names = [row[0] for row in found if row[0] != DRAFT]
    if anew or kept not in names:
        _drop(server, DRAFT)
        server.execute(f'CREATE DATABASE "{DRAFT}"')
        migrate(with_name(url, DRAFT))
        others = [name for name in names if name != kept]
        for old in [kept, *others[: 1 - KEPT]]:
            _drop(server, old)
        server.execute(f'ALTER DATABASE "{DRAFT}" RENAME TO "{kept}"')
    return kept


def _drop(server: psycopg.Connection, name: str) -> None:
    server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


if __name__ == "__main__":
    make(anew=True)
