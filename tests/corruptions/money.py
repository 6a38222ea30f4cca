"""What may be done to payments, refunds and totals."""

from __future__ import annotations

from django.db.models import F

from orders.models import IncomingEvent, Order, OrderDelivery, OrderLine, PaperCounter, Payment, Refund, RefundLine
from tests.corruptions.hand import HOUR, Corruption, erase, kind

MONEY: dict[str, Corruption] = {
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
        "V03 refunds", lambda w: Refund.objects.filter(reason="goodwill").update(amount_minor=90)
    ),
    "refunded sum of a payment edited": kind(
        "V03 refunds", lambda w: Payment.objects.filter(order=w.order).update(refunded_minor=F("refunded_minor") - 1)
    ),
    "refund row deleted": kind(
        "V03 refunds",
        lambda w: (erase(RefundLine.objects.all()), erase(Refund.objects.filter(reason="goodwill"))),
    ),
    "refund of another order": kind(
        "V03 refunds", lambda w: Refund.objects.filter(reason="goodwill").update(order=w.other)
    ),
    "refund in another currency": kind("V03 refunds", lambda w: Refund.objects.update(currency="GBP")),
    "more refunded than captured": kind(
        "V03 refunds",
        lambda w: Payment.objects.filter(order=w.other).update(refunded_minor=F("captured_minor") + 1),
        Payment,
    ),
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
