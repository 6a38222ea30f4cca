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
    review_messages,
    staff_messages,
    stock_messages,
    ticket_messages,
)
from notifications.actions.digest import digest_of
from notifications.mail import Mail
from notifications.preview.samples import Subjects
from orders.models import Refund

T = TypeVar("T")


class NotThere(Exception):
    """The order has nothing that a message of this kind could be about."""


def _there(found: T | None) -> T:
    if found is None:
        raise NotThere
    return found


def _lines_cancelled(about: Subjects) -> Mail:
    refund = about.refund
    parts = {line.pk: line.quantity for line in list(about.order.lines.all())[-1:]}
    return messages.lines_cancelled(about.order, parts, refund, reason=Refund.Reason.SUPPLIER_CANNOT)


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


# What is about no order: a wish for goods, and what suppliers and staff get.
OF_NONE = {"back-in-stock", "supplier-chased", "staff-digest"}

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
    "order-link": lambda about: messages.order_link(about.order, timezone.localdate()),
    "email-left": lambda about: messages.email_left(about.order),
    "email-corrected": lambda about: messages.email_corrected(about.order),
    "address-changed": lambda about: address_messages.address_changed(about.order),
    "ticket-opened": _ticket_opened,
    "ticket-answered": _ticket_answered,
    "review-request": lambda about: review_messages.review_request(about.order, list(about.order.lines.all())),
    "back-in-stock": lambda about: stock_messages.back_in_stock(_there(about.watch)),
    "supplier-chased": lambda about: delay_messages.supplier_chased(_there(about.chase)),
    "staff-digest": lambda about: staff_messages.staff_digest(digest_of(timezone.localdate(), now=timezone.now())),
}
