"""Put things into a basket and take them out."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F, Prefetch
from django.http import HttpRequest

from shop.models import Basket, BasketLine, ProductImage, Variant

SESSION_KEY = "basket"


class NotSellable(Exception):
    """The variant cannot be bought in this quantity; ``most`` says how many can (0: none)."""

    def __init__(self, variant: Variant, most: int) -> None:
        super().__init__(f"{variant.sku}: at most {most}")
        self.variant = variant
        self.most = most


def basket_of(request: HttpRequest) -> Basket | None:
    """Return the visitor's basket, or None if there is none yet. Costs one query, none without a session's basket."""
    basket_id = request.session.get(SESSION_KEY)
    if basket_id is not None:
        return Basket.objects.filter(pk=basket_id).first()
    if request.user.is_authenticated:
        return Basket.objects.filter(user=request.user).first()
    return None


def ensure_basket(request: HttpRequest) -> Basket:
    """Return the visitor's basket, made if needed; a log-in keeps what was chosen before it."""
    basket = basket_of(request)
    if basket is None:
        basket = Basket.objects.create(user=request.user if request.user.is_authenticated else None)
    request.session[SESSION_KEY] = basket.pk
    return basket


def most_of(variant: Variant) -> int:
    """Return how many of a variant one order may hold."""
    sellable = variant.sellable
    limit = variant.product.max_per_order
    return limit if sellable is None else min(limit, sellable)


def add_to_basket(basket: Basket, variant: Variant, *, quantity: int) -> BasketLine:
    """Put more of a variant into the basket. Raises NotSellable, and then nothing changes."""
    with transaction.atomic():
        line, _new = BasketLine.objects.get_or_create(
            basket=basket, variant=variant, defaults={"quantity": 1, "price_seen_minor": variant.price_minor}
        )
        wanted = quantity if _new else line.quantity + quantity
        most = most_of(variant) if variant.is_sellable else 0
        if not 1 <= wanted <= most:
            transaction.set_rollback(True)
            raise NotSellable(variant, most)
        line.quantity = wanted
        line.save(update_fields=["quantity"])
        Basket.objects.filter(pk=basket.pk).update(updated_at=line.added_at)
    return line


def set_quantity(basket: Basket, line_id: int, *, quantity: int) -> bool:
    """Set how many of a line are wanted; 0 takes it out. Returns False if the line is gone.

    Raises NotSellable if there are not so many, and then nothing changes.
    """
    line = BasketLine.objects.filter(basket=basket, pk=line_id).select_related("variant__product").first()
    if line is None:
        return False
    if quantity <= 0:
        line.delete()
        return True
    most = most_of(line.variant) if line.variant.is_sellable else 0
    if quantity > most:
        raise NotSellable(line.variant, most)
    BasketLine.objects.filter(pk=line.pk).update(quantity=quantity)
    return True


def empty_basket(basket_id: int, *, generation: int) -> bool:
    """Empty a basket once it has been paid; what was added since the order stays away too.

    Safe to repeat: only the generation that the order was made from is emptied.
    """
    with transaction.atomic():
        mine = Basket.objects.filter(pk=basket_id, generation=generation)
        if not mine.update(generation=F("generation") + 1):
            return False
        BasketLine.objects.filter(basket=basket_id).delete()
        return True


def basket_lines(basket: Basket | None) -> list[BasketLine]:
    """Return the lines with all that a page shows of them; two queries."""
    if basket is None:
        return []
    pictures = Prefetch("variant__product__images", ProductImage.objects.filter(position=0))
    return list(
        basket.lines.select_related(
            "variant__product__department", "variant__product__category", "variant__delivery_profile"
        ).prefetch_related(pictures)
    )
