"""Webhooks and polling lead to the same result; either alone suffices."""

from __future__ import annotations

import pytest

from tests.journeys.buying import buy, wait_delivered
from tests.journeys.stack import Stack, wait_for

pytestmark = pytest.mark.journey


@pytest.mark.parametrize(("webhooks", "polling"), [(True, False), (False, True)], ids=["webhooks only", "polling only"])
def test_an_order_arrives_over_one_channel_alone(tmp_path, webhooks, polling):
    with Stack(tmp_path, webhooks=webhooks, polling=polling) as stack:
        _shopper, _path, number = buy(stack)
        order = wait_delivered(stack, number)
        wait_for(
            lambda: {row["state"] for row in stack.order(number)["supplier_orders"]} == {"closed"},
            "both suppliers have said that it is over",
        )

    assert len(order["shipments"]) == 2
