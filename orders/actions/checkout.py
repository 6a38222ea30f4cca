"""Turn a basket into an order that waits for its money."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from orders import events
from orders.actions.cancel import UNPAID_PART, answer_part, cancel_part
from orders.actions.pay_page import end_later
from orders.actions.reservation import SoldOut, release, reserve
from orders.actions.review import hold_for_review
from orders.actions.shipping import lock_order
from orders.models import CheckoutSession, Order, OrderDelivery, OrderLine
from orders.providers.registry import provider_of
from orders.states import OrderStatus, move_order
from shop.actions.basket import basket_lines, empty_basket, most_of
from shop.actions.catalog import refresh_availability
from shop.cards import picture_of
from shop.delivery import Parcel, plan_parcels
from shop.models import Basket, BasketLine, User
from shop.models.catalogue import Gate
from shop.money import included_tax_minor, split_by_weight

# Our reservation outlives Stripe's session a little, so that nothing paid in time is gone.
SLACK = timedelta(minutes=5)
NUMBER_TRIES = 5


class EmptyBasket(Exception):
    """There is nothing to order."""


@dataclass(frozen=True, slots=True)
class Address:
    """Who the order is for and where it goes; empty text where nothing was given."""

    email: str
    name: str
    line1: str
    city: str
    postcode: str
    country: str
    line2: str = ""
    company: str = ""
    region: str = ""
    phone: str = ""
    note: str = ""


def place_order(
    basket: Basket, address: Address, *, user: User | None, now: datetime, pay_with: str = "stripe"
) -> Order:
    """Make the order of a basket, hold its units, and owe a Checkout Session; all or nothing.

    ``pay_with`` is the provider's name. Without a page of its own the customer has bought with the order.

    Asked again for the same basket, it returns the open order if nothing has changed; otherwise
    that one is given up and a new one made. Raises EmptyBasket, Undeliverable, or SoldOut.
    """
    lines, parcels = _plan(basket, address, now)
    for line in lines:
        if line.quantity > (most_of(line.variant) if line.variant.is_sellable else 0) + _held_by(basket, line):
            raise SoldOut(line.variant)
    current = open_order(basket)
    if current is not None and _is_as_wanted(current, address, parcels, now, pay_with):
        return current
    try:
        with transaction.atomic():
            if current is not None and not give_up(current) and current.is_paid:
                # Its money came this very moment.
                return current
            return _make(basket, address, parcels, lines, user, now, pay_with)
    except IntegrityError:
        # Another click was faster; its order is the one.
        winner = open_order(basket)
        if winner is None:
            raise
        return winner


def open_order(basket: Basket) -> Order | None:
    """Return the basket's order that still waits for its money, if there is one."""
    return Order.objects.unpaid().filter(basket=basket, basket_generation=basket.generation).first()


def order_in_the_way(basket: Basket, address: Address, *, now: datetime, pay_with: str = "stripe") -> Order | None:
    """Return the basket's open order if it is not what is wanted now, so that ``place_order`` would give it up.

    Raises EmptyBasket or Undeliverable.
    """
    current = open_order(basket)
    if current is None or _is_as_wanted(current, address, _plan(basket, address, now)[1], now, pay_with):
        return None
    return current


def is_replaced(order: Order) -> bool:
    """True if the same basket has another order that is paid or being paid."""
    if order.basket_id is None:
        return False
    others = Order.objects.filter(basket=order.basket_id, basket_generation=order.basket_generation)
    bought = Q(status__in=[OrderStatus.PLACED, OrderStatus.AUTHORISED]) | Q(paid_at__isnull=False)
    # Of two that were both paid late, the newer one is what the customer wants.
    return others.filter(bought | Q(status=OrderStatus.LATE_PAID, pk__gt=order.pk)).exclude(pk=order.pk).exists()


def give_up(order: Order) -> bool:
    """Let an unpaid order run out and give its units back; False if it was not waiting any more.

    The end of its pay page is owed from now on (the sweep asks Stripe for it until it is done).
    Money that arrives there before that is noted and dealt with.
    """
    with transaction.atomic():
        lock_order(order)
        order.refresh_from_db(fields=["status"])
        if order.status != OrderStatus.PLACED:
            return False
        asked = order.cancellations.waiting().first()
        if asked is not None:
            # The customer has ended it: it did not run out.
            wanted = {row.line_id: row.waiting for row in asked.lines.all()}
            cancel_part(asked, wanted, part=UNPAID_PART, serial=1)
            answer_part(asked, part=UNPAID_PART, cancelled=wanted)
        else:
            move_order(order, OrderStatus.EXPIRED, by=None)
        end_later(order)
        release(order)
    return True


def _plan(basket: Basket, address: Address, now: datetime) -> tuple[list[BasketLine], list[Parcel]]:
    lines = basket_lines(basket)
    if not lines:
        raise EmptyBasket
    return lines, plan_parcels([(line.variant, line.quantity) for line in lines], address.country, now=now)


def _is_as_wanted(order: Order, address: Address, parcels: Sequence[Parcel], now: datetime, pay_with: str) -> bool:
    return (
        order.pay_by > now and order.pay_with == pay_with and _fingerprint_of(order) == _fingerprint(address, parcels)
    )


def _held_by(basket: Basket, line: BasketLine) -> int:
    # What this basket's own open order holds is not gone for it.
    order = open_order(basket)
    held = order.reservations.filter(variant=line.variant, state="held").first() if order else None
    return held.quantity if held else 0


