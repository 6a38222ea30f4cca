"""Returns for tests: goods that were sent, and what their customer asks for."""

from __future__ import annotations

import re
import uuid
from html import unescape
from typing import Any

from django.test import Client
from django.utils import timezone

from orders.models import Order, OrderLine, Shipment, ShipmentLine
from shop.markets import MARKETS
from shop.models import Market, User
from suppliers.actions.forward import forward_order
from suppliers.models import Supplier, SupplierOrder, SupplierOrderLine, SupplierShipment
from support.models import Return, Solution
from support.returning.asking import Wanted, ask_return
from tests.factories import make_paid_order, make_person, make_supplier, make_variant


def sent_order(*units: int, supplier: Supplier | None = None, variants: Any = None, price: int = 1250) -> Order:
    """Return a paid order of which everything was sent and delivered: one line per number of units."""
    supplier = supplier or make_supplier()
    variants = variants or [make_variant(supplier, stock=500, price_minor=price) for _units in units]
    order = make_paid_order(*zip(variants, units, strict=True))
    forward_order(order)
    now = timezone.now()
    SupplierOrder.objects.filter(order=order).update(placed_at=now)
    for row in SupplierOrder.objects.filter(order=order):
        shipment = Shipment.objects.create(order=order, status="delivered", shipped_at=now, delivered_at=now)
        SupplierShipment.objects.create(
            supplier=row.supplier, supplier_shipment_id=f"s-{shipment.pk}", supplier_order=row, shipment=shipment
        )
        for line in row.lines.all():
            ShipmentLine.objects.create(shipment=shipment, line_id=line.order_line_id, quantity=line.quantity)
            SupplierOrderLine.objects.filter(pk=line.pk).update(
                pending=0, accepted=line.quantity, shipped=line.quantity, delivered=line.quantity
            )
    for line in order.lines.all():
        counted = {"shipped": line.quantity, "delivered": line.quantity, "confirmed": line.quantity}
        OrderLine.objects.filter(pk=line.pk).update(**counted)
    return order


def no_right_to_withdraw(**terms: Any) -> None:
    """Let the shop's own window be all that its customers have, for what is no fault."""
    Market.objects.update(**({"withdrawal_days": 0} | terms))
    MARKETS.forget()


def ask(order: Order, units: dict[int, int] | None = None, **wanted: Any) -> Return:
    """Ask for units of an order's lines (None: all of them) as its customer does; return the first return."""
    units = units or {line.pk: line.quantity for line in order.lines.filter(replaces=None)}
    wanted = {"reason": "defective", "solution": Solution.REFUND} | wanted
    return ask_return(order, Wanted(units, **wanted), form_key=uuid.uuid4())[0]


def make_desk(name: str = "Ada", **fields: Any) -> User:
    """Make somebody who works at the desk."""
    return make_person(role="Support agents", name=f"{name} Agent", **fields)


def make_staff(name: str = "Sue") -> User:
    """Make one of the store's staff: a second person for what agents decide."""
    return make_person(role="Store staff", name=f"{name} Staff")


def typed(page: str) -> dict[str, str]:
    """Return what the form of the decision would send as the page stands."""
    form = re.search(r'<form class="form decide".*?</form>', page, re.S).group()
    data = {}
    for tag in re.findall(r"<input [^>]*>", form):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        is_choice = 'type="radio"' in tag
        if name and (not is_choice or " checked" in tag):
            data[name[1]] = unescape(value[1]) if value else ""
    for name, text in re.findall(r'<textarea name="(\w+)"[^>]*>\n?(.*?)</textarea>', form, re.S):
        data[name] = unescape(text)
    data.pop("csrfmiddlewaretoken", None)
    return data


def decide_on_page(client: Client, row: Return, **changes: Any) -> Any:
    """Open the screen, change what is given, and send it."""
    page = client.get(f"/desk/returns/{row.pk}/").content.decode()
    return client.post(f"/desk/returns/{row.pk}/", typed(page) | {key: str(value) for key, value in changes.items()})
