"""Discount codes: their counters are their uses, and an order holds a use exactly as long as it should."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count, Exists, F, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from config.audit.registry import check, named, written_once
from orders.models import DiscountCode, DiscountUse, Order
from orders.states import OrderStatus


@check(
    "V11 codes", _("Uses of a code are those of the orders placed with it, and given back when nothing of one comes.")
)
@written_once
def codes() -> Iterable[str]:
    alive = DiscountUse.objects.filter(released_at=None)
    counted = alive.filter(code=OuterRef("pk")).order_by().values("code").annotate(found=Count("pk")).values("found")
    counts = Coalesce(Subquery(counted, output_field=IntegerField()), 0)
    wrong = DiscountCode.objects.annotate(alive=counts).exclude(alive=F("used"))
    yield from named(wrong, "its orders come to another number of uses")
    over = alive.filter(order__status__in=[OrderStatus.EXPIRED, OrderStatus.CANCELLED])
    yield from named(over, "used up by an order of which nothing comes", "code", "order")
    mine = Exists(alive.filter(order=OuterRef("pk"), code__code=OuterRef("discount_code")))
    open_or_paid = [OrderStatus.PLACED, OrderStatus.AUTHORISED, OrderStatus.PAID]
    orders = Order.objects.filter(~mine, status__in=open_or_paid)
    yield from named(orders.exclude(discount_code=""), "has a discount, and its code counts no use for it")
    bare = Order.objects.filter(discount_code="", discount_minor__gt=0)
    yield from named(bare, "has a discount of no code")
