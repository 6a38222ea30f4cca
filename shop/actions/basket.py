"""Put things into a basket and take them out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Expression, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, JSONObject
from django.http import HttpRequest
from django.utils import timezone

from shop.models import Basket, BasketLine, ProductImage, User, Variant
from shop.returning import insert_once

SESSION_KEY = "basket"
# Old baskets are told by their age in days: it need not be written at every change.
FRESH = timedelta(hours=1)


class NotSellable(Exception):
    """The variant cannot be bought in this quantity; ``most`` says how many can (0: none)."""

    def __init__(self, variant: Variant, most: int) -> None:
        super().__init__(f"{variant.sku}: at most {most}")
        self.variant = variant
        self.most = most


@dataclass(frozen=True, slots=True)
class Removed:
    """A line that was taken out, as much of it as brings it back."""

    sku: str
    name: str
    quantity: int
    price_seen_minor: int


def basket_of(request: HttpRequest) -> Basket | None:
    """Return the visitor's basket, or None if there is none yet. Costs one query, none without a session's basket.

    Whoever is logged in has one basket on every device; the session's is for guests.
    """
    if request.user.is_authenticated:
        return Basket.objects.filter(user=request.user).first()
    basket_id = request.session.get(SESSION_KEY)
    return None if basket_id is None else Basket.objects.filter(pk=basket_id, user=None).first()


def ensure_basket(request: HttpRequest) -> Basket:
    """Return the visitor's basket, made if needed; a guest's is kept as long as the session, anew from each call."""
    user = request.user if request.user.is_authenticated else None
    basket = basket_of(request)
    if basket is None and user is not None:
        basket, _new = Basket.objects.get_or_create(user=user)
    elif basket is None:
        basket = Basket.objects.create()
    request.session[SESSION_KEY] = basket.pk
    return basket


def adopt_basket(user: User, session_basket_id: int | None) -> Basket | None:
    """Make a guest's basket the basket of whoever has just logged in; return the user's basket, if there is one.

    The guest's is the one that lives on, for an order may be open from it; what the user had chosen before is
    put into it. Of what stands in both the larger quantity holds: who chose the same on two devices wants it once.
    """
    with transaction.atomic():
        own = Basket.objects.filter(user=user).first()
        guest = None if session_basket_id is None else Basket.objects.filter(pk=session_basket_id, user=None).first()
        if guest is None:
            return own
        if own is not None:
            _move_lines(own, guest)
            Basket.objects.filter(pk=own.pk).update(user=None)
        Basket.objects.filter(pk=guest.pk).update(user=user)
        guest.user = user
    return guest


def _move_lines(source: Basket, target: Basket) -> None:
    there = {line.variant_id: line for line in target.lines.all()}
    for line in source.lines.all():
        twin = there.get(line.variant_id)
        if twin is None:
            BasketLine.objects.filter(pk=line.pk).update(basket=target)
        else:
            # Wanted on one device is wanted, whatever was put aside on the other.
            twin.is_saved = twin.is_saved and line.is_saved
            twin.quantity = max(twin.quantity, line.quantity)
            twin.save(update_fields=["quantity", "is_saved"])


def most_of(variant: Variant) -> int:
    """Return how many of a variant one order may hold."""
    sellable = variant.sellable
    limit = variant.product.max_per_order
    return limit if sellable is None else min(limit, sellable)


def most_for(line: BasketLine) -> int:
    """Return how many a basket's line may hold: what can be sold, and what its own open order holds; 0 for none."""
    free = most_of(line.variant) if line.variant.is_sellable else 0
    return min(line.variant.product.max_per_order, free + line.held)


def note_held(basket_id: int, *, is_held: bool) -> int:
    """Note that an order of a basket holds the units of all its lines, or that it holds them no more."""
    lines = BasketLine.objects.filter(basket=basket_id)
    return lines.filter(is_saved=False).update(held=F("quantity")) if is_held else lines.update(held=0)


def add_to_basket(basket: Basket, variant: Variant, *, quantity: int) -> BasketLine:
    """Put more of a variant into the basket. Raises NotSellable, and then nothing changes."""
    line = _new_line(basket, variant, quantity) or _more_of_line(basket, variant, quantity)
    now = timezone.now()
    if now - basket.updated_at > FRESH:
        Basket.objects.filter(pk=basket.pk).update(updated_at=now)
    return line


def _new_line(basket: Basket, variant: Variant, quantity: int) -> BasketLine | None:
    """Write a line for a variant; None if it has one, perhaps since this very moment, or not so many can be had."""
    line = BasketLine(basket=basket, variant=variant, quantity=quantity, price_seen_minor=variant.price_minor)
    return line if 1 <= quantity <= most_for(line) and insert_once(line) else None


