"""The figures of one order line, as expressions of the database: integers in minor units of one currency.

What is not known is NULL and stays NULL through every sum it enters; nothing unknown counts as 0. Amounts of a
whole order or supplier order are shared out over its lines as the difference of two running shares, each rounded
down, so that the parts sum to the whole exactly and no line needs to know the others.
"""

from __future__ import annotations

from django.db.models import (
    BigIntegerField,
    Case,
    Exists,
    Expression,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce

from orders.models import OrderLine, Payment
from orders.models.order import PAID_MINOR
from shop.money import COST_DIGITS, minor_units
from suppliers.models import Supplier, SupplierCredit, SupplierOrderLine
from suppliers.states import SupplierCreditStatus, SupplierOrderStatus

WHOLE = BigIntegerField()
UNKNOWN = Value(None, output_field=WHOLE)


def whole(column: str) -> Cast:
    """Return a column wide enough to multiply two of them."""
    return Cast(F(column), WHOLE)


def nothing() -> Value:
    """Return an amount of nothing."""
    return Value(0, output_field=WHOLE)


def gross() -> Expression:
    """Return what was paid for a line, with its shares of delivery and discount, and its tax."""
    return Cast(PAID_MINOR, WHOLE)


def tax_kept() -> Expression:
    """Return the tax in what was paid and not paid back; the share paid back is that of the credit notes."""
    back = whole("tax_minor") * whole("refunded_minor") / gross()
    # Where tax comes on top, what is free bears none.
    is_free = Q(line_minor=F("discount_minor") - F("delivery_minor"), added_tax_minor=0)
    return Case(When(is_free, then=whole("tax_minor")), default=whole("tax_minor") - back, output_field=WHOLE)


def goods_cost(currency: str) -> Expression:
    """Return what the units that were not cancelled cost, by the unit cost frozen at the sale, rounded half up.

    NULL where no cost was known at the sale, or it is in another currency.
    """
    scale = 10 ** (COST_DIGITS - minor_units(currency))
    units = whole("quantity") - whole("cancelled")
    cost = (units * whole("unit_cost") + Value(scale // 2)) / Value(scale)
    is_known = Q(unit_cost__isnull=False, cost_currency=currency)
    return Case(
        When(cancelled=F("quantity"), then=nothing()), When(is_known, then=cost), default=UNKNOWN, output_field=WHOLE
    )


def delivery_cost(currency: str) -> Expression:
    """Return a line's share of what suppliers charge for delivery; NULL until all of them have said so."""
    told = (
        SupplierOrderLine.objects.filter(order_line=OuterRef("pk"))
        .annotate(charge=_charge(currency), share=_share_of_charge(currency))
        .order_by()
    )
    shares = told.values("order_line").annotate(found=Cast(Sum("share"), WHOLE)).values("found")
    return Case(
        When(Exists(told.filter(charge=None)), then=UNKNOWN),
        When(Exists(told), then=Subquery(shares, output_field=WHOLE)),
        When(cancelled=F("quantity"), then=nothing()),
        default=UNKNOWN,
        output_field=WHOLE,
    )


def _charge(currency: str) -> Expression:
    at = "supplier_order__"
    status = SupplierOrderStatus
    never_had = Q(**{f"{at}status": status.REFUSED}) | Q(**{f"{at}status": status.CLOSED, f"{at}version": 0})
    is_told = Q(**{f"{at}charge_currency": currency})
    return Case(
        When(never_had, then=nothing()),
        When(is_told, then=whole(f"{at}delivery_charge_minor")),
        default=UNKNOWN,
        output_field=WHOLE,
    )


def _share_of_charge(currency: str) -> Expression:
    units = SupplierOrderLine.objects.filter(supplier_order=OuterRef("supplier_order")).order_by()

    def sum_of(rows: QuerySet[SupplierOrderLine]) -> Coalesce:
        return _sum(rows, "supplier_order", Cast(F("quantity"), WHOLE))

    charge, all_units = _charge(currency), sum_of(units)
    return charge * sum_of(units.filter(pk__lte=OuterRef("pk"))) / all_units - (
        charge * sum_of(units.filter(pk__lt=OuterRef("pk"))) / all_units
    )


def fee_share(currency: str) -> Expression:
    """Return a line's share of the payment provider's fees; NULL while one is not known."""
    lines = OrderLine.objects.filter(order=OuterRef("order")).order_by()
    fee = fee_of_order(currency)

    def sum_of(rows: QuerySet[OrderLine]) -> Coalesce:
        return _sum(rows, "order", gross())

    total = sum_of(lines)
    share = fee * sum_of(lines.filter(pk__lte=OuterRef("pk"))) / total - (
        fee * sum_of(lines.filter(pk__lt=OuterRef("pk"))) / total
    )
    # Without a payment there is no fee, and nothing to divide by.
    return Case(When(order__total_minor=0, then=nothing()), default=share, output_field=WHOLE)


def fee_of_order(currency: str) -> Expression:
    """Return what the payment provider kept of an order's payments; NULL while one of them is not known."""
    payments = Payment.objects.filter(order=OuterRef("order")).order_by()
    unknown = payments.filter(Q(fee_minor=None) | ~Q(fee_currency=currency))
    known = _sum(payments, "order", whole("fee_minor"))
    return Case(When(Exists(unknown), then=UNKNOWN), default=known, output_field=WHOLE)


def credit(currency: str) -> Expression:
    """Return what suppliers give back for a line whose refund is their fault; NULL where one owes another currency.

    What is still to come counts; of what was written off only what came before.
    """
    owed = SupplierCredit.objects.filter(line__order_line=OuterRef("pk")).order_by()
    owed = owed.exclude(status=SupplierCreditStatus.WITHDRAWN)
    given = Case(
        When(status=SupplierCreditStatus.WRITTEN_OFF, then=whole("matched_minor")),
        default=whole("amount_minor"),
        output_field=WHOLE,
    )
    known = _sum(owed, "line__order_line", given)
    return Case(When(Exists(owed.exclude(currency=currency)), then=UNKNOWN), default=known, output_field=WHOLE)


def supplier_of() -> Expression:
    """Return the id of the supplier a line belongs to: who has most of its units, else whose delivery was sold."""
    most = SupplierOrderLine.objects.filter(order_line=OuterRef("pk")).annotate(
        live=F("quantity") - F("rejected") - F("cancelled")
    )
    has_it = most.order_by("-live", "-pk").values("supplier_order__supplier")[:1]
    sold_by = Supplier.objects.filter(delivery_profile=OuterRef("delivery__profile")).values("pk")[:1]
    return Coalesce(Subquery(has_it, output_field=WHOLE), Subquery(sold_by, output_field=WHOLE), output_field=WHOLE)


def _sum(rows: QuerySet, group: str, what: Expression) -> Coalesce:
    # PostgreSQL sums whole numbers up to decimals, of which a share would not be rounded down.
    found = rows.values(group).annotate(found=Cast(Sum(what), WHOLE)).values("found")
    return Coalesce(Subquery(found, output_field=WHOLE), nothing(), output_field=WHOLE)
