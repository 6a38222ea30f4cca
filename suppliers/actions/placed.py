"""Write down that a supplier has orders, with its own copies of them: one, or many in one transaction."""

from __future__ import annotations

import copy as copying
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q, prefetch_related_objects
from django.utils import timezone

from orders import events, lease
from orders.actions.reservation import note_taken
from orders.actions.shipping import lock_order, lock_orders
from orders.actions.work import close_work_about
from orders.models import WorkItem
from orders.states import IllegalMove
from suppliers.actions.contract import COUNTERS, Counts, check_successor, counts_of
from suppliers.actions.reading import MAKES_NO_SENSE
from suppliers.actions.stopped import undecided
from suppliers.actions.track import (
    close_doubts,
    facts_of,
    note_known,
    note_standing,
    take_order_copy,
    take_order_estimates,
    write_down,
)
from suppliers.models import SupplierOrder, SupplierOrderLine
from suppliers.states import SupplierOrderStatus, move_supplier_order, move_supplier_orders

logger = logging.getLogger(__name__)
Status = SupplierOrderStatus
# Work for people that ends with a supplier's having an order, and having told so.
ENDED = (
    WorkItem.Reason.SUPPLIER_GARBAGE,
    WorkItem.Reason.SUPPLIER_SILENT,
    WorkItem.Reason.SUPPLIER_DOUBT,
)
Told = tuple[SupplierOrder, dict[str, Any]]


def note_placed(supplier_order: SupplierOrder, copy: dict[str, Any]) -> None:
    """Write down that the supplier has the order, with its own copy of it. Safe to repeat.

    Not fenced: whoever hears that the supplier has it tells the truth, however late.
    """
    with transaction.atomic():
        lock_order(supplier_order.order)
        if not _is_moved_in(supplier_order):
            # A webhook was faster, or another worker has it by now.
            lease.finish(supplier_order)
            supplier_order.refresh_from_db()
            note_known(supplier_order)
        take_order_copy(supplier_order, copy, is_locked=True)


def _is_moved_in(supplier_order: SupplierOrder) -> bool:
    """Move an order that we were sending to ``placed`` and give it back, in one step."""
    fields = lease.returned() | {"placed_at": timezone.now()}
    mine = Q(attempt=supplier_order.attempt, status=Status.SENDING)
    try:
        if not move_supplier_order(supplier_order, Status.PLACED, by=None, fields=fields, only=mine):
            return False
    except IllegalMove:
        return False
    note_taken(supplier_order.lines.order_by().values("order_line"), at=timezone.now())
    if supplier_order.attempt > 1:
        # Not placed at the first try: somebody may have been asked.
        close_doubts(supplier_order)
    return True


def note_placed_together(told: Sequence[Told]) -> list[Told]:
    """Write down many placed orders in one transaction; return those that must be looked at alone.

    Those are orders about which something is out of the ordinary: units that are not to be had, a copy
    that breaks the contract, a cancellation, news that was faster; all of them if the database objects.
    """
    if len(told) < 2:
        return list(told)
    try:
        done = _note_smooth(told)
    except Exception as error:  # noqa: BLE001  (whichever of them it is about, alone it stops nobody else)
        logger.warning("%s placed orders together: %s", len(told), type(error).__name__)
        return list(told)
    return [(row, copy) for row, copy in told if row.pk not in done]


@dataclass(frozen=True, slots=True)
class _Smooth:
    """An order that its supplier took as it was asked for, as told by its first copy."""

    row: SupplierOrder
    lines: list[SupplierOrderLine]
    counts: Counts
    facts: dict[str, Any]


def _note_smooth(told: Sequence[Told]) -> set[int]:
    sent = [row for row, _copy in told]
    with transaction.atomic():
        lock_orders(row.order_id for row in sent)
        asked = undecided().filter(supplier_order__in=sent).values("supplier_order")
        mine = SupplierOrder.objects.filter(lease.held(sent), status=Status.SENDING).exclude(pk__in=asked)
        # Nobody has heard of these before: but for status and lease they are as they were read. Worked on are
        # twins of them: should this be undone, the rows must not look as if it had been written.
        new = set(mine.values_list("pk", flat=True))
        told = [(copying.copy(row), copy) for row, copy in told if row.pk in new]
        prefetch_related_objects([row for row, _copy in told], "lines")
        smooth = [found for row, copy in told if (found := _read(row, copy)) is not None]
        if smooth:
            _write(smooth)
    return {found.row.pk for found in smooth}


def _read(row: SupplierOrder, copy: Mapping[str, Any]) -> _Smooth | None:
    lines = list(row.lines.all())
    try:
        counts, facts = counts_of(row, lines, copy), facts_of(copy)
        is_newer = check_successor(row, lines, copy, facts["version"], counts)
    except MAKES_NO_SENSE:
        return None
    is_whole = not any(count["rejected"] or count["cancelled"] for count in counts.values())
    return _Smooth(row, lines, counts, facts) if is_newer and is_whole else None


def _write(smooth: Sequence[_Smooth]) -> None:
    rows = [found.row for found in smooth]
    lines = [line for found in smooth for line in found.lines]
    fields = lease.returned() | {"placed_at": timezone.now()}
    move_supplier_orders(rows, Status.PLACED, fields=fields, only=lease.held(rows) & Q(status=Status.SENDING))
    note_taken([line.order_line_id for line in lines], at=timezone.now())
    close_work_about(ENDED, rows)
    _write_facts(smooth)
    _write_counts(smooth)
    write_down(lines)
    confirmed = [
        found.row
        for found in smooth
        if any(line.pending for line in found.lines) and not any(count["pending"] for count in found.counts.values())
    ]
    events.record_together("supplier_lines.confirmed", confirmed)
    take_order_estimates(rows)
    for row in rows:
        note_standing(row, was_held=False)


def _write_facts(smooth: Sequence[_Smooth]) -> None:
    # One by one: a statement for all of them costs three times as much to write as it saves.
    for found in smooth:
        for name, value in found.facts.items():
            setattr(found.row, name, value)
        SupplierOrder.objects.filter(pk=found.row.pk).update(**found.facts)


def _write_counts(smooth: Sequence[_Smooth]) -> None:
    # Most are told the same: so many asked for, all accepted.
    lines_by_counts: dict[tuple[Any, ...], list[int]] = {}
    for found in smooth:
        for line in found.lines:
            count = found.counts[line.line_id]
            values = (*(count[name] for name in COUNTERS), count["reason"])
            lines_by_counts.setdefault(values, []).append(line.pk)
    for values, pks in lines_by_counts.items():
        named = dict(zip((*COUNTERS, "reason_code"), values, strict=True))
        SupplierOrderLine.objects.filter(pk__in=pks).update(**named)
