"""Keep an order from being sent out, and let it go again."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction
from django.utils import timezone

from orders import events
from orders.actions.authorisation import take_if_free
from orders.actions.shipping import lock_order
from orders.actions.work import close_work
from orders.models import Approval, Hold, Order, WorkItem
from shop.models import User


def place_hold(order: Order, reason: Hold.Reason, *, note: str = "", by: User | None) -> Hold | None:
    """Keep an order from being sent out until somebody lets it go; None if it is held for that reason already.

    What no supplier has been sent yet stays here. Its money is as before.
    """
    with transaction.atomic():
        lock_order(order)
        hold, new = Hold.objects.get_or_create(
            order=order, reason=reason, released_at=None, defaults={"note": note[:200], "created_by": by}
        )
        if not new:
            return None
        events.record("hold.placed", hold, by=by, reason=str(reason))
    return hold


def release_hold(hold: Hold, *, by: User | None) -> bool:
    """End a hold, so that its order goes on if no other one is left; False if it was ended before.

    An order whose money is only authorised is paid by that: it is owed to the provider from now on.
    """
    with transaction.atomic():
        lock_order(hold.order)
        mine = Hold.objects.filter(pk=hold.pk, released_at=None)
        if not mine.update(released_at=timezone.now(), released_by=by):
            return False
        events.record("hold.released", hold, by=by, reason=hold.reason)
        close_work(WorkItem.Reason.ORDER_HELD, hold, by=by)
        hold.order.refresh_from_db()
        take_if_free(hold.order, by=by)
    return True


def release_holds(order: Order, reasons: Collection[Hold.Reason] | None = None, *, by: User | None) -> int:
    """End all holds of an order, or those for some reasons; return how many there were. Safe to repeat."""
    held = order.holds.filter(released_at=None)
    return sum(release_hold(hold, by=by) for hold in (held if reasons is None else held.filter(reason__in=reasons)))


def release_decided(order: Order, *, by: User | None) -> bool:
    """End the hold for prescriptions once each gated unit is decided. Inside the transaction of a decision."""
    for line in order.lines.exclude(gated_at=None):
        granted = sum(row.units for row in Approval.objects.filter(order_line=line, decision=Approval.Decision.GRANTED))
        if granted < line.open:
            return False
    return release_holds(order, [Hold.Reason.PRESCRIPTION], by=by) > 0
