"""What every benchmark needs around what it measures: a database of its own, processes, settings as in production."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg

ROOT = Path(__file__).resolve().parent.parent
HOST = "shop.example"


@contextmanager
def database(server: str, like: str = "template1") -> Iterator[str]:
    """Make a database, as a copy of another one of that server; yield its address, drop it."""
    name = f"waybill_bench_{uuid4().hex[:8]}"
    copy_database(server, like, name)
    try:
        yield with_name(server, name)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def with_name(server: str, name: str) -> str:
    """Return the address of another database of a server."""
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


def copy_database(server: str, like: str, name: str) -> None:
    """Copy a whole database, to which nobody may be connected meanwhile."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{like}"')


def has_database(server: str, name: str) -> bool:
    """Return True if a server has a database of that name."""
    with psycopg.connect(server, autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        return found.fetchone() is not None


@contextmanager
def process(*words: str, says: str = "", env: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """Run Python with these words; go on once it has said so; end it."""
    command, pipe = [sys.executable, *words], subprocess.PIPE if says else None
    running = subprocess.Popen(command, cwd=ROOT, env=env, stdout=pipe, text=True)
    try:
        while says and says not in running.stdout.readline():
            if running.poll() is not None:
                raise SystemExit(f"{words} has ended")
        yield running
    finally:
        running.terminate()
        running.wait(timeout=60)


def production(folder: str, url: str, redis_url: str) -> dict[str, str]:
    """Return the settings of a shop in production: with DEBUG on, every statement would be written down as well."""
    return {
        "WAYBILL_IGNORE_ENV_FILES": "1", "DEBUG": "0", "SECRET_KEY": uuid4().hex * 2, "ALLOWED_HOSTS": HOST,
        "FIELD_ENCRYPTION_KEY": base64.urlsafe_b64encode(os.urandom(32)).decode(), "STRIPE_SECRET_KEY": "sk_live_x",
        "STRIPE_WEBHOOK_SECRET": "whsec_x", "VAR_DIR": folder, "DATABASE_URL": url, "REDIS_URL": redis_url,
        "REDIS_KEY_PREFIX": f"bench-{uuid4().hex[:8]}", "LOG_LEVEL": "ERROR", "DJANGO_SETTINGS_MODULE": "config.settings",
    }  # fmt: skip


def make_tables(env: Mapping[str, str]) -> None:
    """Make the tables of the shop, and that of the cache."""
    for words in (("migrate", "-v0"), ("createcachetable", "-v0")):
        subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)
