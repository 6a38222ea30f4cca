"""Split a paid order by supplier, and send each part, surviving doubt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from orders import lease
from orders.actions.reservation import note_taken
from orders.actions.work import close_work, open_work
from orders.models import Order, OrderLine, WorkItem
from orders.states import OrderStatus
from shop.models import User
from shop.models.catalogue import Gate
from shop.money import format_cost
from suppliers.actions.route import first_offer, group_by_supplier
from suppliers.actions.track import refuse_all, take_order_copy
from suppliers.adapters import adapter_of
from suppliers.adapters.base import Adapter, AlreadyThere, KeyRefused, Refused, TryLater, Unclear
from suppliers.models import Offer, SupplierOrder, SupplierOrderLine
from suppliers.states import SupplierOrderStatus, move_supplier_order

# A supplier may forget a key after a day; from then on the order is looked up, never repeated blindly.
KEY_LIFE = timedelta(hours=20)
SILENT_AFTER = 8
Chosen = tuple[OrderLine, Offer, int]
Status = SupplierOrderStatus


class NotOurs(Exception):
    """The supplier has another order under our reference."""


def forward_order(order: Order) -> list[SupplierOrder]:
    """Make the supplier orders of a paid order's open units, due when the grace time is over.

    The only way into a supplier order, so what must not go out stops here: unpaid orders, open
    holds, gated goods without approval. Call it inside a transaction. Safe to repeat.
    """
    order.refresh_from_db()
    if order.status != OrderStatus.PAID or order.holds.filter(released_at=None).exists():
        return []
    chosen: list[Chosen] = []
    for line in order.lines.select_related("delivery", "variant__product").filter(
        quantity__gt=F("forwarded") + F("cancelled")
    ):
        offer = first_offer(line) if line.variant.product.gate == Gate.NONE else None
        if offer is None:
            summary = f"{line.sku} of {order.number} has no supplier it may be forwarded to."
            open_work(WorkItem.Reason.NO_OFFER, line, order=order, summary=summary, money_minor=line.paid_minor)
            continue
        chosen.append((line, offer, line.open))
    return make_supplier_orders(order, chosen)


def make_supplier_orders(order: Order, chosen: Sequence[Chosen]) -> list[SupplierOrder]:
    """Make one supplier order per supplier for chosen units, which must be open. Inside a transaction."""
    made = []
    for supplier_id, group in group_by_supplier(chosen).items():
        part = SupplierOrder.objects.filter(order=order, supplier=supplier_id).count() + 1
        made.append(_make(order, supplier_id, part, group))
    return made


def _make(order: Order, supplier_id: int, part: int, group: Sequence[Chosen]) -> SupplierOrder:
    supplier_order = SupplierOrder.objects.create(
        order=order,
        supplier_id=supplier_id,
        part=part,
        reference=f"{order.number}-{supplier_id}-{part}",
        due_at=max(order.forward_after or timezone.now(), timezone.now()),
    )
    for line, offer, quantity in group:
        free = OrderLine.objects.filter(pk=line.pk, quantity__gte=F("forwarded") + F("cancelled") + quantity)
        if not free.update(forwarded=F("forwarded") + quantity):
            raise ValueError(f"{quantity} units of line {line.pk} are not open")
        SupplierOrderLine.objects.create(
            supplier_order=supplier_order,
            order_line=line,
            offer=offer,
            line_id=f"L{line.pk}",
            supplier_sku=offer.supplier_sku,
            quantity=quantity,
            pending=quantity,
            unit_cost=offer.unit_cost,
        )
        close_work(WorkItem.Reason.NO_OFFER, line)
    SupplierOrder.objects.filter(pk=supplier_order.pk).update(request=_request(order, supplier_order, group))
    return supplier_order


def _request(order: Order, supplier_order: SupplierOrder, group: Sequence[Chosen]) -> dict[str, Any]:
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
        "reference": supplier_order.reference,
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


def send_supplier_order(supplier_order_id: int) -> None:
    """Place a supplier order, or find out what became of it. Talks to the network; safe to repeat.

    One reference and one key on every attempt. What is unclear stays ``unknown`` until the supplier
    has said, in whatever way, whether it has the order.
    """
    sendable = [Status.READY, Status.SENDING, Status.UNKNOWN]
    supplier_order = lease.take(SupplierOrder.objects.filter(status__in=sendable), supplier_order_id)
    if supplier_order is None:
        # Placed by a webhook while its sender died: then nothing is left to do.
        done = SupplierOrder.objects.filter(lease.is_free(), pk=supplier_order_id).exclude(status__in=sendable)
        done.update(due_at=None)
        return
    supplier = supplier_order.supplier
    rests = supplier.closed_until and supplier.closed_until > timezone.now()
    if rests or not supplier.is_active or supplier.paused_reason:
        lease.finish(supplier_order, due_in=settings.RETRY_MAX_SECONDS / 30 + 1, failures=supplier_order.failures)
        return
    # Found in "sending": whoever was sending it died, and nobody knows how far it came.
    in_doubt = supplier_order.status != Status.READY
    fields = {} if supplier_order.first_sent_at else {"first_sent_at": timezone.now()}
    if supplier_order.status != Status.SENDING:
        move_supplier_order(supplier_order, Status.SENDING, by=None, fields=fields, attempt=supplier_order.attempt)
    _ask(supplier_order, in_doubt=in_doubt)


def _ask(supplier_order: SupplierOrder, *, in_doubt: bool) -> None:
    """Make one attempt, and write down what came of it."""
    supplier = supplier_order.supplier
    # What was in doubt before stays in doubt: only the supplier's own word ends it.
    unsent = Status.UNKNOWN if in_doubt else Status.READY
    try:
        copy = _ours(supplier_order, _place(adapter_of(supplier), supplier_order, in_doubt=in_doubt))
    except TryLater as error:
        _try_again(supplier_order, error, unsent, error.retry_after)
    except (Unclear, AlreadyThere) as error:
        _try_again(supplier_order, error, Status.UNKNOWN)
    except KeyRefused as error:
        _try_again(supplier_order, error, unsent)
        _ask_person(WorkItem.Reason.SUPPLIER_KEY, supplier_order, f"{supplier.name} refuses our key: {error.code}")
    except NotOurs:
        _stop(supplier_order)
    except Refused as refusal:
        _note_refused(supplier_order, refusal)
    else:
        note_placed(supplier_order, copy)


def _stop(supplier_order: SupplierOrder) -> None:
    lease.finish(supplier_order)
    move_supplier_order(supplier_order, Status.UNKNOWN, by=None)
    name = supplier_order.supplier.name
    text = f"{name} has another order under {supplier_order.reference}, or cannot be asked; nothing more is sent."
    _ask_person(WorkItem.Reason.SUPPLIER_GARBAGE, supplier_order, text)


def _place(adapter: Adapter, supplier_order: SupplierOrder, *, in_doubt: bool) -> dict[str, Any]:
    too_old = supplier_order.first_sent_at and timezone.now() - supplier_order.first_sent_at > KEY_LIFE
    if in_doubt and (too_old or not adapter.honours_keys):
        if not adapter.reads_by_reference:
            raise NotOurs
        found = adapter.find(supplier_order.reference)
        if found is not None:
            return _compared(supplier_order, found)
    try:
        return adapter.place(supplier_order.request, key=f"waybill-order-{supplier_order.reference}")
    except AlreadyThere:
        found = adapter.find(supplier_order.reference)
        if found is None:
            raise
        return _compared(supplier_order, found)


def _ours(supplier_order: SupplierOrder, copy: dict[str, Any]) -> dict[str, Any]:
    # An answer about another order tells nothing of ours: it stays in doubt, and a person hears of it.
    if str(copy.get("reference")) != supplier_order.reference:
        text = f"{supplier_order.supplier.name} answers {supplier_order.reference} with another order."
        _ask_person(WorkItem.Reason.SUPPLIER_GARBAGE, supplier_order, text)
        raise Unclear("an answer about another order")
    return copy


def _compared(supplier_order: SupplierOrder, copy: dict[str, Any]) -> dict[str, Any]:
    try:
        theirs = sorted((str(line["line_id"]), str(line["sku"]), int(line["quantity"])) for line in copy["lines"])
    except (KeyError, TypeError, ValueError) as error:
        raise Unclear("a copy without lines") from error
    ours = sorted((line["line_id"], line["sku"], line["quantity"]) for line in supplier_order.request["lines"])
    if theirs != ours:
        raise NotOurs
    return copy


def _try_again(supplier_order: SupplierOrder, error: Exception, to: Status, retry_after: float | None = None) -> None:
    with transaction.atomic():
        if not lease.fail(supplier_order, f"{type(error).__name__}: {error}", retry_after=retry_after):
            return
        supplier_order.refresh_from_db()
        # A webhook may have told meanwhile that it was placed.
        if supplier_order.status == Status.SENDING:
            move_supplier_order(supplier_order, to, by=None, why=str(error)[:200])
        if supplier_order.failures >= SILENT_AFTER:
            text = f"{supplier_order.supplier.name} has not taken {supplier_order.reference} yet: {error}"
            _ask_person(WorkItem.Reason.SUPPLIER_SILENT, supplier_order, text)


def _note_refused(supplier_order: SupplierOrder, refusal: Refused) -> None:
    with transaction.atomic():
        if not lease.finish(supplier_order, refused_reason=str(refusal)[:300]):
            return
        supplier_order.refresh_from_db()
        if supplier_order.status != Status.SENDING:
            return
        move_supplier_order(supplier_order, Status.REFUSED, by=None, code=refusal.code)
        # Goods are refused per line, in a copy. This is our request being wrong: a person decides.
        text = f"{supplier_order.supplier.name} refuses {supplier_order.reference}: {refusal}"
        _ask_person(WorkItem.Reason.SUPPLIER_REFUSED, supplier_order, text)


def give_up_refused(supplier_order: SupplierOrder, *, by: User) -> bool:
    """Let the units of a refused order go to another supplier, or be cancelled and paid back.

    Returns False, and does nothing, for an order that is not refused. Safe to repeat.
    """
    with transaction.atomic():
        supplier_order.refresh_from_db()
        if supplier_order.status != Status.REFUSED:
            return False
        move_supplier_order(supplier_order, Status.CLOSED, by=by)
        refuse_all(supplier_order, reason_code="other")
        close_work(WorkItem.Reason.SUPPLIER_REFUSED, supplier_order)
    return True


def note_placed(supplier_order: SupplierOrder, copy: dict[str, Any]) -> None:
    """Write down that the supplier has the order, with its own copy of it. Safe to repeat."""
    with transaction.atomic():
        lease.finish(supplier_order)
        supplier_order.refresh_from_db()
        if supplier_order.status in {Status.SENDING, Status.UNKNOWN}:
            move_supplier_order(supplier_order, Status.PLACED, by=None, fields={"placed_at": timezone.now()})
        note_taken(supplier_order.lines.values_list("order_line", flat=True), at=timezone.now())
        close_work(WorkItem.Reason.SUPPLIER_SILENT, supplier_order)
    take_order_copy(supplier_order, copy)


def _ask_person(reason: WorkItem.Reason, supplier_order: SupplierOrder, summary: str) -> None:
    order = supplier_order.order
    open_work(reason, supplier_order, order=order, summary=summary, money_minor=order.total_minor)
