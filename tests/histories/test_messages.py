"""Of a generated history of orders in which everything slips, exactly the mails come that had to.

``HISTORY_ORDERS`` is how many (1,000 with ``./test --full``), ``HISTORY_SEED`` draws others; ``-s`` shows the table.
"""

from __future__ import annotations

import os
import sys
from time import process_time

import pytest

from tests.histories.checker import Verdict, check, story
from tests.histories.history import History, draw

pytestmark = pytest.mark.django_db
ORDERS = int(os.environ.get("HISTORY_ORDERS", "40"))
SEED = int(os.environ.get("HISTORY_SEED", "9"))


def show(verdict: Verdict, history: History) -> None:
    """Write the table of docs/proof.md; of orders with a fault also what happened, and what came."""
    lines = [f"| {kind} | {due} | {came} |" for kind, due, came in verdict.table()]
    waited = {name: max(seconds, default=0) for name, seconds in verdict.waited.items()}
    sys.stdout.write("\n".join(["", *lines, f"longest wait in seconds: {waited}", *verdict.broken, ""]))
    for number, facts in history.world.diary.orders.items():
        if any(number in name for name in verdict.broken):
            sys.stdout.write("\n".join(story(number, facts, history.world.received)) + "\n\n")


@pytest.mark.timeout(3 * 3600)
def test_exactly_the_mails_come_that_had_to(monkeypatch, settings):
    history = History(monkeypatch, settings, draw(SEED, ORDERS))

    began = process_time()
    history.live()
    sys.stdout.write(f"\n{ORDERS} orders, seed {SEED}: {process_time() - began:.0f} s of CPU")

    verdict = check(history.world.diary.orders, history.world.received, history.until)
    show(verdict, history)
    assert verdict.broken == []
    # Something has slipped in it, or it proves nothing.
    assert len(verdict.waited["told"]) >= max(1, ORDERS // 10)
    assert max(verdict.waited["told"]) <= 120
