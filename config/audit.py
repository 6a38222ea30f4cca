"""It adds up, or this says where it does not: the invariants over the whole database.

Each check is one or two queries that return only violations, so it runs over any size. What a
person has been asked about (an open WorkItem) counts as explained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Concat
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.timetable import SWEEPS
from notifications.models import Notification, NotificationStatus
from orders import lease
from orders.actions.again import AGAIN
from orders.models import Event, Order, OrderLine, Payment, Refund, Reservation, ShipmentLine, WorkItem
from orders.models.order import ReservationState
from orders.states import OrderStatus, ParcelStatus, RefundStatus
from shop.models import Variant
from suppliers.models import SupplierOrder, SupplierOrderLine
from suppliers.states import SupplierOrderStatus
from support.models import Return

# Work in hand may take so long before it counts as left lying.
GRACE = timedelta(minutes=5)
MOST_NAMED = 1000


@dataclass(frozen=True, slots=True)
class Check:
    """One invariant: its name, what it says, and the function that names each violation."""

    name: str
    says: str | Promise
    find: Callable[[], Iterable[str]]


def _sum(rows: QuerySet, group: str, what: str) -> Coalesce:
    """Return the sum of ``what`` over rows of one group, as a sub-query that is 0 when there are none."""
    summed = rows.order_by().values(group).annotate(found=Sum(what)).values("found")
    return Coalesce(Subquery(summed), 0)


def _named(rows: Iterable[object]) -> Iterator[str]:
    return (str(row) for row in rows)


def _totals() -> Iterable[str]:
    lines = OrderLine.objects.filter(order=OuterRef("pk"))
    wrong = Order.objects.annotate(
        goods=_sum(lines, "order", "line_minor"),
        shares=_sum(lines, "order", "delivery_minor"),
        tax=_sum(lines, "order", "tax_minor"),
    ).exclude(goods=F("items_minor"), shares=F("delivery_minor"), tax=F("tax_minor"))
    yield from _named(wrong[:MOST_NAMED])
    prices = OrderLine.objects.exclude(line_minor=F("unit_price_minor") * F("quantity"))
    yield from _named(prices[:MOST_NAMED])


def _paid() -> Iterable[str]:
    payments = Payment.objects.filter(order=OuterRef("pk"), currency=OuterRef("currency"))
    orders = Order.objects.annotate(captured=_sum(payments, "order", "captured_minor"))
    yield from _named(orders.filter(status=OrderStatus.PAID, captured__lt=F("total_minor"))[:MOST_NAMED])
    waiting = [OrderStatus.PLACED, OrderStatus.EXPIRED]
    unexplained = ~Exists(WorkItem.objects.filter(order=OuterRef("pk"), closed_at=None))
    yield from _named(orders.filter(unexplained, status__in=waiting, captured__gt=0)[:MOST_NAMED])


def _refunds() -> Iterable[str]:
    alive = Refund.objects.filter(payment=OuterRef("pk")).exclude(status=RefundStatus.FAILED)
    payments = Payment.objects.annotate(back=_sum(alive, "payment", "amount_minor"))
    yield from _named(payments.exclude(back=F("refunded_minor"))[:MOST_NAMED])
    over = OrderLine.objects.filter(refunded_minor__gt=F("line_minor") + F("delivery_minor") - F("discount_minor"))
    yield from _named(over[:MOST_NAMED])


def _units() -> Iterable[str]:
    asked = SupplierOrderLine.objects.filter(order_line=OuterRef("pk"))
    lines = OrderLine.objects.annotate(
        there=_sum(asked, "order_line", "quantity")
        - _sum(asked, "order_line", "rejected")
        - _sum(asked, "order_line", "cancelled")
    )
    yield from _named(lines.exclude(there=F("forwarded"))[:MOST_NAMED])
    lost = OrderLine.objects.filter(
        ~Exists(WorkItem.objects.filter(order=OuterRef("order"), closed_at=None)),
        quantity__gt=F("forwarded") + F("cancelled"),
        order__status=OrderStatus.PAID,
        order__forward_after__lt=timezone.now() - GRACE,
        order__holds=None,
    )
    yield from (f"{line}: {line.open} units are nowhere" for line in lost.select_related("order")[:MOST_NAMED])


def _never_paid() -> Iterable[str]:
    wrong = SupplierOrder.objects.filter(order__paid_at=None)
    yield from _named(wrong[:MOST_NAMED])


def _parcels() -> Iterable[str]:
    parts = ShipmentLine.objects.filter(line=OuterRef("pk"), shipment__kind="outbound").exclude(
        shipment__status=ParcelStatus.CANCELLED
    )
    lines = OrderLine.objects.annotate(packed=_sum(parts, "line", "quantity"))
    yield from _named(lines.filter(packed__gt=F("quantity") - F("cancelled"))[:MOST_NAMED])
    yield from _named(lines.filter(shipped__gt=F("packed"))[:MOST_NAMED])


def _dialogue() -> Iterable[str]:
    live = [SupplierOrderStatus.READY, SupplierOrderStatus.SENDING, SupplierOrderStatus.UNKNOWN]
    stuck = SupplierOrder.objects.filter(
        ~Exists(WorkItem.objects.filter(order=OuterRef("order"), closed_at=None)), status__in=live, due_at=None
    )
    yield from _named(stuck[:MOST_NAMED])


def _backlog() -> Iterable[str]:
    late = timezone.now() - GRACE
    undelivered = Event.objects.filter(delivered_at=None, at__lt=late)
    yield from (f"event {event} not delivered" for event in undelivered[:MOST_NAMED])
    for sweep in SWEEPS:
        waiting = sweep.rows().filter(lease.is_free(), due_at__lt=late)
        yield from (f"{sweep.name} {row.pk} is overdue" for row in waiting[:MOST_NAMED])


def _given_up() -> Iterable[str]:
    # Open work, or work that a person has closed by hand.
    asked = WorkItem.objects.filter(Q(closed_at=None) | Q(closed_by__isnull=False))
    again = Refund.objects.filter(idempotency_key=Concat(OuterRef("idempotency_key"), Value(AGAIN)))
    for rows in (
        Notification.objects.filter(status=NotificationStatus.FAILED),
        Refund.objects.filter(~Exists(again), status=RefundStatus.FAILED),
    ):
        for row in rows[:MOST_NAMED]:
            if not asked.filter(subject_key=f"{row._meta.model_name}:{row.pk}").exists():
                yield f"{row} was given up, and nobody is asked"


def _reserved() -> Iterable[str]:
    held = Reservation.objects.filter(variant=OuterRef("pk")).exclude(state=ReservationState.RELEASED)
    variants = Variant.objects.annotate(held=_sum(held, "variant", "quantity"))
    yield from _named(variants.exclude(held=F("reserved"))[:MOST_NAMED])
    over = Reservation.objects.filter(
        Q(order__status=OrderStatus.EXPIRED) | Q(order__status=OrderStatus.CANCELLED, order__paid_at=None)
    ).exclude(state=ReservationState.RELEASED)
    yield from (f"{row.order}: goods of an order that is over are still held" for row in over[:MOST_NAMED])


def _told() -> Iterable[str]:
    told = Notification.objects.filter(order=OuterRef("pk"), kind="order-confirmed")
    late = timezone.now() - GRACE
    untold = Order.objects.filter(~Exists(told), status=OrderStatus.PAID, paid_at__lt=late)
    yield from (f"{order}: the customer was not told that it is paid" for order in untold[:MOST_NAMED])


def _returns() -> Iterable[str]:
    back = Return.objects.filter(order_line=OuterRef("pk")).exclude(
        supplier_return__status__in=["refused", "rejected", "cancelled", "expired"]
    )
    lines = OrderLine.objects.annotate(back=_sum(back, "order_line", "quantity"))
    yield from _named(lines.filter(back__gt=F("shipped"))[:MOST_NAMED])


CHECKS = [
    Check("V02 paid", _("An order is paid if and only if its money was taken."), _paid),
    Check("V03 refunds", _("What goes back is what the refunds say, and never more than was taken."), _refunds),
    Check("V04 totals", _("Goods, delivery and tax of the lines are those of the order."), _totals),
    Check("V05 units", _("Every unit of a paid order is in exactly one place."), _units),
    Check("V05 parcels", _("No more is in parcels than was ordered."), _parcels),
    Check("V06 unpaid", _("Nothing was ordered from a supplier that was not paid."), _never_paid),
    Check("V07 dialogue", _("Whatever a supplier has not decided is looked at again."), _dialogue),
    Check("V08 told", _("Every customer who paid was told so."), _told),
    Check("V09 given up", _("Whatever was given up has asked for a person."), _given_up),
    Check("V10 backlog", _("Nothing that is due is left lying."), _backlog),
    Check("V11 reserved", _("Reserved units are those of open reservations."), _reserved),
    Check("V15 returns", _("No more goes back than was sent."), _returns),
]


@dataclass(frozen=True, slots=True)
class Finding:
    """One check and what violates it."""

    check: Check
    violations: list[str]


def run_audit() -> list[Finding]:
    """Run every check; a check without violations holds."""
    return [Finding(check, list(check.find())) for check in CHECKS]
