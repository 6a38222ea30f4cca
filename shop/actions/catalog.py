"""Write the catalogue: what suppliers' feeds tell becomes products, variants and pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.text import slugify

from shop.actions.prices import set_price
from shop.gtin import is_gtin
from shop.markup import clean_markup
from shop.models import Category, DeliveryProfile, Product, ProductFact, Variant
from shop.models.catalogue import Availability, Gate
from shop.search.index import for_index, refresh_numbers, write_listings
from shop.tax import class_of_rate

AT_ONCE = 500
PANELS = {"kitchen", "desk", "home", "outdoors", "bath", "kids"}


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One sellable item as a feed tells it. ``group`` joins variants of one product; amounts in minor units.

    ``tax_basis_points`` is its rate in the shop's country, in 1/100 of a percent; None if the feed tells none.
    ``gtin`` is what the feed tells, right or wrong; ``dimensions_mm`` has the keys length, width and height.
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
    dimensions_mm: Mapping[str, int] = field(default_factory=dict)
    maker: str = ""
    responsible_person: str = ""
    warnings: str = ""
    leaflet_url: str = ""
    active_ingredient: str = ""
    limit_reason: str = ""
    minimum_age: int = 0
    gate: Gate = Gate.NONE


def put_variant(entry: CatalogueEntry) -> Variant:
    """Make or update the variant of an entry, with its product and categories. Safe to repeat.

    A variant is found by its GTIN first, so that a second supplier's offer joins the product
    that is there; its texts then stay those of the supplier that came first.
    """
    gtin = entry.gtin if is_gtin(entry.gtin) else ""
    with transaction.atomic():
        known = Variant.objects.filter(gtin=gtin).first() if gtin else None
        known = known or Variant.objects.filter(sku=entry.sku).first()
        if known is not None and known.sku != entry.sku:
            return known
        product = _put_product(entry)
        fields = {
            "product": product,
            "gtin": gtin,
            "bad_gtin": "" if gtin else entry.gtin[:40],
            "options": dict(entry.options),
            "currency": entry.currency,
            "weight_grams": entry.weight_grams,
            **{f"{side}_mm": entry.dimensions_mm.get(side) for side in ("length", "width", "height")},
            "facts": _facts(entry),
        }
        variant, new = Variant.objects.update_or_create(
            sku=entry.sku, defaults=fields, create_defaults=fields | {"price_minor": entry.price_minor}
        )
        if new:
            variant.position = product.variants.count()
            variant.save(update_fields=["position"])
        _put_facts(product)
    return variant


def _facts(entry: CatalogueEntry) -> list[list[str]]:
    """Return the facts that say something, cut to what the table of facts holds."""
    return [[name.strip()[:80], value.strip()[:500]] for name, value in entry.facts.items() if value.strip()]


def _put_facts(product: Product) -> None:
    """Write the product's facts, by which lists are filtered, anew from those of its variants."""
    told = Variant.objects.filter(product=product).order_by("position", "pk").values_list("facts", flat=True)
    facts = {name: value for facts in told for name, value in facts}
    ProductFact.objects.filter(product=product).exclude(name__in=facts).delete()
    ProductFact.objects.bulk_create(
        [
            ProductFact(product=product, name=name, value=value, position=position)
            for position, (name, value) in enumerate(facts.items())
        ],
        update_conflicts=True,
        unique_fields=["product", "name"],
        update_fields=["value", "position"],
    )


def _put_product(entry: CatalogueEntry) -> Product:
    category, department = _put_categories(entry.category_path)
    fields = {
        "name": entry.name,
        "category": category,
        "department": department,
        "brand": entry.brand,
        "description": clean_markup(entry.description),
        "max_per_order": min(entry.max_per_order, 99),
        "not_returnable_reason": entry.not_returnable_reason,
        "maker": entry.maker[:500],
        "responsible_person": entry.responsible_person[:500],
        "warnings": entry.warnings[:500],
        "leaflet_url": entry.leaflet_url[:500],
        "active_ingredient": entry.active_ingredient[:200],
        "limit_reason": entry.limit_reason[:200],
        "currency": entry.currency,
    }
    if entry.gate != Gate.NONE:
        # A supplier's word closes the gate. It never opens one that staff have closed.
        fields["gate"] = entry.gate
    slug = slugify(f"{entry.name} {entry.group}")[:120]
    product, new = Product.objects.update_or_create(slug=slug, defaults=fields)
    if new:
        # From then on the class of tax is a matter for staff.
        product.tax_class = class_of_rate(entry.tax_basis_points, on=timezone.localdate())
        product.save(update_fields=["tax_class"])
    if entry.minimum_age > (product.minimum_age or 0):
        # As with the gate: staff may ask for more years than a supplier does, and that stays.
        product.minimum_age = entry.minimum_age
        product.save(update_fields=["minimum_age"])
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
    if variant.price_minor != price_minor or variant.priced_at is None:
        changed = set_price(variant, price_minor) or changed
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
    """Write anew whether the products of some variants can be bought; for after a reservation.

    One query where nothing has sold out and nothing has come back, which is nearly always.
    """
    may_have_changed = Q(product__is_available=False) | Q(stock_told__lte=F("reserved"))
    products = Variant.objects.filter(may_have_changed, pk__in=set(variant_ids)).values_list("product_id", flat=True)
    if changed := set(products):
        refresh_numbers(changed)
