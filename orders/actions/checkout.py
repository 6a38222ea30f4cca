"""Turn a basket into an order that waits for its money."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from orders import events
from orders.actions.cancel import UNPAID_PART, answer_part, cancel_part
from orders.actions.defence import Visit, admit, refuse_small
from orders.actions.discount import Buyer, free_use, lock_codes, take_use
from orders.actions.free_order import settle_free
from orders.actions.pay_page import end_later
from orders.actions.promise import promise_columns
from orders.actions.quote import Quote, QuotedLine, quote_basket
from orders.actions.reservation import SoldOut, release, reserve_all
from orders.actions.review import hold_for_review
from orders.actions.shipping import lock_order
from orders.models import CheckoutSession, Order, OrderDelivery, OrderLine
from orders.providers.registry import provider_of
from orders.states import OrderStatus, move_order
from orders.tax import TaxUnknown
from shop.actions.basket import basket_lines, empty_basket, most_for
from shop.actions.catalog import refresh_availability
from shop.cards import picture_of
from shop.delivery import Parcel, Undeliverable
from shop.models import Basket, BasketLine, User
from shop.models.catalogue import Gate
from shop.places import Place

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
    invoice_to: str = ""

    @property
    def place(self) -> Place:
        """What of it tax asks for."""
        return Place(self.country, region=self.region, postcode=self.postcode, city=self.city, line1=self.line1)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to become an order: whose basket, where to, what it costs, how it is paid, and who asks."""

    basket: Basket
    address: Address
    quote: Quote
    user: User | None
    pay_with: str
    visit: Visit | None


def place_order(
    basket: Basket,
    address: Address,
    *,
    user: User | None,
    now: datetime,
    services: Mapping[str, str] | None = None,
    code: str = "",
    quote: Quote | None = None,
    visit: Visit | None = None,
    pay_with: str = "stripe",
    lines: Sequence[BasketLine] | None = None,
) -> Order:
    """Make the order of a basket, hold its units, and owe a Checkout Session; all or nothing.

    ``quote`` is what the customer was shown; None works it out here, with ``services`` (see
    ``plan_delivery``) and ``code``. ``visit`` is who asks, and counts; None: nobody from outside.
    ``lines`` is what the quote was made from; None reads them. ``pay_with`` is the provider's name; without a page of its own the customer has bought with the order.
    What costs nothing is paid at once, and not counted. Asked again for the same basket, it returns the open
    order if nothing has changed; otherwise that one is given up and a new one made. Raises EmptyBasket,
    Undeliverable, SoldOut, CodeRefused, TaxUnknown, TooSmall or Limited.
    """
    lines, current = lines or _lines(basket), open_order(basket)
    if quote is None:
        quote = quote_for(lines, address, services=services, code=code, user=user, order=current, now=now)
    _check_whole(quote)
    _check_stock(lines)
    if current is not None and _is_as_wanted(current, address, quote, now, pay_with):
        return current
    try:
        return _place(Wish(basket, address, quote, user, pay_with, visit), current, now)
    except IntegrityError:
        # Another click was faster; its order is the one.
        winner = open_order(basket) or _bought(basket)
        if winner is None:
            raise
        return winner


def _check_whole(quote: Quote) -> None:
    """Raise Undeliverable, CodeRefused or TaxUnknown if a quote is only to be looked at."""
    if quote.stuck:
        raise Undeliverable(list(quote.stuck), quote.terms.country)
    if quote.refusal is not None:
        raise quote.refusal
    if not quote.is_tax_known:
        raise TaxUnknown("shown without")


def _check_stock(lines: Sequence[BasketLine]) -> None:
    for line in lines:
        if line.quantity > most_for(line):
            raise SoldOut(line.variant)


def _place(wish: Wish, current: Order | None, now: datetime) -> Order:
    """Make the new order in the place of the current one, in one transaction."""
    with transaction.atomic():
        if current is not None:
            lock_order(current)
        lock_codes(current, *([wish.quote.code] if wish.quote.code else []))
        if current is not None and not give_up(current) and current.is_paid:
            # Its money came this very moment.
            return current
        return _make(wish, now)


def quote_for(
    lines: Sequence[BasketLine],
    address: Address,
    *,
    services: Mapping[str, str] | None,
    code: str,
    user: User | None,
    order: Order | None,
    now: datetime,
) -> Quote:
    """Work out what some lines of a basket cost at an address; ``order`` is the basket's open one, if any.

    May talk to the network. Raises TaxUnknown.
    """
    buyer = Buyer(user=user, email=address.email, order=order)
    return quote_basket(lines, address.place, services=services, code=code, buyer=buyer, now=now)


def open_order(basket: Basket) -> Order | None:
    """Return the basket's order that still waits for its money, if there is one."""
    return Order.objects.unpaid().filter(basket=basket, basket_generation=basket.generation).first()


def _bought(basket: Basket) -> Order | None:
    # What costs nothing is paid in the moment it is placed.
    return Order.objects.filter(
        basket=basket, basket_generation=basket.generation, status=OrderStatus.PAID, total_minor=0
    ).first()


def order_in_the_way(
    basket: Basket,
    address: Address,
    *,
    now: datetime,
    services: Mapping[str, str] | None = None,
    quote: Quote | None = None,
    pay_with: str = "stripe",
) -> Order | None:
    """Return the basket's open order if it is not what is wanted now, so that ``place_order`` would give it up.

    ``services``, ``quote``: see ``place_order``. Raises EmptyBasket, Undeliverable or TaxUnknown.
    """
    current = open_order(basket)
    if current is None:
        return None
    if quote is None:
        quote = quote_for(_lines(basket), address, services=services, code="", user=None, order=current, now=now)
    _check_whole(quote)
    return None if _is_as_wanted(current, address, quote, now, pay_with) else current


