"""How long suppliers have owed us what they owe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import F, Q, Sum
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from shop.csv_export import csv_rows
from shop.money import Money
from suppliers.models import SupplierCredit

OWED_MINOR = F("amount_minor") - F("matched_minor")


@dataclass(frozen=True, slots=True)
class Age:
    """A span of days since a credit was opened, both ends counted; ``most`` None: and all older ones."""

    key: str
    label: str | Promise
    least: int
    most: int | None


AGES = [
    Age("0-30", _("0–30 days"), 0, 30),
    Age("31-60", _("31–60 days"), 31, 60),
    Age("61-90", _("61–90 days"), 61, 90),
    Age("over-90", _("over 90 days"), 91, None),
]


@dataclass(frozen=True, slots=True)
class AgedRow:
    """What one supplier owes in one currency, by age (in the order of AGES) and in all."""

    supplier_id: int
    supplier: str
    currency: str
    amounts: Sequence[Money]
    total: Money
    count: int


def opened_within(age: Age, *, today: date) -> Q:
    """Return the credits of an age; days count in the shop's time zone."""
    found = Q(opened_at__lt=_midnight(today - timedelta(days=age.least - 1)))
    if age.most is not None:
        found &= Q(opened_at__gte=_midnight(today - timedelta(days=age.most)))
    return found


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


def aged_credits(*, today: date) -> list[AgedRow]:
    """Return what is owed per supplier and currency, by age. One query."""
    sums = {f"age_{number}": Sum(OWED_MINOR, filter=opened_within(age, today=today)) for number, age in enumerate(AGES)}
    rows = (
        SupplierCredit.objects.owed()
        .values("supplier", "currency", name=F("supplier__name"))
        .annotate(total=Sum(OWED_MINOR), count=Sum(1), **sums)
        .order_by("supplier__name", "currency")
    )
    return [
        AgedRow(
            row["supplier"],
            row["name"],
            row["currency"],
            [Money(row[f"age_{number}"] or 0, row["currency"]) for number in range(len(AGES))],
            Money(row["total"], row["currency"]),
            row["count"],
        )
        for row in rows
    ]


def totals_by_currency(rows: Sequence[AgedRow]) -> list[AgedRow]:
    """Return the sums over all suppliers, one row per currency."""
    found = []
    for currency in sorted({row.currency for row in rows}):
        mine = [row for row in rows if row.currency == currency]
        amounts = [Money(sum(row.amounts[number].minor for row in mine), currency) for number in range(len(AGES))]
        total = Money(sum(row.total.minor for row in mine), currency)
        found.append(AgedRow(0, "", currency, amounts, total, sum(row.count for row in mine)))
    return found


def owed_as_csv(*, today: date) -> Iterator[str]:
    """Yield every credit that is still owed as CSV, the oldest first, in bounded memory."""
    header = [
        "supplier", "order", "supplier_reference", "supplier_sku", "units", "reason", "state", "opened_on", "age_days",
        "age", "amount", "matched", "owed", "currency", "supplier_gives", "note",
    ]  # fmt: skip
    rows = SupplierCredit.objects.owed().select_related("supplier", "order", "line__supplier_order")
    return csv_rows(header, (_cells(row, today) for row in rows.iterator(chunk_size=500)))


def _cells(credit: SupplierCredit, today: date) -> list[object]:
    opened = timezone.localtime(credit.opened_at).date()
    days = (today - opened).days
    age = next(age for age in reversed(AGES) if days >= age.least or age.least == 0)
    return [
        credit.supplier.name,
        credit.order.number,
        credit.line.supplier_order.reference,
        credit.line.supplier_sku,
        credit.units,
        credit.reason,
        credit.status,
        opened.isoformat(),
        days,
        age.key,
        credit.amount.decimal,
        Money(credit.matched_minor, credit.currency).decimal,
        credit.owed.decimal,
        credit.currency,
        "" if credit.told is None else credit.told.decimal,
        credit.note,
    ]
