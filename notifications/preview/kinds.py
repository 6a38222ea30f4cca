"""Which message is written about which row, for the preview: one entry per kind that we write ourselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from django.utils import timezone

from notifications import (
    address_messages,
    cancellation_messages,
    delay_messages,
    messages,
    parcel_messages,
    payment_messages,
    return_messages,
    return_outcomes,
    review_messages,
    staff_messages,
    stock_messages,
    supplier_messages,
    ticket_messages,
)
from notifications.actions.digest import digest_of
from notifications.mail import Mail
from notifications.preview.samples import Subjects
from orders.models import Order, OrderLine, Refund

T = TypeVar("T")


class NotThere(Exception):
    """The order has nothing that a message of this kind could be about."""


def _there(found: T | None) -> T:
    if found is None:
        raise NotThere
    return found


def _bought(about: Subjects) -> list[OrderLine]:
    return list(about.order.lines.filter(replaces=None))


def _lines_cancelled(about: Subjects) -> Mail:
    refund = about.refund
    parts = {line.pk: line.quantity for line in _bought(about)[-1:]}
    # Read anew: only in this mail is it cancelled.
    order = Order.objects.prefetch_related("lines").get(pk=about.order.pk)
    for line in order.lines.all():
        line.cancelled = max(line.cancelled, parts.get(line.pk, 0))
    return messages.lines_cancelled(order, parts, refund, reason=Refund.Reason.SUPPLIER_CANNOT)


def _cancellation_answered(about: Subjects) -> Mail:
    asked = _there(about.cancellation)
    stopped = {row.line_id: row.quantity for row in asked.lines.all()}
    refunds = [about.refund] if about.refund else []
    return cancellation_messages.cancellation_answered(about.order, stopped, {}, refunds, why="")


def _order_authorised(about: Subjects) -> Mail:
    return payment_messages.order_authorised(about.order, _there(about.authorisation))


def _ticket_opened(about: Subjects) -> Mail:
    message = _there(about.ticket_message)
    return ticket_messages.ticket_opened(message.ticket, message)


def _ticket_answered(about: Subjects) -> Mail:
    message = _there(about.ticket_message)
    return ticket_messages.ticket_answered(message.ticket, message)


def _ticket_solved(about: Subjects) -> Mail:
    return ticket_messages.ticket_solved(_there(about.ticket_message).ticket)


def _refunds(about: Subjects) -> list[Refund]:
    return [about.refund] if about.refund else []


def _withdrawal(about: Subjects) -> Mail:
    rows = [about.back] if about.back else []
    if not rows and about.cancellation is None:
        raise NotThere
    for row in rows:
        # Of a withdrawal nobody asks the reason, and its label is not there yet.
        row.reason, row.label_url = "", ""
    return return_messages.withdrawal_received(about.order, timezone.now(), rows, about.cancellation)


def _replacement_failed(about: Subjects) -> Mail:
    new = _there(about.replacement)
    return return_outcomes.replacement_failed(new, new.quantity, _refunds(about))


# What is about no order: a wish for goods, and what suppliers and staff get.
OF_NONE = {"back-in-stock", "supplier-chased", "supplier-question", "supplier-return", "staff-digest"}

PREVIEWS: Mapping[str, Callable[[Subjects], Mail]] = {
    "order-confirmed": lambda about: messages.order_confirmed(about.order),
    "transfer-awaited": lambda about: payment_messages.transfer_awaited(about.order),
    "payment-pending": lambda about: messages.payment_pending(about.order),
    "payment-failed": lambda about: messages.payment_failed(about.order),
    "order-authorised": _order_authorised,
    "order-refused": lambda about: payment_messages.order_refused(about.order),
    "parcel-sent": lambda about: messages.parcel_sent(_there(about.shipment)),
    "parcel-number": lambda about: messages.parcel_renumbered(_there(about.shipment)),
    "parcel-attempted": lambda about: parcel_messages.delivery_tried(_there(about.shipment)),
    "parcel-deposited": lambda about: parcel_messages.parcel_deposited(_there(about.shipment)),
    "parcel-back": lambda about: parcel_messages.parcel_comes_back(_there(about.shipment)),
    "parcel-delivered": lambda about: messages.parcel_delivered(_there(about.shipment)),
    "arrival-delayed": lambda about: delay_messages.arrival_delayed(_there(about.delay)),
    "arrival-changed": lambda about: delay_messages.arrival_changed(_there(about.sooner)),
    "lines-cancelled": _lines_cancelled,
    "cancellation-asked": lambda about: cancellation_messages.cancellation_waiting(_there(about.cancellation)),
    "cancellation-answered": _cancellation_answered,
    "refund": lambda about: messages.refund_on_its_way(_there(about.refund)),
    "refund-failed": lambda about: messages.refund_failed(_there(about.refund)),
    "withdrawal-received": _withdrawal,
    "return-asked": lambda about: return_messages.return_asked([_there(about.back)]),
    "return-ready": lambda about: return_messages.return_ready(_there(about.back)),
    "return-kept": lambda about: return_outcomes.return_kept(_there(about.back), _refunds(about)),
    "return-ending": lambda about: return_messages.return_ending(_there(about.back)),
    "return-sent-back": lambda about: return_outcomes.return_sent_back(_there(about.back), []),
    "return-scanned": lambda about: return_outcomes.return_scanned(_there(about.back), _refunds(about)),
    "return-arrived": lambda about: return_outcomes.return_arrived(_there(about.back)),
    "return-resolved": lambda about: return_outcomes.return_resolved(_there(about.back), _refunds(about)),
    "return-declined": lambda about: return_outcomes.return_declined(_there(about.back)),
    "return-cancelled": lambda about: return_outcomes.return_cancelled(_there(about.back)),
    "return-expired": lambda about: return_outcomes.return_expired(_there(about.back)),
    "return-review": lambda about: return_outcomes.return_review(_there(about.back), []),
    "replacement-failed": _replacement_failed,
    "order-link": lambda about: messages.order_link(about.order, timezone.localdate()),
    "email-left": lambda about: messages.email_left(about.order),
    "email-corrected": lambda about: messages.email_corrected(about.order),
    "address-changed": lambda about: address_messages.address_changed(about.order),
    "ticket-opened": _ticket_opened,
    "ticket-answered": _ticket_answered,
    "ticket-solved": _ticket_solved,
    "review-request": lambda about: review_messages.review_request(about.order, _bought(about)),
    "back-in-stock": lambda about: stock_messages.back_in_stock(_there(about.watch)),
    "supplier-chased": lambda about: delay_messages.supplier_chased(_there(about.chase)),
    "supplier-question": lambda about: supplier_messages.supplier_asked(_there(about.question)),
    "supplier-return": lambda about: supplier_messages.supplier_return_asked(_there(about.asked_back)),
    "staff-digest": lambda about: staff_messages.staff_digest(digest_of(timezone.localdate(), now=timezone.now())),
}
