"""Races for the units of a line and for messages about them."""

from __future__ import annotations

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone

from notifications.actions.announce import announce
from notifications.actions.send import send_notification
from notifications.mail import Mail
from notifications.models import Notification
from orders.actions.cancel import NotOpen, cancel_units
from orders.actions.refund import RefundPart, request_refund
from orders.models import Order, OrderLine, Refund
from suppliers.actions.forward import forward_order
from suppliers.models import SupplierOrderLine
from tests.factories import make_paid_order, make_supplier, make_variant
from tests.races.crowd import break_down, hold, look_then_make, never_lock, read_then_write, without_wall

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
WORKERS = 5


def a_line_is_cancelled_and_forwarded(crowd, variant) -> None:
    order = make_paid_order((variant, 2))
    line = order.lines.get()

    def customer() -> None:
        cancel_units(order, {line.pk: 1}, reason=Refund.Reason.CANCELLED, by=None, key=f"cancel-{order.number}")

    def worker() -> None:
        with transaction.atomic():
            forward_order(type(order).objects.get(pk=order.pk))

    crowd.at_once(customer, worker, expected=(NotOpen, ValueError))
    line.refresh_from_db()
    asked = sum(part.quantity for part in SupplierOrderLine.objects.filter(order_line=line))
    assert asked + line.cancelled <= line.quantity, "units were cancelled and ordered from a supplier as well"
    assert (line.forwarded, sum(refund.lines.get().quantity for refund in order.refunds.all())) == (
        asked,
        line.cancelled,
    )
    # Whoever came second did nothing at all, and may try again.
    assert asked + line.cancelled > 0
    with transaction.atomic():
        forward_order(order)
    line.refresh_from_db()
    assert line.open == 0


def test_a_unit_is_cancelled_or_forwarded_and_never_both(crowd):
    variant = make_variant(make_supplier(), stock=None)
    hold(lambda: a_line_is_cancelled_and_forwarded(crowd, variant))


def test_twin_without_the_conditional_update_a_unit_is_cancelled_and_forwarded(crowd, monkeypatch):
    variant = make_variant(make_supplier(), stock=None)
    # The lock of the order stands in front of the condition; both are off.
    never_lock(monkeypatch, Order)
    read_then_write(monkeypatch, OrderLine, before=crowd.gap)
    with without_wall(OrderLine, "order_line_adds_up"):
        break_down(
            lambda: a_line_is_cancelled_and_forwarded(crowd, variant),
            "cancelled and ordered from a supplier as well",
            single_writer_holds=True,
        )


def a_line_is_refunded_and_cancelled(crowd, variant) -> None:
    order = make_paid_order((variant, 2))
    line = order.lines.get()

    def customer() -> None:
        cancel_units(order, {line.pk: 1}, reason=Refund.Reason.CANCELLED, by=None, key=f"cancel-{order.number}")

    def agent() -> None:
        part = RefundPart(line, 0, 100)
        request_refund(order, [part], reason=Refund.Reason.GOODWILL, by=None, key=f"scratch-{order.number}")

    crowd.at_once(customer, agent)
    line.refresh_from_db()
    assert (line.cancelled, line.refunded) == (1, 1)
    assert order.payments.get().refunded_minor == line.refunded_minor


def test_a_line_refunded_and_cancelled_at_once_is_both_and_neither_waits_for_the_other(crowd):
    variant = make_variant(make_supplier(), stock=None)
    hold(lambda: a_line_is_refunded_and_cancelled(crowd, variant))


LETTER = Mail(subject="Sent", preheader="It is on its way.", heading="On its way", paragraphs=["Good news."])


def many_announce_one_message(crowd, order, serial: list[int]) -> None:
    serial.append(len(serial))
    key = f"{order.number}:{serial[-1]}"

    def reaction() -> None:
        with transaction.atomic():
            announce("race", key, LETTER, recipient="a@example.com", order=order, event=None)

    crowd.at_once(*[reaction] * WORKERS)
    assert Notification.objects.filter(kind="race", key__endswith=key).count() == 1, "one message is owed twice"


def test_a_message_announced_by_many_is_owed_once(crowd):
    order = make_paid_order((make_variant(make_supplier()), 1))
    serial: list[int] = []
    hold(lambda: many_announce_one_message(crowd, order, serial))


def test_twin_without_the_unique_key_a_message_is_owed_more_than_once(crowd, monkeypatch):
    order = make_paid_order((make_variant(make_supplier()), 1))
    serial: list[int] = []
    look_then_make(monkeypatch, Notification, crowd.gap)
    # The Message-ID is made of the key, and unique as well: behind one wall stands the other.
    with without_wall(Notification, "key", "message_id"):
        break_down(lambda: many_announce_one_message(crowd, order, serial), "owed twice", single_writer_holds=True)


def many_send_one_message(crowd) -> None:
    mail.outbox.clear()
    serial = Notification.objects.count()
    row = Notification.objects.create(
        key=f"race:{serial}",
        kind="race",
        recipient="a@example.com",
        message_id=f"<{serial}@x>",
        due_at=timezone.now(),
    )
    crowd.at_once(*[lambda: send_notification(row.pk)] * WORKERS)
    row.refresh_from_db()
    assert row.status == "sent"
    assert len(mail.outbox) == 1, f"one message was sent {len(mail.outbox)} times"


@pytest.fixture
def outbox(settings):
    settings.MAIL_TRANSPORT = {"backend": "django.core.mail.backends.locmem.EmailBackend", "options": {}}


def test_a_message_sent_by_many_workers_leaves_once(crowd, outbox):
    hold(lambda: many_send_one_message(crowd))


def test_twin_without_the_lease_a_message_leaves_more_than_once(crowd, outbox, monkeypatch):
    read_then_write(monkeypatch, Notification, before=crowd.gap, only=lambda changes: "attempt" in changes)
    break_down(lambda: many_send_one_message(crowd), "was sent [2-9] times")
