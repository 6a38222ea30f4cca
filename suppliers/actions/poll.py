"""Read a supplier's news, whether or not its webhooks work."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import IntegrityError, InterfaceError, NotSupportedError, OperationalError
from django.utils import timezone

from orders import lease
from orders.models import WorkItem
from shop.turns import ENDING
from suppliers.actions.catalog import sync_supplier
from suppliers.actions.parcels import take_shipment_copy
from suppliers.actions.reading import note_garbage, note_nameless, order_named, reference_of
from suppliers.actions.track import take_order_copy, take_return_copy
from suppliers.adapters import adapter_of
from suppliers.adapters.base import Adapter, Refused, Resting, TryLater, Unclear
from suppliers.models import Supplier, SupplierOrder, SupplierReturn

logger = logging.getLogger(__name__)
# So many items are taken in before a reading looks whether it may go on; no lease is shorter than they take.
AT_ONCE = 50
NOT_ANSWERED = (TryLater, Unclear, Refused)
Take = Callable[[Supplier, Mapping[str, Any]], bool]


class BrokenOff(Exception):
    """A reading ends where it is; it begins again where the last complete one ended."""


def take_order_of(supplier: Supplier, copy: Mapping[str, Any]) -> bool:
    """Take in a copy of an order under one of our references; others are none of our business."""
    reference = reference_of(copy)
    if reference is None:
        return note_nameless(supplier, "news of an order")
    found = order_named(supplier, reference)
    return found is not None and take_order_copy(found, copy)


def poll_supplier(supplier_id: int) -> None:
    """Read everything that changed at a supplier since the last complete reading. Safe to repeat.

    However long it takes, the supplier is held on to from step to step; a process that is to end stops at the next.
    """
    rows = Supplier.objects.filter(is_active=True, uses_polling=True)
    supplier = lease.take(rows, supplier_id)
    if supplier is None:
        return
    adapter = adapter_of(supplier)
    adapter.before_page = partial(_go_on, supplier)
    try:
        _read(supplier, adapter, "orders", take_order_of)
        _read(supplier, adapter, "shipments", take_shipment_copy)
        if supplier.can("returns"):
            _read(supplier, adapter, "returns", take_return_copy)
        if supplier.stock_due_at is None or supplier.stock_due_at <= timezone.now():
            _read_catalogue(supplier, adapter)
    except BrokenOff:
        lease.put_off(supplier, 0)
        return
    except Resting:
        lease.put_off(supplier, settings.PROBE_SECONDS)
        return
    except NOT_ANSWERED as error:
        lease.fail(supplier, f"{type(error).__name__}: {error}")
        return
    lease.finish(supplier, due_in=settings.SUPPLIER_POLL_SECONDS)


def _read_catalogue(supplier: Supplier, adapter: Adapter) -> None:
    begun, mine = timezone.now(), Supplier.objects.filter(pk=supplier.pk)
    mine.update(stock_due_at=begun)
    sync_supplier(supplier, adapter=adapter, report=logger.info)
    # Unless somebody has asked for it again meanwhile.
    due = timezone.now() + timedelta(seconds=settings.SUPPLIER_STOCK_SECONDS)
    mine.filter(stock_due_at=begun).update(stock_due_at=due)


def _go_on(supplier: Supplier) -> None:
    if ENDING.is_set() or not lease.keep(supplier):
        raise BrokenOff


def _read(supplier: Supplier, adapter: Adapter, what: str, take: Take) -> None:
    column = f"{what}_as_of"
    walk = adapter.walk(what, since=getattr(supplier, column))
    for number, copy in enumerate(walk.items, start=1):
        _take(supplier, what, copy, take)
        if number % AT_ONCE == 0:
            _go_on(supplier)
    if walk.strange:
        note_nameless(supplier, f"something in its list of {what} ({', '.join(walk.strange[:5])})")
    if walk.as_of:
        Supplier.objects.filter(pk=supplier.pk).update(**{column: walk.as_of[0]})


def _take(supplier: Supplier, what: str, copy: Mapping[str, Any], take: Take) -> None:
    """Take in one item of a list; should that fail for a reason of its own, ask a person, and go on."""
    try:
        try:
            take(supplier, copy)
        except (IntegrityError, NotSupportedError):
            # A webhook has taken in the same new parcel at this moment; or a migration has changed a table beneath
            # a plan that was kept, and is not any more.
            take(supplier, copy)
    except (OperationalError, InterfaceError):
        # The database went away: that says nothing about the item, and nothing more can be read now.
        raise
    except Exception as error:  # noqa: BLE001  (whatever it is, the other items must be read)
        logger.exception("an item of %s's list of %s", supplier.slug, what)
        _note_unexpected(supplier, what, copy, error)


def _note_unexpected(supplier: Supplier, what: str, copy: Mapping[str, Any], error: Exception) -> None:
    about: SupplierOrder | SupplierReturn | None
    if what == "returns":
        reference = reference_of(copy, "return_reference")
        about = SupplierReturn.objects.filter(supplier_order__supplier=supplier, return_reference=reference).first()
    else:
        about = SupplierOrder.objects.filter(supplier=supplier, reference=reference_of(copy)).first()
    if about is None:
        note_nameless(supplier, f"something in its list of {what} ({type(error).__name__})")
    else:
        reason = WorkItem.Reason.PARCEL_GARBAGE if what == "shipments" else WorkItem.Reason.SUPPLIER_GARBAGE
        note_garbage(reason, about, error)
