"""An order with its events, and a reaction that is due: what tests of the engine share."""

from __future__ import annotations

import pytest
from django.utils import timezone

from orders.models import Reaction
from tests.factories import make_paid_order, make_supplier, make_variant


def an_order():
    return make_paid_order((make_variant(make_supplier()), 1))


@pytest.fixture(name="reaction")
def reaction_fixture(db):
    order = an_order()
    event = order.events.get(kind="order.paid")
    return Reaction.objects.create(event=event, receiver="some.task", due_at=timezone.now())
