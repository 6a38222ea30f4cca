"""Numbers of orders."""

from __future__ import annotations

import secrets

from django.conf import settings

from orders.models import Order

TRIES = 5


def free_number() -> str:
    """Return a number that no order has; one query."""
    # Random, so that a number tells nobody how much the shop sells.
    for _try in range(TRIES):
        number = f"{settings.ORDER_PREFIX}-{secrets.randbelow(9_000_000) + 1_000_000}"
        if not Order.objects.filter(number=number).exists():
            return number
    raise RuntimeError("no free order number found")
