"""What makes no sense in an answer to a cancellation decides nothing: the units are asked for again."""

from __future__ import annotations

from typing import Any

import pytest

from orders.events import key_of
from suppliers.models import SupplierCancellation
from tests.dialogue import ask
from tests.odd import mouth_fixture, open_work, order_copy, placed_fixture, unsent_fixture  # noqa: F401  (fixtures)
from tests.odd_values import HUGE

pytestmark = pytest.mark.django_db


def heard(placed, relay, result: dict[str, Any]) -> SupplierCancellation:
    """Ask to stop one of two units, and hear this."""
    placed.mouth.say(f"/orders/{placed.row.reference}/cancel", result, method="POST")
    ask(placed.row.order, 1)
    relay.run_until_idle()
    return SupplierCancellation.objects.get()


@pytest.mark.parametrize("version", ["two", HUGE, None, True, [2]])
def test_an_odd_copy_in_the_answer_is_shown_and_the_question_asked_again(placed, relay, version):
    copy = order_copy(placed.row, version=2) | {"version": version}

    row = heard(placed, relay, {"outcome": "requested", "lines": [], "order": copy})

    assert (row.status, row.deaths, row.failures, row.lease_until) == ("to_ask", 0, 1, None)
    assert row.due_at is not None
    assert open_work() == [("supplier_garbage", key_of(placed.row))]


@pytest.mark.parametrize("lines", [[], None, {}, "all", [7], [{}], [{"line_id": "L1", "quantity_cancelled": True}]])
def test_an_answer_that_names_no_units_does_not_refuse_them(placed, relay, lines):
    row = heard(placed, relay, {"outcome": "cancelled", "lines": lines, "order": order_copy(placed.row)})

    assert (row.status, row.deaths, row.failures, row.lease_until) == ("to_ask", 0, 1, None)
    assert row.lines.get().waiting == 1