def _fingerprint(address: Address, parcels: Sequence[Parcel]) -> tuple[object, ...]:
    goods = sorted(
        (variant.sku, quantity, variant.price_minor) for parcel in parcels for variant, quantity in parcel.lines
    )
    return (*asdict(address).values(), *goods, sum(parcel.price_minor for parcel in parcels))


def _fingerprint_of(order: Order) -> tuple[object, ...]:
    fields = [str(getattr(order, name)) for name in Address.__dataclass_fields__]
    goods = sorted((line.sku, line.quantity, line.unit_price_minor) for line in order.lines.all())
    return (*fields, *goods, order.delivery_minor)


def _make(
    basket: Basket,
    address: Address,
    parcels: Sequence[Parcel],
    lines: Sequence[BasketLine],
    user: User | None,
    now: datetime,
    pay_with: str,
) -> Order:
    provider = provider_of(pay_with)
    ends = now + provider.time_to_pay()
    order = _insert(basket, address, parcels, user, now, ends + SLACK, pay_with)
    pictures = {line.variant_id: picture_of(line.variant, line.variant.product.images.all()) for line in lines}
    position = 0
    for number, parcel in enumerate(parcels, start=1):
        delivery = _delivery(order, parcel, number)
        weights = [variant.price_minor * quantity for variant, quantity in parcel.lines]
        shares = split_by_weight(parcel.price_minor, weights)
        for (variant, quantity), share in zip(parcel.lines, shares, strict=True):
            position += 1
            image = pictures.get(variant.pk)
            line_minor = variant.price_minor * quantity
            OrderLine.objects.create(
                order=order,
                delivery=delivery,
                variant=variant,
                position=position,
                sku=variant.sku,
                name=variant.product.name,
                options_label=variant.options_label,
                picture=image.small.name if image else "",
                quantity=quantity,
                unit_price_minor=variant.price_minor,
                tax_basis_points=variant.tax_basis_points,
                line_minor=line_minor,
                tax_minor=included_tax_minor(line_minor + share, variant.tax_basis_points),
                delivery_minor=share,
                unit_cost=variant.unit_cost,
                cost_currency=variant.cost_currency,
                gated_at=None if variant.product.gate == Gate.NONE else order.placed_at,
            )
    for line in order.lines.order_by("variant", "pk"):
        # In one order for everybody: two who want the same goods would else wait for each other.
        reserve(line, until=order.pay_by)
    tax = sum(line.tax_minor for line in order.lines.all())
    Order.objects.filter(pk=order.pk).update(tax_minor=tax)
    order.tax_minor = tax
    hold_for_review(order)
    add_session(order, ends_at=ends)
    if not provider.has_page:
        # The customer has bought: there is no page from which they could come back to change it.
        empty_basket(basket.pk, generation=basket.generation)
        events.record("payment.awaited", order, by=None)
    refresh_availability(line.variant_id for line in lines)
    events.record("order.placed", order, by=user, total_minor=order.total_minor)
    return order


def _insert(
    basket: Basket,
    address: Address,
    parcels: Sequence[Parcel],
    user: User | None,
    now: datetime,
    pay_by: datetime,
    pay_with: str,
) -> Order:
    items = sum(parcel.items_minor for parcel in parcels)
    delivery = sum(parcel.price_minor for parcel in parcels)
    return Order.objects.create(
        number=_free_number(),
        user=user,
        basket=basket,
        basket_generation=basket.generation,
        currency=settings.SHOP_CURRENCY,
        items_minor=items,
        delivery_minor=delivery,
        tax_minor=0,
        total_minor=items + delivery,
        placed_at=now,
        pay_by=pay_by,
        pay_with=pay_with,
        **asdict(address),
    )


def _free_number() -> str:
    # Random, so that a number tells nobody how much the shop sells.
    for _try in range(NUMBER_TRIES):
        number = f"{settings.ORDER_PREFIX}-{secrets.randbelow(9_000_000) + 1_000_000}"
        if not Order.objects.filter(number=number).exists():
            return number
    raise RuntimeError("no free order number found")


def _delivery(order: Order, parcel: Parcel, number: int) -> OrderDelivery:
    window = parcel.window
    return OrderDelivery.objects.create(
        order=order,
        profile=parcel.profile,
        position=number,
        price_minor=parcel.price_minor,
        sent_from=parcel.profile.sent_from,
        promised_earliest_on=window.earliest_on,
        promised_latest_on=window.latest_on,
        expected_earliest_on=window.earliest_on,
        expected_latest_on=window.latest_on,
        ship_by_on=window.ship_by_on,
    )


def add_session(order: Order, *, ends_at: datetime) -> CheckoutSession:
    """Owe the order a Checkout Session: a row with its key, before Stripe is asked.

    An order on hold is only authorised there; a person decides before its money is taken.

    The sweep looks at it first when it should have ended.
    """
    serial = order.sessions.count() + 1
    is_held = order.holds.filter(released_at=None).exists()
    return CheckoutSession.objects.create(
        order=order,
        provider=order.pay_with,
        authorises=is_held and provider_of(order.pay_with).can_authorise,
        serial=serial,
        idempotency_key=f"session-{order.number}-{serial}",
        # Whole seconds: Stripe counts in them, and a repeat must send the same value.
        expires_at=ends_at.replace(microsecond=0),
        due_at=ends_at + timedelta(seconds=settings.SETTLE_SWEEP_SECONDS),
    )
