"""Pay back what is owed by rule: by an earlier decision, by law, or because nothing else is possible."""

from __future__ import annotations

from django.db import transaction

from orders.actions.refund_by_hand import pay_back_quote
from orders.actions.refund_quote import NothingToPay, Wish, quote_refund
from orders.actions.shipping import lock_order
from orders.models import Order, Refund
from shop.models import User


def refund_by_rule(order: Order, wish: Wish, *, key: str, by: User | None = None) -> list[Refund]:
    """Owe what a wish comes to now, once per ``key`` (at most 60 characters); no cap counts it.

    Returns the refunds, none where nothing of it is left to pay back: it went back in another way before.
    Raises orders.actions.refund.TooMuch.
    """
    with transaction.atomic():
        lock_order(order)
        known = list(order.refunds.filter(idempotency_key__in=[key, f"{key}-p2", f"{key}-p3"]))
        if known:
            return known
        try:
            quote = quote_refund(order, wish)
        except NothingToPay:
            return []
        return pay_back_quote(quote, key=key, by=by)
