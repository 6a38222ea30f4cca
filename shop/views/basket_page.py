"""What the basket's page shows: lines in words, by parcel, and what keeps some of them from being ordered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from shop.actions.basket import most_for
from shop.cards import Picture, stock_words, thumb_of
from shop.delivery import Parcel, Plan
from shop.models import BasketLine
from shop.money import Money
from shop.pricing import plan_priced, price_of
from shop.tax import Terms
from shop.visitor import services_of, terms_of


@dataclass(frozen=True, slots=True)
class LineView:
    """One line of the basket in words. ``most``: how many can be had, 0 for none."""

    line: BasketLine
    picture: Picture | None
    price: str
    old_price: str
    total_minor: int
    total: str
    most: int
    warning: str

    @property
    def is_too_many(self) -> bool:
        """True if fewer can be had than are wanted, but some."""
        return 0 < self.most < self.line.quantity


@dataclass(frozen=True, slots=True)
class BasketPage:
    """All that stands on the page; amounts in minor units of the shop's currency."""

    groups: list[tuple[Parcel, list[LineView]]]
    stuck: list[LineView]
    gone: list[LineView]
    saved: list[LineView]
    items_minor: int
    delivery_minor: int

    @property
    def too_many(self) -> list[LineView]:
        """The lines of which fewer can be had than are wanted."""
        return [view for _parcel, views in self.groups for view in views if view.is_too_many]

    @property
    def in_the_way(self) -> list[LineView]:
        """The lines that cannot be ordered as they stand."""
        return [*self.stuck, *self.gone, *self.too_many]

    @property
    def total(self) -> Money:
        """What goods and delivery cost together."""
        return Money(self.items_minor + self.delivery_minor, settings.SHOP_CURRENCY)


def line_view(line: BasketLine, terms: Terms) -> LineView:
    """Put a basket line into words; no query if fetched by ``all_lines``."""
    variant = line.variant
    price = price_of(variant, terms)
    most = most_for(line)
    warning, old_price = "", ""
    if most and variant.price_minor != line.price_seen_minor:
        old_price = str(Money(terms.unit_minor(line.price_seen_minor, variant.product.tax_class), variant.currency))
        warning = _("The price has changed: it was %(before)s, it is %(now)s.") % {
            "before": old_price,
            "now": price,
        }
    if most == 0:
        words, level = stock_words(variant)
        gone = words if level == "gone" else _("Cannot be ordered at the moment")
        warning = _("%(words)s. It is not in the total.") % {"words": gone}
    elif line.quantity > most:
        warning = _("Only %(most)d left.") % {"most": most}
    return LineView(
        line=line,
        picture=thumb_of(variant),
        price=str(price),
        old_price=old_price,
        total_minor=price.minor * line.quantity,
        total=str(Money(price.minor * line.quantity, variant.currency)),
        most=most,
        warning=warning,
    )


def basket_page(request: HttpRequest, lines: Sequence[BasketLine]) -> BasketPage:
    """Sort the lines of a basket into parcels and what is not in one; a query or two for the delivery.

    What is sold out or not sent to the visitor's country is counted nowhere: it cannot be ordered.
    """
    terms = terms_of(request)
    views = {line.variant_id: line_view(line, terms) for line in lines}
    wanted = [view for view in views.values() if not view.line.is_saved]
    goods = [(view.line.variant, view.line.quantity) for view in wanted if view.most]
    plan = plan_priced(goods, terms, now=timezone.now(), services=services_of(request)) if goods else Plan([], [])
    return BasketPage(
        groups=[(parcel, [views[variant.pk] for variant, _quantity in parcel.lines]) for parcel in plan.parcels],
        stuck=[views[variant.pk] for variant in plan.stuck],
        gone=[view for view in wanted if not view.most],
        saved=[view for view in views.values() if view.line.is_saved],
        items_minor=sum(parcel.items_minor for parcel in plan.parcels),
        delivery_minor=sum(parcel.price_minor for parcel in plan.parcels),
    )
