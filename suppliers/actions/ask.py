"""Ask a supplier again, on a person's wish; the relay carries it out."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

from django.utils import timezone

from orders import lease
from orders.models import IncomingEvent
from suppliers.models import Supplier, SupplierOrder, SupplierReturn
from suppliers.states import SupplierOrderStatus

NOT_PLACED = [SupplierOrderStatus.READY, SupplierOrderStatus.SENDING, SupplierOrderStatus.UNKNOWN]
# Parcels of an order may be older than what was read last; so far back they are read again.
READ_BACK = timedelta(days=1)


def send_again(supplier_order: SupplierOrder) -> bool:
    """Make an order that is not placed yet due now, with the same key; False if there is nothing to send.

    One that waits for a person because its supplier knows neither keys nor references is looked at
    again too: the sending decides, and never repeats what may have arrived.
    """
    waiting = SupplierOrder.objects.filter(lease.is_free(), pk=supplier_order.pk, status__in=NOT_PLACED)
    return bool(waiting.update(due_at=timezone.now()))


def read_again(supplier_order: SupplierOrder) -> None:
    """Owe a fresh reading of an order and its parcels from the supplier, through the inbox of its news."""
    supplier = supplier_order.supplier
    if supplier_order.for_return is not None:
        # The supplier knows the return it sends these goods for, and no order of them.
        read_return_again(supplier_order.for_return)
    else:
        _owe(supplier, "order.asked", reference=supplier_order.reference)
    since = (supplier_order.created_at - READ_BACK).strftime("%Y-%m-%dT%H:%M:%SZ")
    older = Supplier.objects.filter(pk=supplier.pk, shipments_as_of__gt=since)
    older.update(shipments_as_of=since)
    read_news(supplier)


def read_return_again(row: SupplierReturn) -> None:
    """Owe a fresh reading of a return from its supplier, through the inbox of its news."""
    _owe(row.supplier_order.supplier, "return.asked", return_reference=row.return_reference)


def _owe(supplier: Supplier, kind: str, **about: str) -> None:
    IncomingEvent.objects.create(
        source=f"supplier:{supplier.slug}",
        event_id=f"asked-{uuid4().hex}",
        kind=kind,
        body={"data": about},
        due_at=timezone.now(),
    )


def read_lists_again(supplier: Supplier, *, now: datetime) -> bool:
    """Let the last day of a supplier's lists be read once more; False as ``read_news`` does."""
    since = (now - READ_BACK).strftime("%Y-%m-%dT%H:%M:%SZ")
    for column in ("orders_as_of", "shipments_as_of", "returns_as_of"):
        Supplier.objects.filter(pk=supplier.pk, **{f"{column}__gt": since}).update(**{column: since})
    return read_news(supplier)


def read_news(supplier: Supplier) -> bool:
    """Make the reading of a supplier's news due now; False while it is being read, or is not polled."""
    rows = Supplier.objects.filter(lease.is_free(), pk=supplier.pk, is_active=True, uses_polling=True)
    return bool(rows.update(due_at=timezone.now()))
