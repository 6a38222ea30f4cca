"""An account's orders in words: open ones first, each with what can be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db.models import Case, Prefetch, Value, When
from django.utils.translation import gettext as _

from orders.models import Order, OrderLine, Shipment
from orders.models.order import OrderQuerySet, is_under_way
from orders.progress import Item, item_of, order_word
from orders.states import OrderStatus, ParcelStatus
from orders.words import Word
from shop.models import User
from shop.words import day, day_range


def account_orders(user: User | AnonymousUser) -> OrderQuerySet:
    """Return a person's orders, those that are still under way first, with ``is_open`` on each."""
    is_open = Case(When(is_under_way(), then=Value(True)), default=Value(False))
    return Order.objects.of(user).annotate(is_open=is_open).order_by("-is_open", "-placed_at", "-pk")


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order of the list."""

    order: Order
    word: Word
    arrival: str
    items: list[Item]
    is_open: bool
    can_return: bool
    can_buy_again: bool


def order_rows(orders: Sequence[Order]) -> list[OrderRow]:
    """Return orders as the account lists them; they must come from ``with_parts``."""
    return [_row(order) for order in orders]


def with_parts(orders: OrderQuerySet) -> OrderQuerySet:
    """Fetch along what a row shows: three queries for a page of orders."""
    sent = Shipment.objects.exclude(status=ParcelStatus.CANCELLED)
    return orders.prefetch_related(
        Prefetch("lines", OrderLine.objects.order_by("position")), "deliveries", Prefetch("shipments", sent)
    )


def _row(order: Order) -> OrderRow:
    lines = list(order.lines.all())
    return OrderRow(
        order=order,
        word=order_word(order),
        arrival=_arrival(order),
        items=[item_of(line, line.quantity) for line in lines],
        is_open=order.is_open,  # type: ignore[attr-defined]
        can_return=any(line.shipped > max(line.returned, line.in_returns) for line in lines),
        can_buy_again=order.is_paid,
    )


def _arrival(order: Order) -> str:
    """Say when it arrives, or when the last of it came; nothing where nothing comes."""
    if order.status != OrderStatus.PAID:
        return ""
    if order.is_open:  # type: ignore[attr-defined]
        due = {line.delivery_id for line in order.lines.all() if _is_coming(line)}
        coming = [one for one in order.deliveries.all() if one.pk in due]
        first = min(one.expected_earliest_on for one in coming)
        last = max(one.expected_latest_on for one in coming)
        return _("Arrives %(days)s") % {"days": day_range(min(first, last), last)}
    came = [parcel.delivered_at for parcel in order.shipments.all() if parcel.delivered_at]
    return _("Delivered %(when)s") % {"when": day(max(came).date())} if came else ""


def _is_coming(line: OrderLine) -> bool:
    return line.quantity > line.cancelled + max(line.delivered, line.returned)
