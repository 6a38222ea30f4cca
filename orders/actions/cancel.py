"""Cancel units that no supplier has: the quantity, its money and the news of it, in one act."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.db.models import F

from orders import events
from orders.actions.refund import cancelled_part, request_refund
from orders.actions.reservation import release_line
from orders.actions.shipping import lock_order
from orders.models import Order, OrderLine, Refund
from shop.models import User


class NotOpen(Exception):
    """Some of the units are with a supplier, or cancelled already."""


def cancel_units(
    order: Order, quantities: Mapping[int, int], *, reason: Refund.Reason, by: User | None, key: str
) -> Refund | None:
    """Cancel open units of order lines (id to quantity), refund them and record ``lines.cancelled``.

    All or nothing; the same ``key`` does it once. Returns the refund, or None for an order that was
    never paid. Raises NotOpen.
    """
    with transaction.atomic():
        # Before the lines, in the same order as every refund: two that wait for each other would both stand.
        lock_order(order)
        known = Refund.objects.filter(idempotency_key=key).first()
        if known is not None:
            return known
        parts = []
        for line in order.lines.filter(pk__in=quantities):
            units = quantities[line.pk]
            still_open = OrderLine.objects.filter(pk=line.pk, quantity__gte=F("forwarded") + F("cancelled") + units)
            if not still_open.update(cancelled=F("cancelled") + units):
                raise NotOpen(line.sku)
            parts.append(cancelled_part(line, units))
            release_line(line)
        refund = None
        if order.is_paid and sum(part.amount_minor for part in parts) > 0:
            refund = request_refund(order, parts, reason=reason, by=by, key=key)
        events.record(
            "lines.cancelled",
            order,
            by=by,
            lines=[{"line": part.line.pk, "quantity": quantities[part.line.pk]} for part in parts],
            reason=str(reason),
            refund=refund.pk if refund else None,
        )
    return refund
