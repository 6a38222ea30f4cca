"""Send a supplier order, surviving doubt: one reference and one key, whatever dies in between."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from orders import lease
from orders.actions.quarantine import set_aside
from orders.actions.work import open_work
from orders.lease import db_now_plus
from orders.models import WorkItem
from orders.states import IllegalMove
from suppliers.actions.addressed import fix_addresses
from suppliers.actions.breaker import of_callable
from suppliers.actions.placed import note_placed
from suppliers.actions.stopped import of_wanted_back
from suppliers.adapters import adapter_of
from suppliers.adapters.base import Adapter, AlreadyThere, Doubt, KeyRefused, Refused, Resting, TryLater, Unclear
from suppliers.models import SupplierOrder
from suppliers.states import SupplierOrderStatus, move_supplier_order

logger = logging.getLogger(__name__)
Status = SupplierOrderStatus
SENDABLE = (Status.READY, Status.SENDING, Status.UNKNOWN)
SILENT_AFTER = 8


class NotOurs(Exception):
    """The supplier has another order under our reference."""


class LostLease(Exception):
    """Another worker took the order meanwhile: nothing more is done here."""


def send_supplier_order(supplier_order_id: int, *, is_probe: bool = False) -> None:
    """Place a supplier order, or find out what became of it. Talks to the network; safe to repeat.

    What is unclear stays ``unknown`` until the supplier has said, in whatever way, whether it has the
    order; how that is found out is what its adapter declares (``Doubt``). ``is_probe``: send it although
    the supplier's breaker is open.
    """
    taken = _set_out(supplier_order_id, is_probe=is_probe)
    if taken is None:
        # Placed by a webhook while its sender died: then nothing is left to do.
        done = SupplierOrder.objects.filter(lease.is_free(), pk=supplier_order_id).exclude(status__in=SENDABLE)
        done.exclude(due_at=None).update(due_at=None, lease_until=None, deaths=0)
        return
    supplier_order, in_doubt = taken
    adapter = adapter_of(supplier_order.supplier, is_probe=is_probe, is_checked=True)
    if in_doubt and adapter.doubt == Doubt.BLIND:
        _leave_to_person(supplier_order)
    else:
        attempt(adapter, supplier_order, in_doubt=in_doubt)


def _set_out(supplier_order_id: int, *, is_probe: bool) -> tuple[SupplierOrder, bool] | None:
    """Take an order and move it to ``sending``; return it, and whether it was in doubt before.

    None if it is not to be had, or somebody cancelled it first, or is about to. Of sender and
    cancellation, whichever has the customer's order's row first decides.
    """
    sendable: QuerySet[SupplierOrder] = SupplierOrder.objects.filter(pk=supplier_order_id, status__in=SENDABLE)
    rows = lease.takeable(sendable if is_probe else of_callable(sendable)).select_related("supplier", "order")
    with transaction.atomic():
        supplier_order = rows.select_for_update(of=("order",), no_key=True).first()
        if supplier_order is None:
            return None
        # Found in "sending": whoever was sending it died, and nobody knows how far it came.
        in_doubt = supplier_order.status != Status.READY
        still = lease.still(supplier_order)
        if not in_doubt and of_wanted_back(SupplierOrder.objects.filter(pk=supplier_order.pk)).exists():
            free = SupplierOrder.objects.filter(still, pk=supplier_order.pk)
            free.update(due_at=db_now_plus(settings.RETRY_SECONDS))
            return None
        fix_addresses([supplier_order])
        if not _is_moved_out(supplier_order, still, in_doubt=in_doubt):
            return None
    return supplier_order, in_doubt


def _is_moved_out(supplier_order: SupplierOrder, still: Q, *, in_doubt: bool) -> bool:
    fields = lease.claim(supplier_order)
    if not in_doubt:
        fields["last_sent_at"] = Now()
    if supplier_order.first_sent_at is None:
        fields["first_sent_at"] = timezone.now()
    if supplier_order.status == Status.SENDING:
        mine = SupplierOrder.objects.filter(still, pk=supplier_order.pk, status=Status.SENDING)
        supplier_order.attempt, supplier_order.deaths = fields["attempt"], fields["deaths"]
        return bool(mine.update(**fields))
    try:
        return move_supplier_order(
            supplier_order, Status.SENDING, by=None, fields=fields, only=still, attempt=fields["attempt"]
        )
    except IllegalMove:
        return False


def attempt(
    adapter: Adapter,
    supplier_order: SupplierOrder,
    *,
    in_doubt: bool = False,
    placed: Callable[[SupplierOrder, dict[str, Any]], None] | None = None,
) -> bool:
    """Make one attempt for an order that is ours, and write down what came of it.

    ``placed`` gets an order that the supplier has, with its copy, instead of ``note_placed``. Returns
    whether the supplier can be asked for the next one.
    """
    outcome = []
    guarded(
        supplier_order,
        lambda: outcome.append(_ask(adapter, supplier_order, in_doubt=in_doubt, placed=placed or note_placed)),
    )
    return outcome == [True]


def guarded(supplier_order: SupplierOrder, act: Callable[[], object]) -> None:
    """Do something for an order that is ours; should it fail, give the order back for what it is: in doubt.

    What nobody expected counts like a death.
    """
    try:
        act()
    except LostLease:
        return
    except (OperationalError, InterfaceError):
        # The database went away: that says nothing about the row. With a new connection it is given back.
        connection.close()
        give_back(supplier_order, Status.UNKNOWN, why="database", pause=settings.RETRY_SECONDS)
    except Exception as error:  # noqa: BLE001  (whatever it is, other orders must go on)
        logger.exception("supplier order %s", supplier_order.pk)
        _note_death(supplier_order, type(error).__name__)


def _ask(
    adapter: Adapter,
    supplier_order: SupplierOrder,
    *,
    in_doubt: bool,
    placed: Callable[[SupplierOrder, dict[str, Any]], None],
) -> bool:
    # What was in doubt before stays in doubt: only the supplier's own word ends it.
    unsent = Status.UNKNOWN if in_doubt else Status.READY
    try:
        copy = _place(adapter, supplier_order, in_doubt=in_doubt)
    except (Resting, KeyRefused) as error:
        # The supplier's trouble, not the order's: no try is used up. Later, so that a probe finds another order.
        give_back(supplier_order, unsent, why=str(error), pause=settings.PROBE_SECONDS)
        return False
    except TryLater as error:
        _try_again(supplier_order, error, unsent, error.retry_after)
        return False
    except (Unclear, AlreadyThere) as error:
        _note_unclear(adapter, supplier_order, error)
        return False
    except NotOurs:
        _stop(supplier_order, "the supplier has another order under its reference")
    except Refused as refusal:
        _note_refused(supplier_order, refusal)
    else:
        placed(supplier_order, copy)
    return True


def _place(adapter: Adapter, supplier_order: SupplierOrder, *, in_doubt: bool) -> dict[str, Any]:
    key = f"waybill-order-{supplier_order.reference}"
    if not in_doubt:
        return _placed_or_adopted(adapter, supplier_order, key)
    too_old = supplier_order.first_sent_at and timezone.now() - supplier_order.first_sent_at > adapter.key_life
    if too_old or adapter.doubt == Doubt.LOOKUP:
        found = _looked_up(adapter, supplier_order)
        if found is not None:
            return found
    _note_sent(supplier_order)
    try:
        return _placed_or_adopted(adapter, supplier_order, key)
    except KeyRefused:
        raise
    except Refused:
        # The request is refused now; an earlier one may have been taken. Only "not there" proves that nothing is.
        found = _looked_up(adapter, supplier_order)
        if found is None:
            raise
        return found


def _placed_or_adopted(adapter: Adapter, supplier_order: SupplierOrder, key: str) -> dict[str, Any]:
    try:
        return _ours(supplier_order, adapter.place(supplier_order.request, key=key))
    except AlreadyThere:
        if adapter.doubt == Doubt.BLIND:
            raise
        found = _found(adapter, supplier_order)
        if found is None:
            raise
        return found


def _ours(supplier_order: SupplierOrder, copy: dict[str, Any]) -> dict[str, Any]:
    # An answer about another order tells nothing of ours: it stays in doubt, and a person hears of it.
    if str(copy.get("reference")) != supplier_order.reference:
        text = f"{supplier_order.supplier.name} answers {supplier_order.reference} with another order."
        ask_person(WorkItem.Reason.SUPPLIER_GARBAGE, supplier_order, text)
        raise Unclear("an answer about another order")
    return copy


def _looked_up(adapter: Adapter, supplier_order: SupplierOrder) -> dict[str, Any] | None:
    """Return the supplier's copy, or None if it surely has none. Raises Unclear if that is not sure yet."""
    sent = SupplierOrder.objects.filter(pk=supplier_order.pk)
    just_sent = sent.filter(last_sent_at__gt=db_now_plus(-adapter.settles_in.total_seconds())).exists()
    found = _found(adapter, supplier_order)
    if found is None and just_sent:
        raise Unclear("not there, or not there yet")
    return found


