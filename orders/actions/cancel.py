"""Cancel goods: the wish, the answer, and for every unit stopped its money, in one act."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from orders import events
from orders.actions.discount import free_use, lock_codes
from orders.actions.letting_go import let_go_later
from orders.actions.pay_page import end_later
from orders.actions.refund import (
    RefundPart,
    TooMuch,
    cancelled_part,
    refund_everything,
    request_refund,
    units_minor,
)
from orders.actions.reservation import release_line
from orders.actions.shipping import lock_order
from orders.actions.work import close_work, open_work
from orders.models import Cancellation, CancellationLine, Order, OrderLine, Refund, WorkItem
from orders.parts import may_have
from orders.states import CancellationStatus, OrderStatus, RefundStatus, move_cancellation, move_order
from shop.models import User

Reason = Cancellation.Reason
# Answers to units that no supplier has been sent yet, or that wait for their money.
OPEN_PART = "open"
UNPAID_PART = "unpaid"
ENDS = {OrderStatus.PLACED, OrderStatus.PAID, OrderStatus.LATE_PAID, OrderStatus.AUTHORISED}


class NotOpen(Exception):
    """Some of the units are with a supplier, or cancelled already."""


class NothingToCancel(Exception):
    """Every unit asked for was sent, cancelled, or asked for before."""


def cancellable_units(order: Order) -> dict[int, int]:
    """Return for each order line how many units can be asked for: not sent, cancelled or asked for yet."""
    if order.status not in {OrderStatus.PLACED, OrderStatus.AUTHORISED, OrderStatus.PAID}:
        return {}
    waiting = _waiting_units(order) if may_have(order, "cancellations") else {}
    left = {
        line.pk: line.quantity - line.cancelled - line.shipped - waiting.get(line.pk, 0) for line in order.lines.all()
    }
    return {pk: units for pk, units in left.items() if units > 0}


def _waiting_units(order: Order) -> dict[int, int]:
    rows = CancellationLine.objects.filter(cancellation__order=order, cancellation__in=_waiting(order))
    units = Sum(F("quantity") - F("cancelled") - F("refused"))
    return dict(rows.order_by().values("line").annotate(units=units).values_list("line", "units"))


def _waiting(order: Order):
    return Cancellation.objects.waiting().filter(order=order)


def request_cancellation(
    order: Order,
    quantities: Mapping[int, int] | None = None,
    *,
    key: str,
    reason: Cancellation.Reason = Reason.CUSTOMER_REQUEST,
    by: User | None,
) -> Cancellation:
    """Ask that units (order line id to quantity; None: all that can be) do not come, once per ``key``.

    The one way in for customers, agents and staff. Units that no supplier order holds are cancelled and
    paid back here and now; for the others the suppliers' part follows from ``cancellation.requested``,
    and until it has, none of the order's goods are sent off. Units that cannot be asked for any more
    are left out; raises NothingToCancel if none is left, or an unpaid order is not asked for as a whole.
    """
    with transaction.atomic():
        # Of the click and the sender, whoever has the row first decides; the other then sees it.
        lock_order(order)
        known = Cancellation.objects.filter(key=key, order=order).first()
        if known is not None:
            return known
        order.refresh_from_db()
        most = cancellable_units(order)
        wanted = {pk: min(units, most.get(pk, 0)) for pk, units in (quantities or most).items()}
        wanted = {pk: units for pk, units in wanted.items() if units > 0}
        is_unpaid = order.status == OrderStatus.PLACED
        if not wanted or (is_unpaid and wanted != most):
            raise NothingToCancel(order.number)
        cancellation = _write(order, wanted, key=key, reason=reason, by=by, is_unpaid=is_unpaid)
        if not is_unpaid:
            _cancel_open(cancellation)
    return cancellation


def _write(
    order: Order, wanted: Mapping[int, int], *, key: str, reason: Reason, by: User | None, is_unpaid: bool
) -> Cancellation:
    now = timezone.now()
    cancellation = Cancellation.objects.create(
        order=order,
        key=key,
        reason=reason,
        requested_by=by,
        requested_at=now,
        answer_by=now + timedelta(seconds=settings.CANCEL_ANSWER_SECONDS),
        allocated_at=now if is_unpaid else None,
        due_at=now if is_unpaid else None,
    )
    CancellationLine.objects.bulk_create(
        CancellationLine(cancellation=cancellation, line_id=pk, quantity=units) for pk, units in wanted.items()
    )
    asked = [{"line": pk, "quantity": units} for pk, units in wanted.items()]
    events.record("cancellation.requested", cancellation, by=by, lines=asked, reason=str(reason))
    return cancellation


def _cancel_open(cancellation: Cancellation) -> None:
    rows = cancellation.lines.select_related("line")
    now = {row.line_id: min(row.waiting, row.line.open) for row in rows if min(row.waiting, row.line.open) > 0}
    if now:
        cancel_part(cancellation, now, part=OPEN_PART, serial=1)
        answer_part(cancellation, part=OPEN_PART, cancelled=now)


def cancel_part(cancellation: Cancellation, quantities: Mapping[int, int], *, part: str, serial: int) -> Refund | None:
    """Cancel open units that a cancellation asks for, with their refund, in one act.

    ``part`` names who had them, ``serial`` the how-manieth time; together they are done once. Call it
    inside the transaction that made the units open. Raises NotOpen.
    """
    with transaction.atomic():
        for line_id, units in quantities.items():
            asked = cancellation.lines.filter(line=line_id, quantity__gte=F("cancelled") + F("refused") + units)
            if not asked.update(cancelled=F("cancelled") + units):
                raise NotOpen(f"{units} units of line {line_id} are not asked for")
        return cancel_units(
            cancellation.order,
            quantities,
            reason=Refund.Reason.CANCELLED,
            by=cancellation.requested_by,
            key=f"cancellation-{cancellation.pk}-{part}-{serial}",
            cancellation=cancellation.pk,
        )


def answer_part(
    cancellation: Cancellation,
    *,
    part: str,
    cancelled: Mapping[int, int],
    refused: Mapping[int, int] | None = None,
    why: str = "",
) -> None:
    """Note the answer about some units: how many were cancelled before by ``cancel_part``, how many cannot be.

    ``why`` is a key of ``orders.words.REFUSAL_WORDS``. Records ``cancellation.answered``, of which the
    customer is told, and closes the cancellation once all its units have an answer.
    """
    with transaction.atomic():
        for line_id, units in (refused or {}).items():
            asked = cancellation.lines.filter(line=line_id, quantity__gte=F("cancelled") + F("refused") + units)
            if not asked.update(refused=F("refused") + units, why=why):
                raise NotOpen(f"{units} units of line {line_id} are not asked for")
        prefix = f"cancellation-{cancellation.pk}-{part}-"
        refunds = cancellation.order.refunds.filter(idempotency_key__startswith=prefix)
        events.record(
            "cancellation.answered",
            cancellation,
            by=None,
            cancelled=[{"line": pk, "quantity": units} for pk, units in cancelled.items() if units],
            refused=[{"line": pk, "quantity": units} for pk, units in (refused or {}).items() if units],
            why=why,
            refunds=list(refunds.values_list("pk", flat=True)),
        )
        _close_answered(cancellation)


def _close_answered(cancellation: Cancellation) -> None:
    units = cancellation.lines.aggregate(
        asked=Sum("quantity"), stopped=Sum("cancelled"), answered=Sum(F("cancelled") + F("refused"))
    )
    if units["answered"] < units["asked"]:
        return
    to = CancellationStatus.PARTLY if units["stopped"] else CancellationStatus.REFUSED
    if units["stopped"] == units["asked"]:
        to = CancellationStatus.ACCEPTED
    fields = {"answered_at": timezone.now(), "due_at": None}
    move_cancellation(cancellation, to, by=None, fields=fields)
    for reason in (WorkItem.Reason.CANCELLATION_SILENT, WorkItem.Reason.CANCELLATION_BY_HAND):
        close_work(reason, cancellation)


def note_waiting(cancellation: Cancellation) -> bool:
    """Note that the answer does not come at once, so that the customer hears of it; once. Safe to repeat."""
    with transaction.atomic():
        first = Cancellation.objects.waiting().filter(pk=cancellation.pk, waiting_since=None)
        if not first.update(waiting_since=timezone.now()):
            return False
        events.record("cancellation.waiting", cancellation, by=None)
    return True


def asked_minor(cancellation: Cancellation) -> int:
    """Return what is at stake: the price of the units without an answer, in minor units."""
    return sum(
        units_minor(row.line, row.waiting) for row in cancellation.lines.select_related("line__order") if row.waiting
    )


def cancel_units(
    order: Order,
    quantities: Mapping[int, int],
    *,
    reason: Refund.Reason,
    by: User | None,
    key: str,
    **facts: object,
) -> Refund | None:
    """Cancel open units of order lines (id to quantity), refund them and record ``lines.cancelled``.

    All or nothing; the same ``key`` does it once. When nothing of the order is left, its money is
    ``cancelled`` too. Returns the refund, or None where nothing was paid or is left to pay back.
    Raises NotOpen.
    """
    with transaction.atomic():
        lock_order(order)
        known = Refund.objects.filter(idempotency_key=key).first()
        if known is not None:
            return known
        if order.discount_code:
            # Its code before its units, as everybody takes them.
            lock_codes(order)
        parts = []
        for line in order.lines.filter(pk__in=quantities).order_by("variant", "pk"):
            units = quantities[line.pk]
            still_open = OrderLine.objects.filter(pk=line.pk, quantity__gte=F("forwarded") + F("cancelled") + units)
            if not still_open.update(cancelled=F("cancelled") + units):
                raise NotOpen(line.sku)
            parts.append(cancelled_part(line, units))
            release_line(line)
            if not line.open:
                close_work(WorkItem.Reason.APPROVAL, line)
        refund = _pay_back(order, parts, reason, by, key)
        events.record(
            "lines.cancelled",
            order,
            by=by,
            lines=[{"line": pk, "quantity": units} for pk, units in quantities.items()],
            reason=str(reason),
            refund=refund.pk if refund else None,
            # New goods for old ones: their own message says so, with the money in their place.
            **({"replacements": True} if all(part.line.replaces_id for part in parts) else {}),
            **facts,
        )
        _end_if_empty(order, by)
    return refund


def _pay_back(order: Order, parts: list[RefundPart], reason: Refund.Reason, by: User | None, key: str) -> Refund | None:
    amount = sum(part.amount_minor for part in parts)
    if not order.is_paid or amount < 1 or _left_minor(order) < 1:
        return None
    try:
        return request_refund(order, parts, reason=reason, by=by, key=key)
    except TooMuch:
        # Paid back in another way before, as in the provider's dashboard. The goods are cancelled all the same.
        summary = f"Goods of {order.number} were cancelled, but {order.money(amount)} is more than is left to pay back."
        open_work(WorkItem.Reason.REFUND_FAILED, order, order=order, summary=summary, money_minor=amount)
        return None


def _left_minor(order: Order) -> int:
    left = order.payments.aggregate(left=Sum(F("captured_minor") - F("refunded_minor")))["left"]
    return left or 0


def cancel_paid_back(order: Order) -> Cancellation | None:
    """Ask that nothing more comes of an order all of whose money went back outside the shop; once.

    Returns None where money is left, it went back by the shop itself, or nothing is left to stop.
    """
    alive = order.refunds.exclude(status=RefundStatus.FAILED)
    elsewhere = [Refund.Reason.OUTSIDE, Refund.Reason.DISPUTE]
    if not alive.filter(reason__in=elsewhere).exists() or _left_minor(order) > 0:
        return None
    try:
        return request_cancellation(order, key=f"paid-back-{order.number}", reason=Reason.OTHER, by=None)
    except NothingToCancel:
        return None


def _end_if_empty(order: Order, by: User | None) -> None:
    order.refresh_from_db(fields=["status"])
    if order.status in ENDS and not order.lines.exclude(quantity=F("cancelled")).exists():
        was_late = order.status == OrderStatus.LATE_PAID
        move_order(order, OrderStatus.CANCELLED, by=by)
        end_later(order)
        # Nothing of it comes, paid or not: whoever used the code has had nothing for it.
        free_use(order)
        let_go_later(order, by=by)
        # Its money is here and counts for nothing yet: nothing is left that it could pay for.
        for payment in order.payments.all() if was_late else ():
            refund_everything(payment, reason=Refund.Reason.LATE_PAYMENT, by=by)
