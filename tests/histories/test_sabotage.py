"""The whole proof bites: a shop that is spoilt in one place fails it, and the fault is named."""

from __future__ import annotations

import itertools

import pytest

import config.reactions
from notifications.actions import tell
from orders import lateness, signals
from orders.actions import arrival_news
from suppliers.actions import chase
from tests.histories import plots, world
from tests.histories.checker import Verdict, check
from tests.histories.history import History, alone

pytestmark = pytest.mark.django_db
announce = tell.announce


@pytest.fixture
def outcome(monkeypatch, settings):
    """Return a function that lives through one order and returns what the checker says."""

    def live(plot, **more) -> Verdict:
        history = History(monkeypatch, settings, [alone(plot, **more)], days=16)
        history.live()
        return check(history.world.diary.orders, history.world.received, history.until)

    return live


def test_a_mail_that_nobody_sends_is_missed(monkeypatch, outcome):
    monkeypatch.setitem(config.reactions.REACTIONS, signals.parcel_delivered, [])

    found = outcome(plots.on_time)

    assert [name.split("”")[0].split("“")[1] for name in found.missing] == ["delivered"]
    assert len(found.broken) == 1


def test_a_mail_that_goes_out_twice_is_one_too_many(monkeypatch, outcome):
    serial = itertools.count()

    def twice(kind, key, mail, **more):
        if kind == "parcel-sent":
            announce(kind, f"{key}:{next(serial)}", mail, **more)
        return announce(kind, key, mail, **more)

    monkeypatch.setattr(tell, "announce", twice)

    found = outcome(plots.on_time)

    assert "Sent:" in found.extra[0]
    assert len(found.broken) == 1


def test_a_mail_to_somebody_else_is_named(monkeypatch, outcome):
    def astray(kind, key, mail, *, recipient, **more):
        recipient = "stranger@example.com" if kind == "arrival-delayed" else recipient
        return announce(kind, key, mail, recipient=recipient, **more)

    monkeypatch.setattr(tell, "announce", astray)

    found = outcome(plots.told_late)

    assert "to stranger@example.com" in found.stranger[0]
    assert len(found.broken) == 1


def test_a_mail_before_the_payment_is_named(monkeypatch, outcome):
    tasks = ["notifications.tasks.tell_payment_failed", "notifications.tasks.tell_order_confirmed"]
    monkeypatch.setitem(config.reactions.REACTIONS, signals.payment_failed, tasks)

    found = outcome(plots.on_time, payment="declined")

    assert "Order confirmed" in found.before_payment[0]


def test_a_silent_carrier_that_makes_a_mail_is_named(monkeypatch, outcome):
    monkeypatch.setattr(lateness, "QUIET", lateness.QUIET * 100)

    found = outcome(plots.never_heard_of_again)

    assert "Later than promised" in found.extra[0]


def test_a_second_delay_within_the_hour_is_named(monkeypatch, outcome):
    monkeypatch.setattr(arrival_news, "PER_ORDER", arrival_news.PER_ORDER * 0)

    assert outcome(plots.slips_within_the_hour).broken


def test_a_shop_that_does_not_look_misses_what_nobody_tells(monkeypatch, outcome):
    monkeypatch.setattr(world, "watch_deliveries", lambda *, now: 0)

    found = outcome(plots.left_late)

    assert "“later”" in found.missing[0]


def test_a_delay_that_is_told_hours_later_is_late(monkeypatch, outcome):
    owe = arrival_news.lease.db_now_plus
    monkeypatch.setattr(
        arrival_news.lease, "db_now_plus", lambda seconds: owe(seconds * 100 if seconds == 60 else seconds)
    )

    found = outcome(plots.told_late)

    assert "Later than promised" in found.late[0]


def test_what_is_not_spoilt_passes(outcome):
    assert outcome(plots.told_late).broken == []


def test_goods_that_another_would_have_in_time_are_asked_for(monkeypatch, outcome):
    monkeypatch.setattr(chase, "ask_to_let_go", lambda _chase: False)

    (found,) = outcome(plots.told_late_and_another_has_it, has_other=True).promise

    assert "nobody was asked to let harbour go" in found
