"""Split a paid order by supplier: the only way into a supplier order. ``send.py`` sends them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from orders.actions.shipping import lock_order
from orders.actions.work import close_work, close_work_about, open_work
from orders.models import Order, OrderLine, WorkItem
from orders.states import OrderStatus
from shop.models import User
from shop.money import format_cost
from suppliers.actions.gate import approved_units, ask_pharmacist, refuse_ungranted
from suppliers.actions.route import first_offer, group_by_supplier
from suppliers.actions.stopped import wanted_back
from suppliers.actions.track import refuse_all
from suppliers.models import Offer, SupplierOrder, SupplierOrderLine
from suppliers.states import SupplierOrderStatus, move_supplier_order

Chosen = tuple[OrderLine, Offer, int]
Status = SupplierOrderStatus


class NotPaid(Exception):
    """Goods of an order without its money were about to be ordered."""


@transaction.atomic
def forward_order(order: Order) -> list[SupplierOrder]:
    """Make the supplier orders of a paid order's open units, due when the grace time is over.

    Unpaid orders and open holds stop here. Gated units without an approval stay open, and a
    pharmacist is asked; the others go on. One transaction, safe to repeat.
    """
    lock_order(order)
    order.refresh_from_db()
    if order.status != OrderStatus.PAID or order.holds.filter(released_at=None).exists():
        return []
    chosen: list[Chosen] = []
    lines = list(order.lines.select_related("order", "delivery").filter(quantity__gt=F("forwarded") + F("cancelled")))
    approved = approved_units(line.pk for line in lines)
    back = wanted_back(order)
    for line in lines:
        wanted = line.open - back.get(line.pk, 0)
        units = min(wanted, approved.get(line.pk, wanted))
        if line.pk in approved:
            ask_pharmacist(line, wanted - units)
        if units < 1:
            continue
        offer = first_offer(line)
        if offer is None:
            summary = f"{line.sku} of {order.number} has no supplier it may be forwarded to."
            open_work(WorkItem.Reason.NO_OFFER, line, order=order, summary=summary, money_minor=line.paid_minor)
            continue
        chosen.append((line, offer, units))
    return make_supplier_orders(order, chosen)


def make_supplier_orders(order: Order, chosen: Sequence[Chosen]) -> list[SupplierOrder]:
    """Make one supplier order per supplier for chosen units, which must be open. Inside a transaction.

    The only way into a supplier order, whoever calls: so what must never go out stops here. Raises
    NotPaid for an order without its money, and NotApproved for gated units without an approval.
    """
    if not chosen:
        return []
    if not Order.objects.filter(pk=order.pk, status=OrderStatus.PAID).exists():
        raise NotPaid(order.number)
    wanted: dict[int, int] = {}
    for line, _offer, quantity in chosen:
        wanted[line.pk] = wanted.get(line.pk, 0) + quantity
    refuse_ungranted(wanted)
    parts = Counter(SupplierOrder.objects.filter(order=order).values_list("supplier", flat=True))
    made = [
        _make(order, supplier_id, parts[supplier_id] + 1, group)
        for supplier_id, group in group_by_supplier(chosen).items()
    ]
    close_work_about(WorkItem.Reason.NO_OFFER, [line for line, _offer, _quantity in chosen])
    return made


def _make(order: Order, supplier_id: int, part: int, group: Sequence[Chosen]) -> SupplierOrder:
    reference = f"{order.number}-{supplier_id}-{part}"
    supplier_order = SupplierOrder.objects.create(
        order=order,
        supplier_id=supplier_id,
        part=part,
        reference=reference,
        request=_request(order, reference, group),
        due_at=max(order.forward_after or timezone.now(), timezone.now()),
    )
    for line, _offer, quantity in group:
        free = OrderLine.objects.filter(pk=line.pk, quantity__gte=F("forwarded") + F("cancelled") + quantity)
        if not free.update(forwarded=F("forwarded") + quantity):
            raise ValueError(f"{quantity} units of line {line.pk} are not open")
    SupplierOrderLine.objects.bulk_create(
        SupplierOrderLine(
            supplier_order=supplier_order,
            order_line=line,
            offer=offer,
            line_id=f"L{line.pk}",
            supplier_sku=offer.supplier_sku,
            quantity=quantity,
            pending=quantity,
            unit_cost=offer.unit_cost,
        )
        for line, offer, quantity in group
    )
    return supplier_order


def _request(order: Order, reference: str, group: Sequence[Chosen]) -> dict[str, Any]:
    # What is needed to deliver and nothing more: no e-mail address, no retail price.
    address = {
        "name": order.name,
        "company": order.company,
        "line1": order.line1,
        "line2": order.line2,
        "city": order.city,
        "region": order.region,
        "postal_code": order.postcode,
        "country": order.country.code,
        "phone": order.phone,
    }
    currency = group[0][1].currency
    request: dict[str, Any] = {
        "reference": reference,
        "currency": currency,
        "ship_to": {name: value for name, value in address.items() if value},
        "lines": [
            {
                "line_id": f"L{line.pk}",
                "sku": offer.supplier_sku,
                "quantity": quantity,
                "unit_cost": {"amount": format_cost(offer.unit_cost), "currency": offer.currency},
            }
            for line, offer, quantity in group
        ],
        "allow_partial": True,
        "allow_backorder": True,
        "packing_slip": {"brand_name": settings.SHOP_NAME, "show_prices": False},
    }
    return request | ({"note": order.note} if order.note else {})


def give_up_refused(supplier_order: SupplierOrder, *, by: User | None) -> bool:
    """Let the units of a refused order go to another supplier, or be cancelled and paid back.

    Returns False, and does nothing, for an order that is not refused. Safe to repeat.
    """
    with transaction.atomic():
        lock_order(supplier_order.order)
        supplier_order.refresh_from_db()
        if supplier_order.status != Status.REFUSED:
            return False
        move_supplier_order(supplier_order, Status.CLOSED, by=by)
        refuse_all(supplier_order, reason_code="other")
        close_work(WorkItem.Reason.SUPPLIER_REFUSED, supplier_order)
    return True
