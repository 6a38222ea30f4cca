"""The smallest story in which each protection is what saves the day.

A scene takes fixtures by name, ends in one assertion that names the damage, and passes in the shop
as it is. ``table.py`` says which protection is off when it must not pass.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

from django.core import signing
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from notifications.actions.send import send_notification
from notifications.models import Notification
from orders import lease
from orders.actions import checkout, incoming
from orders.actions.checkout import place_order
from orders.actions.opening import open_session
from orders.actions.payment import settle
from orders.actions.refund import RefundPart, TooMuch, request_refund, send_refund
from orders.actions.refund_by_hand import preview_refund
from orders.actions.refund_quote import Wish
from orders.actions.reservation import SoldOut
from orders.models import IncomingEvent, Order, Refund, RefundRequest
from orders.refund_page import SHOWN_SALT
from suppliers.actions.forward import forward_order
from suppliers.actions.inbox import work_incoming
from suppliers.actions.parcels import take_shipment_copy
from suppliers.adapters import adapter_of
from suppliers.models import Supplier, SupplierOrder
from suppliers.outbound import InTransaction
from support.actions.ticket import open_ticket
from support.models import Topic
from tests.demo.supplier_process import API_KEY
from tests.factories import ADDRESS, make_basket, make_order, make_paid_order, make_person, make_supplier, make_variant
from tests.races.copies import order_copy, parcel_copy, placed, stripe_tells, tell
from tests.races.crowd import Crowd
from tests.races.test_news import many_store_one_webhook, two_parcels_are_told


class MailServer(BaseEmailBackend):
    """Takes mails as ``script`` says, which is told the how-many-th call it is and whether the mail is in."""

    script: Callable[[int, bool], None]
    taken: list[str] = []
    calls = 0

    def send_messages(self, email_messages: list[EmailMessage]) -> int:
        cls = type(self)
        cls.calls += 1
        mine = cls.calls
        cls.script(mine, False)
        cls.taken += [message.extra_headers["Message-ID"] for message in email_messages]
        cls.script(mine, True)
        return len(email_messages)


def a_mail(settings, script: Callable[[int, bool], None]) -> Notification:
    """Owe one mail, to be sent through a server that follows the script."""
    MailServer.script, MailServer.taken, MailServer.calls = staticmethod(script), [], 0
    settings.MAIL_TRANSPORT = {"backend": f"{__name__}.MailServer", "options": {}}
    return Notification.objects.create(
        key="control:1", kind="control", recipient="a@example.com", message_id="<1@x>", due_at=timezone.now()
    )


def send_what_is_due(row: Notification) -> None:
    """Let time pass, and a worker come by."""
    Notification.objects.filter(pk=row.pk).exclude(due_at=None).update(due_at=timezone.now())
    send_notification(row.pk)


def connected(process) -> Supplier:
    return make_supplier(base_url=process.base + "/v1", api_key=API_KEY)


def sold(supplier: Supplier) -> Order:
    return make_paid_order((make_variant(supplier, sku="TEST-OK", price_minor=2500, stock=None), 1))


def send_until_decided(relay) -> None:
    """Let the pauses pass until no supplier order is in doubt any more."""
    for _turn in range(6):
        SupplierOrder.objects.exclude(due_at=None).update(due_at=timezone.now())
        Supplier.objects.update(closed_until=None)
        relay.run_until_idle()


def paid_at_sandbox(sandbox) -> Order:
    order = make_order((make_variant(make_supplier(), stock=None), 1))
    session = open_session(order.sessions.get())
    sandbox.control(f"sessions/{session.stripe_id}/pay", {})
    return order


def a_second_worker_comes_while_the_first_is_speaking(settings) -> None:
    """While one worker speaks with the mail server, the row is offered again and a second worker comes."""

    def script(call: int, is_taken: bool) -> None:
        if call == 1 and not is_taken:
            send_what_is_due(row)

    row = a_mail(settings, script)
    send_notification(row.pk)
    assert len(MailServer.taken) == 1, "the same mail left twice"


def a_worker_comes_back_after_its_lease(settings) -> None:
    """A worker hangs until its lease is over and another has sent the mail; then its call fails."""

    def script(call: int, is_taken: bool) -> None:
        if call == 1 and not is_taken:
            Notification.objects.filter(pk=row.pk).update(lease_until=lease.db_now_plus(-1))
            send_notification(row.pk)
            raise ConnectionResetError("cut")

    row = a_mail(settings, script)
    send_notification(row.pk)
    send_what_is_due(row)
    assert len(MailServer.taken) == 1, "a late worker had a mail sent again that had left"


def the_mail_server_takes_a_mail_and_cuts_the_line(settings) -> None:
    """The mail server takes a mail and the line is cut before it says so, so the mail is sent again."""

    def script(call: int, is_taken: bool) -> None:
        if call == 1 and is_taken:
            raise ConnectionResetError("cut")

    row = a_mail(settings, script)
    send_notification(row.pk)
    send_what_is_due(row)
    assert len(MailServer.taken) == 2
    assert len(set(MailServer.taken)) == 1, "a repeated mail looks like a second one"


def the_answer_of_a_supplier_is_lost(harbour, relay) -> None:
    """A supplier takes an order and its answer is lost, so it is asked again."""
    harbour.control("faults", [{"match": "POST /v1/orders", "kind": "accept_then_drop", "times": 2}])
    sold(connected(harbour))
    relay.run_until_idle()
    send_until_decided(relay)
    effects = sum(row["effects"] for row in harbour.books()["orders"])
    assert effects == 1, f"the supplier has the order {effects} times"


def a_lost_answer_is_no_refusal(harbour, relay) -> None:
    """A supplier takes an order and its answer is lost; whether it has it must be found out."""
    harbour.control("faults", [{"match": "POST /v1/orders", "kind": "accept_then_drop", "times": 1}])
    sold(connected(harbour))
    relay.run_until_idle()
    send_until_decided(relay)
    assert len(harbour.books()["orders"]) == 1
    assert SupplierOrder.objects.get().status in {"placed", "closed"}, "the supplier sends what we call refused"


def the_answer_to_a_refund_is_lost(sandbox) -> None:
    """Stripe pays back and its answer is lost, so it is asked again."""
    _pay_back_in_doubt(sandbox, after=timedelta())


def a_refund_is_asked_again_when_its_key_is_forgotten(sandbox) -> None:
    """Stripe pays back, its answer is lost, and it is asked again a day later, when it has forgotten the key."""
    _pay_back_in_doubt(sandbox, after=timedelta(hours=25))


def _pay_back_in_doubt(sandbox, *, after: timedelta) -> None:
    order = paid_at_sandbox(sandbox)
    settle(order.sessions.get())
    part = RefundPart(order.lines.get(), 0, 500)
    refund = request_refund(order, [part], reason=Refund.Reason.GOODWILL, by=None, key="control")
    sandbox.control("faults", [{"match": "POST /v1/refunds", "kind": "drop_after"}])
    send_refund(refund.pk)
    assert len(sandbox.control("ledger")["refunds"]) == 1
    if after:
        with sqlite3.connect(sandbox.ledger, timeout=20) as books:
            books.execute("DELETE FROM answers")
        books.close()
    Refund.objects.update(due_at=timezone.now(), requested_at=timezone.now() - after)
    send_refund(refund.pk)
    refund.refresh_from_db()
    assert refund.status == "succeeded"
    amounts = [row["amount"] for row in sandbox.control("ledger")["refunds"]]
    assert sum(amounts) == 500, "the customer was paid back twice"


def the_broker_forgets_everything(harbour, relay) -> None:
    """An order is paid, and whatever message about it was in the broker is gone."""
    sold(connected(harbour))
    relay.run_until_idle()
    assert len(harbour.books()["orders"]) == 1, "a paid order never reached its supplier"


def stripe_is_down_when_its_webhook_comes(sandbox) -> None:
    """Stripe tells of a payment and does not answer the question about it at that moment."""
    order = paid_at_sandbox(sandbox)
    sandbox.control("faults", [{"match": "GET /v1/checkout/sessions/*", "kind": "error_500_before"}])
    assert stripe_tells(order.sessions.get()).status_code == 200
    for _turn in range(2):
        for row in IncomingEvent.objects.filter(done_at=None):
            incoming.work_on(row.pk)
    order.refresh_from_db()
    assert order.status == "paid", "we said yes to a webhook and forgot the payment"


def an_older_copy_comes_after_a_newer_one() -> None:
    """Two webhooks about one order arrive in the wrong order."""
    supplier = make_supplier()
    supplier_order = placed(make_variant(supplier, stock=None), 2)
    copies = [order_copy(supplier_order, 3, accepted=2), order_copy(supplier_order, 2, pending=2)]
    for number, copy in enumerate(copies):
        assert tell(supplier, f"evt_{number}", "order.updated", {"order": copy}).status_code == 204
        work_incoming(IncomingEvent.objects.get(event_id=f"evt_{number}").pk)
    assert supplier_order.order.lines.get().confirmed == 2, "an older copy undid a newer one"


def a_parcel_is_said_to_be_on_its_way_after_it_arrived() -> None:
    """A parcel was delivered, and a newer copy calls it on its way again."""
    supplier_order = placed(make_variant(make_supplier(), stock=None), 1)
    for version, status in enumerate(["delivered", "in_transit"], start=1):
        copy = parcel_copy(supplier_order, 1, 1, status=status) | {"version": version}
        assert take_shipment_copy(supplier_order.supplier, copy)
    assert supplier_order.order.shipments.get().status == "delivered", "a delivered parcel was moved back"


def two_agents_pay_back_more_than_half() -> None:
    """Two agents each pay back most of what one customer paid."""
    order = make_paid_order((make_variant(make_supplier()), 1))
    part = RefundPart(order.lines.get(), 0, order.total_minor * 6 // 10)
    for agent in ("ada", "ben"):
        with suppress(TooMuch):
            request_refund(order, [part], reason=Refund.Reason.GOODWILL, by=None, key=agent)
    back = sum(refund.amount_minor for refund in Refund.objects.all())
    assert back <= order.total_minor, "more is promised back than was taken"


def a_forged_webhook_refuses_an_order(relay) -> None:
    """Somebody who does not know the supplier's secret says that it cannot deliver."""
    supplier = make_supplier()
    supplier_order = placed(make_variant(supplier, stock=None), 1)
    copy = order_copy(supplier_order, 9, rejected=1)
    tell(supplier, "evt_forged", "order.updated", {"order": copy}, secret="whsec_bm90LXRoZS1zZWNyZXQ=")
    relay.run_until_idle()
    assert Refund.objects.count() == 0, "a forged message paid money back"


