"""How much a person may pay back alone.

Caps bind amounts that a person chooses. What the shop owes by rule (goods cancelled, money that came too
late or twice, a parcel that is lost) is not chosen, and goes back whatever it comes to; see docs/adr/0018.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Max, Q, Sum
from django.utils.module_loading import import_string

from orders.models import Order, Refund, RefundCap
from orders.states import RefundStatus
from shop.models import User

# How the keys of refunds begin whose amount a person chose: alone, or approved by a second one.
ALONE, APPROVED = "hand-", "request-"
BY_HAND = Q(idempotency_key__startswith=ALONE) | Q(idempotency_key__startswith=APPROVED)


@dataclass(frozen=True, slots=True)
class Cap:
    """The most in one refund, and for one order, in minor units of the order's currency."""

    per_refund_minor: int
    per_order_minor: int


def cap_of(user: User, currency: str) -> Cap | None:
    """Return what somebody may pay back alone in a currency, the best of their roles; None: any amount."""
    if user.is_superuser:
        return None
    rows = RefundCap.objects.filter(group__user=user, currency=currency)
    most = rows.aggregate(one=Max("per_refund_minor"), all=Max("per_order_minor"))
    return Cap(most["one"] or 0, most["all"] or 0)


def room_minor(user: User, order: Order) -> int | None:
    """Return how much somebody may pay back alone for an order now; None: any amount.

    Counts all that people chose to pay back for the order, by hand or otherwise, whoever did. Only true for as long
    as the order is locked.
    """
    cap = cap_of(user, order.currency)
    return None if cap is None else max(0, min(cap.per_refund_minor, cap.per_order_minor - spent_by_people(order)))


def spent_by_hand(order: Order) -> int:
    """Return how much was paid back by hand for an order, whoever did, in minor units."""
    alive = Refund.objects.filter(BY_HAND, order=order).exclude(status=RefundStatus.FAILED)
    return alive.aggregate(sum=Sum("amount_minor"))["sum"] or 0


def spent_by_people(order: Order) -> int:
    """Return the same with what people decided in later apps (the setting SPENT_BY_PEOPLE): for goods that come back."""
    return spent_by_hand(order) + sum(import_string(path)(order) for path in settings.SPENT_BY_PEOPLE)


def is_within_cap(user: User, order: Order, amount_minor: int) -> bool:
    """True if somebody may pay this back alone. Only true for as long as the order is locked."""
    room = room_minor(user, order)
    return room is None or amount_minor <= room
