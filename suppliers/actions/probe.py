"""Try a supplier whose breaker is open, with one call at a time."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone

from orders import lease
from orders.actions.work import open_work
from orders.models import WorkItem
from suppliers.actions.breaker import close_breaker, due_probes
from suppliers.actions.send import SENDABLE, send_supplier_order
from suppliers.adapters import adapter_of
from suppliers.adapters.base import Doubt, Refused, TryLater, Unclear
from suppliers.models import Supplier, SupplierOrder


def probe_supplier(probe_id: int) -> None:
    """Make one call to a supplier that was failing; a good answer closes its breaker. Talks to the network.

    What waits longest is what is tried, for that is what must work. Of a blind supplier only the
    account is asked: an order lost in a probe would need a person.
    """
    probe = lease.take(due_probes().select_related("supplier"), probe_id)
    if probe is None:
        return
    supplier = probe.supplier
    adapter = adapter_of(supplier, is_probe=True)
    row = None if adapter.doubt == Doubt.BLIND else _waits_longest(supplier)
    if row is not None:
        send_supplier_order(row, is_probe=True)
    else:
        _ask_account(supplier)
    supplier.refresh_from_db()
    if supplier.opened_at is None:
        lease.finish(probe)
        return
    lease.finish(probe, due_in=settings.PROBE_SECONDS, failures=probe.failures + 1, rested_since=Now())
    if timezone.now() - supplier.opened_at > timedelta(seconds=settings.BREAKER_ALARM_SECONDS):
        text = f"{supplier.name} does not answer; its orders wait. {supplier.opened_reason}"
        open_work(WorkItem.Reason.SUPPLIER_SILENT, supplier, order=None, summary=text)


def _waits_longest(supplier: Supplier) -> int | None:
    rows = lease.due(SupplierOrder.objects.filter(supplier=supplier, status__in=SENDABLE))
    return rows.values_list("pk", flat=True).first()


def _ask_account(supplier: Supplier) -> None:
    try:
        adapter_of(supplier, is_probe=True).account()
    except (TryLater, Unclear, Refused):
        # Whether that was an answer was noted with the call.
        return
    close_breaker(supplier)
