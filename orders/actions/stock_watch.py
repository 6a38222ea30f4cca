"""Notice what can be bought again and is waited for."""

from __future__ import annotations

from django.db import transaction

from orders import events
from shop.actions import stock_watch

# So many at a time; the next turn goes on.
MOST = 100


def note_what_is_back() -> int:
    """Record, once, that variants which somebody waits for can be bought again; return how many.

    Whatever brought them back, be it the supplier's word or an order that was given up. Safe to repeat.
    """
    noted = 0
    for variant in stock_watch.waiting_for_what_is_back()[:MOST]:
        with transaction.atomic():
            watches = stock_watch.mark_back(variant)
            if watches:
                events.record("variant.back_in_stock", variant, by=None, watches=watches)
                noted += 1
    stock_watch.forget_old_watches()
    return noted
