"""What every test may use."""

from __future__ import annotations

import shutil
import socket
from email import policy
from email.parser import BytesParser
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection

from config.relay import run_until_idle
from shop import kept

_connect = socket.socket.connect


def _only_here(self, address):
    """Let tests speak to this machine only."""
    if isinstance(address, tuple) and address[0] not in {"127.0.0.1", "::1", "localhost"}:
        raise AssertionError(f"a test tried to reach {address}")
    return _connect(self, address)


socket.socket.connect = _only_here
# Tests count statements, however long they take; each begins without anything kept.
kept.SECONDS = kept.BRIEF_SECONDS = 3600


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Add the cache's table, which no migration makes, and let the end of a test empty the papers.

    Django empties SQLite's test database by DELETE, which their trigger refuses; PostgreSQL's by TRUNCATE.
    """
    with django_db_blocker.unblock():
        call_command("createcachetable")
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("DROP TRIGGER IF EXISTS paper_never_deleted")


@pytest.fixture(autouse=True)
def clean_folders():
    """Begin each test without mails, uploads and broker messages of the one before."""
    # A cache that outlives the test (Redis) looks empty to the next one.
    cache.key_prefix = uuid4().hex
    kept.forget_all()
    yield
    for folder in (settings.MAIL_FOLDER, settings.PRIVATE_ROOT, settings.MEDIA_ROOT):
        shutil.rmtree(folder, ignore_errors=True)


class RelayRunner:
    """Turns the relay in this process; what it does periodically is asked for, for it costs more than all the rest."""

    def run_until_idle(self, *, with_periodic: bool = False) -> int:
        return run_until_idle(with_periodic=with_periodic)


@pytest.fixture
def relay() -> RelayRunner:
    return RelayRunner()


@pytest.fixture
def mailbox():
    """Return a function that reads every mail sent so far, oldest first."""

    def read():
        files = sorted(Path(settings.MAIL_FOLDER).glob("*.eml"), key=lambda file: file.stat().st_mtime_ns)
        return [BytesParser(policy=policy.default).parsebytes(file.read_bytes()) for file in files]

    return read


@pytest.fixture
def sandbox(tmp_path, settings):
    """Start a payment sandbox as a process, and point the shop at it."""
    from tests.demo.payment_process import SandboxProcess

    running = SandboxProcess(tmp_path / "payments.sqlite3").start()
    settings.STRIPE_API_BASE = running.base
    yield running
    running.stop()


@pytest.fixture
def harbour():
    """Start a simulated supplier as a process."""
    from tests.demo.supplier_process import SupplierProcess

    with SupplierProcess("harbour", speed=200, sandbox=True) as running:
        yield running


def pytest_configure() -> None:
    """Log-ins of tests need no slow password hash."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
