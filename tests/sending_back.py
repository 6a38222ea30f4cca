"""What tests of returns share: orders that were sent and arrived, and forms as a browser sends them."""

from __future__ import annotations

import re
from datetime import datetime
from html import unescape

from django.utils import timezone

from orders.models import Order, OrderLine, Shipment, ShipmentLine
from orders.states import ParcelStatus
from shop.models import Variant
from suppliers.actions.forward import forward_order
from suppliers.models import SupplierOrderLine
from tests.factories import make_paid_order


def make_sent_order(*goods: tuple[Variant, int], at: datetime | None = None, **fields: object) -> Order:
    """Sell goods that were sent and have arrived, each supplier's in one parcel."""
    order = make_paid_order(*goods, **fields)
    forward_order(order)
    for line in order.lines.all():
        arrive(line, at=at)
    order.refresh_from_db()
    return order


def arrive(line: OrderLine, *, at: datetime | None = None) -> None:
    """Let all units of a line have arrived."""
    whole = {"accepted": line.quantity, "shipped": line.quantity, "delivered": line.quantity, "pending": 0}
    SupplierOrderLine.objects.filter(order_line=line).update(**whole)
    OrderLine.objects.filter(pk=line.pk).update(
        forwarded=line.quantity, confirmed=line.quantity, shipped=line.quantity, delivered=line.quantity
    )
    at = at or timezone.now()
    parcel = Shipment.objects.create(
        order=line.order, delivery=line.delivery, status=ParcelStatus.DELIVERED, shipped_at=at, delivered_at=at
    )
    ShipmentLine.objects.create(shipment=parcel, line=line, quantity=line.quantity)


def fields_of(page: str) -> dict[str, object]:
    """Return what a browser would send of a page's last form with a key: hidden fields, ticks and numbers."""
    form = next(one for one in re.findall(r"<form.*?</form>", page, re.S) if 'name="form_key"' in one)
    sent: dict[str, object] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        told = {name: unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', tag)}
        name, kind = told.get("name", ""), told.get("type", "text")
        if name in {"", "csrfmiddlewaretoken"} or kind == "file":
            continue
        if kind in {"checkbox", "radio"} and " checked" not in tag:
            continue
        if kind == "checkbox":
            sent.setdefault(name, []).append(told["value"])
        elif name == "lines":
            sent.setdefault(name, []).append(told.get("value", ""))
        else:
            sent[name] = told.get("value", "")
    return sent


def words_of(answer) -> str:
    """Return a page's words as they are read: without mark-up and line breaks."""
    page = answer.content.decode()
    main = page[page.index("<main") :].partition("</main>")[0]
    return unescape(" ".join(re.sub(r"<[^>]*>", " ", main).split()))
