"""What waits: nothing without a due time, nothing past it, and nothing given up in silence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial

from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.audit.registry import GRACE, MOST_NAMED, check, named, row_key
from config.timetable import SWEEPS, Sweep
from notifications.models import Notification, NotificationStatus
from orders import lease
from orders.models import (
    Authorisation,
    Cancellation,
    CheckoutSession,
    Dispute,
    Event,
    IncomingEvent,
    Reaction,
    Refund,
    WorkItem,
)
from orders.models.dispute import UNDECIDED
from orders.states import AuthorisationStatus, RefundStatus
from shop.prepared import any_of
from suppliers.actions.follow import open_parcels
from suppliers.actions.stopped import undecided
from suppliers.carriers import services_in_use
from suppliers.models import ParcelWatch, Supplier, SupplierOrder, SupplierReturn, TrackingService
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


MAILS = [NotificationStatus.QUEUED, NotificationStatus.SENDING]
REFUNDS = [RefundStatus.REQUESTED, RefundStatus.PENDING]
KEPT = [AuthorisationStatus.HELD, AuthorisationStatus.CAPTURING, AuthorisationStatus.RELEASING]
RETURNS = [SupplierReturn.Status.TO_ASK, SupplierReturn.Status.UNKNOWN]
LIVE = [SupplierOrderStatus.READY, SupplierOrderStatus.SENDING, SupplierOrderStatus.UNKNOWN]
PAYABLE = [CheckoutSession.State.NEW, CheckoutSession.State.OPEN, CheckoutSession.State.ENDING]
# Kind by kind, the rows that still have to be worked on, and so must be looked at again.
UNFINISHED: list[Callable[[], QuerySet]] = [
    lambda: Reaction.objects.filter(done_at=None),
    lambda: IncomingEvent.objects.filter(done_at=None),
    lambda: Notification.objects.filter(status__in=MAILS),
    # What was made in the provider's dashboard is told to us; we do not ask for it. What was paid by transfer, a
    # person pays back, and is asked as long as it is not noted.
    lambda: (
        Refund.objects.filter(status__in=REFUNDS)
        .exclude(reason=Refund.Reason.OUTSIDE)
        .exclude(payment__provider="bank_transfer")
        .select_related("order")
    ),
    lambda: Authorisation.objects.filter(status__in=KEPT).select_related("order"),
    lambda: Dispute.objects.filter(status__in=UNDECIDED).select_related("order"),
    lambda: SupplierReturn.objects.filter(status__in=RETURNS),
    lambda: SupplierOrder.objects.filter(status__in=LIVE),
    undecided,
    lambda: CheckoutSession.objects.filter(state__in=PAYABLE).select_related("order"),
    # Of a paid order's, the suppliers' parts are looked at; the wish itself has no time.
    lambda: (
        Cancellation.objects.waiting()
        .filter(Q(order__paid_at=None) | Q(quarantined_at__isnull=False))
        .select_related("order")
    ),
]


def _aside(rows: Callable[[], QuerySet]) -> QuerySet:
    return _unasked(rows().exclude(quarantined_at=None), Reason.QUARANTINED, still_open=True)


ASIDE = [(rows, any_of(partial(_aside, rows))) for rows in UNFINISHED]


@check("V09 given up", _("Whatever was given up has asked for a person."))
def given_up() -> Iterable[str]:
    mails = Notification.objects.filter(status=NotificationStatus.FAILED)
    # A dispute that was won after all is no refund that somebody must try again.
    refunds = Refund.objects.filter(status=RefundStatus.FAILED).exclude(reason=Refund.Reason.DISPUTE)
    refused = SupplierOrder.objects.filter(status=SupplierOrderStatus.REFUSED)
    yield from named(_unasked(mails, Reason.MAIL_FAILED, still_open=False), "was given up, and nobody is asked")
    yield from named(
        _unasked(refunds, Reason.REFUND_FAILED, still_open=False), "was given up, and nobody is asked", "order"
    )
    yield from named(_unasked(refused, Reason.SUPPLIER_REFUSED, still_open=True), "was refused, and nobody is asked")
    for rows, has_any in ASIDE:
        if has_any():
            yield from named(_aside(rows), "was set aside, and nobody is asked")


def _supplier_of(model: type[Model]) -> str:
    """Return the column that leads to a row's supplier; nothing where there is none."""
    names = {field.name for field in model._meta.get_fields()}
    return "pk" if model is Supplier else "supplier" if "supplier" in names else ""


