"""The circuit breaker: leave a failing supplier alone, try it once in a while, then wake what waits.

All of it stands in columns of the supplier, by the database's clock, so that any number of workers
agree. Rows of a supplier that is not to be called are not handed out at all, and lose no attempts.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest, Now
from django.utils import timezone

from orders.actions.work import close_work, open_work
from orders.lease import db_now_plus
from orders.models import WorkItem
from suppliers.models import (
    Supplier,
    SupplierCall,
    SupplierCancellation,
    SupplierOrder,
    SupplierProbe,
    SupplierReturn,
)
from suppliers.states import SupplierOrderStatus

BREAKS_AFTER = 5
# Half of the last so many calls failing opens it too: a supplier that answers every other time is no use.
LOOKS_BACK = 20
# A supplier asking for more is not believed: its orders would be a day old by then.
LONGEST_REST = 86_400
ROWS_PER_SECOND = 50
# Seconds for which a good answer need not be noted again.
GOOD_FOR = 5
Waiting = (SupplierOrderStatus.READY, SupplierOrderStatus.SENDING, SupplierOrderStatus.UNKNOWN)


def may_be_called() -> Q:
    """Suppliers that may be called now: in use, breaker not open, no rest asked for."""
    return Q(is_active=True, paused_reason="", opened_at=None) & has_rested()


def has_rested() -> Q:
    """Suppliers that did not ask us to wait, or whose wait is over."""
    return Q(closed_until=None) | Q(closed_until__lte=Now())


def of_callable(rows: QuerySet) -> QuerySet:
    """Keep rows whose ``supplier`` may be called now."""
    # Not a join: of the outer row's own columns an UPDATE must be able to look again.
    return rows.filter(Exists(Supplier.objects.filter(may_be_called(), pk=OuterRef("supplier"))))


def due_probes() -> QuerySet[SupplierProbe]:
    """Return the probes of suppliers whose breaker is open and that may be asked."""
    asked = Supplier.objects.filter(has_rested(), is_active=True, paused_reason="", pk=OuterRef("supplier"))
    long_ago = Q(rested_since=None) | Q(rested_since__lte=db_now_plus(-settings.PROBE_SECONDS))
    return SupplierProbe.objects.filter(long_ago, Exists(asked.exclude(opened_at=None)))


def is_callable(supplier: Supplier) -> bool:
    """True unless a supplier's breaker is open, or it asked us to wait. One query."""
    return Supplier.objects.filter(has_rested(), pk=supplier.pk, opened_at=None).exists()


def note_good(supplier: Supplier, *, is_probe: bool) -> None:
    """Note a good answer; that of a probe closes the breaker and wakes the whole backlog."""
    if is_probe and close_breaker(supplier):
        return
    # Most calls are good and change nothing: 16 workers must not queue for one row.
    lately = timezone.now() - timedelta(seconds=GOOD_FOR)
    if supplier.failures_in_row or supplier.last_good_at is None or supplier.last_good_at < lately:
        Supplier.objects.filter(pk=supplier.pk).update(failures_in_row=0, last_good_at=Now())


def note_bad(supplier: Supplier, why: str) -> None:
    """Note a failure of transport or a 5xx; a run of them, or half of the last calls, opens the breaker."""
    Supplier.objects.filter(pk=supplier.pk).update(failures_in_row=F("failures_in_row") + 1)
    since = Supplier.objects.values_list("counted_from_call", flat=True).get(pk=supplier.pk)
    recent = SupplierCall.objects.filter(supplier=supplier, pk__gt=since).exclude(path__startswith="//")
    failed = [status is None or is_failure(status) for status in recent.values_list("status", flat=True)[:LOOKS_BACK]]
    in_row = len(failed) >= BREAKS_AFTER and all(failed[:BREAKS_AFTER])
    if in_row or (len(failed) >= LOOKS_BACK and sum(failed) * 2 >= LOOKS_BACK):
        open_breaker(supplier, f"{sum(failed)} of the last {len(failed)} calls failed; last: {why}")


