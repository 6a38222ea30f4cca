"""New goods in the place of old ones: ordered, followed, and paid back instead where nobody can send them."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence

from django.db import transaction
from django.db.models import Exists, OuterRef

from orders import events
from orders.actions.shipping import lock_order
from orders.events import key_of
from orders.models import Event, OrderLine, Shipment, ShipmentLine
from orders.states import IllegalMove
from shop.models import User
from suppliers.actions.credits import raise_replacement_credit, reduce_replacement_credit
from suppliers.actions.in_kind import count_anew
from suppliers.actions.replace import NotToBeHad, order_again
from suppliers.actions.replace_in_kind import Given, cover_in_kind, make_line_in_kind
from support.models import FAULTS, Replacement, Return, ReturnLine, Solution
from support.return_states import ReplacementStatus, move_replacement
from support.returning.money import pay_difference, pay_for_new, refund_key, settle_units

PAID_BACK = "replacement.paid_back"


def replace_units(row: Return, counts: Mapping[int, int], *, by: User | None) -> dict[int, int]:
    """Order units of a return's lines anew (by their id), each once; return those that nobody has.

    Call it with the order locked.
    """
    rest: dict[int, int] = {}
    variant = row.exchange_for if row.solution == Solution.EXCHANGE else None
    for line in row.lines.select_related(
        "order_line__order", "order_line__delivery", "order_line__variant", "supplier_line"
    ):
        units = counts.get(line.pk, 0)
        if not units:
            continue
        if Replacement.objects.filter(for_line=line).exists():
            # Ordered once already; what came later of it is paid.
            rest[line.pk] = units
            continue
        try:
            with transaction.atomic():
                new = order_again(line.order_line, units, variant=variant, by=by)
        except NotToBeHad:
            rest[line.pk] = units
            continue
        settle_units(row, {line.pk: units})
        _write(row, line, new, units, is_exchange=variant is not None)
        if variant is not None:
            pay_difference(row, line.order_line, units, variant, by=by)
        if row.reason in FAULTS:
            raise_replacement_credit(new, line.supplier_line, units, reason=row.reason, reference=row.number)
    return rest


def note_in_kind(row: Return, counts: Mapping[int, int]) -> None:
    """Write down that the supplier itself sends so many new units of a return's lines (by their id), each once.

    It makes good in kind, so it owes nothing for them. Call it with the order locked, once per return.
    """
    given, made = [], []
    for line in row.lines.select_related(
        "order_line__order", "order_line__delivery__profile", "order_line__variant__product", "supplier_line__offer"
    ):
        units = counts.get(line.pk, 0)
        if not units or not settle_units(row, {line.pk: units}):
            continue
        together = given[0].new.delivery if given else None
        new = make_line_in_kind(line.order_line, units, line.supplier_line, delivery=together, by=None)
        given.append(Given(new, line.supplier_line, units))
        made.append(_write(row, line, new, units))
    if not given:
        return
    cover_in_kind(row.supplier_return, given)
    for one in made:
        # Its parcel may have been told of before.
        one.line.refresh_from_db()
        if one.line.shipped:
            _move(one, ReplacementStatus.DELIVERED if one.line.delivered >= one.quantity else ReplacementStatus.SENT)


def _write(row: Return, line: ReturnLine, new: OrderLine, units: int, *, is_exchange: bool = False) -> Replacement:
    return Replacement.objects.create(
        number=f"RP-{row.number[3:]}-{line.pk}",
        order=row.order,
        parent=row,
        for_line=line,
        line=new,
        quantity=units,
        is_exchange=is_exchange,
    )


def _move(row: Replacement, to: ReplacementStatus) -> None:
    with contextlib.suppress(IllegalMove):
        move_replacement(row, to, by=None)


def follow_replacements(happened: Sequence[Event]) -> None:
    """Move replacements with the parcels that events are about. Inside a transaction, that of the tick; safe to repeat."""
    new_goods = Replacement.objects.filter(line=OuterRef("line"))
    lines = ShipmentLine.objects.filter(Exists(new_goods), shipment__in={event.subject_id for event in happened})
    # By order: two who do so lock the same orders in the same turn.
    for parcel in Shipment.objects.filter(pk__in=lines.values("shipment")).order_by("order_id", "pk"):
        _follow(parcel)


def _follow(parcel: Shipment) -> None:
    to = ReplacementStatus.DELIVERED if parcel.delivered_at else ReplacementStatus.SENT
    for row in Replacement.objects.filter(line__in=parcel.lines.values("line")).select_related("line"):
        count_anew(row.line)
        if to == ReplacementStatus.DELIVERED and row.line.delivered < row.quantity - row.line.cancelled:
            continue
        _move(row, to)


def note_not_to_be_had(event: Event) -> None:
    """Pay back in the place of new goods that were cancelled. Inside a transaction, that of the tick; safe to repeat."""
    if event.order is None:
        return
    lock_order(event.order)
    told = {int(part["line"]): int(part["quantity"]) for part in event.facts.get("lines", [])}
    for row in Replacement.objects.filter(line__in=told).select_related("parent__order", "line", "for_line"):
        done = Event.objects.filter(kind=PAID_BACK, subject_key=key_of(row), facts__cancelled=event.pk)
        if row.status == ReplacementStatus.FAILED or done.exists():
            continue
        units = min(told[row.line_id], row.line.cancelled)
        # Owed once, by the refund from here on.
        reduce_replacement_credit(row.line, units)
        refunds = pay_for_new(row, units, key=f"{refund_key(row.parent)}new-{row.pk}-{event.pk}")
        paid = [refund.pk for refund in refunds]
        events.record(PAID_BACK, row, by=None, cancelled=event.pk, units=units, refunds=paid)
        _note_cut(row)


def _note_cut(row: Replacement) -> None:
    left = row.quantity - row.line.cancelled
    if left < 1:
        move_replacement(row, ReplacementStatus.FAILED, by=None)
    elif row.line.delivered >= left and row.status != ReplacementStatus.DELIVERED:
        move_replacement(row, ReplacementStatus.DELIVERED, by=None)