def _lines(basket: Basket) -> list[BasketLine]:
    lines = basket_lines(basket)
    if not lines:
        raise EmptyBasket
    return lines


def would_be_new(basket: Basket, address: Address, *, now: datetime, quote: Quote, pay_with: str = "stripe") -> bool:
    """True if ``place_order`` would make a new order, and not return the open one. As ``order_in_the_way`` else."""
    if open_order(basket) is None:
        return True
    return order_in_the_way(basket, address, now=now, quote=quote, pay_with=pay_with) is not None


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
        free_use(order)
        release(order)
    return True


def _is_as_wanted(order: Order, address: Address, quote: Quote, now: datetime, pay_with: str) -> bool:
    wanted = (*asdict(address).values(), *quote.fingerprint)
    return order.pay_by > now and order.pay_with == pay_with and _fingerprint_of(order) == wanted


def _fingerprint_of(order: Order) -> tuple[object, ...]:
    fields = [str(getattr(order, name)) for name in Address.__dataclass_fields__]
    goods = sorted((line.sku, line.quantity, line.unit_price_minor) for line in order.lines.all())
    ways = sorted(
        (delivery.profile_id, delivery.service, delivery.promised_earliest_on, delivery.promised_latest_on)
        for delivery in order.deliveries.all()
    )
    sums = (order.delivery_minor, order.discount_minor, order.discount_code, order.tax_minor, order.added_tax_minor)
    return (*fields, *goods, *ways, *sums)


def _make(wish: Wish, now: datetime) -> Order:
    provider, quote = provider_of(wish.pay_with), wish.quote
    ends = now + provider.time_to_pay()
    order = _insert(wish, now, ends + SLACK)
    refuse_small(order)
    if quote.code is not None:
        # Before the units: whoever gives back a use and units takes them in this order, too.
        take_use(order, quote.code)
    deliveries = OrderDelivery.objects.bulk_create(
        _delivery(order, one.parcel, number) for number, one in enumerate(quote.parcels, start=1)
    )
    sent = [(delivery, line) for delivery, one in zip(deliveries, quote.parcels, strict=True) for line in one.lines]
    lines = OrderLine.objects.bulk_create(
        _line(order, delivery, line, position) for position, (delivery, line) in enumerate(sent, start=1)
    )
    reserve_all(order, lines, until=order.pay_by)
    refresh_availability(line.variant.pk for line in quote.lines)
    holds = hold_for_review(order)
    events.record("order.placed", order, by=wish.user, total_minor=order.total_minor)
    if settle_free(order):
        return order
    session = add_session(order, ends_at=ends, serial=1, is_held=bool(holds))
    if not provider.has_page:
        # The customer has bought: there is no page from which they could come back to change it.
        empty_basket(wish.basket.pk, generation=wish.basket.generation)
        events.record("payment.awaited", order, by=None)
    if wish.visit is not None:
        # Last of all: whoever waits for the same counters waits no longer than for this statement.
        admit(session, wish.visit, now=now)
    return order


def _line(order: Order, delivery: OrderDelivery, line: QuotedLine, position: int) -> OrderLine:
    variant = line.variant
    image = picture_of(variant, variant.product.images.all())
    return OrderLine(
        order=order,
        delivery=delivery,
        variant_id=variant.pk,
        position=position,
        sku=variant.sku,
        name=variant.product.name,
        options_label=variant.options_label,
        picture=image.small.name if image else "",
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


def _insert(wish: Wish, now: datetime, pay_by: datetime) -> Order:
    basket, quote = wish.basket, wish.quote
    return Order.objects.create(
        number=_free_number(),
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
        **asdict(wish.address),
    )


def _free_number() -> str:
    # Random, so that a number tells nobody how much the shop sells.
    for _try in range(NUMBER_TRIES):
        number = f"{settings.ORDER_PREFIX}-{secrets.randbelow(9_000_000) + 1_000_000}"
        if not Order.objects.filter(number=number).exists():
            return number
    raise RuntimeError("no free order number found")


def _delivery(order: Order, parcel: Parcel, number: int) -> OrderDelivery:
    return OrderDelivery(
        order=order,
        profile=parcel.profile,
        position=number,
        price_minor=parcel.price_minor,
        sent_from=parcel.profile.sent_from,
        service=parcel.service.code,
        service_name=parcel.service.name,
        standard_minor=parcel.standard_minor,
        supplier_service=parcel.service.supplier_code,
        import_text=parcel.import_text[:300],
        **promise_columns(parcel.window),
    )


def add_session(
    order: Order, *, ends_at: datetime, serial: int | None = None, is_held: bool | None = None
) -> CheckoutSession:
    """Owe the order a Checkout Session: a row with its key, before Stripe is asked.

    An order on hold is only authorised there; a person decides before its money is taken.
    ``serial`` and ``is_held`` spare the look. The sweep looks at it first when it should have ended.
    """
    if serial is None:
        serial = order.sessions.count() + 1
    if is_held is None:
        is_held = order.holds.filter(released_at=None).exists()
    return CheckoutSession.objects.create(
        order=order,
        provider=order.pay_with,
        # A guest is nobody whom the provider knows; an account's customer is chosen when the page is opened.
        customer=None if order.user_id else "",
        authorises=is_held and provider_of(order.pay_with).can_authorise,
        serial=serial,
        idempotency_key=f"session-{order.number}-{serial}",
        # Whole seconds: Stripe counts in them, and a repeat must send the same value.
        expires_at=ends_at.replace(microsecond=0),
        due_at=ends_at + timedelta(seconds=settings.SETTLE_SWEEP_SECONDS),
    )
