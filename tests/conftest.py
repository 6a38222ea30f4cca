"""What every test may use."""

from __future__ import annotations

import shutil
import socket
from email import policy
from email.parser import BytesParser
from os import environ
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import TransactionTestCase

import config.relay
from config.relay import Relay, run_until_idle
from shop import kept
from tests import environment, tables
from tests.emptying import empty_tables

_connect = socket.socket.connect


def _only_here(self, address):
    """Let tests speak to this machine only."""
    if isinstance(address, tuple) and address[0] not in {"127.0.0.1", "::1", "localhost"}:
        raise AssertionError(f"a test tried to reach {address}")
    return _connect(self, address)


socket.socket.connect = _only_here
# Tests count statements, however long they take; each begins without anything kept.
kept.SECONDS = kept.BRIEF_SECONDS = 3600
TransactionTestCase._fixture_teardown = lambda self: empty_tables()
# A relay writes its one question when it starts, for all its life. In tests one starts every few statements, so the
# question is kept from one to the next, for as long as the same sweeps and the one setting stand in it.
_write_question = Relay._question.func
_questions: dict[tuple[object, ...], tuple[list[str], str, tuple[object, ...]]] = {}


def _kept_question(self: Relay) -> tuple[list[str], str, tuple[object, ...]]:
    about = (settings.PROBE_SECONDS, *[sweep.name for sweep in config.relay.SWEEPS])
    if about not in _questions:
        _questions[about] = _write_question(self)
    return _questions[about]


Relay._question = property(_kept_question)


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker):
    """Copy the tables that were made once, in place of pytest-django's fixture, which runs every migration.

    The end of a test may empty the papers: by DELETE on SQLite, which their trigger refuses.
    """
    name = environment.DATABASE
    if connection.vendor == "sqlite":
        tables.copy_to_file(Path(name))
    else:
        tables.copy_to_database(environ["DATABASE_URL"], name)
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DROP TRIGGER IF EXISTS paper_never_deleted")
        else:
            # Nobody looks at these rows after a power cut: no commit needs to wait for the disk.
            cursor.execute(f'ALTER DATABASE "{name}" SET synchronous_commit TO off')
    connection.close()
    yield
    connection.close()
    if connection.vendor == "sqlite":
        Path(name).unlink()
    else:
        tables.drop_database(environ["DATABASE_URL"], name)


@pytest.fixture(autouse=True)
def clean_folders():
    """Begin each test without mails, uploads and broker messages of the one before."""
    # A cache that outlives the test (Redis) looks empty to the next one.
    cache.key_prefix = uuid4().hex
    kept.forget_all()
    yield
    for folder in (settings.MAIL_FOLDER, settings.PRIVATE_ROOT, settings.MEDIA_ROOT):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def clock(monkeypatch) -> SimpleNamespace:
    """A clock of what is kept that stands still; nothing is forgotten, as if another process made all changes."""
    stands = SimpleNamespace(now=1_000.0)
    monkeypatch.setattr("shop.kept.time", SimpleNamespace(monotonic=lambda: stands.now))
    for one in (kept.Kept, kept.KeptEach, kept.Recently):
        monkeypatch.setattr(one, "forget", lambda self, **_kwargs: None)
    return stands


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


@pytest.fixture(scope="session")
def payment_process(tmp_path_factory):
    """Start a payment sandbox as a process; starting one takes longer than most tests."""
    from tests.demo.payment_process import SandboxProcess

    running = SandboxProcess(tmp_path_factory.mktemp("payments") / "payments.sqlite3").start()
    yield running
    running.stop()


@pytest.fixture
def sandbox(payment_process, settings):
    """Point the shop at a payment sandbox with empty books."""
    payment_process.control("reset", {})
    settings.STRIPE_API_BASE = payment_process.base
    return payment_process


@pytest.fixture(scope="session")
def supplier_process():
    """Start a simulated supplier as a process."""
    from tests.demo.supplier_process import SupplierProcess

    with SupplierProcess("harbour", speed=200, sandbox=True) as running:
        yield running


@pytest.fixture
def harbour(supplier_process):
    """A simulated supplier with empty books, and nothing else that a test before has asked of it."""
    supplier_process.control("reset", {})
    return supplier_process


def pytest_collection_finish(session: pytest.Session) -> None:
    """Make the tables before the first test that wants some: it would be over its time on a slow machine."""
    if any("db" in item.fixturenames or item.get_closest_marker("django_db") for item in session.items):
        tables.make()


def pytest_configure() -> None:
    """Log-ins of tests need no slow password hash."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
