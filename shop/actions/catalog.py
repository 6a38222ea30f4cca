"""Write the catalogue: what suppliers' feeds tell becomes products, variants and pictures."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import nh3
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.text import slugify
from PIL import Image, UnidentifiedImageError

from shop.models import Category, DeliveryProfile, Listing, Product, ProductFact, ProductImage, Variant
from shop.models.catalogue import Availability
from shop.search.index import for_index, refresh_numbers, write_listings
from shop.tax import class_of_rate

ALLOWED_TAGS = {"p", "ul", "ol", "li", "br", "strong", "em", "h3"}
SMALL_WIDTH, LARGE_WIDTH = 360, 960
# More pixels than any camera makes; a small file can unpack to a huge picture.
MOST_PIXELS = 40_000_000
AT_ONCE = 500
PANELS = {"kitchen", "desk", "home", "outdoors", "bath", "kids"}


class NotAPicture(Exception):
    """The bytes are no picture we can decode, or too large a one."""


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One sellable item as a feed tells it. ``group`` joins variants of one product; amounts in minor units.

    ``tax_basis_points`` is its rate in the shop's country, in 1/100 of a percent; None if the feed tells none.
    """

    sku: str
    group: str
    name: str
    description: str
    brand: str
    gtin: str
    category_path: Sequence[str]
    options: Mapping[str, str]
    facts: Mapping[str, str]
    tax_basis_points: int | None
    weight_grams: int | None
    max_per_order: int
    not_returnable_reason: str
    price_minor: int
    currency: str


def put_variant(entry: CatalogueEntry) -> Variant:
    """Make or update the variant of an entry, with its product and categories. Safe to repeat.

    A variant is found by its GTIN first, so that a second supplier's offer joins the product
    that is there; its texts then stay those of the supplier that came first.
    """
    with transaction.atomic():
        known = Variant.objects.filter(gtin=entry.gtin).first() if entry.gtin else None
        known = known or Variant.objects.filter(sku=entry.sku).first()
        if known is not None and known.sku != entry.sku:
            return known
        product = _put_product(entry)
        fields = {
            "product": product,
            "gtin": entry.gtin,
            "options": dict(entry.options),
            "currency": entry.currency,
            "weight_grams": entry.weight_grams,
        }
        variant, new = Variant.objects.update_or_create(
            sku=entry.sku, defaults=fields, create_defaults=fields | {"price_minor": entry.price_minor}
        )
        if new:
            variant.position = product.variants.count()
            variant.save(update_fields=["position"])
    return variant


def _put_product(entry: CatalogueEntry) -> Product:
    category, department = _put_categories(entry.category_path)
    fields = {
        "name": entry.name,
        "category": category,
        "department": department,
        "brand": entry.brand,
        "description": nh3.clean(entry.description, tags=ALLOWED_TAGS, attributes={}),
        "max_per_order": min(entry.max_per_order, 99),
        "not_returnable_reason": entry.not_returnable_reason,
        "currency": entry.currency,
    }
    slug = slugify(f"{entry.name} {entry.group}")[:120]
    product, new = Product.objects.update_or_create(slug=slug, defaults=fields)
    if new:
        # From then on the class of tax is a matter for staff.
        product.tax_class = class_of_rate(entry.tax_basis_points, on=timezone.localdate())
        product.save(update_fields=["tax_class"])
    ProductFact.objects.bulk_create(
        [
            ProductFact(product=product, name=name[:80], value=value[:500], position=position)
            for position, (name, value) in enumerate(entry.facts.items())
        ],
        update_conflicts=True,
        unique_fields=["product", "name"],
        update_fields=["value", "position"],
    )
    return product


def _put_categories(path: Sequence[str]) -> tuple[Category, Category]:
    parent: Category | None = None
    department: Category | None = None
    for name in list(path)[:3] or ["Other"]:
        slug = slugify(name if parent is None else f"{parent.slug} {name}")[:80]
        panel = (
            next((panel for panel in sorted(PANELS) if slug.startswith(panel)), "") if parent is None else parent.panel
        )
        parent, new = Category.objects.get_or_create(
            slug=slug, defaults={"name": name[:80], "parent": parent, "panel": panel}
        )
        if new and department is None:
            parent.position = Category.objects.filter(parent=None).count()
            parent.save(update_fields=["position"])
        department = department or parent
    assert parent is not None  # the path has at least one name
    assert department is not None
    return parent, department


