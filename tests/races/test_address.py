"""A customer changes the address in the moment in which the order is sent off."""

from __future__ import annotations

import pytest

from orders.actions.address import AddressFixed, change_address
from orders.models import Order
from suppliers.actions.forward import forward_order
from suppliers.actions.send import send_supplier_order
from suppliers.actions.together import send_in_turn
from suppliers.adapters import ADAPTERS
from suppliers.adapters.base import Unclear
from suppliers.adapters.rest import RestAdapter
from tests.factories import make_paid_order, make_supplier, make_variant
from tests.races.crowd import break_down, hold, never_lock, read_then_write

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def sent(monkeypatch) -> dict[str, dict]:
    """Return what a supplier that never answers is sent, by reference."""
    requests: dict[str, dict] = {}

    class Recording(RestAdapter):
        def place(self, request, *, key):
            requests.setdefault(request["reference"], request)
            raise Unclear("no answer")

    monkeypatch.setitem(ADAPTERS, "recording", Recording)
    return requests


def a_customer_moves_while_it_is_sent(crowd, variants, sent, send) -> None:
    orders = [make_paid_order((variant, 1)) for variant in variants]
    rows = [forward_order(order)[0] for order in orders]

    def customer() -> bool:
        return change_address(Order.objects.get(pk=orders[0].pk), {"line1": "1 Mill Lane"}, by=None)

    changed, _sent = crowd.at_once(customer, lambda: send(rows), expected=(AddressFixed,))
    orders[0].refresh_from_db()
    told = sent[rows[0].reference]["ship_to"]["line1"]
    assert told == orders[0].line1, "the supplier was told another address than the customer"
    assert (changed is True) == (told == "1 Mill Lane")
    assert orders[0].address_fixed_at is not None


def alone(rows) -> None:
    for row in rows:
        send_supplier_order(row.pk)


def together(rows) -> None:
    send_in_turn(rows[0].supplier_id, [row.pk for row in rows])


@pytest.mark.parametrize("send", [alone, together])
def test_the_supplier_gets_what_the_customer_was_told_last(crowd, sent, send):
    variants = [make_variant(make_supplier(adapter="recording"), stock=None)] * 2
    hold(lambda: a_customer_moves_while_it_is_sent(crowd, variants, sent, send))


def test_twin_without_lock_and_condition_the_two_are_told_different_things(crowd, sent, monkeypatch):
    variants = [make_variant(make_supplier(adapter="recording"), stock=None)]
    never_lock(monkeypatch, Order)
    read_then_write(
        monkeypatch, Order, before=crowd.gap, only=lambda changes: {"line1", "address_fixed_at"} & set(changes)
    )
    break_down(
        lambda: a_customer_moves_while_it_is_sent(crowd, variants, sent, alone),
        "the supplier was told another address",
        single_writer_holds=True,
    )
