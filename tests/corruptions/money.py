"""What may be done to payments, refunds and totals."""

from __future__ import annotations

from django.db.models import F
from django.utils import timezone

from orders import events
from orders.models import (
    Authorisation,
    DiscountCode,
    DiscountUse,
    Dispute,
    Event,
    IncomingEvent,
    Order,
    OrderDelivery,
    OrderLine,
    PaperCounter,
    Payment,
    Refund,
    RefundLine,
    RefundRequest,
)
from suppliers.models import SupplierCredit, SupplierInvoice, SupplierOrderLine
from tests.corruptions.hand import HOUR, Corruption, World, erase, kind


def _dispute(w: World, **fields: object) -> Dispute:
    payment = w.other.payments.get()
    facts = {"stripe_id": "dp_1", "amount_minor": 100, "currency": "EUR", "due_at": timezone.now() + HOUR}
    return Dispute.objects.create(payment=payment, order=w.other, **facts | fields)


def _kept(w: World, **fields: object) -> Authorisation:
    facts = {"stripe_id": "pi_kept", "amount_minor": 100, "currency": "EUR", "idempotency_key": "kept"}
    facts |= {"lapses_at": timezone.now() + HOUR, "due_at": timezone.now() + HOUR}
    return Authorisation.objects.create(order=w.waiting, session=w.waiting.sessions.get(), **facts | fields)


