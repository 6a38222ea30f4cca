"""What else there is about an order whose money has come, looked at once: about most orders there is nothing."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, F

from orders.events import key_of
from orders.models import Authorisation, CheckoutSession, Hold, Order, OrderLine, WorkItem


@dataclass(frozen=True, slots=True)
class Beside:
    """What must be dealt with; whoever has the order's row can go by it, for all of it is written with that row."""

    # A bank kept money for it before.
    is_kept: bool
    # A person was asked about money that does not fit.
    is_asked: bool
    # It could be paid on another page as well.
    is_payable: bool
    is_held_for_prescription: bool
    has_cancelled: bool


def look_beside(order: Order) -> Beside:
    """Look, inside a transaction that has the order; one query."""
    states = [CheckoutSession.State.NEW, CheckoutSession.State.OPEN]
    asked = WorkItem.objects.filter(
        reason=WorkItem.Reason.PAYMENT_UNEXPECTED, subject_key=key_of(order), part="", closed_at=None
    )
    held = Hold.objects.filter(order=order, released_at=None, reason=Hold.Reason.PRESCRIPTION)
    found = Order.objects.filter(pk=order.pk).values_list(
        Exists(Authorisation.objects.filter(order=order)),
        Exists(asked),
        Exists(CheckoutSession.objects.filter(order=order, state__in=states)),
        Exists(held),
        Exists(OrderLine.objects.filter(order=order, cancelled__gt=F("refunded"))),
    )
    return Beside(*found.get())
