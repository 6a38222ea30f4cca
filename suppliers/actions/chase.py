"""Ask suppliers about goods that come late: once for each way of being late, with a day for the answer."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, time, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from orders import lease
from orders.events import key_of
from orders.models import Event, OrderDelivery, WorkItem
from orders.states import Late
from shop.arrival import home_calendar
from shop.words import day
from suppliers.actions.ask import read_again
from suppliers.actions.let_go import ask_to_let_go
from suppliers.adapters import adapter_of
from suppliers.adapters.base import Refused, TryLater, Unclear
from suppliers.models import SupplierChase, SupplierOrder, SupplierOrderLine
from suppliers.states import ChaseStatus, SupplierOrderStatus, move_supplier_chase

# A supplier has so many of its own working days for an answer.
ANSWER_DAYS = 2
HAS_IT = [SupplierOrderStatus.PLACED, SupplierOrderStatus.CANCEL_REQUESTED]
# Which of its lines a supplier is asked about: not those that are as far as they should be.
_COMING = Q(pending__gt=0) | Q(backordered__gt=0) | Q(accepted__gt=F("delivered"))
_MISSED = {
    Late.UNCONFIRMED: Q(pending__gt=0),
    Late.UNSENT: Q(pending__gt=0) | Q(backordered__gt=0) | Q(accepted__gt=F("shipped")),
}
UNFINISHED = [ChaseStatus.TO_ASK, ChaseStatus.ASKED]


def chase_late(event: Event) -> None:
    """Owe each supplier that has goods of a late delivery the question about them. Inside a transaction; safe to repeat.

    Its order is read anew as well: the answer may stand there already.
    """
    delivery = OrderDelivery.objects.get(pk=event.subject_id)
    if delivery.late_kind != event.facts["late"]:
        # Late in another way by now, which has an event of its own; or in none.
        return
    lines = SupplierOrderLine.objects.filter(_MISSED.get(delivery.late_kind, _COMING), order_line__delivery=delivery)
    rows = SupplierOrder.objects.filter(pk__in=lines.values("supplier_order"), status__in=HAS_IT)
    for row in rows.select_related("supplier"):
        _chase, new = SupplierChase.objects.get_or_create(
            supplier_order=row,
            late_kind=delivery.late_kind,
            defaults={"order_id": delivery.order_id, "due_at": Now(), "asked_version": row.version},
        )
        if new and row.supplier.uses_polling:
            read_again(row)


def work_on_chase(chase_id: int) -> None:
    """Ask the question, or see whether it was answered in time. Talks to the network; safe to repeat."""
    related = ("supplier_order__supplier__delivery_profile", "order")
    chase = lease.take(SupplierChase.objects.filter(status__in=UNFINISHED).select_related(*related), chase_id)
    if chase is None:
        return
    if is_answered(chase):
        _end(chase, ChaseStatus.ANSWERED)
    elif chase.status == ChaseStatus.TO_ASK:
        _ask(chase)
    elif chase.answer_by is not None and timezone.now() < chase.answer_by:
        lease.put_off(chase, (chase.answer_by - timezone.now()).total_seconds())
    else:
        _end(chase, ChaseStatus.SILENT)
        _say(chase, f"{chase.supplier_order.supplier.name} has not answered by {_day(chase.answer_by)}.")


def is_answered(chase: SupplierChase) -> bool:
    """True once nothing of the order is late in that way any more, or its supplier has told something new of it."""
    row = chase.supplier_order
    still = OrderDelivery.objects.filter(pk__in=_deliveries(row), late_kind=chase.late_kind)
    if row.status not in HAS_IT or not still.exists():
        return True
    return chase.status == ChaseStatus.ASKED and row.version > chase.asked_version


def _deliveries(row: SupplierOrder) -> list[int]:
    return list(row.lines.values_list("order_line__delivery", flat=True).distinct())


def _ask(chase: SupplierChase) -> None:
    try:
        channel = _put(chase)
    except (TryLater, Unclear) as error:
        lease.fail(chase, f"{type(error).__name__}: {error}")
        return
    if channel is not None:
        _note_asked(chase, channel)
        return
    _end(chase, ChaseStatus.BY_HAND)
    supplier, about = chase.supplier_order.supplier, chase.supplier_order.for_return or chase.supplier_order
    _say(chase, f"Ask {supplier.name} about {about}: it takes no questions by itself.")


def _put(chase: SupplierChase) -> SupplierChase.Channel | None:
    """Put the question by the first way that takes it, and return that; None: a person must ask."""
    supplier = chase.supplier_order.supplier
    if chase.supplier_order.for_return is not None:
        # Its API knows no order of new goods that it sends itself; its people know the return.
        return SupplierChase.Channel.MAIL if supplier.contact_email else None
    # One that keeps the goods is asked where they are.
    with contextlib.suppress(Refused):
        if ask_to_let_go(chase):
            return SupplierChase.Channel.LET_GO
    if supplier.can("inquiries"):
        reference, key = chase.supplier_order.reference, f"waybill-late-{chase.key}"
        with contextlib.suppress(Refused):
            adapter_of(supplier).inquire(reference, _question(chase), key=key)
            return SupplierChase.Channel.API
    return SupplierChase.Channel.MAIL if supplier.contact_email else None


def _question(chase: SupplierChase) -> dict[str, str]:
    return {"kind": chase.late_kind, "answer_by": answer_day(chase).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}


def answer_day(chase: SupplierChase) -> datetime:
    """Return until when a supplier asked now should have answered: the end of its second working day from here."""
    calendar = home_calendar(chase.supplier_order.supplier.delivery_profile)
    last = calendar.add(timezone.localdate(), ANSWER_DAYS)
    return timezone.make_aware(datetime.combine(last + timedelta(days=1), time.min))


def _note_asked(chase: SupplierChase, channel: SupplierChase.Channel) -> None:
    now, until = timezone.now(), answer_day(chase)
    row = chase.supplier_order
    with transaction.atomic():
        fields = {
            "channel": channel,
            "asked_at": now,
            "answer_by": until,
            "asked_version": row.version,
            **lease.returned(),
            "due_at": until,
        }
        move_supplier_chase(chase, ChaseStatus.ASKED, by=None, fields=fields, channel=str(channel))
        OrderDelivery.objects.filter(pk__in=_deliveries(row)).update(asked_at=now, answer_by=until)
        _work_of(chase).update(deadline_at=until)
    _say(chase, f"{row.supplier.name} is asked, answer by {_day(until)}.")


def _end(chase: SupplierChase, to: ChaseStatus) -> None:
    move_supplier_chase(chase, to, by=None, fields=lease.returned())


def _work_of(chase: SupplierChase):
    keys = [key_of(row) for row in OrderDelivery.objects.filter(pk__in=_deliveries(chase.supplier_order))]
    return WorkItem.objects.filter(reason=WorkItem.Reason.LATE, subject_key__in=keys, closed_at=None)


def _say(chase: SupplierChase, words: str) -> None:
    """Let whoever sees the work about it read what became of the question."""
    for item in _work_of(chase):
        said = f"{item.summary.partition(' | ')[0]} | {words}"
        WorkItem.objects.filter(pk=item.pk, closed_at=None).update(summary=said[:300])


def _day(when: datetime | None) -> str:
    # Until the end of the day before.
    return day(timezone.localtime(when).date() - timedelta(days=1)) if when else ""
