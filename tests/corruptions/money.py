"""What may be done to payments, refunds and totals."""

from __future__ import annotations

from django.db.models import F
from django.utils import timezone

from orders.models import (
    DiscountCode,
    DiscountUse,
    IncomingEvent,
    Order,
    OrderDelivery,
    OrderLine,
    Payment,
    Refund,
    RefundLine,
)
from tests.corruptions.hand import Corruption, erase, kind

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
}
