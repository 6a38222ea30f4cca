"""What a product's page shows, gathered once: the page and its structured data read the same things."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from shop.actions.basket import most_of
from shop.cards import Picture, large_picture, local_alt, stock_words, thumbnail, widest_picture
from shop.delivery import Parcel
from shop.gtin import is_global
from shop.languages import current_language
from shop.models import DeliveryProfile, Product, ProductImage, Variant
from shop.models.catalogue import Gate
from shop.models.texts import worded
from shop.money import Money
from shop.options import Axis, chosen_variant, options_of
from shop.prepared import Prepared, columns_of
from shop.pricing import plan_priced, price_of
from shop.reductions import Reduction, reduction_of
from shop.returns import ReturnTerms, return_terms
from shop.tax import Terms
from shop.tree import category_tree
from shop.words import country_name, number

# Fewer than these may be put into one order: a reason is owed.
USUAL_MOST = 99


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture of the gallery in all the sizes that the page uses."""

    place: int
    thumb: Picture
    main: Picture
    widest: Picture
    is_main: bool


@dataclass(frozen=True, slots=True)
class DeliveryShown:
    """What delivery of one costs and when it comes, in words.

    ``price`` is empty where it is free, ``arrival`` where nothing can be bought; ``others`` are the other services:
    name, arrival and price of each.
    """

    price: str
    free_from: str
    arrival: str
    others: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class ReviewShown:
    """The copy of a review, as the page shows it."""

    rating: int
    title: str
    text: str
    author: str
    options: str
    on: date


@dataclass(frozen=True, slots=True)
class ProductPage:
    """All that is shown of a product, with one of its variants chosen.

    ``parcel`` None: not sent to the country. ``keyed`` is what its supplier tells of it (``keyed_facts``), ``facts``
    the table made of that.
    """

    product: Product
    variant: Variant
    variants: Sequence[Variant]
    terms: Terms
    price: Money
    reduction: Reduction | None
    parcel: Parcel | None
    axes: list[Axis]
    shots: list[Shot]
    keyed: list[tuple[str, str, str]]
    facts: list[tuple[str, str]]
    returns: ReturnTerms
    stock_words: str
    stock_level: str
    most: int

    @property
    def main(self) -> Shot | None:
        """The picture shown large."""
        return next((shot for shot in self.shots if shot.is_main), None)

    @property
    def is_sellable(self) -> bool:
        """True if it can be put into the basket for the visitor's country."""
        return self.most > 0 and self.variant.is_sellable

    @property
    def delivery(self) -> DeliveryShown | None:
        """Its delivery in words; None: not sent to the country."""
        parcel, currency = self.parcel, self.product.currency
        if parcel is None:
            return None
        is_offered = self.variant.is_sellable
        others = [one for one in parcel.choices if one.service != parcel.service] if is_offered else []
        free_from = parcel.service.free_from_minor if parcel.price_minor else None
        return DeliveryShown(
            price=_price(parcel.price_minor, currency),
            free_from=_price(free_from or 0, currency),
            arrival=parcel.arrival if is_offered else "",
            others=tuple((one.service.local_name, one.arrival, _price(one.price_minor, currency)) for one in others),
        )

    @property
    def sent_from_country(self) -> str:
        """The country it is sent from in words; empty where it is sent from nowhere now."""
        profile = self.variant.delivery_profile
        return country_name(profile.country.code) if profile else ""

    @property
    def full_name(self) -> str:
        """The product with the options chosen."""
        return self.variant.full_name

    @property
    def has_conditions(self) -> bool:
        """True if something must be known before buying it."""
        return bool(self.product.leaflet_url or self.product.is_medicine or self.conditions)

    @property
    def conditions(self) -> list[str]:
        """What must be known before buying it: who checks it, and how many one may have."""
        found = []
        product = self.product
        if product.gate == Gate.PRESCRIPTION:
            found.append(_("Needs a prescription. A pharmacist checks it before anything is sent."))
        elif product.gate == Gate.AGE:
            found.append(_("A pharmacist looks at your order before anything is sent."))
        if product.least_age:
            text = _("Only for people of %(age)d and over: you confirm your age at the checkout.")
            found.append(text % {"age": product.least_age})
        if product.max_per_order < USUAL_MOST:
            text = _("At most %(most)d in one order.") % {"most": product.max_per_order}
            found.append(f"{text} {product.limit_reason}".strip())
        return found


def _price(minor: int, currency: str) -> str:
    return str(Money(minor, currency)) if minor else ""


def find_variants(slug: str) -> list[Variant]:
    """Return the variants of a published product that are offered, in order, each with the same product; one query."""
    rows = _with_slug(slug)
    if not rows:
        return []
    product = Product.from_db(None, PRODUCT, rows[0][:OF_VARIANT])
    known = category_tree().by_id
    if product.department_id in known and product.category_id in known:
        # Else both were made a moment ago, and are asked for where they are needed.
        product.department, product.category = known[product.department_id], known[product.category_id]
    profiles: dict[int, DeliveryProfile] = {}
    found = []
    for row in rows:
        variant = Variant.from_db(None, VARIANT, row[OF_VARIANT:OF_PROFILE])
        variant.product = product
        pk = variant.delivery_profile_id
        if pk is not None and pk not in profiles:
            profiles[pk] = DeliveryProfile.from_db(None, PROFILE, row[OF_PROFILE:])
        variant.delivery_profile = profiles.get(pk)
        found.append(variant)
    return found


