"""Deadlines of promises: goods that come late, what their customers choose, and questions to suppliers.

Part of ``config/deadlines.py``; and what a person can do about them, part of ``config/remedies.py``.
"""

from __future__ import annotations

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _t

from config.waits import AT_ONCE, AWAY, Wait
from orders import lease
from orders.models import Delay, OrderDelivery, Shipment, WorkItem
from orders.remedies import NotPossible
from orders.states import DelayStatus
from shop.models import User
from suppliers.actions.ask import read_again
from suppliers.models import SupplierChase, SupplierOrder, SupplierOrderLine
from suppliers.states import ChaseStatus

R = WorkItem.Reason
LATE = [
    # Asked for by the watch over deliveries (orders.actions.watch).
    Wait(
        "late", OrderDelivery, (), R.LATE, ("late_since",), AT_ONCE, "{row.order.number} comes late: {row.late_kind}.",
        ~Q(late_kind=""), opens=False,
    ),
    # Its money goes back by itself; where that has not happened, a person must see to it.
    Wait(
        "delay not answered", Delay, (DelayStatus.ASKED,), R.LATE, ("answer_by",), AWAY,
        "The customer of {row.order.number} has not agreed to wait, and it is not cancelled. {row.last_error:.100}",
    ),
]  # fmt: skip
# Of an order whose goods come late a person is asked as a whole, not about each of its parts as well.
COVERED = {SupplierOrder: {R.SUPPLIER_SILENT, R.NOT_SENT}, Shipment: {R.PARCEL_SILENT}}
LATE_RESTS = {
    (Delay, DelayStatus.TOLD): "over: nothing was left to choose",
    (Delay, DelayStatus.WAITS): "the delivery is watched on; its next delay is told anew",
    (Delay, DelayStatus.CANCELLED): "its cancellation waits, with a deadline of its own",
    (Delay, DelayStatus.UNANSWERED): "its cancellation waits, with a deadline of its own",
    (Delay, DelayStatus.OVER): "over",
    (SupplierChase, ChaseStatus.TO_ASK): "asked by the sweep; its delivery is late, and work for a person",
    (SupplierChase, ChaseStatus.ASKED): "looked at when the answer is due; its delivery is work for a person",
    (SupplierChase, ChaseStatus.ANSWERED): "over",
    (SupplierChase, ChaseStatus.SILENT): "over; its delivery is late, and work for a person",
    (SupplierChase, ChaseStatus.BY_HAND): "over; its delivery is late, and work for a person",
}
LATE_RETRIES = [
    (Delay, Q(status=DelayStatus.ASKED, answer_by__isnull=False)),
    (SupplierChase, Q(status__in=[ChaseStatus.TO_ASK, ChaseStatus.ASKED])),
]
LATE_ASIDE = [Delay, SupplierChase]


def read_late(delivery: OrderDelivery, *, by: User) -> str:
    """Read every order anew that suppliers have of a late delivery."""
    lines = SupplierOrderLine.objects.filter(order_line__delivery=delivery)
    rows = SupplierOrder.objects.filter(pk__in=lines.values("supplier_order"))
    # What a supplier sends itself for a return has no number of its own there.
    rows = rows.exclude(supplier_order_id="", for_return=None)
    if not [read_again(row) for row in rows.select_related("supplier")]:
        raise NotPossible(_t("No supplier has it yet."))
    return _t("It is read in a moment.")


def settle_delay(delay: Delay, *, by: User) -> str:
    """Act now on a delay that its customer has not answered in time."""
    waiting = Delay.objects.filter(lease.is_free(), pk=delay.pk, status=DelayStatus.ASKED)
    if not waiting.update(due_at=timezone.now()):
        raise NotPossible(_t("It was answered meanwhile."))
    return _t("It is cancelled and paid back in a moment.")
