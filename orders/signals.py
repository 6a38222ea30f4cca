"""The signals of this app's events.

The relay sends each of them from the stored event, as often as it takes, with ``event``
(an ``orders.models.Event``). What follows what is listed in ``config/reactions.py``; other
people's code may connect here as well, and must be safe to run twice.
"""

from __future__ import annotations

from typing import ClassVar

from django.dispatch import Signal


class EventSignal(Signal):
    """The signal of one kind of event, findable by that kind."""

    by_kind: ClassVar[dict[str, EventSignal]] = {}

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.by_kind[kind] = self


approval_granted = EventSignal("approval.granted")
approval_refused = EventSignal("approval.refused")
order_email_corrected = EventSignal("order.email_corrected")
order_address_changed = EventSignal("order.address_changed")
order_placed = EventSignal("order.placed")
order_paid = EventSignal("order.paid")  # the post-payment signal
order_expired = EventSignal("order.expired")
order_late_paid = EventSignal("order.late_paid")
order_cancelled = EventSignal("order.cancelled")
payment_failed = EventSignal("payment.failed")
payment_pending = EventSignal("payment.pending")
payment_unexpected = EventSignal("payment.unexpected")
payment_awaited = EventSignal("payment.awaited")
payment_transferred = EventSignal("payment.transferred")
order_authorised = EventSignal("order.authorised")
order_refused = EventSignal("order.refused")
authorisation_captured = EventSignal("authorisation.captured")
authorisation_released = EventSignal("authorisation.released")
dispute_opened = EventSignal("dispute.opened")
dispute_won = EventSignal("dispute.won")
dispute_lost = EventSignal("dispute.lost")
dispute_closed = EventSignal("dispute.closed")
refund_requested = EventSignal("refund.requested")
refund_pending = EventSignal("refund.pending")
refund_succeeded = EventSignal("refund.succeeded")
refund_failed = EventSignal("refund.failed")
refund_request_asked = EventSignal("refund_request.asked")
refund_request_approved = EventSignal("refund_request.approved")
refund_request_declined = EventSignal("refund_request.declined")
refund_request_lapsed = EventSignal("refund_request.lapsed")
paper_issued = EventSignal("paper.issued")
parcel_announced = EventSignal("parcel.announced")
parcel_in_transit = EventSignal("parcel.in_transit")
parcel_out_for_delivery = EventSignal("parcel.out_for_delivery")
parcel_renumbered = EventSignal("parcel.renumbered")
parcel_attempted = EventSignal("parcel.attempted")  # each time the carrier came in vain
parcel_deposited = EventSignal("parcel.deposited")  # each time it waits somewhere to be collected
parcel_delivered = EventSignal("parcel.delivered")
parcel_exception = EventSignal("parcel.exception")
parcel_returning = EventSignal("parcel.returning")
parcel_returned = EventSignal("parcel.returned")
hold_placed = EventSignal("hold.placed")
hold_released = EventSignal("hold.released")
estimate_changed = EventSignal("estimate.changed")
delay_noticed = EventSignal("delay.noticed")
arrival_advanced = EventSignal("arrival.advanced")
delivery_late = EventSignal("delivery.late")
delivery_on_time = EventSignal("delivery.on_time")  # not late any more
lines_cancelled = EventSignal("lines.cancelled")
link_requested = EventSignal("order.link_requested")
cancellation_requested = EventSignal("cancellation.requested")
cancellation_waiting = EventSignal("cancellation.waiting")
cancellation_answered = EventSignal("cancellation.answered")
variant_back_in_stock = EventSignal("variant.back_in_stock")
