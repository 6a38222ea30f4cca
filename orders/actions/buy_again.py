"""Put what an order held into a basket once more."""

from __future__ import annotations

from dataclasses import dataclass, field

from orders.models import Order
from shop.actions.basket import NotSellable, add_to_basket
from shop.models import Basket


@dataclass(slots=True)
class BoughtAgain:
    """What went into the basket, and what did not: names of goods."""

    added: list[str] = field(default_factory=list)
    # Less than was bought before: as many as there are.
    fewer: list[tuple[str, int]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def buy_again(order: Order, basket: Basket) -> BoughtAgain:
    """Add an order's goods to a basket, as many as are still sold, at today's prices. Never raises for goods."""
    done = BoughtAgain()
    for line in order.lines.filter(replaces=None).select_related("variant__product"):
        name = line.name + (f", {line.options_label}" if line.options_label else "")
        try:
            add_to_basket(basket, line.variant, quantity=line.quantity)
            done.added.append(name)
        except NotSellable as error:
            _add_rest(done, basket, error, name)
    return done


def _add_rest(done: BoughtAgain, basket: Basket, error: NotSellable, name: str) -> None:
    """Add as many as are left of something that is not there in the quantity bought before."""
    if error.most < 1:
        done.missing.append(name)
        return
    left = error.most - _held(basket, error.variant.pk)
    if left > 0:
        add_to_basket(basket, error.variant, quantity=left)
    done.fewer.append((name, error.most))


def _held(basket: Basket, variant_id: int) -> int:
    return sum(basket.lines.filter(variant=variant_id).values_list("quantity", flat=True))
