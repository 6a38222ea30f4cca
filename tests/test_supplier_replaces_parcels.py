"""New goods that a supplier sends itself: lost, void, late, cancelled, sent back, and what customer and desk read."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from notifications.models import Notification
from orders.actions.cancel import request_cancellation
from orders.models import WorkItem
from shop.markets import MARKETS
from shop.models import Market, Product
from suppliers.actions.by_hand import answer_by_hand
from suppliers.actions.chase import work_on_chase
from suppliers.actions.parcels import take_shipment_copy
from suppliers.models import (
    Supplier,
    SupplierCall,
    SupplierCancellation,
    SupplierChase,
    SupplierCredit,
    SupplierOrder,
    SupplierReturn,
)
from support.models import Choice, Replacement
from support.returning.asking import Wanted, ask_return
from support.returning.decide import Verdict, decide
from tests.dialogue import connected, read_news, refunded, turn, unexplained
from tests.factories import make_paid_order, make_person, make_variant
from tests.new_goods import (
    is_silent,
    made,
    new_line,
    orders_placed,
    parcel,
    replace,
    shop_fixture,  # noqa: F401
    tell,
    told,
    with_new_goods,
    work,
)
from tests.passing import sweep
from tests.supplier_shop import DECIDED, MOVED, states

pytestmark = pytest.mark.django_db
R = WorkItem.Reason


def test_what_is_corrupted_of_new_goods_in_kind_is_named(shop):
    row = replace(shop)
    shop.turn(DECIDED)
    shop.turn(400)
    other = SupplierOrder.objects.get(for_return=None)
    corruptions = (
        lambda: SupplierOrder.objects.filter(pk=made().pk).update(first_sent_at=timezone.now()),
        lambda: SupplierReturn.objects.update(awaits_replacement=True),
        lambda: made().lines.update(unit_cost=5),
        lambda: SupplierReturn.objects.update(supplier_order=made()),
        lambda: SupplierCredit.objects.create(
            supplier=shop.supplier,
            order=shop.order,
            line=other.lines.get(),
            units=1,
            amount_minor=1,
            currency="EUR",
            reason="defective",
            replacement=new_line(),
        ),
        lambda: shop.order.shipments.filter(lines__line=new_line()).update(kind="replacement"),
    )
    for corrupt in corruptions:
        with transaction.atomic():
            corrupt()
            found = [text for text in unexplained() if text.startswith("V15 in kind")]
            transaction.set_rollback(True)
        assert len(found) >= 1
    assert (shop.again(row).status, unexplained()) == ("resolved", [])


def test_a_parcel_of_new_goods_that_is_lost_is_a_persons(shop):
    copy = with_new_goods(shop)
    sent = {"shipped_at": "2026-11-25T10:00:00Z"}
    tell(shop, copy, 5, status="in_transit", **sent)
    tell(shop, copy, 6, status="exception", reason_code="lost", **sent)
    sweep()

    assert new_line().delivery.shipments.get().status == "exception"
    assert len(work(R.PARCEL_TROUBLE)) == 1
    assert (Replacement.objects.get().status, new_line().shipped) == ("sent", 1)


def test_a_parcel_of_new_goods_that_goes_back_is_a_persons(shop):
    copy = with_new_goods(shop)
    sent = {"shipped_at": "2026-11-25T10:00:00Z"}
    tell(shop, copy, 5, status="in_transit", **sent)
    tell(shop, copy, 6, status="returning", **sent)
    sweep()

    assert (len(work(R.PARCEL_BACK)), told(shop, "parcel-back"), new_line().returned) == (1, 1, 1)


def test_a_label_of_new_goods_that_is_void_is_a_persons_unless_another_follows(shop):
    copy = with_new_goods(shop)
    tell(shop, copy, 5, status="cancelled")
    SupplierOrder.objects.filter(pk=made().pk).update(placed_at=timezone.now() - timedelta(days=8))
    sweep()
    assert len(work(R.NOT_SENT)) == 1

    tell(shop, copy | {"shipment_id": "P-again"}, 1, status="in_transit", shipped_at="2026-11-25T10:00:00Z")
    sweep()
    assert (work(R.NOT_SENT), new_line().shipped, made().lines.get().shipped) == ([], 1, 1)
    assert unexplained() == []


def test_late_new_goods_are_asked_about_without_a_word_to_the_api(shop):
    with_new_goods(shop)
    Supplier.objects.update(capabilities=["cancel", "returns", "inquiries"])
    calls = SupplierCall.objects.count()
    delivery = new_line().delivery
    chase = SupplierChase.objects.create(
        supplier_order=made(), order=shop.order, late_kind="unsent", due_at=timezone.now()
    )
    type(delivery).objects.filter(pk=delivery.pk).update(late_kind="unsent")
    work_on_chase(chase.pk)

    chase.refresh_from_db()
    assert (chase.status, SupplierCall.objects.count()) == ("by_hand", calls)


def test_new_goods_that_are_to_be_cancelled_are_a_persons_to_ask_for_and_paid_back(shop):
    copy = with_new_goods(shop)
    calls = SupplierCall.objects.filter(path__contains="cancel").count()
    request_cancellation(shop.order, {new_line().pk: 1}, key="new", by=None)
    shop.relay.run_until_idle()
    assert len(work(R.CANCELLATION_BY_HAND)) == 1
    assert SupplierCall.objects.filter(path__contains="cancel").count() == calls

    answer_by_hand(SupplierCancellation.objects.get(), stopped=True, by=shop.agent)
    shop.relay.run_until_idle()
    assert (Replacement.objects.get().status, len(refunded(shop.order))) == ("failed", 1)
    assert (new_line().cancelled, new_line().forwarded) == (1, 0)
    tell(shop, copy, 5, status="cancelled")
    assert unexplained() == []
    # Should it leave all the same, somebody is told.
    tell_left = copy | {"shipment_id": "P-again", "status": "in_transit", "shipped_at": "2026-11-25T10:00:00Z"}
    assert not take_shipment_copy(shop.supplier, tell_left)
    assert len(work(R.CANCELLED_SENT)) == 1


def test_new_goods_go_back_under_the_reference_that_the_supplier_knows(shop):
    replace(shop)
    shop.turn(DECIDED)
    shop.turn(400)
    (row,) = ask_return(shop.order, Wanted({new_line().pk: 1}, "defective", "refund"), form_key=uuid.uuid4())
    decide(row, Verdict(Choice.REFUND_KEEP), form_key=uuid.uuid4(), by=shop.agent)
    shop.relay.run_until_idle()

    row = shop.again(row)
    first = SupplierOrder.objects.get(for_return=None)
    assert row.supplier_order == made()
    assert row.supplier_return.request["reference"] == first.reference
    assert row.supplier_return.request["lines"][0]["line_id"] == first.lines.get().line_id
    assert (row.status, len(refunded(shop.order))) == ("resolved", 1)
    assert unexplained() == []


def test_medicine_is_never_left_to_a_supplier(shop):
    Product.objects.filter(pk=shop.line.variant.product_id).update(gate="prescription")
    row = replace(shop)

    assert row.supplier_return.request["resolution_requested"] == "credit"
    assert len(work(R.APPROVAL)) == 1
    assert (orders_placed(shop), SupplierOrder.objects.filter(for_return__isnull=False).exists()) == (1, False)


def test_the_customer_reads_whom_we_have_asked_and_no_day(shop, client):
    row = replace(shop)
    page = client.get(row.get_absolute_url()).content.decode()
    assert "asked the supplier to send you the new goods" in page
    assert "Nothing has to be sent back" in page
    mail = Notification.objects.get(kind="return-kept")
    assert "asked the supplier to send you the new goods" in mail.text
    assert "arrives" not in mail.text

    shop.turn(DECIDED)
    last = Notification.objects.filter(kind="return-kept").latest("pk")
    assert "Sent to you by the supplier" in last.text
    assert "arrives" in last.text
    assert "the supplier sends you the new goods" in client.get(row.get_absolute_url()).content.decode()


def test_the_desk_reads_whom_we_have_asked(shop, client):
    client.force_login(shop.agent)
    asked = Wanted({shop.line.pk: 1}, "defective", "replacement")
    (row,) = ask_return(shop.order, asked, form_key=uuid.uuid4())
    assert "the supplier is asked to send them itself" in client.get(f"/desk/returns/{row.pk}/").content.decode()
    decide(row, Verdict(Choice.REPLACEMENT, goods_back=False), form_key=uuid.uuid4(), by=shop.agent)
    shop.relay.run_until_idle()
    assert "It is asked to send the new goods itself" in client.get(f"/desk/returns/{row.pk}/").content.decode()
    shop.turn(DECIDED)
    assert "It sends the new goods itself" in client.get(f"/desk/returns/{row.pk}/").content.decode()


def test_a_request_that_the_rule_accepts_names_no_address_that_nobody_needs(shop):
    Market.objects.update(accepts_by_rule=True, keep_below_minor=5000)
    MARKETS.forget()
    (row,) = ask_return(shop.order, Wanted({shop.line.pk: 1}, "defective", "replacement"), form_key=uuid.uuid4())
    shop.relay.run_until_idle()

    assert (states(shop.again(row)), told(shop, "return-kept")) == (("requested", "accepted"), 1)
    mail = Notification.objects.get(kind="return-asked")
    assert "asking the supplier for the new goods" in mail.text
    assert "address" not in mail.text
    shop.turn(DECIDED)
    assert (shop.again(row).status, Replacement.objects.count()) == ("resolved", 1)
    assert unexplained() == []


def test_silence_names_a_parcel_that_was_told_of_and_ordering_anew_asks_about_it(shop):
    row = replace(shop)
    turn(shop.process, DECIDED)
    tell(shop, parcel(shop), 5, status="in_transit", shipped_at="2026-11-25T10:00:00Z")
    assert work(R.COMES_TWICE) == []
    is_silent(row, shop.relay)
    (item,) = work(R.RETURN_DECISION)
    assert "has told of a parcel" in item.summary

    decide(shop.again(row), Verdict(Choice.REFUND_KEEP), form_key=uuid.uuid4(), by=shop.agent)
    shop.relay.run_until_idle()
    assert len(work(R.COMES_TWICE)) == 1
    assert (len(refunded(shop.order)), Replacement.objects.exists()) == (1, False)
    assert unexplained() == []


def test_goods_of_two_lines_come_together_in_one_parcel(harbour, relay):
    harbour.control("pause", {"paused": True})
    supplier = connected(harbour, replaces_itself=True)
    order = make_paid_order(
        *((make_variant(supplier, sku=sku, price_minor=2500, stock=None), 1) for sku in ("TEST-OK", "TEST-NOCANCEL"))
    )
    relay.run_until_idle()
    for seconds in (200, 200):
        turn(harbour, seconds)
        read_news(supplier, relay)
    wanted = Wanted(dict.fromkeys(order.lines.values_list("pk", flat=True), 1), "defective", "replacement")
    (row,) = ask_return(order, wanted, form_key=uuid.uuid4())
    decide(row, Verdict(Choice.REPLACEMENT), form_key=uuid.uuid4(), by=make_person("agent", is_superuser=True))
    relay.run_until_idle()
    for seconds in (DECIDED, MOVED, MOVED, MOVED, 400):
        turn(harbour, seconds)
        read_news(supplier, relay)

    new = order.lines.filter(replaces__isnull=False)
    assert list(new.values_list("quantity", "shipped", "delivered")) == [(1, 1, 1), (1, 1, 1)]
    assert {one.delivery_id for one in new} == {made().shipments.get().shipment.delivery_id}
    assert list(Replacement.objects.values_list("status", flat=True)) == ["delivered", "delivered"]
    assert (made().status, unexplained()) == ("closed", [])
