"""What a chaos run is drawn from; the runs themselves are ``./test --chaos``, and follow every whole ``./test``."""

from __future__ import annotations

from tests.chaos.nemesis.world import KINDS
from tests.chaos.plan import draw_errands, draw_faults


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
