"""Products as cards and buy areas show them: words for price, stock and arrival."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.files.storage import default_storage
from django.utils import timezone
from django.utils.translation import gettext as _

from shop.delivery import Choice, choices_of
from shop.languages import current_language, default_language
from shop.models import DeliveryService, Product, ProductImage, Variant
from shop.money import Money
from shop.pricing import price_of
from shop.reductions import reduction_of
from shop.tax import Terms
from shop.words import day

LOW_STOCK = 5
# How wide a card's picture and a product's large one are shown, for the browser to choose a size by.
CARD_SIZES = "(min-width: 64rem) 18rem, (min-width: 44rem) 30vw, 45vw"
LARGE_SIZES = "(min-width: 52rem) 34rem, 92vw"
# Those of a country by delivery profile.
Services = Mapping[int, Sequence[DeliveryService]]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture with its size, so that nothing moves while it loads."""

    url: str
    width: int
    height: int
    alt: str
    srcset: str = ""
    sizes: str = ""
    # The same sizes as AVIF, for browsers that read it.
    avif: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """What one product's card shows; the names that ``components/_product_card.html`` reads."""

    get_absolute_url: str
    name: str
    card_image: Picture | None
    price: str
    arrival: str
    stock_words: str
    stock_level: str
    tint: str
    tag: str = ""
    old_price: str = ""
    rating: float | None = None
    rating_count: int = 0


def card(
    product: Product,
    shown: Variant | None,
    picture: ProductImage | None,
    panel: str,
    services: Services,
    terms: Terms,
    now: datetime,
) -> Card:
    """Return the card of a product for which one of its variants stands, at a country's prices.

    It reads what ``shop.card_rows`` names, and nothing else: there it is kept.
    """
    usual = usual_delivery(shown, services, terms, now) if shown and shown.is_sellable else None
    words, level = stock_words(shown)
    reduction = None
    if shown and shown.is_sellable and not _has_span(product):
        reduction = reduction_of(shown, terms, now=now)
    return Card(
        get_absolute_url=product.get_absolute_url(),
        name=product.local_name,
        card_image=small_picture(picture if shown else None, local_alt(product.local_name)),
        price=_price(product, terms),
        arrival=usual.arrival if usual else "",
        # "In stock" on every card would only be noise.
        stock_words=words if level else "",
        stock_level=level,
        tint=panel,
        old_price=str(reduction.before) if reduction else "",
        rating=product.rating,
        rating_count=product.rating_count,
    )


def small_card(product: Product, picture: ProductImage | None, panel: str, terms: Terms) -> Card:
    """Return the card of a product below another one's page: without delivery; its stock is told if there is none."""
    return Card(
        get_absolute_url=product.get_absolute_url(),
        name=product.local_name,
        card_image=small_picture(picture, local_alt(product.local_name)),
        price=_price(product, terms),
        arrival="",
        stock_words="" if product.is_available else _("Sold out"),
        stock_level="" if product.is_available else "gone",
        tint=panel,
        rating=product.rating,
        rating_count=product.rating_count,
    )


def _has_span(product: Product) -> bool:
    return (product.price_to_minor or 0) > (product.price_from_minor or 0)


def _price(product: Product, terms: Terms) -> str:
    price = str(Money(terms.unit_minor(product.price_from_minor or 0, product.tax_class), product.currency))
    return _("from %(price)s") % {"price": price} if _has_span(product) else price


def usual_delivery(variant: Variant, services: Services, terms: Terms, now: datetime) -> Choice | None:
    """Return how one of a variant, ordered now, would travel unless asked otherwise; None if it is not sent there."""
    known = services.get(variant.delivery_profile_id or 0)
    if not known or not variant.is_sent_to(terms.country):
        return None
    choices = choices_of(
        known,
        terms.country,
        items_minor=price_of(variant, terms).minor,
        handling_min_days=variant.handling_min_days,
        handling_max_days=variant.handling_max_days,
        now=now,
    )
    return choices[0]


def stock_words(variant: Variant | None) -> tuple[str, str]:
    """Say how much of a variant there is: words, and the level ``""``, ``"low"`` or ``"gone"``."""
    if variant is None:
        return _("No longer sold"), "gone"
    if not variant.is_sellable:
        if variant.restock_on and variant.restock_on > timezone.localdate():
            return _("Back about %(day)s") % {"day": day(variant.restock_on)}, "gone"
        return _("Sold out"), "gone"
    units = variant.sellable
    if units is not None and units <= LOW_STOCK:
        return _("Only %(units)d left") % {"units": units}, "low"
    return (_("Made to order"), "") if units is None else (_("In stock"), "")


def local_alt(name: str) -> str:
    """Return what a picture says to those who cannot see it, where its own words are in another language; else nothing."""
    return "" if current_language() == default_language() else name


def small_picture(image: ProductImage | None, alt: str = "") -> Picture | None:
    """Return the small size of a stored picture, for cards and lines; ``alt`` stands for its own words."""
    if image is None:
        return None
    small, words = image.small, alt or image.alt
    return Picture(small.url, image.small_width, image.small_height, words, *_choices(image, CARD_SIZES))


def large_picture(image: ProductImage, alt: str = "") -> Picture:
    """Return the large size of a stored picture, for the product page."""
    large, words = image.large, alt or image.alt
    return Picture(large.url, image.large_width, image.large_height, words, *_choices(image, LARGE_SIZES))


def thumbnail(image: ProductImage, alt: str = "") -> Picture:
    """Return the smallest size of a stored picture, for thumbnails and options."""
    width, height, name = image.sizes[0] if image.sizes else (image.small_width, image.small_height, image.small.name)
    return Picture(image.small.storage.url(name), width, height, alt or image.alt)


def widest_picture(image: ProductImage, alt: str = "") -> Picture:
    """Return the largest size of a stored picture, to look at it closely."""
    width, height, name = image.sizes[-1] if image.sizes else (image.large_width, image.large_height, image.large.name)
    return Picture(image.large.storage.url(name), width, height, alt or image.alt)


def _choices(image: ProductImage, shown: str) -> tuple[str, str, str]:
    known = image.sizes or [[image.small_width, 0, image.small.name], [image.large_width, 0, image.large.name]]
    return srcset_of(known), shown, srcset_of(image.avif_sizes)


def srcset_of(sizes: Iterable[Sequence[int | str]]) -> str:
    """Return the addresses of stored sizes (width, height, file) for ``srcset``; of one size there is nothing to choose."""
    widths = {width: default_storage.url(str(name)) for width, _height, name in sizes}
    return ", ".join(f"{url} {width}w" for width, url in widths.items()) if len(widths) > 1 else ""


def thumb_of(variant: Variant) -> Picture | None:
    """Return the picture of a variant that came with the line of a basket, to stand beside its name."""
    told = variant.picture
    return Picture(default_storage.url(told["name"]), told["width"], told["height"], "") if told else None