def an_order_is_placed_inside_a_transaction_that_fails(harbour) -> None:
    """Code calls a supplier inside a transaction, which is then rolled back."""
    supplier = connected(harbour)
    with suppress(InTransaction, ZeroDivisionError), transaction.atomic():
        supplier_order = forward_order(sold(supplier))[0]
        supplier_order.refresh_from_db()
        adapter_of(supplier).place(supplier_order.request, key=f"waybill-order-{supplier_order.reference}")
        raise ZeroDivisionError
    assert SupplierOrder.objects.count() == 0
    assert harbour.books()["orders"] == [], "the supplier took an order that our books know nothing of"


def a_customer_finds_the_desk(client) -> None:
    """A customer who is logged in sends the desk's refund form for her own case."""
    customer = make_person()
    order = make_paid_order((make_variant(make_supplier()), 1), user=customer)
    ticket = open_ticket(
        order=order, email=order.email, name="", topic=Topic.QUESTION, subject="?", body="?", form_key=uuid4()
    )
    client.force_login(customer)
    address = reverse("desk:refund", args=[ticket.pk, order.lines.get().pk])
    line = order.lines.get()
    wish = Wish(Refund.Reason.GOODWILL, money={line.pk: 500})
    shown = signing.dumps(preview_refund(order, wish, by=customer).shown(), salt=SHOWN_SALT)
    client.post(address, {f"money_{line.pk}": "5.00", "reason": "goodwill", "shown": shown})
    assert Refund.objects.count() + RefundRequest.objects.count() == 0, "a customer paid money back to herself"


