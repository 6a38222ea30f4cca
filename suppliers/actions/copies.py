"""See through many webhooks at a time: what they tell is known as a rule, for reading has brought it meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from orders import lease
from orders.actions.work import close_work_about
from orders.models import IncomingEvent, WorkItem
from suppliers.actions.inbox import FROM_SUPPLIERS, copy_in, work_incoming
from suppliers.actions.reading import LARGEST, Garbage, version_of
from suppliers.actions.track import is_old_news
from suppliers.models import SupplierOrder, SupplierShipment

Waiting = Collection[IncomingEvent]


def work_copies(incoming_ids: Sequence[int]) -> None:
    """Work on stored copies of orders and parcels: be done with old news in one go, with the others one by one.

    Safe to repeat, and beside others who do so.
    """
    old = _old_news(incoming_ids) if len(incoming_ids) > 1 else set()
    if old:
        rows = IncomingEvent.objects.filter(lease.is_free(), pk__in=old, done_at=None, quarantined_at=None)
        rows.update(**lease.returned(), done_at=lease.Now(), outcome="nothing new")
    for pk in incoming_ids:
        if pk not in old:
            work_incoming(pk)


def _old_news(incoming_ids: Sequence[int]) -> set[int]:
    """Return those whose copies the rows, as they stand now, show to be known. Versions only rise: old is old for ever."""
    waiting = list(FROM_SUPPLIERS.filter(pk__in=incoming_ids))
    kinds = {what: [row for row in waiting if row.subject.startswith(f"{what}:")] for what in ("order", "shipment")}
    return _old_orders(kinds["order"]) | _old_parcels(kinds["shipment"])


def _old_orders(waiting: Waiting) -> set[int]:
    if not waiting:
        return set()
    known = SupplierOrder.objects.filter(reference__in=set(map(_name, waiting)), for_return=None).order_by()
    by_name = {(row.supplier.slug, row.reference): row for row in known.select_related("supplier")}
    old: set[int] = set()
    same: list[SupplierOrder] = []
    for row in waiting:
        order, copy = by_name.get((_slug(row), _name(row))), copy_in("order", row.body)
        if order is not None and is_old_news(order, copy):
            old.add(row.pk)
            if version_of(copy) == order.version:
                same.append(order)
    if same:
        # As each of them would, taken in by itself.
        close_work_about([WorkItem.Reason.SUPPLIER_GARBAGE], same)
    return old


def _old_parcels(waiting: Waiting) -> set[int]:
    if not waiting:
        return set()
    known = SupplierShipment.objects.filter(supplier_shipment_id__in=set(map(_name, waiting))).order_by()
    columns = ("supplier__slug", "supplier_shipment_id", "version")
    versions = {(slug, name): version for slug, name, version in known.values_list(*columns)}
    return {row.pk for row in waiting if _version(row) <= versions.get((_slug(row), _name(row)), 0)}


def _version(row: IncomingEvent) -> int:
    """Return the version of a parcel's copy; of one that makes no sense, a version that nobody knows yet."""
    try:
        return version_of(copy_in("shipment", row.body))
    except Garbage:
        return LARGEST


def _slug(row: IncomingEvent) -> str:
    return row.source.partition(":")[2]


def _name(row: IncomingEvent) -> str:
    return row.subject.partition(":")[2]
