"""The lock of an order is worth something only inside a transaction."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError

from orders.actions.shipping import lock_order
from tests.factories import make_order, make_supplier, make_variant

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_order_is_not_locked_outside_a_transaction_however_often_it_was_locked_inside():
    order = make_order((make_variant(make_supplier()), 1))
    with transaction.atomic():
        lock_order(order)
    if connection.features.has_select_for_update:
        with pytest.raises(TransactionManagementError):
            lock_order(order)
    else:
        # One writer at a time: nothing needs to be locked.
        lock_order(order)
