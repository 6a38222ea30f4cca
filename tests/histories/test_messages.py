"""Of a generated history of orders in which everything slips, exactly the mails come that had to."""

from __future__ import annotations

import os

import pytest

from tests.histories.checker import check
from tests.histories.history import History, draw

pytestmark = pytest.mark.django_db
ORDERS = int(os.environ.get("HISTORY_ORDERS", "70"))
SEED = int(os.environ.get("HISTORY_SEED", "8"))


def test_exactly_the_mails_come_that_had_to(monkeypatch, settings):
    history = History(monkeypatch, settings, SEED, draw(SEED, ORDERS))

    history.live()

    verdict = check(history.world.diary.orders, history.world.received, history.until)
    for kind, due, came in verdict.table():
        print(f"{kind:15} {due:6} {came:6}")
    assert verdict.broken == []
    assert sum(verdict.due.values()) > 3 * ORDERS
