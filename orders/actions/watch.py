"""Watch over every delivery that is paid and has not come: find what is late, or is about to be, and let it be told.

Each delivery says itself when it must be looked at next (``watch_at``). A sweep works through those that are due in
batches: a fixed number of statements for each, whatever they hold, and no more rows in memory than one batch has.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from orders import events
from orders.actions.arrival_news import owe_news
from orders.actions.estimates import record_estimate
from orders.actions.shipping import NOT_SENT
from orders.actions.work import close_work_about, open_work_together
from orders.lateness import OVER, Verdict, verdict
from orders.models import Estimate, OrderDelivery, OrderLine, Shipment, TrackingEvent, WorkItem
from orders.models.work import ACT_WITHIN
from orders.states import Late, OrderStatus
from shop.words import day

BATCH = 500
# So many in one sweep; the next one goes on.
MOST = 20_000
# An order that is not paid by then will not be: its money may still come, and it is looked at again then.
UNPAID_AGAIN, UNPAID_FOR = timedelta(hours=6), timedelta(days=60)
# What a person is asked about already, of an order's goods: that is enough.
ASKED_ANYWAY = (
    WorkItem.Reason.SUPPLIER_SILENT,
    WorkItem.Reason.SUPPLIER_REFUSED,
    WorkItem.Reason.SUPPLIER_HOLD,
    WorkItem.Reason.NOT_SENT,
    WorkItem.Reason.PARCEL_SILENT,
    WorkItem.Reason.PARCEL_TROUBLE,
    WorkItem.Reason.PARCEL_BACK,
)


def watch_deliveries(*, now: datetime) -> int:
    """Look at every delivery that is due; return how many. Safe to repeat, and to run twice at once."""
    looked = 0
    while looked < MOST:
        found = _watch_batch(now)
        looked += found
        if found < BATCH:
            break
    return looked


def _watch_batch(now: datetime) -> int:
    with transaction.atomic():
        due = OrderDelivery.objects.filter(watch_at__lte=now).order_by("watch_at", "pk").select_related("order")
        rows = list(due.select_for_update(skip_locked=True, of=("self",), no_key=True)[:BATCH])
        paid = [row for row in rows if row.order.status == OrderStatus.PAID]
        verdicts = _judge(paid, now) | {
            row.pk: Verdict(None, _unpaid_again(row, now)) for row in rows if row.order.status != OrderStatus.PAID
        }
        _write(rows, verdicts, now)
    for row in paid:
        _reckon(row, verdicts[row.pk])
    # Known to be later, and not told: whatever has kept us from it, it is owed.
    owe_news([row.order_id for row in paid if row.expected_latest_on > row.known_latest_on])
    return len(rows)


def _unpaid_again(row: OrderDelivery, now: datetime) -> datetime | None:
    is_over = row.order.status == OrderStatus.CANCELLED or now - row.order.placed_at > UNPAID_FOR
    return None if is_over else now + UNPAID_AGAIN


def _judge(rows: Sequence[OrderDelivery], now: datetime) -> dict[int, Verdict]:
    """Return the verdict on each delivery. Two queries for all of them."""
    pks = [row.pk for row in rows]
    lines: dict[int, list[OrderLine]] = defaultdict(list)
    for line in OrderLine.objects.filter(delivery__in=pks):
        lines[line.delivery_id].append(line)
    parcels: dict[int, list[Shipment]] = defaultdict(list)
    # That a carrier knows of the label is no scan.
    scans = TrackingEvent.objects.filter(shipment=OuterRef("pk")).exclude(status__in=NOT_SENT)
    coming = Shipment.objects.filter(delivery__in=pks, kind=Shipment.Kind.OUTBOUND).exclude(status__in=OVER)
    for parcel in coming.annotate(is_scanned=Exists(scans)):
        parcels[parcel.delivery_id].append(parcel)
    return {row.pk: verdict(row, lines[row.pk], parcels[row.pk], now=now) for row in rows}


def _write(rows: Sequence[OrderDelivery], verdicts: Mapping[int, Verdict], now: datetime) -> None:
    changed: list[OrderDelivery] = []
    for row in rows:
        found = verdicts[row.pk]
        row.watch_at = found.look_at
        kind = str(found.kind or "")
        if kind != row.late_kind:
            row.late_since = None if not kind else row.late_since or now
            row.late_kind = kind
            changed.append(row)
    OrderDelivery.objects.bulk_update(rows, ["watch_at", "late_kind", "late_since"])
    late = [row for row in changed if row.late_kind]
    over = [row for row in changed if not row.late_kind]
    events.record_together("delivery.late", late, [{"late": row.late_kind} for row in late])
    events.record_together("delivery.on_time", over)
    _ask_people(late)
    if over:
        close_work_about([WorkItem.Reason.LATE], over)


def _ask_people(late: Sequence[OrderDelivery]) -> None:
    """Open one piece of work for each late delivery, or say in the open one what it is about now."""
    if not late:
        return
    asked = WorkItem.objects.filter(closed_at=None, reason__in=ASKED_ANYWAY, order__in={row.order_id for row in late})
    known = set(asked.values_list("order", flat=True))
    wanted = [row for row in late if row.order_id not in known]
    open_work_together(
        WorkItem.Reason.LATE,
        [(row, row.order, _summary(row), row.order.total_minor) for row in wanted],
        deadline_at=timezone.now() + ACT_WITHIN[WorkItem.Reason.LATE],
    )


def _summary(row: OrderDelivery) -> str:
    promised, expected = day(row.promised_latest_on), day(row.expected_latest_on)
    word = Late(row.late_kind).label
    return f"{row.order.number} from {row.sent_from}: {word}. Promised by {promised}, expected by {expected}."


def _reckon(row: OrderDelivery, found: Verdict) -> None:
    """Write down our own figures where nobody else's can come true any more; that is seldom."""
    if found.ours is not None:
        record_estimate(
            row,
            None,
            earliest_on=found.ours.earliest_on,
            latest_on=found.ours.latest_on,
            source=Estimate.Source.OURS,
            reason_code=found.ours.reason_code,
        )
