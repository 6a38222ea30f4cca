"""What a supplier told a person, where it does not answer by itself."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F

from orders.actions.shipping import lock_order
from orders.models import OrderLine
from shop.models import User
from suppliers.actions.stopped import decide, give_to_cancellations
from suppliers.actions.track import write_down
from suppliers.models import SupplierCancellation, SupplierCancellationLine, SupplierOrderLine
from suppliers.states import SupplierCancellationStatus


def answer_by_hand(row: SupplierCancellation, *, stopped: bool, by: User) -> bool:
    """Note what a supplier told a person: everything asked for is stopped, or nothing is. Safe to repeat.

    Should the supplier's own copies go on to say something else, they become work for a person.
    """
    with transaction.atomic():
        lock_order(row.order)
        row.refresh_from_db()
        if row.status == SupplierCancellationStatus.DECIDED:
            return False
        if stopped:
            parts = list(row.lines.select_related("line"))
            lost = {part.line_id: _stop(part) for part in parts}
            # No copy need ever say so: what a supplier sends by itself has none.
            write_down([part.line for part in parts])
            give_to_cancellations(row.supplier_order, lost)
        decide(row, outcome="by hand", by=by)
    return True


def _stop(part: SupplierCancellationLine) -> int:
    line, left = part.line, part.waiting
    counts = {}
    for name, most in (
        ("pending", line.pending),
        ("backordered", line.backordered),
        ("accepted", line.accepted - line.shipped),
    ):
        counts[name] = min(left, most)
        left -= counts[name]
    units = sum(counts.values())
    SupplierOrderLine.objects.filter(pk=line.pk).update(
        **{name: F(name) - count for name, count in counts.items()}, cancelled=F("cancelled") + units
    )
    OrderLine.objects.filter(pk=line.order_line_id).update(forwarded=F("forwarded") - units)
    return units
