"""What tests of paying back by hand share."""

from __future__ import annotations

import html
import re

from django.test import Client

from orders.actions.refund_by_hand import Confirmed, confirm_refund, preview_refund
from orders.actions.refund_quote import DeliveryChoice, Wish
from orders.models import Order, OrderLine, Refund
from shop.models import User
from suppliers.actions.forward import forward_order
from suppliers.models import SupplierOrder, SupplierOrderLine
from tests.factories import make_paid_order


def preview(client: Client, url: str, typed: dict[str, str]) -> dict[str, str]:
    """Ask for the preview of what was typed, and return what its form sends when it is confirmed."""
    answer = client.post(url, typed)
    page = answer.content.decode()
    assert answer.status_code == 200, page
    form = page[: page.index('name="shown"') + 2000]
    found = re.findall(r'<input type="hidden" name="(\w+)"(?: value="([^"]*)")?', form)
    sent = {name: html.unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}
    assert sent["shown"]
    return sent


def delivered(*goods: tuple, **fields: object) -> Order:
    """Make a paid order whose goods its suppliers have sent and delivered."""
    order = make_paid_order(*goods, **fields)
    forward_order(order)
    SupplierOrder.objects.filter(order=order).update(status="placed", placed_at=order.paid_at, due_at=None)
    for row in SupplierOrderLine.objects.filter(supplier_order__order=order):
        units = row.quantity
        SupplierOrderLine.objects.filter(pk=row.pk).update(pending=0, accepted=units, shipped=units, delivered=units)
        OrderLine.objects.filter(pk=row.order_line_id).update(shipped=units, delivered=units)
    return order


def wish(
    reason: str = "goodwill",
    *,
    units: dict[OrderLine, int] | None = None,
    money: dict[OrderLine, int] | None = None,
    delivery: str = "",
) -> Wish:
    """Write down what somebody wants paid back; ``delivery`` is the choice for every delivery of those lines."""
    lines = {*(units or {}), *(money or {})}
    return Wish(
        Refund.Reason(reason),
        units={line.pk: count for line, count in (units or {}).items()},
        money={line.pk: minor for line, minor in (money or {}).items()},
        delivery={line.delivery_id: DeliveryChoice(delivery) for line in lines} if delivery else {},
    )


def pay_back(order: Order, wanted: Wish, *, by: User, key: str = "one") -> Confirmed:
    """Confirm exactly what the preview shows."""
    return confirm_refund(order, wanted, shown=preview_refund(order, wanted, by=by).shown(), key=key, by=by)
