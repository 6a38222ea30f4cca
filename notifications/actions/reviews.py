"""Ask buyers what the goods are like, once per order, some days after the last of it has come."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
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


def owe_review_request(event: Event) -> None:
    """Let an order be looked at some days after a parcel of it has come; a later parcel puts that off. Safe to repeat."""
    if not settings.REVIEW_REQUEST_DAYS:
        return
    row, _new = ReviewRequest.objects.get_or_create(order=event.order)
    due_at = event.at + timedelta(days=settings.REVIEW_REQUEST_DAYS)
    ReviewRequest.objects.filter(pk=row.pk, asked_at=None).exclude(due_at__gte=due_at).update(due_at=due_at)


def ask_for_review(request_id: int) -> None:
    """Ask the customer of an order, if all of it has come and there is something they may review. Once."""
    rows = ReviewRequest.objects.filter(asked_at=None).select_related("order")
    row = lease.take(rows, request_id)
    if row is None:
        return
    order = row.order
    if _has_open_case(order) and row.created_at > timezone.now() - TOO_OLD:
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
    if not is_wanted(KIND, order.email) or Order.objects.filter(is_under_way(), pk=order.pk).exists():
        return []
    shown = order.lines.filter(gated_at=None, variant__product__is_published=True, delivered__gt=F("returned"))
    known = set(shown.values_list("pk", flat=True))
    return [line for line in lines_to_review(order) if line.pk in known]


def _has_open_case(order: Order) -> bool:
    return Ticket.objects.filter(order=order).exclude(status=TicketStatus.SOLVED).exists()
