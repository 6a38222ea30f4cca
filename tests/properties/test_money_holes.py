"""The money machine itself is proven: with one protection taken away it finds the hole."""

from __future__ import annotations

import pytest
from hypothesis import Phase
from hypothesis.stateful import run_state_machine_as_test

from orders.actions.refund import TooMuch
from tests.properties.test_money_machine import MoneyMachine, bank, how, shop  # noqa: F401  (fixtures)


@pytest.mark.timeout(600)
@pytest.mark.django_db
@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    "protection",
    ["orders.actions.refund.spread_refunds", "orders.actions.checkout.end_later", "orders.tasks.decide_late_payment"],
)
def test_without_one_of_its_protections_the_machine_finds_the_hole(monkeypatch, protection):
    monkeypatch.setattr(protection, lambda order: None)

    # Either the books do not add up, or a line offers money that no payment holds any more.
    with pytest.raises((AssertionError, TooMuch)):
        run_state_machine_as_test(MoneyMachine, settings=how(examples=200, phases=[Phase.generate]))
