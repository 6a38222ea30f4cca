"""One record per order for outside checkers, so that they need not know our tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from notifications.models import Notification
from orders.models import Order
from suppliers.models import SupplierOrder
from support.models import Return

CHUNK = 200


def export_orders() -> Iterator[dict[str, Any]]:
    """Yield one record per order, oldest first, in bounded memory (design: public face)."""
    related = ["lines__replaces", "shipments__lines__line", "payments", "refunds", "work_items"]
    for order in Order.objects.order_by("pk").prefetch_related(*related).iterator(chunk_size=CHUNK):
        yield _record(order)


def _record(order: Order) -> dict[str, Any]:
    return {
        "number": order.number,
        "state": order.status,
        "currency": order.currency,
        "total_minor": order.total_minor,
        "lines": [
            {
                name: getattr(line, name)
                for name in ("sku", "forwarded", "cancelled", "shipped", "delivered", "refunded")
            }
            | {"ordered": line.quantity, "replaces": line.replaces.sku if line.replaces else ""}
            for line in order.lines.all()
        ],
        "supplier_orders": [_supplier_order(row) for row in _supplier_orders(order)],
        "shipments": [
            {
                "carrier": shipment.carrier_code,
                "tracking_number": shipment.tracking_number,
                "status": shipment.status,
                "lines": [{"sku": part.line.sku, "quantity": part.quantity} for part in shipment.lines.all()],
            }
            for shipment in order.shipments.all()
        ],
        "payments": [{"id": row.stripe_id, "captured_minor": row.captured_minor} for row in order.payments.all()],
        "refunds": [
            {"id": row.stripe_id, "state": row.status, "amount_minor": row.amount_minor} for row in order.refunds.all()
        ],
        "returns": [_return(row) for row in _returns(order)],
        "notifications": [
            {"key": row.key, "recipient": row.recipient, "state": row.status, "message_id": row.message_id}
            for row in Notification.objects.filter(order=order).defer("html", "text").order_by("pk")
        ],
        "work_items": [{"reason": row.reason, "open": row.closed_at is None} for row in order.work_items.all()],
    }


def _supplier_orders(order: Order):
    found = SupplierOrder.objects.filter(order=order).select_related("supplier", "for_return").prefetch_related("lines")
    return found.order_by("pk")


def _supplier_order(row: SupplierOrder) -> dict[str, Any]:
    counters = ("supplier_sku", "quantity", "accepted", "backordered", "rejected", "cancelled", "shipped")
    return {
        "reference": row.reference,
        "supplier": row.supplier.slug,
        "state": row.status,
        # Never ordered: the supplier sends these itself.
        "for_return": str(row.for_return or ""),
        "lines": [{name: getattr(line, name) for name in counters} for line in row.lines.all()],
    }


def _returns(order: Order):
    return Return.objects.filter(order=order).prefetch_related("lines__order_line").order_by("pk")


def _return(row: Return) -> dict[str, Any]:
    names = ("quantity", "received", "refused", "settled")
    return {
        "number": row.number,
        "state": row.status,
        "ground": row.basis,
        "decided": row.choice,
        "lines": [
            {"sku": line.order_line.sku} | {name: getattr(line, name) for name in names} for line in row.lines.all()
        ],
    }
