"""What was paid back by hand, and what suppliers owe for it."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import BigIntegerField, Case, Exists, Expression, F, OuterRef, Q, Value, When
from django.db.models.functions import Cast, Least
from django.utils.translation import gettext_lazy as _

from config.audit.registry import check, named, total, written_once
from orders.models import Event, OrderLine, Reaction, Refund, RefundLine, RefundRequest
from orders.models.order import FREE_DELIVERY, PAID_MINOR
from orders.states import RefundRequestStatus, RefundStatus
from shop.money import MINOR_UNITS, THREE_DECIMAL_STEP, payable_step
from suppliers.actions.credits import SUPPLIER_FAULT
from suppliers.models import CreditMatch, SupplierCredit, SupplierInvoice
from suppliers.states import SupplierCreditStatus

Status = SupplierCreditStatus


@check(
    "V03 shares",
    _("Of each line no more delivery and tax goes back than there was, and all of both with the last cent."),
)
@written_once
def shares() -> Iterable[str]:
    parts = RefundLine.objects.filter(line=OuterRef("pk")).exclude(refund__status=RefundStatus.FAILED)
    lines = OrderLine.objects.annotate(
        delivery_back=total(parts, "line", "delivery_minor"), tax_back=total(parts, "line", "tax_minor")
    )
    lines = lines.annotate(delivery_paid=_delivery_paid())
    over = Q(delivery_back__gt=F("delivery_paid")) | Q(tax_back__gt=F("tax_minor"))
    yield from named(lines.filter(over), "more delivery or tax went back than was in it", "order")
    whole = Q(refunded_minor__gte=PAID_MINOR, refunded_minor__gt=0)
    kept = Q(delivery_back__lt=F("delivery_paid")) | Q(tax_back__lt=F("tax_minor"))
    yield from named(lines.filter(whole & kept), "all of it went back, but not all of its delivery and tax", "order")


def _delivery_paid() -> Expression:
    """Return what of a line's price is its delivery, as ``OrderLine.delivery_paid_minor`` says it."""
    whole = BigIntegerField()
    net = Cast(PAID_MINOR - F("added_tax_minor"), whole)
    is_off, three = Q(order__discount_kind=FREE_DELIVERY), [name for name in MINOR_UNITS if payable_step(name) > 1]
    off = Case(When(is_off, then=Least("discount_minor", "delivery_minor")), default=Value(0), output_field=whole)
    delivery = Least(Cast(F("delivery_minor"), whole) - off, net)
    step = Case(When(order__currency__in=three, then=Value(THREE_DECIMAL_STEP)), default=Value(1), output_field=whole)
    tax = Cast(F("added_tax_minor"), whole) * delivery / (net * step) * step
    return Case(When(added_tax_minor=0, then=delivery), default=delivery + tax, output_field=whole)


@check("V17 approved", _("Every refund above its asker's cap was approved by somebody else."))
@written_once
def approved() -> Iterable[str]:
    rows = RefundRequest.objects.filter(status=RefundRequestStatus.APPROVED)
    wrong = rows.filter(Q(decided_by=None) | Q(decided_by=F("asked_by")))
    yield from named(wrong, "approved by nobody else than its asker", "order")
    decided = RefundRequest.objects.filter(decided_at=None).exclude(status=RefundRequestStatus.ASKED)
    yield from named(decided, "decided at no time", "order")


@check(
    "V17 credits",
    _("Every credit of a supplier stands for a refund, new goods or a return of its own goods, and for its own fault."),
)
@written_once
def credits() -> Iterable[str]:
    rows = SupplierCredit.objects.select_related("supplier", "order")
    strange = ~Q(order=F("line__order_line__order")) | ~Q(supplier=F("line__supplier_order__supplier"))
    yield from named(rows.filter(strange), "of another order or supplier than its goods")
    refunds = rows.filter(refund__isnull=False)
    yield from named(refunds.filter(~Exists(Refund.objects.filter(pk=OuterRef("refund")))), "its refund is gone")
    other = ~Q(order=F("refund__order")) | ~Q(reason=F("refund__reason"))
    yield from named(refunds.filter(other), "of another order or reason than its refund's")
    new_goods = rows.filter(replacement__isnull=False)
    other = ~Q(order=F("replacement__order")) | ~Q(replacement__replaces=F("line__order_line"))
    yield from named(new_goods.filter(other), "of other goods than those that were replaced")
    at_supplier = rows.filter(back__isnull=False)
    yield from named(at_supplier.exclude(back__supplier_order=F("line__supplier_order")), "asked for by another return")
    faults = rows.filter(Q(refund__isnull=False) | Q(replacement__isnull=False))
    yield from named(faults.exclude(reason__in=SUPPLIER_FAULT), "no fault of the supplier's")
    given = rows.filter(refund=None, replacement=None)
    yield from named(given.exclude(reason=Refund.Reason.RETURNED), "for goods it has again, and a fault all the same")
    unsaid = rows.filter(status=Status.CREDITED, told_minor=None)
    yield from named(unsaid, "said to be given, and nobody has said how much")
    # While its consequences are owed, the backlog's check looks after it.
    done = Event.objects.filter(kind="refund.failed", order=OuterRef("order"), delivered_at__isnull=False)
    owed = Reaction.objects.filter(event__kind="refund.failed", event__order=OuterRef("order"), done_at=None)
    failed = rows.filter(Exists(done), ~Exists(owed), refund__status=RefundStatus.FAILED, matched_minor=0)
    yield from named(
        failed.exclude(status__in=[Status.WITHDRAWN, Status.WRITTEN_OFF]),
        "its refund failed, and it was not taken back",
    )


@check(
    "V17 matches", _("What is matched is what was written down of it, on both sides, and never more than either has.")
)
@written_once
def matches() -> Iterable[str]:
    live = CreditMatch.objects.filter(undone_at=None)
    credits = SupplierCredit.objects.annotate(found=total(live.filter(credit=OuterRef("pk")), "credit", "amount_minor"))
    credits = credits.select_related("supplier", "order")
    yield from named(credits.exclude(found=F("matched_minor")), "its matches come to another sum")
    yield from named(credits.filter(matched_minor__gt=F("amount_minor")), "matched above its amount")
    settled = Q(matched_minor=F("amount_minor"))
    wrong = credits.filter((Q(status=Status.MATCHED) & ~settled) | (settled & ~Q(status=Status.MATCHED)))
    yield from named(wrong, "its state and its matches contradict each other")
    papers = SupplierInvoice.objects.annotate(
        found=total(live.filter(invoice=OuterRef("pk")), "invoice", "amount_minor")
    ).select_related("supplier")
    yield from named(papers.exclude(found=F("matched_minor")), "its matches come to another sum")
    yield from named(papers.filter(matched_minor__gt=F("amount_minor")), "matched above its amount")
    strange = live.exclude(credit__supplier=F("invoice__supplier"), credit__currency=F("invoice__currency"))
    yield from named(strange, "a paper of another supplier or currency", "invoice__supplier")
