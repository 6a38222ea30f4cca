"""Read a supplier's news, whether or not its webhooks work."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone

from orders import lease
from orders.actions.work import open_work
from orders.models import IncomingEvent, WorkItem
from suppliers.actions.catalog import sync_supplier, take_stock
from suppliers.actions.track import take_order_copy, take_return_copy, take_shipment_copy
from suppliers.adapters import adapter_of
from suppliers.adapters.base import Adapter, Refused, Resting, TryLater, Unclear
from suppliers.models import Supplier, SupplierOrder

logger = logging.getLogger(__name__)
GIVES_UP_AFTER = 8
NOT_ANSWERED = (TryLater, Unclear, Refused)


def take_order_of(supplier: Supplier, copy: Mapping[str, Any]) -> bool:
    """Take in a copy of an order under one of our references; others are none of our business."""
    rows = SupplierOrder.objects.filter(supplier=supplier, reference=str(copy.get("reference")))
    found = rows.select_related("order").first()
    if found is None:
        return False
    found.supplier = supplier
    return take_order_copy(found, copy)


def poll_supplier(supplier_id: int) -> None:
    """Read everything that changed at a supplier since the last complete reading. Safe to repeat."""
    rows = Supplier.objects.filter(is_active=True, uses_polling=True)
    supplier = lease.take(rows, supplier_id, seconds=settings.SUPPLIER_WALK_SECONDS)
    if supplier is None:
        return
    adapter = adapter_of(supplier)
    try:
        _read(supplier, adapter, "orders", take_order_of)
        _read(supplier, adapter, "shipments", take_shipment_copy)
        if supplier.can("returns"):
            _read(supplier, adapter, "returns", take_return_copy)
        if supplier.stock_due_at is None or supplier.stock_due_at <= timezone.now():
            sync_supplier(supplier, report=logger.info)
            due = timezone.now() + timedelta(seconds=settings.SUPPLIER_STOCK_SECONDS)
            Supplier.objects.filter(pk=supplier.pk).update(stock_due_at=due)
    except Resting:
        lease.put_off(supplier, settings.PROBE_SECONDS)
        return
    except NOT_ANSWERED as error:
        lease.fail(supplier, f"{type(error).__name__}: {error}")
        return
    lease.finish(supplier, due_in=settings.SUPPLIER_POLL_SECONDS)


def _read(supplier: Supplier, adapter: Adapter, what: str, take: Callable[[Supplier, Mapping[str, Any]], bool]) -> None:
    column = f"{what}_as_of"
    walk = adapter.walk(what, since=getattr(supplier, column))
    for copy in walk.items:
        try:
            take(supplier, copy)
        except IntegrityError:
            # A webhook has taken in the same new parcel at this moment.
            take(supplier, copy)
    if walk.as_of:
        Supplier.objects.filter(pk=supplier.pk).update(**{column: walk.as_of[0]})


def work_incoming(incoming_id: int) -> None:
    """Work on one stored webhook of a supplier's. Safe to repeat; failures come back with a pause."""
    rows = IncomingEvent.objects.filter(done_at=None, source__startswith="supplier:")
    incoming = lease.take(rows, incoming_id)
    if incoming is None:
        return
    supplier = Supplier.objects.filter(slug=incoming.source.partition(":")[2]).first()
    try:
        outcome = _work(supplier, incoming.kind, incoming.body.get("data") or {}) if supplier else "no such supplier"
    except Resting:
        lease.put_off(incoming, settings.PROBE_SECONDS)
        return
    except (*NOT_ANSWERED, IntegrityError, KeyError, TypeError, ValueError, AttributeError) as error:
        lease.fail(incoming, f"{type(error).__name__}: {error}")
        if incoming.failures + 1 >= GIVES_UP_AFTER:
            summary = f"{incoming.source}: {incoming.kind} could not be worked on: {type(error).__name__}"
            open_work(WorkItem.Reason.INCOMING_FAILED, incoming, order=None, summary=summary)
        return
    lease.finish(incoming, done_at=lease.Now(), outcome=outcome[:300])


def _work(supplier: Supplier, kind: str, data: Mapping[str, Any]) -> str:
    subject, _dot, _what = kind.partition(".")
    if subject == "order":
        copy = data.get("order") or adapter_of(supplier).find(str(data["reference"]))
        return "taken" if copy and take_order_of(supplier, copy) else "nothing new"
    if subject == "shipment" and data.get("shipment"):
        return "taken" if take_shipment_copy(supplier, data["shipment"]) else "nothing new"
    if subject == "return":
        copy = data.get("return") or adapter_of(supplier).find_return(str(data["return_reference"]))
        return "taken" if copy and take_return_copy(supplier, copy) else "nothing new"
    if kind == "stock.changed":
        return f"stock of {take_stock(supplier, data['items'], report=logger.info)} offers"
    if subject in {"shipment", "catalog"}:
        # Too long for a webhook, or a whole list: the next reading brings it, and it is due now.
        soon = {"due_at": timezone.now()} | ({"stock_due_at": None} if subject == "catalog" else {})
        Supplier.objects.filter(pk=supplier.pk, lease_until=None).update(**soon)
        return "to be read"
    return "not used"
