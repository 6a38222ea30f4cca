"""Races at the counters: however many tries come at once, no more pay pages are given than the limit says."""

from __future__ import annotations

import pytest
from django.utils import timezone

from orders.actions import defence
from orders.actions.defence import Limited, Visit, admit
from orders.models import CheckoutSession, PayAttempt
from tests.factories import make_order, make_supplier, make_variant
from tests.races.crowd import ROUNDS, break_down, hold

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True), pytest.mark.timeout(max(300, 5 * ROUNDS))]
TRIES, LIMIT = 9, 5


@pytest.fixture(name="sessions")
def sessions_fixture(crowd, settings):
    settings.PAY_PAGES_PER_VISITOR, settings.PAY_PAGES_PER_NETWORK = LIMIT, 50
    variant = make_variant(make_supplier(), stock=None)
    return [make_order((variant, 1)).sessions.get() for _number in range(TRIES)]


def all_try_at_once(crowd, sessions: list[CheckoutSession]) -> None:
    """Let one visitor open a page for every order in the same moment; each comes with another basket and address."""
    PayAttempt.objects.all().delete()

    def one(number: int, session: CheckoutSession):
        visit = Visit(network="n", visitor="v", email=f"e{number}", basket=f"b{number}")
        return lambda: admit(session, visit, now=timezone.now())

    got = crowd.at_once(*[one(number, session) for number, session in enumerate(sessions)], expected=(Limited,))
    assert PayAttempt.objects.count() <= LIMIT, "more pages than the limit"
    assert sum(answer is True for answer in got) == PayAttempt.objects.count() == LIMIT


def test_nine_tries_at_once_are_five_pages(crowd, sessions):
    hold(lambda: all_try_at_once(crowd, sessions))


def test_twin_without_the_lock_gives_more_than_five(crowd, sessions, monkeypatch):
    expect_room = defence.expect_room

    def look_and_wait(visit, *, now):
        expect_room(visit, now=now)
        crowd.gap()

    monkeypatch.setattr(defence, "_lock", lambda visit, now: None)
    monkeypatch.setattr(defence, "expect_room", look_and_wait)
    # SQLite has one open transaction that writes, and this one begins with the look.
    break_down(lambda: all_try_at_once(crowd, sessions), "more pages than the limit", single_writer_holds=True)
