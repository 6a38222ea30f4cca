"""The steps of returns that no news brings: a reminder, the end of their time, a supplier that says nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders import events, lease
from orders.actions.shipping import lock_order
from support.models import Return
from support.return_states import ReturnStatus
from support.returning.flow import LONGEST_WAY, SUPPLIER_PATIENCE, expire, look_again, ready_by_ourselves
from support.returning.in_kind import waits_for_supplier
from support.returning.last_day import GRACE, is_past

Status = ReturnStatus
REMIND_BEFORE = timedelta(days=4)


def tend_return(return_id: int) -> None:
    """Do what is due of one return, and note when to look again. Safe to repeat."""
    row = lease.take(Return.objects.filter(status__in=TENDED), return_id)
    if row is None:
        Return.objects.filter(lease.is_free(), pk=return_id).exclude(status__in=TENDED).update(due_at=None)
        return
    act = TENDED.get(row.status)
    if act is None:
        # What was taken may have moved on in that moment, as by a receipt.
        lease.finish(row)
        return
    act(row)


def _tend_accepted(row: Return) -> None:
    """The supplier has said nothing: the goods go to the address on file, and the customer does not wait for it."""
    with transaction.atomic():
        lock_order(row.order)
        if not lease.finish(row, due_in=SUPPLIER_PATIENCE.total_seconds()):
            return
        row.refresh_from_db()
        if row.status != Status.ACCEPTED:
            return
        if row.goods_back is False and waits_for_supplier(row):
            _ask_person(row, _("the supplier was to send the new goods itself, and has not said that it does"))
        else:
            ready_by_ourselves(row)


def _tend_inspected(row: Return) -> None:
    """The supplier has the goods back, was to send new ones, and has said nothing: a person decides anew."""
    with transaction.atomic():
        lock_order(row.order)
        if not lease.finish(row):
            return
        row.refresh_from_db()
        if row.status == Status.INSPECTED and waits_for_supplier(row):
            _ask_person(row, _("the supplier has the goods back, and has not said that it sends new ones"))


def _ask_person(row: Return, why: str) -> None:
    if row.supplier_return is not None and row.supplier_return.parcels.exists():
        why = _("%(why)s; but it has told of a parcel") % {"why": why}
    look_again(row, why, by=None)


def _tend_ready(row: Return) -> None:
    today = timezone.localdate()
    if is_past(row.return_by, grace=GRACE):
        # Should its last day have been moved meanwhile, it goes on, and is looked at again.
        lease.finish(row, due_in=timedelta(days=1).total_seconds())
        expire(row)
        return
    if row.return_by is not None and row.reminded_at is None and today >= row.return_by - REMIND_BEFORE:
        remind(row)
    lease.finish(row, due_in=timedelta(days=1).total_seconds())


def _tend_in_transit(row: Return) -> None:
    """Too long on its way: somebody decides; what the shop had brought back on its label is not the customer's loss."""
    since = row.handed_in_at or row.status_changed_at
    left = (since + LONGEST_WAY - timezone.now()).total_seconds()
    if left > 0:
        lease.finish(row, due_in=left)
        return
    with transaction.atomic():
        lock_order(row.order)
        if not lease.finish(row):
            return
        row.refresh_from_db()
        if row.status == Status.IN_TRANSIT:
            look_again(row, _("the goods have not arrived; they seem to be lost on the way back"), by=None)


TENDED: Mapping[str, Callable[[Return], None]] = {
    Status.ACCEPTED: _tend_accepted,
    Status.READY: _tend_ready,
    Status.IN_TRANSIT: _tend_in_transit,
    Status.INSPECTED: _tend_inspected,
}


def remind(row: Return) -> bool:
    """Tell the customer once that the last day comes near."""
    with transaction.atomic():
        lock_order(row.order)
        if not Return.objects.filter(pk=row.pk, reminded_at=None).update(reminded_at=timezone.now()):
            return False
        events.record("return.ending", row, by=None, return_by=str(row.return_by))
    return True