def write_best_offer(
    variant: Variant,
    *,
    price_minor: int,
    unit_cost: int,
    cost_currency: str,
    availability: Availability,
    stock_told: int | None,
    stock_told_at: datetime,
    restock_on: date | None,
    handling_min_days: int,
    handling_max_days: int,
    ships_to: Sequence[str] | None,
    delivery_profile: DeliveryProfile,
) -> bool:
    """Write the best offer's facts down to the shop window; return whether anything changed.

    ``unit_cost`` is in 1/10,000 of ``cost_currency``. Call ``refresh_products`` afterwards.
    """
    wanted = {
        "price_minor": price_minor,
        "unit_cost": unit_cost,
        "cost_currency": cost_currency,
        "availability": availability,
        "stock_told": stock_told,
        "restock_on": restock_on,
        "handling_min_days": handling_min_days,
        "handling_max_days": handling_max_days,
        "ships_to": None if ships_to is None else list(ships_to),
        "delivery_profile": delivery_profile,
        "is_active": availability != Availability.DISCONTINUED,
    }
    changed = any(getattr(variant, name) != value for name, value in wanted.items())
    Variant.objects.filter(pk=variant.pk).update(stock_told_at=stock_told_at, **wanted)
    return changed


def take_off_sale(variant: Variant) -> None:
    """Stop selling a variant that no supplier offers any more. Safe to repeat."""
    Variant.objects.filter(pk=variant.pk).update(availability=Availability.DISCONTINUED, is_active=False)


def refresh_products(product_ids: Iterable[int]) -> None:
    """Write anew what cards, lists and search read: price span, whether it can be bought, its listing."""
    # In one order for everybody, so that no two wait for each other's rows.
    ids = sorted(set(product_ids))
    for start in range(0, len(ids), AT_ONCE):
        products = list(for_index(Product.objects.filter(pk__in=ids[start : start + AT_ONCE])).order_by("pk"))
        for product in products:
            _write_span(product)
        write_listings(products)


def refresh_texts(product_ids: Iterable[int]) -> None:
    """Let lists and search know of new names, facts and pictures of goods that are on sale already. Safe to repeat."""
    on_sale = Product.objects.on_sale().values_list("pk", flat=True)
    ids = sorted(set(product_ids))
    for start in range(0, len(ids), AT_ONCE):
        refresh_products(on_sale.filter(pk__in=ids[start : start + AT_ONCE]))


def _write_span(product: Product) -> None:
    prices = [variant.price_minor for variant in product.offered]
    wanted = {
        "price_from_minor": min(prices, default=None),
        "price_to_minor": max(prices, default=None),
        "is_available": any(variant.is_sellable for variant in product.offered),
    }
    if any(getattr(product, name) != value for name, value in wanted.items()):
        Product.objects.filter(pk=product.pk).update(**wanted)


def refresh_availability(variant_ids: Iterable[int]) -> None:
    """Write anew whether the products of some variants can be bought; for after a reservation."""
    refresh_numbers(Variant.objects.filter(pk__in=set(variant_ids)).values_list("product_id", flat=True))


def has_picture(product: Product, variant: Variant | None, position: int, source_url: str) -> bool:
    """True if this picture was stored before from the same address."""
    return ProductImage.objects.filter(
        Q(variant=variant), product=product, position=position, source_url=source_url
    ).exists()


def store_picture(
    product: Product, variant: Variant | None, *, position: int, alt: str, content: bytes, source_url: str
) -> ProductImage:
    """Re-encode a picture in two sizes, never larger than it came, and store it. Safe to repeat.

    Raises NotAPicture for bytes that are none.
    """
    (large, small), sizes = _encode(content)
    name = hashlib.sha256(content).hexdigest()[:24]
    image = ProductImage.objects.filter(product=product, variant=variant, position=position).first()
    image = image or ProductImage(product=product, variant=variant, position=position)
    image.alt, image.source_url = alt[:250], source_url
    (image.large_width, image.large_height), (image.small_width, image.small_height) = sizes
    image.large.save(f"{name}-l.webp", ContentFile(large), save=False)
    image.small.save(f"{name}-s.webp", ContentFile(small), save=False)
    image.save()
    if position == 0:
        # A card that has no picture yet shows the first to come, without waiting for prices or stock.
        Listing.objects.filter(product=product, picture=None).update(picture=image)
    return image


def _encode(content: bytes) -> tuple[list[bytes], list[tuple[int, int]]]:
    try:
        with Image.open(io.BytesIO(content), formats=["PNG", "JPEG", "WEBP"]) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise NotAPicture("too many pixels")
            picture = opened.convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise NotAPicture(type(error).__name__) from error
    both = [_shrunk(picture, width) for width in (LARGE_WIDTH, SMALL_WIDTH)]
    return [_webp(one) for one in both], [one.size for one in both]


def _shrunk(picture: Image.Image, width: int) -> Image.Image:
    if picture.width <= width:
        return picture
    return picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)


def _webp(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=82, method=4)
    return file.getvalue()
