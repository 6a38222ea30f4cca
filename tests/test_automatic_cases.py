"""Cases open by themselves where a customer has to be talked to, once per cause, and close when that is over."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from config.audit import run_audit
from notifications.models import Notification
from orders.actions.refund import refund_everything
from orders.actions.shipping import ParcelNews, record_parcel
from orders.models import Event, Refund
from orders.states import DisputeStatus, ParcelStatus, move_dispute
from support.actions.automatic import notice_cause, tend_causes
from support.actions.ticket import agent_answers, customer_writes
from support.models import CaseCause, Ticket
from tests import waiting
from tests.asking import a_case
from tests.delays import SOLD, SOURCE, hand_over, on, sell, slip, watch
from tests.dialogue import connected, order_of, still_fixture
from tests.factories import make_person
from tests.parcels import P, delivered_parcel, scans_of, told_parcel

pytestmark = pytest.mark.django_db
__all__ = ["still_fixture"]


def internal(ticket: Ticket) -> list[str]:
    return list(ticket.messages.filter(thread="internal").order_by("pk").values_list("body", flat=True))


def told_again(order, status: ParcelStatus, **facts: object) -> None:
    """Let more be told of the order's parcel."""
    lines = {line.pk: line.quantity for line in order.lines.all()}
    news = {"carrier_name": "An Post", "tracking_number": "CE123456789IE", "scans": []} | facts
    with transaction.atomic():
        shipment = order.shipments.get()
        record_parcel(order, order.deliveries.get(), shipment, ParcelNews(lines=lines, status=status, **news))


def late_order(relay):
    """Sell something whose promised day, 27 November, is over, and of which nobody has told anything since."""
    order = sell()
    hand_over(order, ship_by_on=None)
    with on("2026-11-30"):
        told_parcel(order, P.IN_TRANSIT, scans=scans_of((P.IN_TRANSIT, "Cork"), start=SOLD), shipped_at=SOLD)
        type(order.shipments.get()).objects.update(updated_at=timezone.now() - timedelta(days=5))
        watch(everything=True)
        relay.run_until_idle()
    return order


def test_goods_whose_last_told_day_is_over_open_one_case_that_says_what_was_done(relay, mailbox):
    order = late_order(relay)
    with on("2026-11-30"):
        before = len(mailbox())
        for _time in range(2):
            tend_causes()
            relay.run_until_idle()
    ticket = Ticket.objects.get()
    assert (ticket.order, ticket.topic, ticket.source, ticket.status) == (order, "not_arrived", "automatic", "new")
    assert (ticket.email, ticket.cause_key.split(":")[:2]) == (order.email, ["late", "orderdelivery"])
    (line,) = internal(ticket)
    assert "Fri 27 Nov" in line
    assert "The supplier was asked" in line
    assert ticket.answer_due_at is not None
    assert ticket.lines.get().quantity == 2
    # Nobody writes to the customer, who is not shown the case either.
    assert len(mailbox()) == before
    assert not Notification.objects.filter(kind="ticket-opened").exists()


def test_it_closes_by_itself_when_the_goods_have_come_and_nobody_wrote_in_it(relay, client):
    order = late_order(relay)
    assert Ticket.objects.get().number not in client.get(order.get_absolute_url()).content.decode()
    with on("2026-12-01"):
        delivered_parcel(order)
        watch(everything=True)
        relay.run_until_idle()
    ticket = Ticket.objects.get()
    assert (ticket.status, ticket.solved_at is not None, ticket.answer_due_at) == ("solved", True, None)
    assert internal(ticket)[-1] == "Over by itself: later than the customer knows."
    assert CaseCause.objects.get().gone_at is not None


def test_it_stays_open_where_somebody_took_part(relay):
    order = late_order(relay)
    ticket = Ticket.objects.get()
    agent_answers(ticket, "We look for it.", by=make_person(role="Support agents"), form_key=uuid.uuid4())
    with on("2026-12-01"):
        delivered_parcel(order)
        watch(everything=True)
        relay.run_until_idle()
    ticket.refresh_from_db()
    assert ticket.status == "waiting_customer"
    assert internal(ticket)[-1].startswith("Over by itself")


def test_a_customer_who_was_told_another_day_need_not_be_talked_to(relay):
    order = sell()
    hand_over(order)
    with on("2026-11-26"):
        slip(order, "2026-12-07", source=SOURCE.SUPPLIER, reason_code="production")
        order.deliveries.update(told_latest_on="2026-12-07")
    with on("2026-11-30"):
        watch(everything=True)
        relay.run_until_idle()
        tend_causes()
    assert order.deliveries.get().late_kind != ""
    assert not Ticket.objects.exists()
    with on("2026-12-09"):
        # That a day passes is no event: the sweep sees it.
        tend_causes()
    assert Ticket.objects.get().cause_key.startswith("late:")


def test_what_happens_to_an_order_with_an_open_case_is_a_line_in_that(relay):
    order = sell()
    hand_over(order)
    mine = a_case(order)
    agent_answers(mine, "Which colour?", by=make_person(role="Support agents"), form_key=uuid.uuid4())
    with on("2026-12-05"):
        told_parcel(order, P.EXCEPTION, reason_code="lost")
        relay.run_until_idle()
        relay.run_until_idle()
    ticket = Ticket.objects.get()
    (line,) = internal(ticket)
    assert "The carrier says of parcel" in line
    assert "lost" in line
    # Nobody waits for the customer's answer while the parcel is gone.
    assert (ticket.status, ticket.priority, ticket.cause_key) == ("open", "high", "")


