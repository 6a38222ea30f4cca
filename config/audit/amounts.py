"""Money: what was taken, what goes back, and what the parts of an order come to."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.fields.json import KT
from django.utils.translation import gettext_lazy as _

from config.audit.registry import asked, check, named, row_key, total, written_once
from orders.models import (
    Authorisation,
    Dispute,
    IncomingEvent,
    Order,
    OrderDelivery,
    OrderLine,
    Payment,
    Refund,
    RefundLine,
    WorkItem,
)
from orders.models.order import PAID_MINOR
from orders.states import AuthorisationStatus, DisputeStatus, OrderStatus, RefundStatus


@check("V01 known", _("Every order that the payment provider speaks of exists."))
def known() -> Iterable[str]:
    told = IncomingEvent.objects.filter(source="stripe", kind__startswith="checkout.session.").annotate(
        number=KT("body__data__object__client_reference_id")
    )
    # An account may serve other shops as well: only numbers of our own form are looked for.
    ours = told.filter(number__startswith=f"{settings.ORDER_PREFIX}-")
    yield from named(
        ours.filter(~Exists(Order.objects.filter(number=OuterRef("number")))), "speaks of no order of ours"
    )


def never_taken() -> QuerySet[Refund]:
    """Return the rows that say what was cancelled of an order before its money was taken: nobody owes it any more."""
    return Refund.objects.filter(reason=Refund.Reason.NOT_TAKEN).exclude(status=RefundStatus.FAILED)


@check("V02 paid", _("An order is paid if and only if its money was taken, in its currency."))
@written_once
def paid() -> Iterable[str]:
    payments = Payment.objects.filter(order=OuterRef("pk"), currency=OuterRef("currency"))
    left_out = never_taken().filter(order=OuterRef("pk"), currency=OuterRef("currency"))
    orders = Order.objects.annotate(
        captured=total(payments, "order", "captured_minor"),
        back=total(payments, "order", "refunded_minor"),
        left_out=total(left_out, "order", "amount_minor"),
    )
    short = Q(captured__lt=F("total_minor") - F("left_out"))
    yield from named(orders.filter(short, status=OrderStatus.PAID), "paid without its money")
    waiting = [OrderStatus.PLACED, OrderStatus.EXPIRED]
    yield from named(orders.filter(~asked(), status__in=waiting, captured__gt=0), "has its money and is not paid")
    marked = Q(paid_at=None, status=OrderStatus.PAID) | Q(paid_at__isnull=False, status__in=waiting)
    yield from named(Order.objects.filter(marked), "state and time of payment contradict each other")
    unfit = [WorkItem.Reason.PAYMENT_UNEXPECTED, WorkItem.Reason.OVERPAID]
    known_of = WorkItem.objects.filter(order=OuterRef("pk"), reason__in=unfit)
    more = orders.filter(~Exists(known_of), captured__gt=F("total_minor") - F("left_out") + F("back"))
    yield from named(more, "more was taken than it asks for")
    strange = Payment.objects.exclude(currency=F("order__currency")).filter(~asked("order"))
    yield from named(strange, "in another currency than its order")


@check("V03 refunds", _("What goes back is what the refunds say, and never more than was taken."))
@written_once
def refunds() -> Iterable[str]:
    alive = Refund.objects.exclude(status=RefundStatus.FAILED).exclude(reason=Refund.Reason.NOT_TAKEN)
    doubted = Exists(
        WorkItem.objects.filter(reason=WorkItem.Reason.REFUND_FAILED, subject_key=OuterRef("row_key"), closed_at=None)
    )
    payments = Payment.objects.annotate(
        row_key=row_key(Payment), back=total(alive.filter(payment=OuterRef("pk")), "payment", "amount_minor")
    )
    yield from named(payments.filter(~doubted).exclude(back=F("refunded_minor")), "its refunds come to another sum")
    yield from named(payments.filter(refunded_minor__gt=F("captured_minor")), "more goes back than was taken")
    yield from named(Refund.objects.exclude(order=F("payment__order")), "pays back another order's money", "order")
    yield from named(Refund.objects.exclude(currency=F("payment__currency")), "another currency", "order")
    parts = RefundLine.objects.filter(refund=OuterRef("pk"))
    with_lines = Refund.objects.annotate(parts=total(parts, "refund", "amount_minor")).filter(Exists(parts))
    yield from named(with_lines.exclude(parts=F("amount_minor")), "its lines come to another sum", "order")


@check("V03 disputes", _("What went back through a bank is in the books once, and no more of it than that."))
@written_once
def disputes() -> Iterable[str]:
    rows = Dispute.objects.select_related("order")
    there = Q(refund__isnull=False) & ~Q(refund__status=RefundStatus.FAILED)
    yield from named(rows.filter(~there, status=DisputeStatus.LOST), "was lost, and its money is not in the books")
    yield from named(rows.filter(there).exclude(status=DisputeStatus.LOST), "was not lost, and counts as money back")
    wrong = rows.filter(there).exclude(refund__amount_minor=F("amount_minor"), refund__payment=F("payment"))
    yield from named(wrong, "counts as another amount, or of another payment")


@check("V02 authorised", _("An order is authorised if and only if a bank keeps its money for a decision."))
@written_once
def authorised() -> Iterable[str]:
    live = [AuthorisationStatus.HELD, AuthorisationStatus.CAPTURING]
    kept = Authorisation.objects.filter(order=OuterRef("pk"), status__in=live)
    waiting = Order.objects.filter(~Exists(kept), status=OrderStatus.AUTHORISED)
    yield from named(waiting, "is authorised, and no bank keeps its money")
    rows = Authorisation.objects.select_related("order")
    over = rows.filter(status=AuthorisationStatus.HELD).exclude(order__status=OrderStatus.AUTHORISED)
    yield from named(over, "waits for a decision, and its order does not")
    payments = Payment.objects.filter(stripe_id=OuterRef("stripe_id"))
    taken = rows.filter(~Exists(payments), status=AuthorisationStatus.CAPTURED)
    yield from named(taken, "was taken, and no payment is noted")
    other = rows.filter(~Exists(payments.filter(captured_minor=OuterRef("capture_minor"))))
    other = other.filter(~asked("order"), status=AuthorisationStatus.CAPTURED, capture_minor__isnull=False)
    yield from named(other, "another amount was taken than was decided")


@check("V03 lines", _("Each line knows what of it was paid back, and it is no more than was paid."))
@written_once
def refunded_lines() -> Iterable[str]:
    parts = RefundLine.objects.filter(line=OuterRef("pk")).exclude(refund__status=RefundStatus.FAILED)
    lines = OrderLine.objects.annotate(
        units=total(parts, "line", "quantity"), money=total(parts, "line", "amount_minor")
    )
    wrong = lines.exclude(units=F("refunded"), money=F("refunded_minor"))
    yield from named(wrong, "its refunds say something else", "order")
    most = PAID_MINOR
    over = Q(refunded_minor__gt=most) | Q(refunded__gt=F("quantity"))
    yield from named(OrderLine.objects.filter(over), "more was paid back than it cost", "order")
    strange = RefundLine.objects.exclude(line__order=F("refund__order"))
    yield from named(strange, "pays back another order's line")


@check("V03 cancelled", _("What was cancelled after it was paid is paid back."))
@written_once
def cancelled() -> Iterable[str]:
    failed = WorkItem.objects.filter(order=OuterRef("order"), reason=WorkItem.Reason.REFUND_FAILED)
    kept = OrderLine.objects.filter(
        ~Exists(failed),
        order__paid_at__isnull=False,
        cancelled__gt=F("refunded"),
        refunded_minor__lt=PAID_MINOR,
    )
    yield from named(kept, "cancelled, and its money is still here", "order")
    over = Payment.objects.filter(
        ~Exists(failed), ~asked("order"), order__status=OrderStatus.CANCELLED, refunded_minor__lt=F("captured_minor")
    )
    yield from named(over, "its order is cancelled, and the money is still here")


@check("V04 totals", _("Goods, delivery, discount and tax of the lines are those of the order."))
@written_once
def totals() -> Iterable[str]:
    lines = OrderLine.objects.filter(order=OuterRef("pk"))
    deliveries = OrderDelivery.objects.filter(order=OuterRef("pk"))
    orders = Order.objects.annotate(
        goods=total(lines, "order", "line_minor"),
        shares=total(lines, "order", "delivery_minor"),
        off=total(lines, "order", "discount_minor"),
        tax=total(lines, "order", "tax_minor"),
        added=total(lines, "order", "added_tax_minor"),
        prices=total(deliveries, "order", "price_minor"),
    )
    wrong = orders.exclude(
        goods=F("items_minor"),
        shares=F("delivery_minor"),
        off=F("discount_minor"),
        tax=F("tax_minor"),
        added=F("added_tax_minor"),
        prices=F("delivery_minor"),
    )
    yield from named(wrong, "its parts come to another sum")
    asked_for = F("items_minor") + F("delivery_minor") - F("discount_minor") + F("added_tax_minor")
    sums = Order.objects.exclude(total_minor=asked_for)
    yield from named(sums, "its total is another sum")
    prices = OrderLine.objects.exclude(line_minor=F("unit_price_minor") * F("quantity"))
    yield from named(prices, "price times units is another sum", "order")
    strange = OrderLine.objects.exclude(delivery__order=F("order"))
    yield from named(strange, "comes with another order's delivery", "order")