def _found(adapter: Adapter, supplier_order: SupplierOrder) -> dict[str, Any] | None:
    try:
        copy = adapter.find(supplier_order.reference)
    except KeyRefused:
        raise
    except Refused as refusal:
        # A look-up that is refused says nothing about the order.
        raise Unclear(f"look-up refused: {refusal.code}") from refusal
    return None if copy is None else _compared(supplier_order, copy)


def _compared(supplier_order: SupplierOrder, copy: dict[str, Any]) -> dict[str, Any]:
    try:
        theirs = sorted((str(line["line_id"]), str(line["sku"]), int(line["quantity"])) for line in copy["lines"])
    except (KeyError, TypeError, ValueError) as error:
        ask_person(
            WorkItem.Reason.SUPPLIER_GARBAGE, supplier_order, f"{supplier_order.reference} is told without its lines."
        )
        raise Unclear("a copy without lines") from error
    ours = sorted((line["line_id"], line["sku"], line["quantity"]) for line in supplier_order.request["lines"])
    if theirs != ours:
        raise NotOurs
    return copy


def _note_sent(supplier_order: SupplierOrder) -> None:
    mine = SupplierOrder.objects.filter(pk=supplier_order.pk, attempt=supplier_order.attempt)
    if not mine.update(last_sent_at=Now()):
        raise LostLease


