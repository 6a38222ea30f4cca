"""What waits: nothing without a due time, nothing past it, and nothing given up in silence."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.audit.registry import GRACE, MOST_NAMED, check, named, row_key
from config.timetable import SWEEPS
from notifications.models import Notification, NotificationStatus
from orders import lease
from orders.models import Event, IncomingEvent, Reaction, Refund, WorkItem
from orders.states import RefundStatus
from suppliers.models import SupplierOrder, SupplierReturn
from suppliers.states import SupplierOrderStatus

# A consequence that has been tried in vain for so long has asked for a person before.
LATE = timedelta(hours=1)
Reason = WorkItem.Reason


def _unasked(rows: QuerySet, reason: WorkItem.Reason, *, still_open: bool) -> QuerySet:
    """Keep the rows about which nobody was asked; ``still_open``: or the answer changed nothing."""
    work = WorkItem.objects.filter(reason=reason, subject_key=OuterRef("row_key"))
    if still_open:
        work = work.filter(closed_at=None)
    return rows.annotate(row_key=row_key(rows.model)).filter(~Exists(work))


@check("V09 given up", _("Whatever was given up has asked for a person."))
def given_up() -> Iterable[str]:
    mails = Notification.objects.filter(status=NotificationStatus.FAILED)
    refunds = Refund.objects.filter(status=RefundStatus.FAILED)
    refused = SupplierOrder.objects.filter(status=SupplierOrderStatus.REFUSED)
    yield from named(_unasked(mails, Reason.MAIL_FAILED, still_open=False), "was given up, and nobody is asked")
    yield from named(
        _unasked(refunds, Reason.REFUND_FAILED, still_open=False), "was given up, and nobody is asked", "order"
    )
    yield from named(_unasked(refused, Reason.SUPPLIER_REFUSED, still_open=True), "was refused, and nobody is asked")


@check("V10 backlog", _("Nothing that is due is left lying, and no lease outlives its worker."))
def backlog() -> Iterable[str]:
    late = timezone.now() - GRACE
    undelivered = Event.objects.filter(delivered_at=None, at__lt=late).order_by("pk")
    yield from (f"event {event} not delivered" for event in undelivered[:MOST_NAMED])
    for sweep in SWEEPS:
        waiting = sweep.rows().filter(lease.is_free(), due_at__lt=late).order_by("pk")
        yield from (f"{sweep.name} {row.pk} is overdue" for row in waiting[:MOST_NAMED])
        held = sweep.rows().filter(lease_until__lt=late, due_at=None).order_by("pk")
        yield from (f"{sweep.name} {row.pk} was taken and never given back" for row in held[:MOST_NAMED])


@check("V10 consequences", _("Whatever follows from news and events has followed, or a person was asked."))
def consequences() -> Iterable[str]:
    late = timezone.now() - LATE
    owed = Reaction.objects.filter(done_at=None, event__at__lt=late)
    yield from named(_unasked(owed, Reason.REACTION_FAILED, still_open=True), "has not followed")
    told = IncomingEvent.objects.filter(done_at=None, received_at__lt=late)
    yield from named(_unasked(told, Reason.INCOMING_FAILED, still_open=True), "was not worked on")


@check("V10 due", _("Nothing waits without a time at which it is looked at."))
def due() -> Iterable[str]:
    nobody = "waits, and nobody looks at it"
    nothing = Q(due_at=None)
    yield from named(Reaction.objects.filter(nothing, done_at=None), nobody)
    yield from named(IncomingEvent.objects.filter(nothing, done_at=None), nobody)
    mails = [NotificationStatus.QUEUED, NotificationStatus.SENDING]
    yield from named(Notification.objects.filter(nothing, status__in=mails), nobody)
    refunds = [RefundStatus.REQUESTED, RefundStatus.PENDING]
    # What was made in the provider's dashboard is told to us; we do not ask for it.
    asked_for = Refund.objects.filter(nothing, status__in=refunds).exclude(reason=Refund.Reason.OUTSIDE)
    yield from named(asked_for, nobody, "order")
    returns = [SupplierReturn.Status.TO_ASK, SupplierReturn.Status.UNKNOWN]
    yield from named(SupplierReturn.objects.filter(nothing, status__in=returns), nobody)
