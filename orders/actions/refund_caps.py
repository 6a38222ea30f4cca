"""How much a person may pay back alone.

Caps bind amounts that a person chooses. What the shop owes by rule (goods cancelled, money that came too
late or twice, a parcel that is lost) is not chosen, and goes back whatever it comes to; see docs/adr/0018.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Max, Q, Sum

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


def is_within_cap(user: User, order: Order, amount_minor: int) -> bool:
    """True if somebody may pay this back alone; counts all that was paid back by hand for the order, whoever did.

    Only true for as long as the order is locked.
    """
    cap = cap_of(user, order.currency)
    if cap is None:
        return True
    alive = Refund.objects.filter(BY_HAND, order=order).exclude(status=RefundStatus.FAILED)
    spent = alive.aggregate(sum=Sum("amount_minor"))["sum"] or 0
    return amount_minor <= cap.per_refund_minor and spent + amount_minor <= cap.per_order_minor