def _late(sweep: Sweep, late: datetime, *rested: datetime) -> QuerySet:
    """Return what was due before ``late``; not what belongs to a supplier whose rest was not over by then."""
    rows = sweep.rows().filter(lease.is_free(), due_at__lt=late).order_by("pk")
    for until in rested:
        resting = Supplier.objects.filter(closed_until__gt=until, pk=OuterRef(_supplier_of(rows.model)))
        rows = rows.filter(~Exists(resting))
    return rows


def _not_given_back(rows: Callable[[], QuerySet], late: datetime) -> QuerySet:
    return rows().filter(lease_until__lt=late, due_at=None)


# Each with how many times it is told the time.
LEFT = [(sweep, 2 if _supplier_of(sweep.rows().model) else 1, any_of(partial(_late, sweep))) for sweep in SWEEPS]
TAKEN = [(rows, any_of(partial(_not_given_back, rows))) for rows in UNFINISHED]


@check("V10 backlog", _("Nothing that is due is left lying, and no lease outlives its worker."))
def backlog() -> Iterable[str]:
    late = timezone.now() - GRACE
    undelivered = Event.objects.filter(delivered_at=None, at__lt=late).order_by("pk")
    yield from (f"event {event} not delivered" for event in undelivered[:MOST_NAMED])
    for sweep, count, has_any in LEFT:
        for row in _late(sweep, *[late] * count)[:MOST_NAMED] if has_any(*[late] * count) else []:
            yield f"{sweep.name} {row.pk} is overdue"
    # A worker's death over something that others have brought to its end leaves nothing to do.
    for rows, has_any in TAKEN:
        if has_any(late):
            yield from named(_not_given_back(rows, late), "was taken and never given back")


@check("V10 consequences", _("Whatever follows from news and events has followed, or a person was asked."))
def consequences() -> Iterable[str]:
    late = timezone.now() - LATE
    # What was set aside is checked with what was given up.
    owed = Reaction.objects.filter(done_at=None, quarantined_at=None, event__at__lt=late)
    yield from named(_unasked(owed, Reason.REACTION_FAILED, still_open=True), "has not followed")
    told = IncomingEvent.objects.filter(done_at=None, quarantined_at=None, received_at__lt=late)
    yield from named(_unasked(told, Reason.INCOMING_FAILED, still_open=True), "was not worked on")


def _untimed(rows: Callable[[], QuerySet]) -> QuerySet:
    # Set aside, it waits for a person; whether one was asked is checked with what was given up.
    return rows().filter(due_at=None, quarantined_at=None)


# A supplier order may wait for a person's word on it, too: see the dialogue's check.
TIMED = [rows for rows in UNFINISHED if rows().model is not SupplierOrder]
UNTIMED = [(rows, any_of(partial(_untimed, rows))) for rows in TIMED]


@check("V10 due", _("Nothing waits without a time at which it is looked at."))
def due() -> Iterable[str]:
    nobody = "waits, and nobody looks at it"
    for rows, has_any in UNTIMED:
        if has_any():
            yield from named(_untimed(rows), nobody)
    stopping = undecided().filter(cancellation=OuterRef("pk"))
    waiting = Cancellation.objects.waiting().filter(due_at=None, quarantined_at=None).select_related("order")
    yield from named(waiting.filter(~Exists(stopping), allocated_at__isnull=False), nobody)
    # As long as that is owed, it is looked after as a consequence.
    owed = Reaction.objects.filter(done_at=None, event__subject_key=OuterRef("row_key"))
    alone = waiting.annotate(row_key=row_key(Cancellation)).filter(~Exists(owed), allocated_at=None)
    yield from named(alone.filter(requested_at__lt=timezone.now() - GRACE), nobody)


@check("V10 followed", _("Every parcel that its carrier can tell of is asked about, as long as it is on its way."))
def followed() -> Iterable[str]:
    now = timezone.now()
    parcels = open_parcels(now)
    watches = ParcelWatch.objects.filter(shipment__in=parcels, refused_code="")
    yield from named(watches.filter(due_at=None), "on its way, and its carrier is not asked any more")
    # Of a service that does not answer, a person is asked.
    well = TrackingService.objects.filter(slug=OuterRef("service"), failing_since=None).exclude(due_at=None)
    yield from named(watches.filter(Exists(well), due_at__lt=now - LATE), "its carrier should have been asked by now")
    if services_in_use():
        unknown = parcels.exclude(tracking_number="").filter(
            ~Exists(ParcelWatch.objects.filter(shipment=OuterRef("pk"))), created_at__lt=now - 2 * LATE
        )
        yield from named(unknown, "nobody asks its carrier", "order")
