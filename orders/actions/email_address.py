"""Correct a mistyped e-mail address of an order, before the first mails are lost."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from orders import events
from orders.models import Order
from orders.models.order import new_token
from orders.parts import may_have
from orders.providers.registry import provider_of
from orders.states import OrderStatus
from shop.models import User

# A slip of the fingers is seen at once. Whoever comes later asks us.
CORRECTABLE_FOR = timedelta(hours=1)
MOST_CORRECTIONS = 3
# Before the money is there, the pay page leads back to the order's link, which must stay as it is.
SETTLED = (OrderStatus.PAID, OrderStatus.AUTHORISED)


class TooLateToCorrect(Exception):
    """The order is too old, not paid, or was corrected too often."""


def can_correct(order: Order, *, now: datetime) -> bool:
    """True while the address of an order can still be corrected; one query.

    One that takes no mail can be, as long as it takes none: nobody gets our mails there.
    """
    is_fresh = order.placed_at >= now - CORRECTABLE_FOR
    if not _is_bought(order) or not (is_fresh or order.email_failed_at):
        return False
    return (
        not may_have(order, "corrections")
        or order.events.filter(kind="order.email_corrected").count() < MOST_CORRECTIONS
    )


def _is_bought(order: Order) -> bool:
    # Whoever transfers the money needs the mail that says where to.
    waits = order.status == OrderStatus.PLACED and not provider_of(order.pay_with).has_page
    return waits or order.status in SETTLED


def correct_email(order: Order, email: str, *, now: datetime, by: User | None) -> bool:
    """Let an order's mails go to another address; both hear of it. False if it is the same.

    The order gets a new link: whoever the old one was sent to by mistake does not open it any more.
    Raises TooLateToCorrect.
    """
    before = order.email
    if email.lower() == before.lower():
        return False
    with transaction.atomic():
        if not can_correct(order, now=now):
            raise TooLateToCorrect
        token = new_token()
        # Of two corrections at once, one wins.
        mine = Order.objects.filter(pk=order.pk, email=before, token=order.token, status=order.status)
        if not mine.update(email=email, token=token, email_failed_at=None):
            raise TooLateToCorrect
        order.email, order.token, order.email_failed_at = email, token, None
        events.record("order.email_corrected", order, by=by, before=before, now=email)
    return True
