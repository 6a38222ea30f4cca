"""Count what suppliers have sent, by whichever of their copies came first: that of the order or those of its parcels."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet, Sum

from orders.actions.shipping import NOT_SENT
from orders.models import Shipment
from suppliers.models import SupplierOrderLine, SupplierShipment


def sent_parcels() -> QuerySet[SupplierShipment]:
    """Return the parcels to customers that have left."""
    return SupplierShipment.objects.filter(shipment__kind=Shipment.Kind.OUTBOUND).exclude(shipment__status__in=NOT_SENT)


def sent_units(lines: Iterable[SupplierOrderLine]) -> dict[int, int]:
    """Return, by supplier order line id, how many of its units have been sent. One query.

    A parcel's copy may come seconds before its order's, or be the only one for as long as the supplier is out of
    reach; what it holds is sent all the same, and so the order's own lines count it.
    """
    rows = list(lines)
    sent = sent_parcels().filter(supplier_order__in={row.supplier_order_id for row in rows})
    told = sent.order_by().values_list("supplier_order", "shipment__lines__line")
    by_parcels = {(part, line): units for part, line, units in told.annotate(units=Sum("shipment__lines__quantity"))}
    return {row.pk: max(row.shipped, by_parcels.get((row.supplier_order_id, row.order_line_id), 0)) for row in rows}
