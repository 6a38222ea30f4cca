"""Let go what keeps an order from being sent out."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from orders import events
from orders.actions.work import close_work
from orders.models import Hold, WorkItem
from shop.models import User


def release_hold(hold: Hold, *, by: User) -> bool:
    """End a hold, so that its order goes out if no other one is left; False if it was ended before."""
    with transaction.atomic():
        mine = Hold.objects.filter(pk=hold.pk, released_at=None)
        if not mine.update(released_at=timezone.now(), released_by=by):
            return False
        events.record("hold.released", hold, by=by, reason=hold.reason)
        close_work(WorkItem.Reason.ORDER_HELD, hold, by=by)
    return True
