"""Why goods come back: by product, supplier and batch; products that do so too often, and suppliers whose goods are faulty.

A rate is the units asked back in some days by the units sent in them. No supplier names the lots of its goods, so a
batch is what one supplier sent in one week or month; there the units are followed from their own parcel. All of it is
counted by the database: what is read is one row per product, supplier or batch, never one per line.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import TruncMonth, TruncWeek
from django.utils import timezone

from orders.actions.work import close_item, open_work
from orders.events import key_of
from orders.models import Shipment, ShipmentLine, WorkItem
from shop.models import Product
from suppliers.actions.faultiness import note_faults
from suppliers.models import Supplier, SupplierShipment
from support.models import FAULTS, ReturnLine
from support.return_states import UNDONE

# What is looked at by itself: so many days back, and from so many units sent on; fewer say nothing.
LOOK_BACK, LEAST_UNITS = timedelta(days=180), 20
# From here on a product comes back too often, unless it has a limit of its own.
LIMIT_PERCENT = 15
# Shorter periods are shown by week, longer ones by month.
WEEKS_UP_TO = timedelta(days=92)
MOST_PRODUCTS = 100


@dataclass(slots=True)
class Tally:
    """Units sent and asked back, and of those how many for which reason (empty: a withdrawal)."""

    sent: int = 0
    reasons: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def returned(self) -> int:
        """Units asked back."""
        return sum(self.reasons.values())

    @property
    def faulty(self) -> int:
        """Units that came back damaged, wrong or faulty."""
        return sum(self.reasons.get(reason, 0) for reason in FAULTS)

    @property
    def percent(self) -> float | None:
        """How many of a hundred units sent came back; None where none was sent."""
        return 100 * self.returned / self.sent if self.sent else None

    @property
    def fault_percent(self) -> float | None:
        """How many of a hundred came back with a fault."""
        return 100 * self.faulty / self.sent if self.sent else None


@dataclass(frozen=True, slots=True)
class Span:
    """The days that are looked at, and of which product (None: all)."""

    start: datetime
    end: datetime
    product: int | None = None

    @property
    def by_week(self) -> bool:
        """True if batches are weeks."""
        return self.end - self.start <= WEEKS_UP_TO


@dataclass(frozen=True, slots=True)
class Findings:
    """All that the page shows."""

    whole: Tally
    products: list[tuple[Product, Tally]]
    suppliers: list[tuple[str, Tally]]
    batches: list[tuple[str, date, Tally]]
    steps: dict[date, Tally]


def _returned(span: Span) -> QuerySet[ReturnLine]:
    """Return goods asked back in a span; what came to nothing does not count."""
    rows = ReturnLine.objects.filter(parent__asked_at__gte=span.start, parent__asked_at__lt=span.end)
    rows = rows.exclude(parent__status__in=UNDONE).order_by()
    return rows.filter(order_line__variant__product=span.product) if span.product else rows


def _sent(span: Span) -> QuerySet[ShipmentLine]:
    rows = ShipmentLine.objects.filter(
        shipment__kind=Shipment.Kind.OUTBOUND,
        shipment__shipped_at__gte=span.start,
        shipment__shipped_at__lt=span.end,
    ).order_by()
    return rows.filter(line__variant__product=span.product) if span.product else rows


def _sent_by_supplier(span: Span) -> QuerySet[SupplierShipment]:
    rows = SupplierShipment.objects.filter(
        shipment__kind=Shipment.Kind.OUTBOUND,
        shipment__shipped_at__gte=span.start,
        shipment__shipped_at__lt=span.end,
    ).order_by()
    return rows.filter(shipment__lines__line__variant__product=span.product) if span.product else rows


def by_product(span: Span) -> dict[int, Tally]:
    """Count by product; of products of which something came back. Two queries."""
    found: dict[int, Tally] = defaultdict(Tally)
    name = "order_line__variant__product"
    for pk, reason, units in _summed(_returned(span), name, "parent__reason"):
        found[pk].reasons[reason] += units
    sent = _sent(span).filter(line__variant__product__in=_returned(span).values(name))
    for pk, units in sent.values_list("line__variant__product").annotate(units=Sum("quantity")):
        found[pk].sent = units
    return found


def _summed(rows: QuerySet[Any], *names: str) -> Iterable[tuple[Any, ...]]:
    return rows.values_list(*names).annotate(units=Sum("quantity"))


def by_supplier(span: Span) -> dict[int, Tally]:
    """Count by supplier. Two queries."""
    found: dict[int, Tally] = defaultdict(Tally)
    sent = _sent_by_supplier(span).values_list("supplier").annotate(units=Sum("shipment__lines__quantity"))
    for pk, units in sent:
        found[pk].sent = units or 0
    for pk, reason, units in _summed(_returned(span), "parent__supplier_order__supplier", "parent__reason"):
        found[pk].reasons[reason] += units
    return found


def by_batch(span: Span) -> dict[tuple[int, date], Tally]:
    """Count by supplier and week or month of sending: of what was sent then, how much came back until now. Two queries."""
    found: dict[tuple[int, date], Tally] = defaultdict(Tally)
    trunc = TruncWeek if span.by_week else TruncMonth
    sent = _sent_by_supplier(span).annotate(step=trunc("shipment__shipped_at"))
    for pk, step, units in sent.values_list("supplier", "step").annotate(units=Sum("shipment__lines__quantity")):
        found[pk, timezone.localdate(step)].sent = units or 0
    parcels = SupplierShipment.objects.filter(
        supplier_order=OuterRef("parent__supplier_order"), shipment__lines__line=OuterRef("order_line")
    )
    first = parcels.order_by("shipment__shipped_at").values("shipment__shipped_at")[:1]
    back = _returned(Span(span.start, timezone.now(), span.product)).annotate(sent_at=Subquery(first))
    back = back.filter(sent_at__gte=span.start, sent_at__lt=span.end).annotate(step=trunc("sent_at"))
    for pk, step, reason, units in _summed(back, "parent__supplier_order__supplier", "step", "parent__reason"):
        found[pk, timezone.localdate(step)].reasons[reason] += units
    return found


def findings(span: Span) -> Findings:
    """Return what the page shows; eight queries, whatever there is."""
    products, suppliers, batches = by_product(span), by_supplier(span), by_batch(span)
    most = sorted(products, key=lambda pk: -products[pk].returned)[:MOST_PRODUCTS]
    goods = Product.objects.in_bulk(most)
    names = dict(Supplier.objects.values_list("pk", "name"))
    whole, steps = Tally(), {}
    for tally in suppliers.values():
        _add(whole, tally)
    for (_pk, step), tally in sorted(batches.items(), key=lambda pair: pair[0][1]):
        _add(steps.setdefault(step, Tally()), tally)
    return Findings(
        whole,
        [(goods[pk], products[pk]) for pk in most if pk in goods],
        sorted(((names[pk], tally) for pk, tally in suppliers.items()), key=lambda pair: -(pair[1].percent or 0)),
        sorted(((names[pk], step, tally) for (pk, step), tally in batches.items()), key=lambda row: (row[1], row[0])),
        steps,
    )


def _add(into: Tally, tally: Tally) -> None:
    into.sent += tally.sent
    for reason, units in tally.reasons.items():
        into.reasons[reason] += units


def learn(*, now: datetime) -> None:
    """Flag products that come back too often, and note how often each supplier's goods are faulty. Safe to repeat."""
    span = Span(now - LOOK_BACK, now)
    flag_products(by_product(span))
    note_faults({pk: (tally.sent, tally.faulty) for pk, tally in by_supplier(span).items()})


def flag_products(tallies: Mapping[int, Tally]) -> list[int]:
    """Open one piece of work per product above its limit, and close it of those that are below; return who is above."""
    enough = {pk: tally for pk, tally in tallies.items() if tally.sent >= LEAST_UNITS}
    above = {}
    for product in Product.objects.filter(pk__in=enough).only("pk", "name", "return_limit_percent"):
        limit = LIMIT_PERCENT if product.return_limit_percent is None else product.return_limit_percent
        if 100 * enough[product.pk].returned >= limit * enough[product.pk].sent:
            above[key_of(product)] = product
    for item in WorkItem.objects.filter(reason=WorkItem.Reason.PRODUCT_RETURNS, closed_at=None):
        if item.subject_key not in above:
            close_item(item, by=None)
    for product in above.values():
        tally = enough[product.pk]
        summary = f"{product.name}: {tally.returned} of {tally.sent} units came back in {LOOK_BACK.days} days."
        open_work(WorkItem.Reason.PRODUCT_RETURNS, product, order=None, summary=summary)
    return [product.pk for product in above.values()]
