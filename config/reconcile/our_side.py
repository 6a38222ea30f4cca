"""What we have, held against Stripe and against what was ordered: in chunks, violations only."""

from __future__ import annotations

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from config.audit.amounts import never_taken
from config.audit.registry import CHUNK, GRACE, total
from config.models import Comparison, MoneyFinding
from config.reconcile.findings import explain_unseen, note
from config.reconcile.step import Step
from orders.models import Hold, Order, OrderLine, Payment, WorkItem
from orders.models.order import PAID_MINOR
from orders.states import OrderStatus
from shop.money import Money
from suppliers.models import SupplierOrderLine

Kind = MoneyFinding.Kind


def payments(run: Comparison) -> Step:
    """Every payment of ours that bears an id of Stripe's was found in this run's lists."""
    rows = Payment.objects.filter(provider="stripe", stripe_id__startswith="pi_", captured_at__lt=run.begun_at)
    unseen = rows.filter(Q(compared_at=None) | Q(compared_at__lt=run.begun_at))
    found = list(unseen.filter(pk__gt=_place(run)).select_related("order").order_by("pk")[:CHUNK])
    for row in found:
        says = f"Our books have {row.captured} for {row.order.number} ({row.stripe_id}); Stripe does not know it."
        note(Kind.NOT_AT_STRIPE, row.stripe_id, says=says, money=row.captured, order=row.order, now=timezone.now())
    return _step(run, Kind.NOT_AT_STRIPE, found, seen=rows.count() if run.cursor == "" else 0)


def orders(run: Comparison) -> Step:
    """The money of every order fits it."""
    return _orders(run, Order.objects.all())


def recent_orders(run: Comparison) -> Step:
    """The money of every order that was paid in the last days fits it, and of those where it did not."""
    touched = Exists(Payment.objects.filter(order=OuterRef("pk"), captured_at__gte=run.since))
    doubted = MoneyFinding.objects.filter(kind=Kind.MISFIT, explained_at=None).values("order")
    return _orders(run, Order.objects.filter(touched | Q(pk__in=doubted)))


def _orders(run: Comparison, rows: QuerySet[Order]) -> Step:
    found = list(_misfits(rows).filter(pk__gt=_place(run)).order_by("pk")[:CHUNK])
    for order in found:
        captured, back = order.money(order.captured), order.money(order.back)
        says = f"{order.number} asks for {order.total} and is {order.status}; {captured} came, {back} went back."
        left = order.money(max(order.captured - order.back, 0))
        note(Kind.MISFIT, f"order:{order.pk}", says=says, money=left, order=order, now=timezone.now())
    return _step(run, Kind.MISFIT, found, seen=rows.count() if run.cursor == "" else 0)


def _misfits(rows: QuerySet[Order]) -> QuerySet[Order]:
    own = Payment.objects.filter(order=OuterRef("pk"), currency=OuterRef("currency"))
    strange = Payment.objects.filter(order=OuterRef("pk"), refunded_minor__lt=F("captured_minor"))
    # What was cancelled before its money was taken was never asked of the customer.
    left_out = never_taken().filter(order=OuterRef("pk"), currency=OuterRef("currency"))
    annotated = rows.annotate(
        captured=total(own, "order", "captured_minor"),
        back=total(own, "order", "refunded_minor"),
        not_taken=total(left_out, "order", "amount_minor"),
    )
    # What came a moment ago is still being decided about.
    settled = Q(status_changed_at__lt=timezone.now() - GRACE)
    return annotated.filter(
        Q(status=OrderStatus.PAID, captured__lt=F("total_minor") - F("not_taken"))
        | Q(captured__gt=F("total_minor") - F("not_taken") + F("back"))
        | (~Q(status=OrderStatus.PAID) & Q(captured__gt=F("back")) & settled)
        | Exists(strange.exclude(currency=OuterRef("currency")))
    )


def units(run: Comparison) -> Step:
    """Every paid unit is with a supplier, cancelled and paid back, or waits for a reason that a person sees."""
    lines = OrderLine.objects.filter(order__paid_at__isnull=False)
    found = list(_lost(lines).filter(pk__gt=_place(run)).select_related("order").order_by("pk")[:CHUNK])
    for line in found:
        says = (
            f"{line.order.number}, {line.sku}: of {line.quantity} paid, {line.forwarded} are noted as ordered and "
            f"{line.there} are at suppliers, {line.cancelled} are cancelled and {line.refunded} paid back."
        )
        money = Money(line.paid_minor - line.refunded_minor, line.order.currency)
        note(Kind.UNIT, f"line:{line.pk}", says=says, money=money, order=line.order, now=timezone.now())
    return _step(run, Kind.UNIT, found, seen=lines.count() if run.cursor == "" else 0)


def _lost(lines: QuerySet[OrderLine]) -> QuerySet[OrderLine]:
    at = SupplierOrderLine.objects.filter(order_line=OuterRef("pk"))
    there = (
        total(at, "order_line", "quantity") - total(at, "order_line", "rejected") - total(at, "order_line", "cancelled")
    )
    holds = Hold.objects.filter(order=OuterRef("order"), released_at=None)
    failed = WorkItem.objects.filter(order=OuterRef("order"), reason=WorkItem.Reason.REFUND_FAILED, closed_at=None)
    # What this very finding has asked for explains nothing.
    others = WorkItem.objects.filter(order=OuterRef("order"), closed_at=None).exclude(
        reason=WorkItem.Reason.MONEY_FINDING
    )
    waits = Q(quantity__gt=F("forwarded") + F("cancelled"), order__status=OrderStatus.PAID)
    is_late = Q(order__forward_after__lt=timezone.now() - GRACE)
    left = Q(refunded_minor__lt=PAID_MINOR)
    return lines.annotate(there=there).filter(
        ~Q(there=F("forwarded"))
        | (waits & is_late & ~Exists(others) & ~Exists(holds))
        | (Q(cancelled__gt=F("refunded")) & left & ~Exists(failed))
    )


def _place(run: Comparison) -> int:
    return int(run.cursor or 0)


def _step(run: Comparison, kind: Kind, found: list, *, seen: int) -> Step:
    after = str(found[-1].pk) if len(found) == CHUNK else ""
    if not after:
        explain_unseen(kind, since=run.begun_at, now=timezone.now())
    return Step(after, seen)
