"""Races for a decision: one of the staff accepts an authorised order, another refuses it, at the same moment."""

from __future__ import annotations

import uuid
from threading import Event as Flag

import pytest

from orders.actions import authorisation as authorisation_module
from orders.actions.authorisation import NothingToDecide, refuse_order
from orders.actions.holds import place_hold, release_holds
from orders.models import Order
from orders.states import IllegalMove
from tests import waiting
from tests.races.crowd import break_down, hold, never_lock, patience

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
# What they end in, together: taken and going on, or let go and over.
WHOLE = {("capturing", "authorised"), ("releasing", "cancelled")}


def accept_and_refuse(crowd, accepted: Flag) -> None:
    name = uuid.uuid4().hex
    kept = waiting.an_authorisation(stripe_id=name, idempotency_key=name)
    place_hold(kept.order, "manual", by=None)
    accepted.clear()

    def accept() -> None:
        release_holds(Order.objects.get(pk=kept.order_id), by=None)
        accepted.set()

    def refuse() -> None:
        refuse_order(Order.objects.get(pk=kept.order_id), by=None)

    crowd.at_once(accept, refuse, expected=(NothingToDecide, IllegalMove))
    kept.refresh_from_db()
    kept.order.refresh_from_db()
    assert (kept.status, kept.order.status) in WHOLE, "an order was refused, and its money is taken"


def test_of_two_decisions_one_counts(crowd):
    hold(lambda: accept_and_refuse(crowd, Flag()))


def test_twin_without_the_lock_a_refused_order_is_charged(crowd, monkeypatch):
    never_lock(monkeypatch, Order)
    accepted = Flag()
    cancel = authorisation_module.cancel_units

    def cancel_late(*args, **kwargs):
        # The refusal has looked at what is to be decided; the other one decides now.
        accepted.wait(timeout=patience())
        return cancel(*args, **kwargs)

    monkeypatch.setattr(authorisation_module, "cancel_units", cancel_late)

    break_down(
        lambda: accept_and_refuse(crowd, accepted),
        "an order was refused, and its money is taken",
        single_writer_holds=True,
    )
