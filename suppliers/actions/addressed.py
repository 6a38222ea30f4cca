"""Where a supplier is to send goods: the customer's last word, which stays from the first call on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.db.models.functions import Now

from orders.models import Order
from suppliers.models import SupplierOrder


def addressed_to(order: Order) -> dict[str, Any]:
    """Return what a request says of where an order goes: what is needed to deliver, and nothing more."""
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
    facts: dict[str, Any] = {"ship_to": {name: value for name, value in address.items() if value}}
    return facts | ({"note": order.note} if order.note else {})


def fix_addresses(rows: Sequence[SupplierOrder]) -> None:
    """Let the customers' addresses stay from now on, and the requests that were never sent carry them.

    Call it in the transaction in which the rows are taken to be sent, with the customers' orders locked and at hand
    as they are now (``row.order``). Whoever changes an address (``orders.actions.address``) has the same row first or
    sees that it stays.
    """
    new = {row.order_id for row in rows if row.order.address_fixed_at is None}
    if new:
        note_told(new)
    stale = [row for row in rows if row.first_sent_at is None and not _is_up_to_date(row)]
    for row in stale:
        rest = {name: value for name, value in row.request.items() if name not in {"ship_to", "note"}}
        row.request = rest | addressed_to(row.order)
    if stale:
        SupplierOrder.objects.bulk_update(stale, ["request"])


def note_told(order_ids: Collection[int]) -> None:
    """Note that some supplier has the addresses of these orders; safe to repeat."""
    Order.objects.filter(pk__in=order_ids, address_fixed_at=None).update(address_fixed_at=Now())


def _is_up_to_date(row: SupplierOrder) -> bool:
    told = {name: value for name, value in row.request.items() if name in {"ship_to", "note"}}
    return told == addressed_to(row.order)