def _variants_with(slug: str) -> QuerySet[Variant, tuple[object, ...]]:
    rows = Variant.objects.filter(is_active=True, product__slug=slug, product__is_published=True)
    rows = rows.filter(product__price_from_minor__isnull=False).order_by("position", "pk")
    of_product, of_profile = (f"product__{one}" for one in PRODUCT), (f"delivery_profile__{one}" for one in PROFILE)
    return rows.values_list(*of_product, *VARIANT, *of_profile)


PRODUCT, VARIANT, PROFILE, IMAGE = map(columns_of, (Product, Variant, DeliveryProfile, ProductImage))
OF_VARIANT = len(PRODUCT)
OF_PROFILE = OF_VARIANT + len(VARIANT)
_with_slug = Prepared(_variants_with)
_images_of = Prepared(lambda product: ProductImage.objects.filter(product=product).values_list(*IMAGE))


def product_page(variants: Sequence[Variant], asked: Mapping[str, str], terms: Terms, *, now: datetime) -> ProductPage:
    """Gather what the page of a product shows (its variants must be some); two queries more.

    ``asked`` is what the address says: the variant and options picked, and which picture to show large.
    """
    variant = chosen_variant(variants, asked)
    product = variant.product
    images = [ProductImage.from_db(None, IMAGE, row) for row in _images_of(product.pk)]
    parcel = next(iter(plan_priced([(variant, 1)], terms, now=now).parcels), None)
    words, level = stock_words(variant)
    keyed = keyed_facts(variant)
    return ProductPage(
        product=product,
        variant=variant,
        variants=variants,
        terms=terms,
        price=price_of(variant, terms),
        reduction=reduction_of(variant, terms, now=now),
        parcel=parcel,
        axes=options_of(variants, variant, _first_of_each(images), thumbnail),
        shots=_shots(
            [one for one in images if one.variant_id == variant.pk] or images,
            asked.get("picture", ""),
            local_alt(variant.full_name),
        ),
        keyed=keyed,
        facts=facts_of(variant, keyed),
        returns=return_terms(product, variant.delivery_profile, terms.country),
        stock_words=words,
        stock_level=level,
        most=most_of(variant) if variant.is_sellable else 0,
    )


def _first_of_each(images: Sequence[ProductImage]) -> dict[int, ProductImage]:
    found: dict[int, ProductImage] = {}
    for image in images:
        if image.variant_id is not None:
            found.setdefault(image.variant_id, image)
    # Where every variant shows the same picture, small pictures tell nothing apart.
    return found if len({image.small.name for image in found.values()}) > 1 else {}


def _shots(images: Sequence[ProductImage], asked: str, alt: str) -> list[Shot]:
    main = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 4 else 0
    main = main if main < len(images) else 0
    return [
        Shot(place, thumbnail(image, alt), large_picture(image, alt), widest_picture(image, alt), place == main)
        for place, image in enumerate(images)
    ]


def facts_of(variant: Variant, keyed: Iterable[tuple[str, str, str]]) -> list[tuple[str, str]]:
    """Return a variant's table of facts in the language of the page: see ``keyed_facts``, then its numbers."""
    facts = [(name, value) for _key, name, value in keyed]
    if is_global(variant.gtin):
        facts.append(("GTIN", variant.gtin))
    return [*facts, (_("Item number"), variant.sku)]


def keyed_facts(variant: Variant) -> list[tuple[str, str, str]]:
    """Return what its supplier tells of a variant, and its measures where no fact names them.

    Each as what it is, in small letters of the feed's language, then name and value in the language of the page.
    """
    language = current_language()
    facts = [
        (name.casefold(), worded(name, language=language), worded(value, about=name, language=language))
        for name, value in variant.facts
        if value
    ]
    named = {key for key, _name, _value in facts}
    if variant.weight_grams and "weight" not in named:
        facts.append(("weight", _("Weight"), _weight(variant.weight_grams)))
    sides = [variant.length_mm, variant.width_mm, variant.height_mm]
    if all(sides) and not named & {"size", "dimensions"}:
        facts.append(("size", _("Size"), " × ".join(number(side / 10, "0.#") for side in sides if side) + " cm"))
    return facts


def _weight(grams: int) -> str:
    return f"{grams} g" if grams < 1000 else f"{number(grams / 1000, '0.##')} kg"


def shown_reviews(product: Product) -> tuple[ReviewShown, ...]:
    """Return the copies of the latest reviews as the page shows them, their day as a date."""
    names = [one.name for one in fields(ReviewShown) if one.name != "on"]
    return tuple(
        ReviewShown(on=date.fromisoformat(str(told["on"])), **{name: told.get(name, "") for name in names})
        for told in product.latest_reviews
    )
