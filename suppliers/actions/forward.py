"""Split a paid order by supplier: the only way into a supplier order. ``send.py`` sends them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from orders.actions.shipping import lock_order, locked_orders
from orders.actions.work import close_work, close_work_about, open_work
from orders.models import Hold, Order, OrderLine, WorkItem
from orders.states import OrderStatus
from shop.models import User
from shop.money import format_cost
from suppliers.actions.addressed import addressed_to
from suppliers.actions.gate import approved_units, ask_pharmacist, refuse_ungranted
from suppliers.actions.route import first_offers, service_asked
from suppliers.actions.stopped import wanted_back
from suppliers.actions.track import refuse_all
from suppliers.models import Offer, SupplierOrder, SupplierOrderLine
from suppliers.states import SupplierOrderStatus, move_supplier_order

Chosen = tuple[OrderLine, Offer, int]
Status = SupplierOrderStatus


class NotPaid(Exception):
    """Goods of an order without its money were about to be ordered."""


def forward_order(order: Order) -> list[SupplierOrder]:
    """Make the supplier orders of one paid order; see ``forward_orders``."""
    return forward_orders([order])


@transaction.atomic
def forward_orders(orders: Sequence[Order]) -> list[SupplierOrder]:
    """Make the supplier orders of paid orders' open units, due when the grace time is over.

    Unpaid orders and open holds stop here. Gated units without an approval stay open, and a
    pharmacist is asked; the others go on. One transaction, safe to repeat. As many queries for
    twenty orders as for one.
    """
    locked = {order.pk: order for order in locked_orders(order.pk for order in orders)}
    held = set(Hold.objects.filter(order__in=locked, released_at=None).values_list("order", flat=True))
    paid = [pk for pk, order in locked.items() if order.status == OrderStatus.PAID and pk not in held]
    is_open = Q(quantity__gt=F("forwarded") + F("cancelled"))
    lines = list(OrderLine.objects.select_related("delivery").filter(is_open, order__in=paid).order_by("pk"))
    if not lines:
        return []
    for line in lines:
        line.order = locked[line.order_id]
    return make_supplier_orders(_chosen(lines))


def _chosen(lines: Sequence[OrderLine]) -> list[Chosen]:
    """Choose offer and units for each line; ask a person about those that cannot go on."""
    approved = approved_units(line.pk for line in lines)
    back = wanted_back({line.order_id for line in lines})
    offers = first_offers(lines)
    chosen: list[Chosen] = []
    for line in lines:
        wanted = line.open - back.get(line.pk, 0)
        units = min(wanted, approved.get(line.pk, wanted))
        if line.pk in approved:
            ask_pharmacist(line, wanted - units)
        if units < 1:
            continue
        if line.pk in offers:
            chosen.append((line, offers[line.pk], units))
        else:
            summary = f"{line.sku} of {line.order.number} has no supplier it may be forwarded to."
            open_work(WorkItem.Reason.NO_OFFER, line, order=line.order, summary=summary, money_minor=line.paid_minor)
    return chosen


def make_supplier_orders(chosen: Sequence[Chosen]) -> list[SupplierOrder]:
    """Make one supplier order per order and supplier for chosen units, which must be open. Inside a transaction.

    The only way into a supplier order, whoever calls: so what must never go out stops here. Raises
    NotPaid for an order without its money, and NotApproved for gated units without an approval.
    """
    if not chosen:
        return []
    orders = {line.order_id for line, _offer, _units in chosen}
    if Order.objects.filter(pk__in=orders, status=OrderStatus.PAID).count() < len(orders):
        raise NotPaid(", ".join(sorted({line.order.number for line, _offer, _units in chosen})))
    wanted: dict[int, int] = {}
    for line, _offer, units in chosen:
        wanted[line.pk] = wanted.get(line.pk, 0) + units
    refuse_ungranted(wanted)
    _take_units(wanted)
    made = _make(chosen)
    close_work_about([WorkItem.Reason.NO_OFFER], [line for line, _offer, _units in chosen])
    return made


def _take_units(wanted: Mapping[int, int]) -> None:
    """Count units (line to units) as forwarded; raises ValueError if one is not open."""
    lines_by_units: dict[int, list[int]] = {}
    for line_id, units in wanted.items():
        lines_by_units.setdefault(units, []).append(line_id)
    for units, line_ids in lines_by_units.items():
        free = OrderLine.objects.filter(pk__in=line_ids, quantity__gte=F("forwarded") + F("cancelled") + units)
        if free.update(forwarded=F("forwarded") + units) < len(line_ids):
            raise ValueError(f"{units} units of one of the lines {line_ids} are not open")


def _make(chosen: Sequence[Chosen]) -> list[SupplierOrder]:
    # What goes by another service is another parcel, and a supplier order has one service.
    groups: dict[tuple[int, int, str], list[Chosen]] = {}
    for line, offer, units in chosen:
        key = (line.order_id, offer.supplier_id, service_asked(line, offer))
        groups.setdefault(key, []).append((line, offer, units))
    known = SupplierOrder.objects.filter(order__in={order_id for order_id, _supplier, _service in groups})
    parts = Counter(known.values_list("order", "supplier"))
    made = []
    for (order_id, supplier_id, service), group in groups.items():
        parts[order_id, supplier_id] += 1
        made.append(_row(supplier_id, parts[order_id, supplier_id], group, service))
    SupplierOrder.objects.bulk_create(made)
    SupplierOrderLine.objects.bulk_create(
        SupplierOrderLine(
            supplier_order=row,
            order_line=line,
            offer=offer,
            line_id=f"L{line.pk}",
            supplier_sku=offer.supplier_sku,
            quantity=units,
            pending=units,
            unit_cost=offer.unit_cost,
        )
        for row, group in zip(made, groups.values(), strict=True)
        for line, offer, units in group
    )
    return made


def _row(supplier_id: int, part: int, group: Sequence[Chosen], service: str) -> SupplierOrder:
    order = group[0][0].order
    reference = f"{order.number}-{supplier_id}-{part}"
    return SupplierOrder(
        order=order,
        supplier_id=supplier_id,
        part=part,
        reference=reference,
        request=_request(order, reference, group) | ({"shipping": {"service_code": service}} if service else {}),
        due_at=max(order.forward_after or timezone.now(), timezone.now()),
    )


def _request(order: Order, reference: str, group: Sequence[Chosen]) -> dict[str, Any]:
    currency = group[0][1].currency
    return {
        "reference": reference,
        "currency": currency,
        # No e-mail address, no retail price.
        **addressed_to(order),
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
