"""Take late goods to another supplier that still meets the promise, if the first one lets them go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from orders.actions.shipping import lock_order
from orders.models import OrderLine
from orders.states import Late
from suppliers.actions.route import next_offer
from suppliers.actions.stopped import undecided
from suppliers.actions.track import take_order_copy
from suppliers.adapters import adapter_of
from suppliers.models import SupplierChase
from suppliers.states import SupplierOrderStatus

# Late before anything has left: then another may be quicker.
BEFORE_SENDING = {Late.UNCONFIRMED, Late.UNSENT, Late.PREDICTED}


def ask_to_let_go(chase: SupplierChase) -> bool:
    """Ask a supplier to let go of an order that somebody else can still deliver in time; False if that is none.

    Its units come back like any that a supplier cancels by itself: the repair of rejections sends them on. The
    same question with the same key on every attempt. Talks to the network; raises TryLater, Unclear or Refused.
    """
    if not chase.request and not _is_written_down(chase):
        return False
    row = chase.supplier_order
    answer = adapter_of(row.supplier).cancel(row.reference, chase.request, key=f"waybill-let-go-{chase.key}")
    copy = answer.get("order")
    if isinstance(copy, Mapping) and copy.get("reference") == row.reference:
        take_order_copy(row, copy)
    return True


def _is_written_down(chase: SupplierChase) -> bool:
    """Save what is to be let go, before it is asked; False where nothing is, or nobody else has all of it in time."""
    row = chase.supplier_order
    if chase.late_kind not in BEFORE_SENDING or not row.supplier.can("cancel"):
        return False
    with transaction.atomic():
        # The customer who cancels comes first: then nothing is to be moved.
        lock_order(row.order)
        row.refresh_from_db()
        is_free = row.status == SupplierOrderStatus.PLACED and not undecided().filter(supplier_order=row).exists()
        if not is_free or row.shipments.exists():
            return False
        lines = list(row.lines.select_related("order_line__order", "order_line__delivery__profile"))
        live = {line.line_id: line.pending + line.accepted + line.backordered - line.shipped for line in lines}
        others = [
            _has_other(line.order_line, live[line.line_id], row.supplier_id) for line in lines if live[line.line_id]
        ]
        if not others or not all(others):
            return False
        asked: list[dict[str, Any]] = [
            {"line_id": line_id, "quantity": units} for line_id, units in live.items() if units > 0
        ]
        chase.request = {"reason_code": "too_late", "lines": asked}
        SupplierChase.objects.filter(pk=chase.pk).update(request=chase.request)
    return True


def _has_other(line: OrderLine, units: int, supplier_id: int) -> bool:
    promised = line.delivery.promised_latest_on
    return next_offer(line, units, without={supplier_id}, now=timezone.now(), by=promised) is not None