def is_failure(status: int) -> bool:
    """True for answers that tell of trouble on the other side; 501 is a plain "no"."""
    return status >= 500 and status != 501


def open_breaker(supplier: Supplier, reason: str) -> bool:
    """Stop calling a supplier, but for one probe every PROBE_SECONDS; False if it was open before."""
    with transaction.atomic():
        rows = Supplier.objects.filter(pk=supplier.pk, opened_at=None)
        if not rows.update(opened_at=Now(), opened_reason=reason[:200]):
            return False
        SupplierProbe.objects.get_or_create(supplier=supplier)
        SupplierProbe.objects.filter(supplier=supplier).update(
            due_at=db_now_plus(settings.PROBE_SECONDS), rested_since=Now(), failures=0
        )
    return True


def refuse_key(supplier: Supplier, reason: str) -> None:
    """Our key is not taken: stop calling at once, and ask one person once. Safe to repeat."""
    with transaction.atomic():
        open_breaker(supplier, reason)
        Supplier.objects.filter(pk=supplier.pk).exclude(opened_at=None).update(opened_reason=reason[:200])
        text = f"{supplier.name} does not let us in ({reason}). Its orders wait; nothing is lost."
        open_work(WorkItem.Reason.SUPPLIER_KEY, supplier, order=None, summary=text)


def rest(supplier: Supplier, seconds: float) -> None:
    """Do not call a supplier for as long as it asked; a shorter wish never shortens a longer one."""
    until = db_now_plus(min(seconds, LONGEST_REST))
    Supplier.objects.filter(pk=supplier.pk).update(closed_until=Greatest(Coalesce(F("closed_until"), Now()), until))


def close_breaker(supplier: Supplier) -> bool:
    """Call a supplier as usual again, and wake what waited for it; False if it was not open."""
    with transaction.atomic():
        last = SupplierCall.objects.filter(supplier=supplier).aggregate(last=Max("pk"))["last"] or 0
        rows = Supplier.objects.filter(pk=supplier.pk).exclude(opened_at=None)
        changes = {"opened_at": None, "opened_reason": "", "failures_in_row": 0}
        if not rows.update(last_good_at=Now(), counted_from_call=last, **changes):
            return False
        # Also one that a worker has in hand: should it die now, nobody would ever look at it again.
        SupplierProbe.objects.filter(supplier=supplier).update(due_at=None)
        close_work(WorkItem.Reason.SUPPLIER_KEY, supplier)
        close_work(WorkItem.Reason.SUPPLIER_SILENT, supplier)
        wake(supplier)
    return True


def wake(supplier: Supplier) -> None:
    """Make everything that waits for a supplier due: at once, or spread over WAKE_SECONDS when it is much.

    Without this, rows in a long pause would wait for minutes although all is well. What a customer
    may still change their mind about sleeps on.
    """
    waiting = SupplierOrder.objects.filter(supplier=supplier, status__in=Waiting, lease_until=None)
    late = waiting.filter(quarantined_at=None).exclude(due_at=None).exclude(order__forward_after__gt=Now())
    slots = min(settings.WAKE_SECONDS, late.count() // ROWS_PER_SECOND + 1)
    for slot in range(slots):
        late.annotate(slot=F("pk") % slots).filter(slot=slot).update(due_at=db_now_plus(slot))
    others = (
        Supplier.objects.filter(pk=supplier.pk),
        SupplierCancellation.objects.filter(supplier_order__supplier=supplier),
        SupplierReturn.objects.filter(supplier_order__supplier=supplier),
    )
    for rows in others:
        rows.filter(lease_until=None, failures__gt=0).exclude(due_at=None).update(due_at=Now())


def next_try(supplier: Supplier) -> datetime | None:
    """Return when a supplier whose breaker is open is tried again; None if it is not open."""
    probe = SupplierProbe.objects.filter(supplier=supplier).first() if supplier.opened_at else None
    return probe.due_at if probe else None
