"""Which orders a person looks at before their money is taken: a few rules, all of them settings.

| rule | setting | hold |
|---|---|---|
| goods on prescription | ``REVIEW_PRESCRIPTIONS`` | prescription |
| a total from so much on | ``REVIEW_ABOVE_MINOR`` | payment review |
| certain countries | ``REVIEW_COUNTRIES`` | payment review |
"""

from __future__ import annotations

from collections.abc import Collection

from django.conf import settings

from orders import events
from orders.models import Hold, Order
from shop.models.catalogue import Gate


def hold_for_review(order: Order, gates: Collection[str]) -> list[Hold]:
    """Place the holds of a new order, inside the transaction that makes it; ``gates`` are those of its goods."""
    return [_place(order, reason, note) for reason, note in _reasons(order, gates)]


def _reasons(order: Order, gates: Collection[str]) -> list[tuple[Hold.Reason, str]]:
    found = []
    # Each line has its own gate once an order is paid; what costs nothing is paid at once.
    asks = settings.REVIEW_PRESCRIPTIONS and order.total_minor > 0
    if asks and Gate.PRESCRIPTION in gates:
        found.append((Hold.Reason.PRESCRIPTION, "goods on prescription"))
    why = []
    if settings.REVIEW_ABOVE_MINOR and order.total_minor >= settings.REVIEW_ABOVE_MINOR:
        why.append(f"from {order.money(settings.REVIEW_ABOVE_MINOR)} on")
    if {order.country.code, order.place.country} & set(settings.REVIEW_COUNTRIES):
        why.append(f"goes to {order.place.country}")
    if why:
        found.append((Hold.Reason.PAYMENT_REVIEW, ", ".join(why)))
    return found


def _place(order: Order, reason: Hold.Reason, note: str) -> Hold:
    hold = Hold.objects.create(order=order, reason=reason, note=note)
    events.record("hold.placed", hold, by=None, reason=str(reason))
    return hold