def give_back(supplier_order: SupplierOrder, to: Status, *, why: str, pause: float) -> None:
    """Give an order back untried: nothing is counted against it."""
    with transaction.atomic():
        if lease.put_off(supplier_order, pause):
            _leave_sending(supplier_order, to, why)


def _leave_sending(supplier_order: SupplierOrder, to: Status, why: str) -> None:
    supplier_order.refresh_from_db()
    # A webhook may have told meanwhile that it was placed.
    if supplier_order.status == Status.SENDING:
        move_supplier_order(supplier_order, to, by=None, why=why[:200])


def _try_again(supplier_order: SupplierOrder, error: Exception, to: Status, retry_after: float | None = None) -> None:
    with transaction.atomic():
        if not lease.fail(supplier_order, f"{type(error).__name__}: {error}", retry_after=retry_after):
            return
        _leave_sending(supplier_order, to, str(error))
        if supplier_order.failures >= SILENT_AFTER:
            text = f"{supplier_order.supplier.name} has not taken {supplier_order.reference} yet: {error}"
            ask_person(WorkItem.Reason.SUPPLIER_SILENT, supplier_order, text)


def _note_unclear(adapter: Adapter, supplier_order: SupplierOrder, error: Exception) -> None:
    if adapter.doubt == Doubt.BLIND:
        _leave_to_person(supplier_order, why=str(error))
    else:
        _try_again(supplier_order, error, Status.UNKNOWN)


def _leave_to_person(supplier_order: SupplierOrder, why: str = "whoever sent it died") -> None:
    """A blind supplier may or may not have it: only a person can find out, so nothing is due any more."""
    with transaction.atomic():
        if not lease.finish(supplier_order, last_error=why[:200]):
            return
        _leave_sending(supplier_order, Status.UNKNOWN, why)
        if supplier_order.status != Status.UNKNOWN:
            return
        name = supplier_order.supplier.name
        text = f"Ask {name} whether it has {supplier_order.reference}: nobody knows ({why}), and it is not sent again."
        ask_person(WorkItem.Reason.SUPPLIER_DOUBT, supplier_order, text)


def _note_death(supplier_order: SupplierOrder, why: str) -> None:
    if supplier_order.deaths + 1 >= lease.MOST_DEATHS:
        _stop(supplier_order, f"{lease.MOST_DEATHS} tries broke off; last: {why}")
        return
    with transaction.atomic():
        pause = lease.pause_after(supplier_order.failures + 1)
        counts = {"failures": supplier_order.failures + 1, "deaths": supplier_order.deaths + 1, "last_error": why}
        if lease.finish(supplier_order, due_in=pause, **counts):
            _leave_sending(supplier_order, Status.UNKNOWN, why)


def _stop(supplier_order: SupplierOrder, why: str) -> None:
    with transaction.atomic():
        if not lease.finish(supplier_order):
            return
        _leave_sending(supplier_order, Status.UNKNOWN, why)
        if supplier_order.status == Status.UNKNOWN:
            set_aside(supplier_order, why)


def _note_refused(supplier_order: SupplierOrder, refusal: Refused) -> None:
    with transaction.atomic():
        if not lease.finish(supplier_order, refused_reason=str(refusal)[:300]):
            return
        supplier_order.refresh_from_db()
        if supplier_order.status != Status.SENDING:
            return
        move_supplier_order(supplier_order, Status.REFUSED, by=None, code=refusal.code)
        # Goods are refused per line, in a copy. This is our request being wrong: a person decides.
        text = f"{supplier_order.supplier.name} refuses {supplier_order.reference}: {refusal}"
        ask_person(WorkItem.Reason.SUPPLIER_REFUSED, supplier_order, text)


def ask_person(reason: WorkItem.Reason, supplier_order: SupplierOrder, summary: str) -> None:
    """Open work about a supplier order, with the order's money at stake."""
    order = supplier_order.order
    open_work(reason, supplier_order, order=order, summary=summary, money_minor=order.total_minor)
