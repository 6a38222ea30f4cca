"""What a person decides about a supplier order that nothing else can decide."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from orders import lease
from orders.actions.quarantine import set_aside, try_again
from orders.actions.reservation import note_taken
from orders.actions.shipping import lock_order
from orders.actions.work import close_work
from orders.lease import db_now_plus
from orders.models import WorkItem
from shop.models import User
from suppliers.actions.send import SENDABLE
from suppliers.actions.track import close_doubts
from suppliers.models import Supplier, SupplierOrder, SupplierProbe
from suppliers.states import SupplierOrderStatus, move_supplier_order

Status = SupplierOrderStatus


def is_for_person(supplier_order: SupplierOrder) -> bool:
    """True if nobody but a person can find out whether the supplier has an order, and nothing is under way."""
    return supplier_order.status == Status.UNKNOWN and supplier_order.due_at is None


def confirm_has_it(supplier_order: SupplierOrder, *, by: User) -> bool:
    """Note that the supplier has an order nobody was sure of: a person has asked. Safe to repeat.

    Returns False, and does nothing, if nobody was to be asked (any more).
    """
    with transaction.atomic():
        lock_order(supplier_order.order)
        supplier_order.refresh_from_db()
        if not is_for_person(supplier_order):
            return False
        fields = {"placed_at": timezone.now()}
        move_supplier_order(supplier_order, Status.PLACED, by=by, fields=fields, why="the supplier says it has it")
        note_taken(supplier_order.lines.values_list("order_line", flat=True), at=timezone.now())
        close_doubts(supplier_order)
    return True


def send_again(supplier_order: SupplierOrder, *, by: User) -> bool:
    """Let an order be sent once more: a person has asked, and the supplier does not have it. Safe to repeat.

    Returns False, and does nothing, if nobody was to be asked (any more).
    """
    with transaction.atomic():
        lock_order(supplier_order.order)
        supplier_order.refresh_from_db()
        if not is_for_person(supplier_order):
            return False
        fields = {"due_at": Now(), "waits_since": Now(), "failures": 0, "deaths": 0, "quarantined_at": None}
        move_supplier_order(supplier_order, Status.READY, by=by, fields=fields, why="the supplier says it has nothing")
        for reason in (WorkItem.Reason.SUPPLIER_DOUBT, WorkItem.Reason.QUARANTINED):
            close_work(reason, supplier_order)
    return True


def release(supplier_order: SupplierOrder, *, by: User) -> bool:
    """Let an order that was set aside be tried again, with its full time; what is in doubt stays in doubt.

    Returns False if it is not set aside. Safe to repeat.
    """
    return try_again(supplier_order, by=by, waits_since=Now())


def ask_now(supplier_order: SupplierOrder) -> bool:
    """Make an order that waits for its next try due now; False for what waits for a person or is placed."""
    rows = SupplierOrder.objects.filter(pk=supplier_order.pk, status__in=SENDABLE, quarantined_at=None)
    return bool(rows.exclude(due_at=None).update(due_at=Now()))


def set_aside_old() -> int:
    """Set aside what is not placed after QUARANTINE_AFTER_SECONDS; return how many. Safe to repeat."""
    hours = round(settings.QUARANTINE_AFTER_SECONDS / 3600)
    old = SupplierOrder.objects.filter(
        lease.is_free(),
        status__in=SENDABLE,
        quarantined_at=None,
        waits_since__lt=db_now_plus(-settings.QUARANTINE_AFTER_SECONDS),
    ).exclude(due_at=None)
    why = f"not placed within {timedelta(hours=hours)}"
    return sum(set_aside(row, why) for row in old.select_related("order"))


def probe_now(supplier: Supplier) -> bool:
    """Let a supplier whose breaker is open be tried at once, for instance with a new key; False if it is not open."""
    rows = SupplierProbe.objects.filter(supplier=supplier, supplier__opened_at__isnull=False, lease_until=None)
    return bool(rows.update(due_at=Now(), rested_since=None))