def test_a_parcel_that_does_not_move_and_is_found_again(relay):
    order = sell()
    hand_over(order)
    told_parcel(order, P.IN_TRANSIT, scans=scans_of((P.IN_TRANSIT, "Cork"), start=SOLD), shipped_at=SOLD)
    order.deliveries.update(told_latest_on="2026-12-31")
    type(order.shipments.get()).objects.update(updated_at=SOLD)
    with on("2026-12-08"):
        watch(everything=True)
        relay.run_until_idle()
        ticket = Ticket.objects.get()
        assert (ticket.priority, ticket.cause_key.partition(":")[0]) == ("high", "lost")
        told_again(order, P.IN_TRANSIT, scans=scans_of((P.IN_TRANSIT, "Cork"), (P.IN_TRANSIT, "Dublin")))
        watch(everything=True)
        relay.run_until_idle()
    ticket.refresh_from_db()
    assert ticket.status == "solved"


def test_a_parcel_that_goes_back_opens_one_case_until_it_is_paid_back(relay):
    order = sell()
    hand_over(order)
    told_parcel(order, P.RETURNING)
    relay.run_until_idle()
    told_again(order, P.RETURNED)
    relay.run_until_idle()
    ticket = Ticket.objects.get()
    assert ticket.cause_key.startswith("returned:shipment:")
    assert "The customer was told so by mail" in internal(ticket)[0]
    assert Notification.objects.filter(kind="parcel-back", order=order).count() == 1
    refund_everything(order.payments.get(), reason=Refund.Reason.RETURNED, by=None)
    for line in order.lines.all():
        type(line).objects.filter(pk=line.pk).update(refunded=line.quantity)
    tend_causes()
    ticket.refresh_from_db()
    assert ticket.status == "solved"


def test_goods_that_no_supplier_has_open_a_case_until_the_money_is_back(still, relay):
    supplier = connected(still)
    order = order_of(supplier, sku="TEST-SOLD-OUT")
    relay.run_until_idle()
    for _time in range(3):
        relay.run_until_idle()
    refund = Refund.objects.get(order=order)
    assert refund.reason == "supplier_cannot"
    ticket = Ticket.objects.get()
    assert ticket.cause_key == f"rejected:refund:{refund.pk}"
    assert "No supplier has 2 ×" in internal(ticket)[0]
    Refund.objects.update(status="succeeded")
    tend_causes()
    ticket.refresh_from_db()
    assert ticket.status == "solved"


def test_a_dispute_opens_an_urgent_case_and_its_end_closes_it(relay):
    row = waiting.a_dispute(status="open")
    event = Event.objects.create(kind="dispute.opened", order=row.order, subject_key=f"dispute:{row.pk}")
    relay.run_until_idle()
    ticket = Ticket.objects.get()
    assert (ticket.priority, ticket.order) == ("urgent", row.order)
    notice_cause(event)
    assert Ticket.objects.count() == 1
    move_dispute(row, DisputeStatus.WON, by=None)
    relay.run_until_idle()
    ticket.refresh_from_db()
    assert ticket.status == "solved"


def test_of_two_causes_the_case_stays_open_until_both_are_gone(relay):
    row = waiting.a_dispute(status="open")
    Event.objects.create(kind="dispute.opened", order=row.order, subject_key=f"dispute:{row.pk}")
    told_parcel(row.order, P.EXCEPTION, reason_code="lost")
    relay.run_until_idle()
    ticket = Ticket.objects.get()
    assert ticket.causes.count() == 2
    move_dispute(row, DisputeStatus.WON, by=None)
    relay.run_until_idle()
    ticket.refresh_from_db()
    assert ticket.status == "new"
    told_again(row.order, P.DELIVERED)
    tend_causes()
    ticket.refresh_from_db()
    assert ticket.status == "solved"
    # What happens again after that is a new case.
    told_parcel(row.order, P.RETURNING)
    relay.run_until_idle()
    assert Ticket.objects.count() == 2


def test_each_kind_can_be_switched_off(relay, settings):
    settings.AUTOMATIC_CASES = ["dispute"]
    order = sell()
    hand_over(order)
    told_parcel(order, P.RETURNING)
    relay.run_until_idle()
    assert not Ticket.objects.exists()


def test_the_customer_who_writes_finds_their_case_and_it_does_not_close_by_itself(relay, client):
    order = sell()
    hand_over(order)
    told_parcel(order, P.EXCEPTION, reason_code="lost")
    relay.run_until_idle()
    ticket = Ticket.objects.get()
    customer_writes(ticket, "Where is it?", form_key=uuid.uuid4())
    assert ticket.number in client.get(order.get_absolute_url()).content.decode()
    told_again(order, P.DELIVERED)
    tend_causes()
    ticket.refresh_from_db()
    assert ticket.status == "new"
    wrong = [text for finding in run_audit() if "V12" in finding.check.name for text in finding.violations]
    assert [text for text in wrong if text.startswith(ticket.number)] == []


def test_the_sweep_asks_two_questions_where_nothing_is_late(relay, django_assert_num_queries):
    hand_over(sell())
    with on("2026-11-24", 12), django_assert_num_queries(2):
        tend_causes()
