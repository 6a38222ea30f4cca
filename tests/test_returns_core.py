"""Returns from the request to the money, with the supplier's word, whoever says it twice."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from orders.actions.cancel import answer_part
from orders.models import OrderLine, Refund
from suppliers.actions.forward import forward_order
from suppliers.models import SupplierCredit, SupplierOrder, SupplierOrderLine, SupplierReturn
from support.models import Choice, Return
from support.return_states import ReturnStatus
from support.returning.asking import NotOffered, Wanted, ask_return
from support.returning.decide import Verdict, approve_decision, decide
from support.returning.flow import Found, Label, cancel_return, expire, hand_in, make_ready, receive
from support.returning.withdrawing import tend_withdrawal, withdraw
from tests.factories import make_paid_order, make_person, make_supplier, make_variant
from tests.passing import put
from tests.returning import sent_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent():
    """An order of three units that were sent; its line."""
    supplier = make_supplier()
    order = make_paid_order((make_variant(supplier, stock=9), 3))
    (row,) = forward_order(order)
    SupplierOrderLine.objects.update(pending=0, accepted=3, shipped=3, delivered=3)
    OrderLine.objects.update(shipped=3, delivered=3, confirmed=3)
    return order.lines.get()


def ask(line, units=1, **wanted):
    return ask_return(line.order, Wanted({line.pk: units}, **wanted), form_key=uuid.uuid4())[0]


def test_a_fault_waits_for_a_person_and_a_withdrawal_for_nobody(sent):
    assert ask(sent, reason="defective").status == ReturnStatus.REQUESTED
    order = sent.order
    (row,) = withdraw(order, {sent.pk: 1}, form_key=uuid.uuid4()).returns
    assert row.status in {ReturnStatus.ACCEPTED, ReturnStatus.READY}
    with pytest.raises(NotOffered):
        ask(sent, 2, reason="damaged")


def test_refund_after_return_pays_each_unit_once(sent):
    agent = make_person("agent", is_superuser=True)
    row = ask(sent, 2, reason="defective")
    decide(row, Verdict(Choice.REFUND_AFTER), form_key=uuid.uuid4(), by=agent)
    row.refresh_from_db()
    make_ready(row, Label("1 Quay"), by=None)
    assert hand_in(row)
    (line,) = row.lines.all()
    assert receive(row, {line.pk: Found(2)}, by=None)
    assert not receive(row, {line.pk: Found(2)}, by=None)
    row.refresh_from_db()
    assert row.status == ReturnStatus.RESOLVED
    assert Refund.objects.get().lines.get().quantity == 2
    assert OrderLine.objects.get().in_returns == 2


def test_declining_a_right_needs_a_second_person(sent):
    first, second = make_person("one", is_superuser=True), make_person("two", is_superuser=True)
    row = ask(sent, reason="defective")
    decision = decide(row, Verdict(Choice.DECLINE), form_key=uuid.uuid4(), by=first)
    row.refresh_from_db()
    assert row.status == ReturnStatus.REQUESTED
    approve_decision(decision, by=second)
    row.refresh_from_db()
    assert row.status == ReturnStatus.DECLINED
    assert OrderLine.objects.get().in_returns == 0


def test_replacement_is_a_line_of_the_same_order_at_no_price(sent):
    agent = make_person("agent", is_superuser=True)
    row = ask(sent, reason="defective", solution="replacement")
    decide(row, Verdict(Choice.REPLACEMENT, goods_back=False), form_key=uuid.uuid4(), by=agent)
    new = OrderLine.objects.get(replaces=sent)
    assert (new.line_minor, new.quantity, new.forwarded) == (0, 1, 1)
    row.refresh_from_db()
    assert row.status == ReturnStatus.RESOLVED
    assert not Refund.objects.exists()


def test_less_came_back_than_was_agreed(sent):
    agent = make_person("agent", is_superuser=True)
    row = ask(sent, 3, reason="defective")
    decide(row, Verdict(Choice.REFUND_AFTER), form_key=uuid.uuid4(), by=agent)
    (line,) = row.lines.all()
    make_ready(row, Label("1 Quay"), by=None)
    receive(row, {line.pk: Found(2)}, by=agent)
    row.refresh_from_db()
    assert row.status == ReturnStatus.REVIEW
    assert Refund.objects.get().lines.get().quantity == 2
    decide(row, Verdict(Choice.REFUND_KEEP), form_key=uuid.uuid4(), by=agent)
    row.refresh_from_db()
    assert row.status == ReturnStatus.RESOLVED
    assert sum(one.quantity for refund in Refund.objects.all() for one in refund.lines.all()) == 3


def test_a_customer_takes_a_request_back(sent):
    row = ask(sent, 3, reason="changed_mind")
    assert cancel_return(row, by=None)
    assert not cancel_return(row, by=None)
    assert OrderLine.objects.get(pk=sent.pk).in_returns == 0
    assert Return.objects.get().status == ReturnStatus.CANCELLED
    assert SupplierReturn.objects.count() <= 1


def test_an_exchange_for_less_pays_the_difference_and_a_dearer_one_is_no_exchange(sent):
    agent = make_person("agent", is_superuser=True)
    supplier = SupplierOrderLine.objects.get().supplier_order.supplier
    cheap, dear = (make_variant(supplier, stock=5, price_minor=price) for price in (100, 9_999_99))
    type(cheap).objects.filter(pk__in=[cheap.pk, dear.pk]).update(product=sent.variant.product)
    cheap.refresh_from_db(), dear.refresh_from_db()
    with pytest.raises(NotOffered):
        ask(sent, reason="does_not_fit", solution="exchange", exchange_for=dear)
    row = ask(sent, 2, reason="does_not_fit", solution="exchange", exchange_for=cheap)
    decide(row, Verdict(Choice.REPLACEMENT, goods_back=False), form_key=uuid.uuid4(), by=agent)
    new = OrderLine.objects.get(replaces=sent)
    assert (new.variant, new.quantity) == (cheap, 2)
    assert Refund.objects.get().amount_minor == 2 * (sent.unit_price_minor - 100)


def test_goods_that_come_after_their_time_are_decided_by_a_person(sent):
    row = ask(sent, 2, reason="changed_mind")
    row.refresh_from_db()
    if row.status == ReturnStatus.ACCEPTED:
        make_ready(row, Label("1 Quay"), by=None)
    assert expire(put(row, return_by=timezone.localdate() - timedelta(days=8)))
    assert OrderLine.objects.get(pk=sent.pk).in_returns == 0
    (line,) = row.lines.all()
    receive(row, {line.pk: Found(2)}, by=None)
    row.refresh_from_db()
    assert row.status == ReturnStatus.REVIEW
    assert OrderLine.objects.get(pk=sent.pk).in_returns == 2


def test_what_was_to_be_stopped_and_had_left_comes_back(sent):
    order = sent.order
    SupplierOrderLine.objects.update(shipped=1, delivered=1)
    OrderLine.objects.update(shipped=1, delivered=1)
    key = uuid.uuid4()
    done = withdraw(order, None, form_key=key)
    assert [one.lines.get().quantity for one in done.returns] == [1]
    part = done.cancellation.lines.get()
    assert part.quantity == 2
    # The supplier has sent them meanwhile.
    answer_part(done.cancellation, part="x", cancelled={}, refused={sent.pk: 2}, why="shipped")
    tend_withdrawal(done.withdrawal.pk)
    assert Return.objects.count() == 1
    SupplierOrderLine.objects.update(shipped=3)
    OrderLine.objects.update(shipped=3)
    for _again in range(2):
        type(done.withdrawal).objects.update(due_at=timezone.now(), lease_until=None)
        tend_withdrawal(done.withdrawal.pk)
    assert sorted(one.lines.get().quantity for one in Return.objects.all()) == [1, 2]
    assert withdraw(order, None, form_key=key).withdrawal == done.withdrawal


def test_what_two_suppliers_had_sent_comes_back_whenever_each_of_them_says_so():
    lamp, rug = (make_variant(make_supplier(), stock=5) for _place in range(2))
    order = make_paid_order((lamp, 1), (rug, 1))
    forward_order(order)
    SupplierOrderLine.objects.update(pending=0, accepted=1)
    SupplierOrder.objects.update(status="placed")
    first, second = order.lines.order_by("pk")
    done = withdraw(order, None, form_key=uuid.uuid4())
    for line in (first, second):
        answer_part(done.cancellation, part=f"x{line.pk}", cancelled={}, refused={line.pk: 1}, why="shipped")
        SupplierOrderLine.objects.filter(order_line=line).update(shipped=1)
        OrderLine.objects.filter(pk=line.pk).update(shipped=1)
        for _again in range(2):
            type(done.withdrawal).objects.update(due_at=timezone.now(), lease_until=None)
            tend_withdrawal(done.withdrawal.pk)
    backs = [part.order_line_id for row in Return.objects.order_by("pk") for part in row.lines.all()]
    assert backs == [first.pk, second.pk]
    assert type(done.withdrawal).objects.get().due_at is None


def before_the_orders_copy(order) -> None:
    """Set back what only a copy of the supplier's order tells; those of its parcels have come."""
    SupplierOrderLine.objects.filter(supplier_order__order=order).update(shipped=0, delivered=0)


def test_what_a_parcels_copy_told_first_may_go_back_at_once():
    # The parcel's copy and the order's come in any order, and under load seconds lie between them.
    order = sent_order(2)
    (line,) = order.lines.all()
    before_the_orders_copy(order)
    done = withdraw(order, None, form_key=uuid.uuid4())
    assert [part.quantity for row in done.returns for part in row.lines.all()] == [2]
    line.refresh_from_db()
    assert line.in_returns == 2
    with pytest.raises(NotOffered):
        ask(line, 1, reason="damaged")


def test_a_supplier_owes_for_what_only_its_parcels_copy_has_told_yet(relay):
    order = sent_order(2)
    before_the_orders_copy(order)
    row = ask(order.lines.get(), 2, reason="defective")
    decide(row, Verdict(Choice.REFUND_KEEP), form_key=uuid.uuid4(), by=make_person("agent", is_superuser=True))
    relay.run_until_idle()
    assert SupplierCredit.objects.get().units == 2
