"""What suppliers tell, made by hand: copies of orders and parcels, and the webhook that brings them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

from django.http import HttpResponse
from django.test import Client

from orders.models import CheckoutSession
from suppliers.actions.forward import forward_order
from suppliers.models import Supplier, SupplierOrder
from tests.demo.payment_process import WEBHOOK_SECRET
from tests.factories import make_paid_order


def placed(variant, units: int) -> SupplierOrder:
    """Make a paid order of so many units that its supplier has."""
    order = make_paid_order((variant, units))
    made = forward_order(order)[0]
    SupplierOrder.objects.filter(pk=made.pk).update(status="placed", due_at=None)
    made.refresh_from_db()
    return made


def order_copy(supplier_order: SupplierOrder, version: int, **counts: int) -> dict:
    """Return a copy of an order of one line, as its supplier tells it."""
    (asked,) = supplier_order.request["lines"]
    names = ("pending", "accepted", "backordered", "rejected", "cancelled", "shipped", "delivered", "returned")
    told = {f"quantity_{name}": counts.get(name, 0) for name in names}
    return {
        "reference": supplier_order.reference,
        "supplier_order_id": f"{supplier_order.reference}-at-its-supplier",
        "currency": supplier_order.request["currency"],
        "version": version,
        "status": "accepted",
        "lines": [asked | told],
    }


def parcel_copy(supplier_order: SupplierOrder, number: int, units: int, status: str = "delivered") -> dict:
    """Return a copy of a parcel with units of the only line."""
    return {
        "reference": supplier_order.reference,
        "shipment_id": f"{supplier_order.reference}-P{number}",
        "version": 1,
        "status": status,
        "lines": [{"line_id": supplier_order.lines.get().line_id, "quantity": units}],
    }


def tell(
    supplier: Supplier, event_id: str, kind: str, told: dict, *, secret: str = "", client: Client | None = None
) -> HttpResponse:
    """Send a supplier's webhook, signed with its secret or with another one."""
    body = json.dumps({"id": event_id, "type": kind, "data": told}).encode()
    now = str(int(time.time()))
    key = base64.b64decode((secret or supplier.webhook_secret).removeprefix("whsec_"))
    signed = hmac.new(key, f"{event_id}.{now}.".encode() + body, hashlib.sha256).digest()
    headers = {
        "webhook-id": event_id,
        "webhook-timestamp": now,
        "webhook-signature": "v1," + base64.b64encode(signed).decode(),
    }
    path = f"/webhooks/suppliers/{supplier.slug}/"
    return (client or Client()).post(path, body, content_type="application/json", headers=headers)


def stripe_tells(session: CheckoutSession) -> HttpResponse:
    """Send the webhook of a session that was paid, as Stripe signs it."""
    subject = {"id": session.stripe_id, "object": "checkout.session", "client_reference_id": session.order.number}
    told = {"id": f"evt_{session.pk}", "object": "event", "type": "checkout.session.completed"}
    body = json.dumps(told | {"data": {"object": subject}}).encode()
    now = int(time.time())
    signed = hmac.new(WEBHOOK_SECRET.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"Stripe-Signature": f"t={now},v1={signed}"}
    return Client().post("/webhooks/stripe/", body, content_type="application/json", headers=headers)
