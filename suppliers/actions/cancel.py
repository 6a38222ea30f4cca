"""Carry a cancellation to whoever has the goods: take back what was not sent, ask for the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from orders import lease
from orders.actions.cancel import answer_part, asked_minor, cancel_part, note_waiting
from orders.actions.shipping import lock_order
from orders.actions.work import open_work
from orders.models import Cancellation, Event, OrderLine, WorkItem
from suppliers.actions.breaker import may_be_called
from suppliers.actions.forward import give_up_refused, make_supplier_orders
from suppliers.actions.hold import hold_unsent
from suppliers.actions.reading import Garbage, objects, version_of, whole_number
from suppliers.actions.stopped import decide, give_to_cancellations, live_units, settle_asked, undecided
from suppliers.actions.track import take_order_copy
from suppliers.adapters import adapter_of
from suppliers.adapters.base import AlreadyThere, KeyRefused, Refused, TryLater, Unclear
from suppliers.models import Supplier, SupplierCancellation, SupplierCancellationLine, SupplierOrder, SupplierOrderLine
from suppliers.states import (
    SupplierCancellationStatus,
    SupplierOrderStatus,
    move_supplier_cancellation,
    move_supplier_order,
)

Status = SupplierCancellationStatus
Dialogue = SupplierOrderStatus
UNSENT = [Dialogue.READY, Dialogue.HELD]
IN_DOUBT = [Dialogue.SENDING, Dialogue.UNKNOWN]
# Supplier orders that may have the units; refused ones have nothing, and are given up on the way.
LIVE = [*IN_DOUBT, Dialogue.PLACED, Dialogue.CANCEL_REQUESTED, Dialogue.REFUSED]
UNSENT_PART = "unsent"
OUTCOMES = {"cancelled", "partially_cancelled", "requested"}
# Seconds between looks at an order whose own outcome is not known yet.
LOOKS_AGAIN = 10


def pursue_cancellation(event: Event) -> None:
    """Find out who has the units of a cancellation, and owe each supplier the question.

    Units that were never sent off are cancelled and paid back at once; what has left the house is
    answered with a refusal. Call it inside a transaction (a reaction's), so that all of it happens once.
    """
    cancellation = Cancellation.objects.select_related("order").get(pk=event.subject_id)
    lock_order(cancellation.order)
    rows = Cancellation.objects.filter(pk=cancellation.pk, allocated_at=None)
    if not rows.update(allocated_at=timezone.now()):
        return
    want = {row.line_id: row.waiting for row in cancellation.lines.all() if row.waiting}
    stopped = _take_open(cancellation, want)
    for supplier_order in _holding(cancellation, UNSENT):
        for line_id, units in _take_unsent(supplier_order, want).items():
            stopped[line_id] = stopped.get(line_id, 0) + units
    for supplier_order in _holding(cancellation, LIVE):
        _owe_question(cancellation, supplier_order, want)
    sent = {line_id: units for line_id, units in want.items() if units}
    if stopped:
        cancel_part(cancellation, stopped, part=UNSENT_PART, serial=1)
    if stopped or sent:
        answer_part(cancellation, part=UNSENT_PART, cancelled=stopped, refused=sent, why="sent" if sent else "")


def _holding(cancellation: Cancellation, states: list[str]) -> list[SupplierOrder]:
    # The newest first: what was ordered last is least likely to have left.
    rows = SupplierOrder.objects.filter(order=cancellation.order, status__in=states)
    return list(rows.order_by("-pk").prefetch_related("lines__order_line", "lines__offer"))


def _take_open(cancellation: Cancellation, want: dict[int, int]) -> dict[int, int]:
    taken: dict[int, int] = {}
    for line in cancellation.order.lines.filter(pk__in=want):
        units = min(want[line.pk], line.open)
        if units > 0:
            taken[line.pk] = units
            want[line.pk] -= units
    return taken


def _take_unsent(supplier_order: SupplierOrder, want: dict[int, int]) -> dict[int, int]:
    lines = list(supplier_order.lines.all())
    taken = {line.order_line_id: min(want.get(line.order_line_id, 0), line.quantity) for line in lines}
    taken = {line_id: units for line_id, units in taken.items() if units > 0}
    if taken:
        _close_unsent(supplier_order)
        _order_rest(supplier_order, {line.pk: line.quantity - taken.get(line.order_line_id, 0) for line in lines})
        for line_id, units in taken.items():
            want[line_id] -= units
    return taken


def _close_unsent(supplier_order: SupplierOrder) -> None:
    """End a supplier order of which the supplier knows nothing; its units are open again."""
    fields = {"due_at": None, "lease_until": None}
    move_supplier_order(supplier_order, Dialogue.CLOSED, by=None, fields=fields, after="cancellation")
    for line in supplier_order.lines.all():
        SupplierOrderLine.objects.filter(pk=line.pk).update(
            pending=0, cancelled=line.quantity, reason_code="cancelled_by_platform"
        )
        OrderLine.objects.filter(pk=line.order_line_id).update(forwarded=F("forwarded") - line.quantity)


def _order_rest(supplier_order: SupplierOrder, left: Mapping[int, int]) -> None:
    """Order what is still wanted anew, under a reference of its own: the old one is never used again."""
    lines = supplier_order.lines.select_related("order_line__delivery", "offer__supplier")
    rest = [(line.order_line, line.offer, left[line.pk]) for line in lines if left.get(line.pk)]
    if rest:
        make_supplier_orders(rest)
        # Of an order on hold the rest stays here as well.
        hold_unsent(supplier_order.order)


def _owe_question(cancellation: Cancellation, supplier_order: SupplierOrder, want: dict[int, int]) -> None:
    lines = [line for line in supplier_order.lines.all() if want.get(line.order_line_id)]
    live = live_units(lines)
    asked = [(line, min(want[line.order_line_id], live[line.pk])) for line in lines]
    asked = [(line, units) for line, units in asked if units > 0]
    if not asked:
        return
    row = SupplierCancellation.objects.create(
        cancellation=cancellation,
        supplier_order=supplier_order,
        order=cancellation.order,
        request_key=f"waybill-cancel-{supplier_order.reference}-{cancellation.pk}",
        due_at=timezone.now(),
    )
    for line, units in asked:
        SupplierCancellationLine.objects.create(supplier_cancellation=row, line=line, quantity=units)
        want[line.order_line_id] -= units


def ask_cancellation(supplier_cancellation_id: int) -> None:
    """Ask a supplier to stop units, or read what became of it. Talks to the network; safe to repeat.

    One key and one body on every attempt. While nobody knows whether the supplier has the order at
    all, the question waits.
    """
    row = lease.take(undecided().select_related("cancellation__order"), supplier_cancellation_id)
    if row is None:
        return
    if timezone.now() >= row.cancellation.answer_by:
        _note_late(row)
    if row.status == Status.ASKED:
        _read_again(row)
    elif _is_to_be_asked(row):
        _ask(row)


def _is_to_be_asked(row: SupplierCancellation) -> bool:
    """Look at the dialogue; if there is nothing to ask now, settle or put off the row and return False."""
    with transaction.atomic():
        lock_order(row.order)
        supplier_order = row.supplier_order
        supplier_order.refresh_from_db()
        if supplier_order.status == Dialogue.REFUSED:
            # Nothing is there: what was asked for is cancelled, the rest looked for elsewhere.
            give_up_refused(supplier_order, by=None)
        elif supplier_order.status in UNSENT:
            _close_unsent(supplier_order)
            lost = {line.pk: line.quantity for line in supplier_order.lines.all()}
            _order_rest(supplier_order, give_to_cancellations(supplier_order, lost))
        elif supplier_order.status in IN_DOUBT or _is_behind(row):
            _put_off(row)
            return False
        row.refresh_from_db()
        if row.status == Status.DECIDED or supplier_order.status == Dialogue.CLOSED:
            decide(row)
            return False
        return _is_written_down(row)


def _is_behind(row: SupplierCancellation) -> bool:
    # Units of one line are all alike: two questions about it at once could not be told apart in the answers.
    lines = row.lines.values("line")
    return undecided().filter(pk__lt=row.pk, lines__line__in=lines).exists() and row.first_asked_at is None


def _is_written_down(row: SupplierCancellation) -> bool:
    """Save what will be asked, before it is; False if nothing can be asked (any more, or by us)."""
    supplier_order, supplier = row.supplier_order, row.supplier_order.supplier
    if supplier_order.for_return is not None or not supplier.can("cancel"):
        # New goods that it sends itself are no order there that could be cancelled.
        about = supplier_order.for_return or supplier_order
        _ask_person(row, f"{supplier.name} takes no cancellations by itself: ask them about {about}.")
        lease.finish(row, due_in=_until_late(row))
        return False
    if not Supplier.objects.filter(may_be_called(), pk=supplier.pk).exists():
        _put_off(row)
        return False
    if row.request:
        return True
    parts = row.lines.select_related("line")
    units = {
        part.line.line_id: min(part.waiting, part.line.quantity - _gone(part.line)) for part in parts if part.waiting
    }
    asked = [{"line_id": line_id, "quantity": count} for line_id, count in units.items() if count > 0]
    if not asked:
        decide(row)
        return False
    request = {"reason_code": row.cancellation.reason, "lines": asked}
    first = row.first_asked_at or timezone.now()
    SupplierCancellation.objects.filter(pk=row.pk).update(request=request, first_asked_at=first)
    row.request, row.first_asked_at = request, first
    if supplier_order.status == Dialogue.PLACED:
        move_supplier_order(supplier_order, Dialogue.CANCEL_REQUESTED, by=row.cancellation.requested_by)
    return True


def _gone(line: SupplierOrderLine) -> int:
    return line.rejected + line.cancelled + line.shipped


def _ask(row: SupplierCancellation) -> None:
    supplier_order = row.supplier_order
    adapter = adapter_of(supplier_order.supplier)
    # Its key may be forgotten by now, and a repeat would stop further units: look first.
    if timezone.now() - row.first_asked_at > adapter.key_life and not _is_still_open(row):
        return
    try:
        result = adapter.cancel(supplier_order.reference, row.request, key=row.request_key)
    except TryLater as error:
        _try_again(row, error, error.retry_after)
    except (Unclear, AlreadyThere) as error:
        _try_again(row, error)
    except KeyRefused as error:
        # The breaker is open by now, and has asked for one person.
        _try_again(row, error)
    except Refused as refusal:
        _take_refusal(row, refusal)
    else:
        _take_result(row, result)


def _is_still_open(row: SupplierCancellation) -> bool:
    """Read the order; True if the question is still to be asked after that."""
    if not _is_read(row):
        return False
    return undecided().filter(pk=row.pk, attempt=row.attempt).exists()


def _take_result(row: SupplierCancellation, result: Mapping[str, Any]) -> None:
    outcome, copy = str(result.get("outcome")), result.get("order")
    is_sense = outcome in OUTCOMES and isinstance(copy, Mapping)
    if not is_sense or copy.get("reference") != row.supplier_order.reference:
        _try_again(row, Unclear("an answer that makes no sense"))
        return
    take_order_copy(row.supplier_order, copy)
    if outcome == "requested":
        try:
            version = version_of(copy)
        except Garbage:
            # A person is asked about the copy by now; since when the request is open there, only a good one says.
            _try_again(row, Unclear("an answer that makes no sense"))
            return
        _note_passed_on(row, version)
    elif _is_shown(row, result):
        decide(row, outcome=outcome)
    else:
        _try_again(row, Unclear("the order does not show what the answer says"))


def _is_shown(row: SupplierCancellation, result: Mapping[str, Any]) -> bool:
    """True if every unit that the answer calls cancelled is so in the copies taken in."""
    ours = {part.line.line_id: part.cancelled for part in row.lines.select_related("line")}
    try:
        lines = objects(result, "lines")
        told = {str(line.get("line_id")): whole_number(line.get("quantity_cancelled")) for line in lines}
    except Garbage:
        return False
    if not told.keys() >= {line["line_id"] for line in row.request["lines"]}:
        # Of a line that it does not name, it has not said that it comes.
        return False
    return all(ours.get(line_id, 0) >= units for line_id, units in told.items())


def _note_passed_on(row: SupplierCancellation, version: int) -> None:
    with transaction.atomic():
        lock_order(row.order)
        current = SupplierCancellation.objects.get(pk=row.pk)
        if current.status == Status.DECIDED:
            return
        fields = {"asked_version": version, "outcome": "requested"}
        move_supplier_cancellation(row, Status.ASKED, by=None, fields=fields)
        lease.finish(row, due_in=_until_late(row))
        note_waiting(row.cancellation)
        # The decision may have been told by a webhook before we read this answer.
        supplier_order = SupplierOrder.objects.get(pk=row.supplier_order_id)
        settle_asked(supplier_order, supplier_order.last_copy)


def _take_refusal(row: SupplierCancellation, refusal: Refused) -> None:
    if refusal.code not in {"not-cancellable", "validation-failed"}:
        text = f"{row.supplier_order.supplier.name} does not take the cancellation of {row.supplier_order.reference}"
        _ask_person(row, f"{text}: {refusal}")
        lease.finish(row, due_in=_until_late(row), outcome=refusal.code[:60])
        return
    if not _is_read(row):
        return
    row.refresh_from_db()
    if row.status == Status.DECIDED:
        return
    if refusal.code == "not-cancellable":
        decide(row, outcome=refusal.code)
    elif lease.fail(row, str(refusal)):
        # More has left meanwhile than we knew. Nothing was stored, so the same key may ask for what is left.
        SupplierCancellation.objects.filter(pk=row.pk).update(request={})


def _is_read(row: SupplierCancellation) -> bool:
    """Take in the order as the supplier has it now; False, with the row put off, if that failed."""
    try:
        copy = adapter_of(row.supplier_order.supplier).find(row.supplier_order.reference)
    except (TryLater, Unclear, Refused) as error:
        _try_again(row, error)
        return False
    if copy is not None:
        take_order_copy(row.supplier_order, copy)
    return True


def _read_again(row: SupplierCancellation) -> None:
    if not _is_read(row):
        return
    # Decided meanwhile, the row is no longer looked at, whatever its due time.
    late = timezone.now() >= row.cancellation.answer_by
    lease.finish(row, due_in=settings.RETRY_MAX_SECONDS if late else _until_late(row))


def _until_late(row: SupplierCancellation) -> float:
    left = (row.cancellation.answer_by - timezone.now()).total_seconds()
    return left if left > 0 else settings.RETRY_MAX_SECONDS


def _put_off(row: SupplierCancellation) -> None:
    lease.finish(row, due_in=min(LOOKS_AGAIN, settings.RETRY_SECONDS * 2), failures=row.failures + 1)
    if row.failures:
        note_waiting(row.cancellation)


def _try_again(row: SupplierCancellation, error: Exception, retry_after: float | None = None) -> None:
    with transaction.atomic():
        if lease.fail(row, f"{type(error).__name__}: {error}", retry_after=retry_after):
            note_waiting(row.cancellation)


def _ask_person(row: SupplierCancellation, summary: str) -> None:
    reason, cancellation = WorkItem.Reason.CANCELLATION_BY_HAND, row.cancellation
    open_work(
        reason,
        cancellation,
        order=row.order,
        summary=summary,
        money_minor=asked_minor(cancellation),
        deadline_at=cancellation.answer_by,
    )
    note_waiting(cancellation)


def _note_late(row: SupplierCancellation) -> None:
    cancellation = row.cancellation
    summary = f"{row.supplier_order.supplier.name} has not said whether {row.supplier_order.reference} can be stopped."
    open_work(
        WorkItem.Reason.CANCELLATION_SILENT,
        cancellation,
        order=row.order,
        summary=summary,
        money_minor=asked_minor(cancellation),
        deadline_at=cancellation.answer_by,
    )