def _more_of_line(basket: Basket, variant: Variant, quantity: int) -> BasketLine:
    line = BasketLine.objects.filter(basket=basket, variant=variant).first()
    if line is None:
        raise NotSellable(variant, most_of(variant) if variant.is_sellable else 0)
    line.variant = variant
    wanted, most = quantity if line.is_saved else line.quantity + quantity, most_for(line)
    if not 1 <= wanted <= most:
        raise NotSellable(variant, most)
    line.quantity, line.is_saved, line.price_seen_minor = wanted, False, variant.price_minor
    line.save(update_fields=["quantity", "is_saved", "price_seen_minor"])
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
    most = most_for(line)
    if quantity > most:
        raise NotSellable(line.variant, most)
    # Whoever changes the line has seen the price that stands beside it.
    seen = line.variant.price_minor
    BasketLine.objects.filter(pk=line.pk).update(quantity=quantity, price_seen_minor=seen)
    return True


def remove_line(basket: Basket, line_id: int) -> Removed | None:
    """Take a line out and return what brings it back; None if it was gone already."""
    line = BasketLine.objects.filter(basket=basket, pk=line_id).select_related("variant__product").first()
    if line is None:
        return None
    line.delete()
    return Removed(line.variant.sku, line.variant.product.local_name, line.quantity, line.price_seen_minor)


def put_back(basket: Basket, removed: Removed) -> bool:
    """Undo ``remove_line``, sold out or not; False if the variant is not sold any more or stands there again."""
    variant = Variant.objects.filter(sku=removed.sku, is_active=True).first()
    if variant is None:
        return False
    try:
        with transaction.atomic():
            BasketLine.objects.create(
                basket=basket,
                variant=variant,
                quantity=removed.quantity,
                price_seen_minor=removed.price_seen_minor,
            )
    except IntegrityError:
        return False
    return True


def save_for_later(basket: Basket, line_id: int) -> bool:
    """Put a line aside: it stays on the page and is not ordered. False if it is gone."""
    return bool(BasketLine.objects.filter(basket=basket, pk=line_id).update(is_saved=True))


def take_up(basket: Basket, line_id: int) -> bool:
    """Put what was saved for later back among what is ordered, as many as there are; False if it is gone.

    Raises NotSellable if there are none, and then it stays saved.
    """
    line = (
        BasketLine.objects.filter(basket=basket, pk=line_id, is_saved=True).select_related("variant__product").first()
    )
    if line is None:
        return False
    most = most_for(line)
    if most < 1:
        raise NotSellable(line.variant, 0)
    BasketLine.objects.filter(pk=line.pk).update(
        is_saved=False, quantity=min(line.quantity, most), price_seen_minor=line.variant.price_minor
    )
    return True


def keep_sellable(basket: Basket, line_id: int) -> bool:
    """Lower a line to as many as can be had; False, and nothing changes, if there are none or it is gone."""
    line = BasketLine.objects.filter(basket=basket, pk=line_id).select_related("variant__product").first()
    most = most_for(line) if line is not None else 0
    if line is None or most < 1:
        return False
    return bool(BasketLine.objects.filter(pk=line.pk, quantity__gt=most).update(quantity=most))


def empty_basket(basket_id: int, *, generation: int) -> bool:
    """Empty a basket once it has been paid; what was added since the order stays away too, what was saved does not.

    Safe to repeat: only the generation that the order was made from is emptied.
    """
    with transaction.atomic(savepoint=False):
        mine = Basket.objects.filter(pk=basket_id, generation=generation)
        if not mine.update(generation=F("generation") + 1):
            return False
        BasketLine.objects.filter(basket=basket_id, is_saved=False).delete()
        return True


def basket_lines(basket: Basket | None) -> list[BasketLine]:
    """Return the lines that would be ordered, with all that a page shows of them; one query."""
    return [line for line in all_lines(basket) if not line.is_saved]


def all_lines(basket: Basket | None) -> list[BasketLine]:
    """Return the lines, those saved for later too, with all that a page shows of them; one query."""
    return [] if basket is None else _fetch(BasketLine.objects.filter(basket=basket), {})


def basket_with_lines(request: HttpRequest, **facts: Expression) -> tuple[Basket | None, list[BasketLine]]:
    """Return what ``basket_of`` and ``all_lines`` return, by one query less; ``facts`` are what later apps ask of each line."""
    user, basket_id = request.user, request.session.get(SESSION_KEY)
    if user.is_authenticated:
        rows = BasketLine.objects.filter(basket__user=user)
    elif basket_id is not None:
        rows = BasketLine.objects.filter(basket=basket_id, basket__user=None)
    else:
        return None, []
    lines = _fetch(rows.select_related("basket"), facts)
    if not lines:
        return basket_of(request), []
    for line in lines:
        line.basket = lines[0].basket
    return lines[0].basket, lines


def _fetch(rows: QuerySet[BasketLine], facts: Mapping[str, Expression]) -> list[BasketLine]:
    """Fetch lines with all that is told of them, their variants with a picture: their own, else any of the product's."""
    told = JSONObject(name="small", width="small_width", height="small_height")
    first = (
        ProductImage.objects.filter(product=OuterRef("variant__product"), position=0).order_by("pk").values(told=told)
    )
    picture = Coalesce(Subquery(first.filter(variant=OuterRef("variant"))[:1]), Subquery(first[:1]))
    found = rows.select_related(
        "variant__product__department", "variant__product__category", "variant__delivery_profile"
    ).annotate(picture=picture, **facts)
    lines = list(found)
    for line in lines:
        line.variant.picture = line.picture
    return lines
