"""The end of an order's pay page at Stripe, owed until it is done."""

from __future__ import annotations

from django.db.models.functions import Now

from orders.models import CheckoutSession, Order


def end_later(order: Order) -> None:
    """Owe the end of an order's open pay page, due now. Safe to repeat."""
    open_states = [CheckoutSession.State.NEW, CheckoutSession.State.OPEN]
    order.sessions.filter(state__in=open_states).update(state=CheckoutSession.State.ENDING, due_at=Now())
