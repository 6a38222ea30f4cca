"""What waits: nothing without a due time, nothing past it, and nothing given up in silence."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
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


def _unfinished() -> list[QuerySet]:
    """Return, kind by kind, the rows that still have to be worked on, and so must be looked at again."""
    mails = [NotificationStatus.QUEUED, NotificationStatus.SENDING]
    refunds = [RefundStatus.REQUESTED, RefundStatus.PENDING]
    kept = [AuthorisationStatus.HELD, AuthorisationStatus.CAPTURING, AuthorisationStatus.RELEASING]
    returns = [SupplierReturn.Status.TO_ASK, SupplierReturn.Status.UNKNOWN]
    live = [SupplierOrderStatus.READY, SupplierOrderStatus.SENDING, SupplierOrderStatus.UNKNOWN]
    payable = [CheckoutSession.State.NEW, CheckoutSession.State.OPEN, CheckoutSession.State.ENDING]
    return [
        Reaction.objects.filter(done_at=None),
        IncomingEvent.objects.filter(done_at=None),
        Notification.objects.filter(status__in=mails),
        # What was made in the provider's dashboard is told to us; we do not ask for it.
        Refund.objects.filter(status__in=refunds)
        .exclude(reason=Refund.Reason.OUTSIDE)
        # A person pays those back, and is asked as long as it is not noted.
        .exclude(payment__provider="bank_transfer")
        .select_related("order"),
        Authorisation.objects.filter(status__in=kept).select_related("order"),
        Dispute.objects.filter(status__in=UNDECIDED).select_related("order"),
        SupplierReturn.objects.filter(status__in=returns),
        SupplierOrder.objects.filter(status__in=live),
        undecided(),
        CheckoutSession.objects.filter(state__in=payable).select_related("order"),
        # Of a paid order's, the suppliers' parts are looked at; the wish itself has no time.
        Cancellation.objects.waiting()
        .filter(Q(order__paid_at=None) | Q(quarantined_at__isnull=False))
        .select_related("order"),
    ]


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
    for rows in _unfinished():
        aside = _unasked(rows.exclude(quarantined_at=None), Reason.QUARANTINED, still_open=True)
        yield from named(aside, "was set aside, and nobody is asked")


def _rested_until(late: datetime, sweep: Sweep) -> Exists:
    """True for rows of a supplier that has asked for a rest, which was not over before ``late``."""
    suppliers = Supplier.objects.filter(closed_until__gt=late)
    model = sweep.rows().model
    if model is Supplier:
        return Exists(suppliers.filter(pk=OuterRef("pk")))
    names = {field.name for field in model._meta.get_fields()}
    return Exists(suppliers.filter(pk=OuterRef("supplier")) if "supplier" in names else suppliers.none())


@check("V10 backlog", _("Nothing that is due is left lying, and no lease outlives its worker."))
def backlog() -> Iterable[str]:
    late = timezone.now() - GRACE
    undelivered = Event.objects.filter(delivered_at=None, at__lt=late).order_by("pk")
    yield from (f"event {event} not delivered" for event in undelivered[:MOST_NAMED])
    for sweep in SWEEPS:
        waiting = sweep.rows().filter(lease.is_free(), ~_rested_until(late, sweep), due_at__lt=late).order_by("pk")
        yield from (f"{sweep.name} {row.pk} is overdue" for row in waiting[:MOST_NAMED])
    # A worker's death over something that others have brought to its end leaves nothing to do.
    for rows in _unfinished():
        yield from named(rows.filter(lease_until__lt=late, due_at=None), "was taken and never given back")


@check("V10 consequences", _("Whatever follows from news and events has followed, or a person was asked."))
def consequences() -> Iterable[str]:
    late = timezone.now() - LATE
    # What was set aside is checked with what was given up.
    owed = Reaction.objects.filter(done_at=None, quarantined_at=None, event__at__lt=late)
    yield from named(_unasked(owed, Reason.REACTION_FAILED, still_open=True), "has not followed")
    told = IncomingEvent.objects.filter(done_at=None, quarantined_at=None, received_at__lt=late)
    yield from named(_unasked(told, Reason.INCOMING_FAILED, still_open=True), "was not worked on")


@check("V10 due", _("Nothing waits without a time at which it is looked at."))
def due() -> Iterable[str]:
    nobody = "waits, and nobody looks at it"
    for rows in _unfinished():
        # A supplier order may wait for a person's word on it, too: see the dialogue's check.
        if rows.model is not SupplierOrder:
            # Set aside, it waits for a person; whether one was asked is checked with what was given up.
            yield from named(rows.filter(due_at=None, quarantined_at=None), nobody)
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
