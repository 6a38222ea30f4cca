"""One supplier and one payment sandbox for all controls; each scene begins with empty books."""

from __future__ import annotations

import pytest

from tests.demo.payment_process import SandboxProcess
from tests.demo.supplier_process import SupplierProcess
from tests.races.crowd import Crowd


@pytest.fixture(scope="session")
def supplier_process():
    with SupplierProcess("harbour", speed=200, sandbox=True) as running:
        yield running


@pytest.fixture
def harbour(supplier_process):
    supplier_process.control("reset", {})
    return supplier_process


@pytest.fixture(scope="session")
def payment_process(tmp_path_factory):
    running = SandboxProcess(tmp_path_factory.mktemp("controls") / "payments.sqlite3").start()
    yield running
    running.stop()


@pytest.fixture
def sandbox(payment_process, settings):
    settings.STRIPE_API_BASE = payment_process.base
    payment_process.control("reset", {})
    return payment_process


@pytest.fixture
def crowd():
    made = Crowd()
    yield made
    made.leave()