def the_last_unit_is_bought_while_another_types(monkeypatch) -> None:
    """Between one buyer's look at the stock and their order, another buys the last unit."""
    variant = make_variant(make_supplier(), stock=1)
    baskets = [make_basket((variant, 1)) for _number in range(2)]
    quote_basket, rivals = checkout.quote_basket, [baskets[1]]

    def quote_while_a_rival_buys(*args, **kwargs):
        while rivals:
            place_order(rivals.pop(), ADDRESS, user=None, now=timezone.now())
        return quote_basket(*args, **kwargs)

    with monkeypatch.context() as patch, suppress(SoldOut):
        patch.setattr(checkout, "quote_basket", quote_while_a_rival_buys)
        place_order(baskets[0], ADDRESS, user=None, now=timezone.now())
    variant.refresh_from_db()
    assert variant.reserved == 1, f"the last unit was sold {variant.reserved} times"


def one_webhook_comes_six_times_at_once(crowd: Crowd) -> None:
    """A supplier repeats a webhook so fast that six copies are stored at once."""
    many_store_one_webhook(crowd, make_supplier(), [])


def two_parcels_of_one_line_are_told_at_once(crowd: Crowd) -> None:
    """Two parcels of one order are told at the same moment."""
    two_parcels_are_told(crowd, make_variant(make_supplier(), stock=None))
