"""The rows a new order consists of, made from what was quoted."""

from __future__ import annotations

import secrets
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings

from orders.actions.age import age_asked
from orders.actions.promise import promise_columns
from orders.actions.quote import QuotedLine
from orders.models import Order, OrderDelivery, OrderLine
from shop.delivery import Parcel
from shop.languages import current_language
from shop.models.catalogue import Gate

if TYPE_CHECKING:
    from orders.actions.checkout import Wish


def insert_order(wish: Wish, *, now: datetime, pay_by: datetime) -> Order:
    """Write the order itself; one statement.

    Its number is random and not looked up first: raises IntegrityError where it is taken, or where the basket
    has another order. The caller's transaction must then be rolled back.
    """
    basket, quote = wish.basket, wish.quote
    return Order.objects.create(
        number=new_number(),
        user=wish.user,
        basket=basket,
        basket_generation=basket.generation,
        currency=quote.terms.currency,
        prices_include_tax=quote.terms.includes_tax,
        items_minor=quote.items_minor,
        delivery_minor=quote.delivery_minor,
        discount_minor=quote.discount_minor,
        discount_code=quote.code.code if quote.code else "",
        discount_kind=quote.code.kind if quote.code else "",
        tax_minor=quote.tax_minor,
        added_tax_minor=quote.added_tax_minor,
        total_minor=quote.total_minor,
        placed_at=now,
        pay_by=pay_by,
        pay_with=wish.pay_with,
        confirmed_age=age_asked(line.variant for line in wish.lines) or None,
        language=current_language(),
        **asdict(wish.address),
    )


def insert_lines(order: Order, wish: Wish) -> list[OrderLine]:
    """Write parcels and lines of a new order; two statements, however many there are."""
    parcels = wish.quote.parcels
    pictures = {line.variant_id: line.variant.picture["name"] for line in wish.lines if line.variant.picture}
    deliveries = OrderDelivery.objects.bulk_create(
        _delivery(order, one.parcel, number) for number, one in enumerate(parcels, start=1)
    )
    sent = [(delivery, line) for delivery, one in zip(deliveries, parcels, strict=True) for line in one.lines]
    return OrderLine.objects.bulk_create(
        _line(order, delivery, line, position, pictures.get(line.variant.pk, ""))
        for position, (delivery, line) in enumerate(sent, start=1)
    )


def new_number() -> str:
    """Return a number for an order: random, so that it tells nobody how much the shop sells."""
    return f"{settings.ORDER_PREFIX}-{secrets.randbelow(9_000_000) + 1_000_000}"


def _line(order: Order, delivery: OrderDelivery, line: QuotedLine, position: int, picture: str) -> OrderLine:
    variant = line.variant
    return OrderLine(
        order=order,
        delivery=delivery,
        variant_id=variant.pk,
        position=position,
        sku=variant.sku,
        name=variant.product.local_name,
        options_label=variant.options_label,
        picture=picture,
        quantity=line.quantity,
        unit_price_minor=line.unit_minor,
        tax_basis_points=line.tax.basis_points,
        line_minor=line.line_minor,
        tax_minor=line.tax.minor,
        added_tax_minor=line.added_tax_minor,
        discount_minor=line.discount_minor,
        delivery_minor=line.delivery_minor,
        unit_cost=variant.unit_cost,
        cost_currency=variant.cost_currency,
        gated_at=None if variant.product.gate == Gate.NONE else order.placed_at,
    )


def _delivery(order: Order, parcel: Parcel, number: int) -> OrderDelivery:
    return OrderDelivery(
        order=order,
        profile=parcel.profile,
        position=number,
        price_minor=parcel.price_minor,
        sent_from=parcel.profile.sent_from,
        service=parcel.service.code,
        service_name=parcel.service.local_name,
        standard_minor=parcel.standard_minor,
        supplier_service=parcel.service.supplier_code,
        import_text=parcel.import_text[:300],
        **promise_columns(parcel.window),
    )
