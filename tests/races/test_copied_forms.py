"""Races of a copied form: one key, sent for two orders or twice for one case at the same instant."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial

import pytest

from orders.models import Order
from support.actions.ticket import add_note, customer_writes
from support.models import Return, Ticket
from support.returning.asking import Wanted, ask_return
from support.returning.withdrawing import withdraw
from tests.casework import make_agent, make_case, said
from tests.factories import make_supplier, make_variant
from tests.races.crowd import break_down, hold
from tests.returning import sent_order

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def goods():
    supplier = make_supplier()
    return supplier, make_variant(supplier, stock=5000)


def fresh(order: Order) -> Order:
    return Order.objects.get(pk=order.pk)


def one_key_for_two_orders(crowd, goods, deed: Callable[[Order, uuid.UUID], object]) -> None:
    supplier, variant = goods
    orders = [sent_order(1, supplier=supplier, variants=[variant]) for _order in range(2)]
    key = uuid.uuid4()
    crowd.at_once(*[partial(deed, fresh(order), key) for order in orders])
    rows = list(Return.objects.filter(order__in=orders).select_related("ticket"))
    assert {row.order_id for row in rows} == {order.pk for order in orders}, "a request was lost"
    assert [row.ticket.order_id for row in rows] == [row.order_id for row in rows], "it stands in another's case"


def asks(order: Order, key: uuid.UUID) -> object:
    wanted = Wanted({order.lines.get().pk: 1}, reason="defective", words=order.number)
    return ask_return(order, wanted, form_key=key)


def withdraws(order: Order, key: uuid.UUID) -> object:
    return withdraw(order, None, form_key=key)


@pytest.mark.parametrize("deed", [asks, withdraws])
def test_one_form_for_two_orders_at_the_same_instant_is_a_request_of_each(crowd, goods, deed):
    hold(lambda: one_key_for_two_orders(crowd, goods, deed))


def test_twin_with_a_key_that_is_nobodys_a_request_ends_in_anothers_case(crowd, goods, monkeypatch):
    monkeypatch.setattr("support.actions.ticket.bound_key", lambda form_key, *owners: form_key)
    break_down(lambda: one_key_for_two_orders(crowd, goods, asks), "it stands in another's case")


def test_a_double_click_on_a_message_or_a_note_is_one(crowd):
    agent = make_agent()

    def one_round() -> None:
        case, key, other = make_case(), uuid.uuid4(), uuid.uuid4()
        mine = partial(Ticket.objects.get, pk=case.pk)
        written = crowd.at_once(*[lambda: customer_writes(mine(), "More.", form_key=key)] * 2)
        noted = crowd.at_once(*[lambda: add_note(mine(), "A note.", by=agent, form_key=other)] * 2)
        assert (sorted(written), sorted(noted)) == ([False, True], [False, True])
        assert (said(case)[1:], said(case, "internal")) == (["More."], ["A note."])

    hold(one_round)