MONEY: dict[str, Corruption] = {
    "delivery share of a refund raised": kind(
        "V03 shares",
        lambda w: RefundLine.objects.filter(line=w.lost).update(delivery_minor=F("amount_minor")),
    ),
    "tax of a refund lowered": kind("V03 shares", lambda w: RefundLine.objects.filter(line=w.lost).update(tax_minor=0)),
    "refund approved by its own asker": kind(
        "V17 approved",
        lambda w: RefundRequest.objects.update(status="approved", decided_by=F("asked_by"), decided_at=w.order.paid_at),
        RefundRequest,
    ),
    "refund approved by nobody": kind(
        "V17 approved", lambda w: RefundRequest.objects.update(status="approved", decided_at=w.order.paid_at)
    ),
    "request decided without an event": kind(
        "V12 recorded", lambda w: RefundRequest.objects.update(status="declined", decided_at=w.order.paid_at)
    ),
    "refund of a credit deleted": kind(
        "V17 credits", lambda w: erase(Refund.objects.filter(pk__in=SupplierCredit.objects.values("refund")))
    ),
    "credit given, and nobody says how much": kind(
        "V17 credits", lambda w: SupplierCredit.objects.update(status="credited", told_minor=None)
    ),
    "credit of other new goods": kind(
        "V17 credits", lambda w: OrderLine.objects.filter(replaces__isnull=False).update(replaces=w.lost)
    ),
    "credit asked for by another supplier's return": kind(
        "V17 credits",
        lambda w: SupplierCredit.objects.update(
            line=SupplierOrderLine.objects.filter(order_line=w.gated).first(),
            replacement=None,
            refund=w.order.refunds.first(),
        ),
        SupplierCredit,
    ),
    "credit of another reason": kind("V17 credits", lambda w: SupplierCredit.objects.update(reason="goodwill")),
    "credit of another order": kind("V17 credits", lambda w: SupplierCredit.objects.update(order=w.other)),
    "credit that outlived its refund": kind(
        "V17 credits",
        lambda w: (
            events.record("refund.failed", Refund.objects.get(pk=SupplierCredit.objects.first().refund_id), by=None),
            Event.objects.update(delivered_at=w.order.paid_at),
            Refund.objects.filter(pk__in=SupplierCredit.objects.values("refund")).update(status="failed"),
        ),
    ),
    "credit matched without a match": kind("V17 matches", lambda w: SupplierCredit.objects.update(matched_minor=1)),
    "credit matched above its amount": kind(
        "V17 matches",
        lambda w: SupplierCredit.objects.update(matched_minor=F("amount_minor") + 1),
        SupplierCredit,
    ),
    "credit settled by hand": kind("V17 matches", lambda w: SupplierCredit.objects.update(status="matched")),
    "paper matched without a match": kind("V17 matches", lambda w: SupplierInvoice.objects.update(matched_minor=1)),
    "provider speaks of an order that is not there": kind(
        "V01 known",
        lambda w: IncomingEvent.objects.update(body={"data": {"object": {"client_reference_id": "LF-0000001"}}}),
    ),
    "payment row deleted": kind("V02 paid", lambda w: erase(Payment.objects.filter(order=w.other))),
    "captured amount lowered": kind(
        "V02 paid", lambda w: Payment.objects.filter(order=w.other).update(captured_minor=1)
    ),
    "captured amount raised": kind(
        "V02 paid", lambda w: Payment.objects.filter(order=w.other).update(captured_minor=F("captured_minor") + 500)
    ),
    "payment in another currency": kind(
        "V02 paid", lambda w: Payment.objects.filter(order=w.other).update(currency="USD")
    ),
    "payment moved to an unpaid order": kind(
        "V02 paid", lambda w: Payment.objects.filter(order=w.other).update(order=w.waiting)
    ),
    "time of payment emptied": kind("V02 paid", lambda w: Order.objects.filter(pk=w.other.pk).update(paid_at=None)),
    "refund amount edited": kind(
        "V03 refunds", lambda w: Refund.objects.filter(reason="damaged").update(amount_minor=90)
    ),
    "refunded sum of a payment edited": kind(
        "V03 refunds", lambda w: Payment.objects.filter(order=w.order).update(refunded_minor=F("refunded_minor") - 1)
    ),
    "refund row deleted": kind(
        "V03 refunds",
        lambda w: (erase(RefundLine.objects.all()), erase(Refund.objects.filter(reason="damaged"))),
    ),
    "refund of another order": kind(
        "V03 refunds", lambda w: Refund.objects.filter(reason="damaged").update(order=w.other)
    ),
    "refund in another currency": kind("V03 refunds", lambda w: Refund.objects.update(currency="GBP")),
    "more refunded than captured": kind(
        "V03 refunds",
        lambda w: Payment.objects.filter(order=w.other).update(refunded_minor=F("captured_minor") + 1),
        Payment,
    ),
    "dispute lost without its money": kind("V03 disputes", lambda w: _dispute(w, status="lost")),
    "dispute won and still money back": kind(
        "V03 disputes", lambda w: _dispute(w, status="won", refund=Refund.objects.exclude(status="failed").first())
    ),
    "order authorised by nobody": kind(
        "V02 authorised", lambda w: Order.objects.filter(pk=w.waiting.pk).update(status="authorised")
    ),
    "authorisation of an order that waits for nothing": kind("V02 authorised", _kept),
    "authorisation taken without a payment": kind("V02 authorised", lambda w: _kept(w, status="captured")),
    "refund line deleted": kind("V03 lines", lambda w: erase(RefundLine.objects.filter(line=w.goods))),
    "refunded units of a line raised": kind(
        "V03 lines", lambda w: OrderLine.objects.filter(pk=w.goods.pk).update(refunded=1)
    ),
    "units cancelled without a refund": kind(
        "V03 cancelled",
        lambda w: OrderLine.objects.filter(order=w.other).update(forwarded=0, cancelled=1),
    ),
    "paid order cancelled by hand": kind(
        "V03 cancelled", lambda w: Order.objects.filter(pk=w.other.pk).update(status="cancelled")
    ),
    "order total edited": kind(
        "V04 totals",
        lambda w: Order.objects.filter(pk=w.other.pk).update(
            total_minor=F("total_minor") - 1, items_minor=F("items_minor") - 1
        ),
    ),
    "order total alone edited": kind(
        "V04 totals", lambda w: Order.objects.filter(pk=w.waiting.pk).update(total_minor=1), Order
    ),
    "tax share edited": kind("V04 totals", lambda w: OrderLine.objects.filter(pk=w.goods.pk).update(tax_minor=1)),
    "discount share edited": kind(
        "V04 totals", lambda w: OrderLine.objects.filter(pk=w.goods.pk).update(discount_minor=5)
    ),
    "tax on top edited": kind(
        "V04 totals", lambda w: OrderLine.objects.filter(pk=w.goods.pk).update(added_tax_minor=1)
    ),
    "uses of a code edited": kind("V11 codes", lambda w: DiscountCode.objects.update(used=0)),
    "use of a code deleted": kind("V11 codes", lambda w: erase(DiscountUse.objects.filter(order=w.waiting))),
    "use given back too soon": kind("V11 codes", lambda w: DiscountUse.objects.update(released_at=timezone.now())),
    "use kept by an order that ran out": kind(
        "V11 codes", lambda w: DiscountUse.objects.filter(order=w.waiting).update(order=w.expired)
    ),
    "discount of no code": kind("V11 codes", lambda w: Order.objects.filter(pk=w.waiting.pk).update(discount_code="")),
    "unit price edited": kind(
        "V04 totals", lambda w: OrderLine.objects.filter(pk=w.goods.pk).update(unit_price_minor=1)
    ),
    "delivery price edited": kind("V04 totals", lambda w: OrderDelivery.objects.update(price_minor=1)),
    "order line moved to another order": kind(
        "V04 totals", lambda w: OrderLine.objects.filter(pk=w.goods.pk).update(order=w.waiting)
    ),
    "what was charged edited after the invoice": kind(
        "V17 papers",
        lambda w: Order.objects.filter(pk=w.other.pk).update(
            items_minor=F("items_minor") + 1, total_minor=F("total_minor") + 1
        ),
    ),
    "time of payment put into the past of an order without invoice": kind(
        "V17 papers",
        lambda w: Order.objects.filter(pk=w.waiting.pk).update(paid_at=w.order.placed_at - HOUR),
    ),
    "counter of papers put on": kind("V17 numbers", lambda w: PaperCounter.objects.update(last=F("last") + 1)),
}
