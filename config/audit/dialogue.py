"""The dialogue with suppliers: what was asked, of whom, and whether their last word is ours."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from config.audit.registry import asked, check, in_chunks, named, written_once
from orders.models import Shipment, WorkItem
from orders.states import OrderStatus
from suppliers.actions.addressed import addressed_to
from suppliers.actions.contract import COUNTERS
from suppliers.models import SupplierCall, SupplierOrder, SupplierOrderLine, SupplierShipment
from suppliers.states import SupplierOrderStatus


@check("V06 unpaid", _("Nothing was ordered from a supplier that was not paid, or that was cancelled before."))
@written_once
def unpaid() -> Iterable[str]:
    rows = SupplierOrder.objects.select_related("order")
    yield from named(rows.filter(order__paid_at=None), "its order was never paid")
    early = rows.filter(created_at__lt=F("order__paid_at"))
    yield from named(early, "made before its order was paid")
    late = rows.filter(order__status=OrderStatus.CANCELLED, created_at__gt=F("order__status_changed_at"))
    yield from named(late, "made after its order was cancelled")


@check("V06 references", _("Each reference is one supplier order, named after its order, and asks for something."))
def references() -> Iterable[str]:
    twice = SupplierOrder.objects.values("reference").annotate(count=Count("pk")).filter(count__gt=1)
    yield from (f"{row['reference']}: {row['count']} supplier orders have it" for row in twice.order_by("reference"))
    strange = SupplierOrder.objects.exclude(reference__startswith=F("order__number"))
    yield from named(strange, "named after another order")
    empty = SupplierOrder.objects.filter(~Exists(SupplierOrderLine.objects.filter(supplier_order=OuterRef("pk"))))
    yield from named(empty, "asks for nothing")
    wrong = SupplierOrderLine.objects.exclude(offer__supplier=F("supplier_order__supplier"))
    yield from named(wrong, "another supplier's offer", "supplier_order")


@check("V06 content", _("What was sent to a supplier is what its order says: the lines and the address."))
def content() -> Iterable[str]:
    loose = SupplierOrder.objects.filter(order__address_fixed_at=None).exclude(first_sent_at=None)
    yield from named(loose, "was sent, and its address can still be changed")
    for chunk in in_chunks(SupplierOrder.objects.select_related("order").prefetch_related("lines")):
        for row in chunk:
            if row.first_sent_at is not None and row.request.get("ship_to") != addressed_to(row.order)["ship_to"]:
                yield f"{row}: was sent with another address"
            ours = sorted((line.line_id, line.supplier_sku, line.quantity) for line in row.lines.all())
            if row.request.get("reference") != row.reference or _asked_for(row.request) != ours:
                yield f"{row}: what was sent is something else"


def _asked_for(request: dict[str, Any]) -> list[tuple[object, object, object]]:
    lines = request.get("lines") or []
    return sorted((line.get("line_id"), line.get("sku"), line.get("quantity")) for line in lines)


@check("V06 parcels", _("Every parcel was sent for exactly one supplier order of its own customer order."))
@written_once
def parcels() -> Iterable[str]:
    links = SupplierShipment.objects.filter(shipment=OuterRef("pk"))
    yield from named(Shipment.objects.filter(~Exists(links)), "no supplier has sent it", "order")
    strange = SupplierShipment.objects.exclude(supplier_order__order=F("shipment__order"))
    yield from named(strange, "sent for another order")
    wrong = SupplierShipment.objects.exclude(supplier=F("supplier_order__supplier"))
    yield from named(wrong, "sent by another supplier than was asked")


@check("V07 dialogue", _("Whatever a supplier has not decided is looked at again."))
@written_once
def dialogue() -> Iterable[str]:
    live = [SupplierOrderStatus.READY, SupplierOrderStatus.SENDING, SupplierOrderStatus.UNKNOWN]
    stuck = SupplierOrder.objects.filter(~asked("order"), status__in=live, due_at=None)
    yield from named(stuck, "nobody looks at it again")
    placed = Q(placed_at=None, status=SupplierOrderStatus.PLACED) | Q(first_sent_at=None, version__gt=0)
    yield from named(SupplierOrder.objects.filter(placed), "placed, and nobody knows when")


@check("V07 truth", _("What we count at a supplier is its own last word."))
def truth() -> Iterable[str]:
    told = SupplierOrder.objects.filter(version__gt=0, refused_reason="").exclude(last_copy={})
    for chunk in in_chunks(told.prefetch_related("lines")):
        for row in chunk:
            if not _agrees(row):
                yield f"{row}: its supplier's last word was another"


def _agrees(row: SupplierOrder) -> bool:
    copy = row.last_copy
    try:
        theirs = {str(line["line_id"]): [int(line[f"quantity_{name}"]) for name in COUNTERS] for line in copy["lines"]}
        version, status = int(copy["version"]), str(copy.get("status") or "")
    except (KeyError, TypeError, ValueError):
        return False
    ours = {line.line_id: [getattr(line, name) for name in COUNTERS] for line in row.lines.all()}
    return (version, status[:30], theirs) == (row.version, row.supplier_status, ours)


@check("V13 calls", _("No customer's address stands in what we keep of calls and work."))
def personal() -> Iterable[str]:
    calls = SupplierCall.objects.filter(order__isnull=False)
    told = calls.filter(Q(excerpt__icontains=F("order__email")) | Q(path__icontains=F("order__email")))
    yield from (f"call {pk}: holds the customer's address" for pk in told.values_list("pk", flat=True))
    work = WorkItem.objects.filter(order__isnull=False, summary__icontains=F("order__email"))
    yield from (f"work item {pk}: holds the customer's address" for pk in work.values_list("pk", flat=True))
