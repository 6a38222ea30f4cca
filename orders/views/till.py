"""What a request at the checkout is about, read once: the basket, its lines, and the order that is open from it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef
from django.http import HttpRequest

from orders.actions.checkout import open_order
from orders.models import Order
from shop.actions.basket import basket_lines, basket_with_lines
from shop.models import Basket, BasketLine


@dataclass(frozen=True, slots=True)
class Till:
    """A basket with what would be ordered from it, and its open order, if it has one."""

    basket: Basket
    lines: list[BasketLine]
    order: Order | None


def till_of(request: HttpRequest) -> Till | None:
    """Return the visitor's; None without a basket. One query; one more for an open order."""
    mine = Order.objects.unpaid().filter(basket=OuterRef("basket"), basket_generation=OuterRef("basket__generation"))
    basket, lines = basket_with_lines(request, is_ordered=Exists(mine))
    if basket is None:
        return None
    order = open_order(basket) if any(line.is_ordered for line in lines) else None
    return Till(basket, [line for line in lines if not line.is_saved], order)


def till_from(basket: Basket) -> Till:
    """Read what a basket holds now."""
    return Till(basket, basket_lines(basket), open_order(basket))
