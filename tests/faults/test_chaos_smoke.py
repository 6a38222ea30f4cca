"""A chaos run in miniature: thirty orders under a handful of faults keep every promise."""

from __future__ import annotations

import os

import pytest

from tests.chaos.nemesis.world import KINDS
from tests.chaos.plan import draw_errands, draw_faults
from tests.chaos.run import Size, run

pytestmark = pytest.mark.faults
GENTLE = frozenset(
    {
        "kill_worker",
        "kill_web",
        "supplier_accepts_then_hangs",
        "supplier_accepts_then_cuts",
        "webhook_forged",
        "webhook_repeated",
        "payment_webhooks_dropped",
        "mail_cut_after_data",
    }
)


@pytest.mark.timeout(400)
def test_thirty_orders_under_a_handful_of_faults_keep_every_promise(tmp_path):
    arm = "postgres" if os.environ.get("DATABASE_URL", "").startswith("postgres") else "sqlite"
    size = Size(orders=30, faults=8, least=3, kinds=3)

    outcome = run(tmp_path, arm=arm, size=size, seed=1, say=lambda text: None, only=GENTLE)

    assert outcome.short == []
    assert len(outcome.evidence["acknowledged"]) == 30


def test_the_same_seed_draws_the_same_plan_and_another_seed_another():
    goods = {"harbour": ["A", "B"], "quay": ["C"]}
    lanes = {"mail": ["mail_slow", "mail_server_away"], "hooks": ["webhook_forged"]}

    def drawn(seed):
        return draw_errands(seed, 40, goods), draw_faults(seed, 40, 10, lanes, {})

    assert drawn(5) == drawn(5)
    assert drawn(5) != drawn(6)


def test_both_arms_know_enough_kinds_of_faults():
    arms = {arm: sum(arm in kind.arms for kind in KINDS.values()) for arm in ("postgres", "sqlite")}

    assert arms["postgres"] >= 24
    assert arms["sqlite"] >= 16
