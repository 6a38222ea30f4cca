"""Sums of the margin: one statement each, whatever the number of lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.db.models import F, Sum
from django.db.models.functions import TruncDate, TruncMonth
from django.utils import timezone

from orders.models import OrderLine, Payment
from suppliers.margin import facts

# The figures of a line, in the order in which a page shows them.
FIGURES = ("gross", "refunded", "tax", "net", "cost", "delivery", "fee", "credit")
MARGIN = "net - cost - delivery - fee + credit"
# What a group is told by, and the columns that name it.
GROUPS: dict[str, tuple[str, ...]] = {
    "month": ("month",),
    "supplier": ("supplier_id",),
    "product": ("product_id", "product_name"),
    "order": ("order_id", "order_number"),
    "line": ("line_id", "order_id", "order_number", "sku", "name"),
}
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Period:
    """Days, both included, by which orders were paid, in the shop's time zone; and a currency."""

    first: date
    last: date
    currency: str

    @property
    def moments(self) -> tuple[datetime, datetime]:
        """Begin and end, the end not included."""
        begin = datetime.combine(self.first, time.min)
        return timezone.make_aware(begin), timezone.make_aware(
            datetime.combine(self.last + timedelta(days=1), time.min)
        )


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums over some lines, in minor units.

    ``margin`` is over the lines of which every part is known, and ``margin_net`` their net sales; None if there
    is no such line. ``unknown`` is how many there are besides, and ``without`` how many of them lack which part.
    """

    key: tuple[Any, ...]
    lines: int
    unknown: int
    without: dict[str, int]
    amounts: dict[str, int | None]
    margin: int | None
    margin_net: int | None

    @property
    def rate(self) -> float | None:
        """The margin as a part of the net sales it was made with; None where there are none."""
        return self.margin / self.margin_net if self.margin is not None and self.margin_net else None


def total_of(period: Period) -> Sums:
    """Return the sums over all lines of a period; one query."""
    return next(_sums(period))


def groups_of(
    period: Period, group: str, *, losses_first: bool = False, limit: int | None = None, offset: int = 0
) -> Iterator[Sums]:
    """Yield the sums per group: the largest sales first, months in their order; or the largest losses first."""
    columns = GROUPS[group]
    by_size = "margin ASC NULLS LAST" if losses_first else "SUM(gross) DESC"
    order = f"{'month' if group == 'month' and not losses_first else by_size}, {', '.join(columns)}"
    page = f" LIMIT {int(limit)} OFFSET {int(offset)}" if limit is not None else ""
    yield from _sums(period, columns, f" ORDER BY {order}{page}")


def count_groups(period: Period, group: str) -> int:
    """Return how many groups there are; one query."""
    return _lines(period).values(GROUPS[group][0]).distinct().count()


def days_of(period: Period) -> Iterator[Sums]:
    """Yield the sums of each day with sales, the earliest first; one query."""
    yield from _sums(period, ("day",), " ORDER BY day")


def reconciled(period: Period, sums: Sums) -> dict[str, int]:
    """Return the ledger's view of the orders that ``sums`` are over, in minor units; one query.

    What was captured and what was paid back, what the lines keep of it, and what is beyond them.
    """
    begin, end = period.moments
    payments = Payment.objects.filter(
        order__paid_at__gte=begin, order__paid_at__lt=end, order__currency=period.currency, currency=period.currency
    )
    ledger = payments.aggregate(captured=Sum("captured_minor"), refunded=Sum("refunded_minor"))
    captured, refunded = ledger["captured"] or 0, ledger["refunded"] or 0
    kept = (sums.amounts["gross"] or 0) - (sums.amounts["refunded"] or 0)
    return {"captured": captured, "refunded": refunded, "kept": kept, "beyond": captured - refunded - kept}


def _lines(period: Period) -> Any:
    begin, end = period.moments
    currency = period.currency
    sold = OrderLine.objects.filter(order__paid_at__gte=begin, order__paid_at__lt=end, order__currency=currency)
    return sold.order_by().annotate(
        line_id=F("pk"),
        order_number=F("order__number"),
        product_id=F("variant__product_id"),
        product_name=F("variant__product__name"),
        supplier_id=facts.supplier_of(),
        month=TruncMonth("order__paid_at"),
        day=TruncDate("order__paid_at"),
        gross=facts.gross(),
        refunded_gross=facts.whole("refunded_minor"),
        tax=facts.tax_kept(),
        cost=facts.goods_cost(currency),
        delivered_for=facts.delivery_cost(currency),
        fee=facts.fee_share(currency),
        credit=facts.credit(currency),
    )


# The columns of the inner query, by position. Some have other names than the fields of the line they hide.
INNER = (
    "line_id", "order_id", "order_number", "sku", "name", "product_id", "product_name", "supplier_id", "month", "day",
    "gross", "refunded_gross", "tax", "cost", "delivered_for", "fee", "credit",
)  # fmt: skip
COLUMNS = (*INNER[:11], "refunded", "tax", "cost", "delivery", "fee", "credit")
UNKNOWN_PARTS = ("cost", "delivery", "fee", "credit")


def _sums(period: Period, columns: Sequence[str] = (), tail: str = "") -> Iterator[Sums]:
    # Django computes every figure of a line once; to sum over them it would write each figure's sub-queries out
    # again for every sum.
    inner, params = _lines(period).values_list(*INNER).query.sql_with_params()
    with connection.chunked_cursor() as cursor:
        cursor.execute(f"{_with(inner)} {_select(columns)}{tail}", params)
        while rows := cursor.fetchmany(CHUNK):
            for row in rows:
                yield _read(row, len(columns))


def _with(inner: str) -> str:
    told, net = f"told ({', '.join(COLUMNS)}) AS ({inner})", "gross - refunded - tax AS net"
    return f"WITH {told}, sold AS (SELECT told.*, {net} FROM told)"  # noqa: S608  (names are constants)


def _select(columns: Sequence[str]) -> str:
    chosen = [
        *columns,
        "COUNT(*)",
        *(f"COUNT(*) - COUNT({part})" for part in (MARGIN, *UNKNOWN_PARTS)),
        *(f"SUM({name})" for name in FIGURES),
        f"SUM({MARGIN}) AS margin",
        f"SUM(CASE WHEN {MARGIN} IS NOT NULL THEN net END)",
    ]
    group = f" GROUP BY {', '.join(columns)}" if columns else ""
    return f"SELECT {', '.join(chosen)} FROM sold{group}"  # noqa: S608  (names are constants)


def _read(row: Sequence[Any], keys: int) -> Sums:
    key, (lines, unknown, *rest) = tuple(row[:keys]), row[keys:]
    # PostgreSQL sums whole numbers up to decimals.
    numbers = [None if value is None else int(value) for value in rest]
    cut = len(UNKNOWN_PARTS)
    without = {name: count or 0 for name, count in zip(UNKNOWN_PARTS, numbers[:cut], strict=True)}
    amounts = dict(zip(FIGURES, numbers[cut:-2], strict=True))
    return Sums(key, int(lines), int(unknown), without, amounts, *numbers[-2:])
