"""Work about what goes to suppliers: let go, looked for, decided in doubt, asked and read again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from orders.models import Event, Hold, IncomingEvent, Refund
from suppliers.models import Supplier, SupplierOrder
from tests import waiting
from tests.factories import make_person
from tests.passing import put
from tests.work import is_closed, press, staff_fixture, work_of  # noqa: F401

pytestmark = pytest.mark.django_db


def test_a_supplier_is_looked_for_again(client, staff):
    line = waiting.paid_order().lines.get()
    item = work_of(line, "no_offer")
    Supplier.objects.update(is_active=False)
    assert "Still no supplier has it." in press(client, item, "look-again").content.decode()
    Supplier.objects.update(is_active=True)

    press(client, item, "look-again")

    assert SupplierOrder.objects.get().order == line.order
    assert is_closed(item)


def test_a_hold_is_released_and_the_order_goes_out(client, staff, relay):
    order = waiting.paid_order()
    hold = Hold.objects.create(order=order, reason="manual")
    relay.run_until_idle()
    assert SupplierOrder.objects.count() == 0
    item = work_of(hold, "order_held")

    press(client, item, "release")
    relay.run_until_idle()

    hold.refresh_from_db()
    assert hold.released_by == staff
    assert SupplierOrder.objects.count() == 1
    assert is_closed(item)


def _in_doubt() -> SupplierOrder:
    return put(waiting.a_supplier_order(), status="unknown", due_at=None)


@pytest.mark.parametrize(("key", "becomes"), [("has-it", "placed"), ("has-it-not", "ready")])
def test_an_order_in_doubt_is_decided_by_whoever_has_asked(client, staff, key, becomes):
    row = _in_doubt()
    item = work_of(row, "supplier_doubt")

    press(client, item, key)
    again = press(client, item, key).content.decode()

    row.refresh_from_db()
    assert (row.status, is_closed(item)) == (becomes, True)
    assert "This was solved meanwhile" in again
    assert Event.objects.filter(kind=f"supplier_order.{becomes}", by=staff).count() == 1


def test_an_order_that_is_being_asked_is_not_decided_by_hand(client, staff):
    row = put(_in_doubt(), due_at=timezone.now())
    item = work_of(row, "supplier_doubt")

    page = press(client, item, "has-it-not").content.decode()

    row.refresh_from_db()
    assert "It is not in doubt any more" in page
    assert (row.status, is_closed(item)) == ("unknown", False)


def test_asking_a_supplier_order_again_lets_it_go_if_it_was_set_aside(client, staff):
    row = put(waiting.a_supplier_order(), status="ready", quarantined_at=timezone.now(), due_at=None)

    press(client, work_of(row, "supplier_silent"), "ask-supplier")

    row.refresh_from_db()
    assert row.quarantined_at is None
    assert row.due_at is not None


def test_a_supplier_that_refuses_our_key_is_tried_at_once(client, staff):
    probe = put(waiting.a_probe(), due_at=timezone.now() + timedelta(hours=1))

    page = press(client, work_of(probe.supplier, "supplier_key"), "ask-supplier").content.decode()

    probe.refresh_from_db()
    assert "It is tried in a moment" in page
    assert probe.due_at <= timezone.now()


@pytest.mark.parametrize(("key", "answer", "units"), [("stopped", "accepted", 2), ("not-stopped", "refused", 0)])
def test_what_a_supplier_told_of_a_cancellation_is_noted(client, staff, key, answer, units):
    asked = waiting.a_supplier_cancellation(units=2)
    item = work_of(asked.cancellation, "cancellation_by_hand")

    press(client, item, key)

    asked.refresh_from_db()
    asked.cancellation.refresh_from_db()
    line = asked.order.lines.get()
    assert (asked.status, asked.cancellation.status, line.cancelled) == ("decided", answer, units)
    assert Refund.objects.count() == bool(units)
    assert is_closed(item)


def test_a_cancellation_without_an_answer_is_asked_for_again(client, staff):
    asked = put(waiting.a_supplier_cancellation(), due_at=timezone.now() + timedelta(hours=1))
    item = work_of(asked.cancellation, "cancellation_silent")

    press(client, item, "ask-cancellation")

    asked.refresh_from_db()
    assert asked.due_at <= timezone.now()
    assert not is_closed(item)
    put(asked, status="decided")
    assert "Nobody can be asked" in press(client, item, "ask-cancellation").content.decode()


@pytest.mark.parametrize(("key", "decision", "units"), [("approve", "granted", 0), ("disapprove", "refused", 2)])
def test_goods_for_a_pharmacist_are_decided_once(client, key, decision, units):
    client.force_login(make_person(is_superuser=True, is_staff=True))
    line = put(waiting.paid_order().lines.get(), gated_at=timezone.now())
    item = work_of(line, "approval")

    press(client, item, key)
    press(client, item, key)

    line.refresh_from_db()
    assert list(line.approvals.values_list("decision", "units")) == [(decision, 2)]
    assert (line.cancelled, Refund.objects.count()) == (units, bool(units))
    assert is_closed(item)


def test_only_a_pharmacist_decides_about_gated_goods(client, staff):
    line = put(waiting.paid_order().lines.get(), gated_at=timezone.now())
    item = work_of(line, "approval")

    assert press(client, item, "approve").status_code == 403
    assert line.approvals.count() == 0


def test_cancelled_goods_that_were_sent_are_read_again_and_stay_work(client, staff):
    row = put(waiting.a_supplier_order(), status="placed")
    item = work_of(row, "cancelled_sent")

    press(client, item, "read-sent")

    assert IncomingEvent.objects.get(kind="order.asked").body == {"data": {"reference": row.reference}}
    assert not is_closed(item)


def test_an_order_is_read_again_through_the_inbox(client, staff):
    row = put(waiting.a_supplier_order(), status="placed")
    put(row.supplier, shipments_as_of="2999-01-01T00:00:00Z", due_at=None)
    item = work_of(row, "supplier_garbage")

    press(client, item, "read-supplier")

    asked = IncomingEvent.objects.get(kind="order.asked")
    supplier = Supplier.objects.get(pk=row.supplier_id)
    assert asked.body == {"data": {"reference": row.reference}}
    assert asked.due_at is not None
    assert supplier.due_at is not None
    assert supplier.shipments_as_of < "2999"
