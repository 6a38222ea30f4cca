"""Ask buyers what the goods are like, once per order, some days after the last of it has come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from notifications import review_messages
from notifications.actions.announce import announce
from notifications.actions.choices import is_wanted
from notifications.models import ReviewRequest
from orders import lease
from orders.actions.line_review import lines_to_review
from orders.models import Event, Order, OrderLine
from orders.models.order import is_under_way
from shop.languages import speaking
from support.models import Ticket
from support.states import TicketStatus

KIND = "review-request"
# Whoever waits for our help is not asked for praise; after so long nobody remembers what they bought.
PUT_OFF, TOO_OLD = timedelta(days=7), timedelta(days=60)


def owe_review_requests(happened: Sequence[Event]) -> None:
    """Let orders be looked at some days after a parcel of them has come; a later parcel puts that off. Safe to repeat."""
    if not settings.REVIEW_REQUEST_DAYS:
        return
    # In one order, so that two who do so do not wait in a circle.
    last = {event.order_id: event.at for event in sorted(happened, key=lambda event: (event.order_id, event.at))}
    due = {order_id: at + timedelta(days=settings.REVIEW_REQUEST_DAYS) for order_id, at in last.items()}
    made = [ReviewRequest(order_id=order_id, due_at=due_at) for order_id, due_at in due.items()]
    ReviewRequest.objects.bulk_create(made, ignore_conflicts=True)
    for row in ReviewRequest.objects.filter(order__in=due, asked_at=None).order_by("order_id"):
        _look_later(row, due[row.order_id])


def _look_later(row: ReviewRequest, due_at: datetime) -> None:
    """Let a request be looked at then, if that is later than it would be, or if somebody is looking at it right now.

    They may have looked before this parcel came, and would put the request aside for good: it is taken out of their
    hands, so that what they found is not written any more. Whoever takes it after this sees the parcel.
    """
    if row.lease_until is None and row.due_at is not None and row.due_at >= due_at:
        return
    too_soon = Q(due_at=None) | Q(due_at__lt=due_at) | Q(lease_until__isnull=False)
    rows = ReviewRequest.objects.filter(too_soon, pk=row.pk, asked_at=None)
    rows.update(due_at=due_at, lease_until=None, attempt=F("attempt") + 1)


def ask_for_review(request_id: int) -> None:
    """Ask the customer of an order, if all of it has come and there is something they may review. Once."""
    rows = ReviewRequest.objects.filter(asked_at=None).select_related("order")
    row = lease.take(rows, request_id)
    if row is None:
        return
    order = row.order
    # What is still to come may be cancelled as well, and then no parcel says that all is here.
    if (_is_under_way(order) or _has_open_case(order)) and row.created_at > timezone.now() - TOO_OLD:
        lease.put_off(row, PUT_OFF.total_seconds())
        return
    with transaction.atomic():
        lines = lines_to_ask(order)
        if not lines:
            lease.finish(row)
            return
        if lease.finish(row, asked_at=timezone.now()):
            with speaking(order.language):
                mail = review_messages.review_request(order, lines)
            announce(KIND, f"{order.number}:1", mail, recipient=order.email, order=order, event=None)


def lines_to_ask(order: Order) -> list[OrderLine]:
    """Return the lines whose buyer is asked; none as long as something is to come, or where they want no such mail.

    Only goods that the shop still shows, and nothing that needed an approval: a medicine is no matter of taste.
    """
    if not is_wanted(KIND, order.email) or _is_under_way(order):
        return []
    shown = order.lines.filter(gated_at=None, variant__product__is_published=True, delivered__gt=F("returned"))
    # Nor what is to go back, or is paid back because of a fault.
    shown = shown.filter(delivered__gt=F("in_returns"))
    known = set(shown.values_list("pk", flat=True))
    return [line for line in lines_to_review(order) if line.pk in known]


def _is_under_way(order: Order) -> bool:
    return Order.objects.filter(is_under_way(), pk=order.pk).exists()


def _has_open_case(order: Order) -> bool:
    return Ticket.objects.filter(order=order).exclude(status=TicketStatus.SOLVED).exists()
