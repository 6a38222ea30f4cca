"""Cards by the row: what a card shows depends on these columns, on the country and its delivery, and on the day.

So a card is worked out once for all of that, and kept by it: a new price, name or stock is another row, and another
card, at once and everywhere. The models are made from these columns alone. Whoever lets a card read one more must name
it here: else it costs a query, which a test finds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import get_language

from shop.actions.prices import ANNOUNCED
from shop.arrival import start_day
from shop.cards import Card, Services, card, small_card
from shop.delivery import services_for
from shop.kept import Lately
from shop.models import DeliveryService, Listing, Product, ProductImage, Variant
from shop.prepared import Prepared, columns_of
from shop.tax import Terms

MOST_KEPT = 4_000
# Rows are asked for by so many ids, or twice as many, and so on: else there were as many queries as numbers of them.
IDS = 8
NOBODYS = -1
Row = tuple[object, ...]


PRODUCT = columns_of(
    Product,
    [
        "id",
        "slug",
        "name",
        "names",
        "price_from_minor",
        "price_to_minor",
        "tax_class",
        "currency",
        "is_available",
        "rating_count",
        "rating_sum",
    ],
)
VARIANT = columns_of(
    Variant,
    [
        "id",
        "is_active",
        "price_minor",
        "currency",
        "priced_at",
        "prior_price_minor",
        "availability",
        "stock_told",
        "reserved",
        "restock_on",
        "handling_min_days",
        "handling_max_days",
        "delivery_profile_id",
        "ships_to",
    ],
)
PICTURE = columns_of(
    ProductImage,
    [
        "id",
        "alt",
        "large",
        "large_width",
        "large_height",
        "small",
        "small_width",
        "small_height",
        "sizes",
        "avif_sizes",
    ],
)
COLUMNS = [
    *(f"product__{name}" for name in PRODUCT),
    *(f"variant__{name}" for name in VARIANT),
    *(f"picture__{name}" for name in PICTURE),
    "department__panel",
]
OF_VARIANT = len(PRODUCT)
OF_PICTURE = OF_VARIANT + len(VARIANT)
NAMES = PRODUCT.index("names")
PROFILE, PRIOR, PRICED = (
    OF_VARIANT + VARIANT.index(name) for name in ("delivery_profile_id", "prior_price_minor", "priced_at")
)

# What an arrival window reads of a service; of its profile, see ``_key_of``.
OF_SERVICE = ("pk", "price_minor", "free_from_minor", "transit_min_days", "transit_max_days", "delivery_days")

_kept: Lately[tuple[object, ...], Card] = Lately(MOST_KEPT)


def card_rows(listings: QuerySet[Listing], first: int = 0, end: int | None = None) -> list[Row]:
    """Return the rows of the published ones, or of some of them by place; each begins with its product's id. One query."""
    return [_plain(row) for row in _of_published(listings)[first:end]]


def rows_of(ids: Sequence[int]) -> list[Row]:
    """Return the rows of those that are on sale and published, in the order asked for; one query, none for no ids."""
    if not ids:
        return []
    asked = [*ids, *[NOBODYS] * (-len(ids) % IDS)]
    found = {row[0]: row for row in _by_ids(*asked)}
    return [_plain(found[pk]) for pk in ids if pk in found]


def _of_published(listings: QuerySet[Listing]) -> QuerySet[Listing, Row]:
    return listings.filter(product__is_published=True).values_list(*COLUMNS)


_by_ids = Prepared(lambda *ids: _of_published(Listing.objects.filter(pk__in=ids)))


def _plain(row: Row) -> Row:
    return tuple([_hashable(value) if isinstance(value, list | dict) else value for value in row])


def _hashable(value: object) -> object:
    if isinstance(value, list):
        return tuple(map(_hashable, value))
    return tuple(sorted(value.items())) if isinstance(value, dict) else value


def cards(rows: Sequence[Row], terms: Terms, *, services: Services | None = None) -> list[Card]:
    """Return the cards of some rows, at a country's prices.

    ``services`` are those of the country by profile; None: they are asked for.
    """
    if services is None:
        profiles = {row[PROFILE] for row in rows if row[PROFILE]}
        services = services_for(sorted(profiles), terms.country)  # type: ignore[type-var]
    now = timezone.now()
    ways = {pk: _key_of(services.get(pk, ()), now) for pk in {row[PROFILE] for row in rows}}  # type: ignore[call-overload]
    shared = (terms.key, get_language(), timezone.localdate(now))
    found = []
    for row in rows:
        key = (row, ways[row[PROFILE]], row[PRIOR] is not None and now - row[PRICED] < ANNOUNCED, shared)  # type: ignore[operator]
        made = _kept.get(key)
        if made is None:
            product, variant, picture, panel = _read(row)
            made = card(product, variant, picture, panel, services, terms, now)
            _kept.put(key, made)
        found.append(made)
    return found


def small_cards(rows: Iterable[Row], terms: Terms) -> list[Card]:
    """Return cards without delivery and stock, in which small pictures are enough."""
    shared = ("small", terms.key, get_language())
    found = []
    for row in rows:
        made = _kept.get((row, shared))
        if made is None:
            product, _variant, picture, panel = _read(row)
            made = small_card(product, picture, panel, terms)
            _kept.put((row, shared), made)
        found.append(made)
    return found


def _key_of(services: Sequence[DeliveryService], now: datetime) -> tuple[object, ...]:
    if not services:
        return ()
    profile = services[0].zone.profile
    # From the moment it takes only the day on which the clock starts.
    origin = start_day(profile, now), profile.country_code, profile.working_days, profile.closed_days
    ways = (tuple(getattr(one, name) for name in OF_SERVICE) for one in services)
    return *origin, profile.margin_days, *ways


def _read(row: Row) -> tuple[Product, Variant | None, ProductImage | None, str]:
    columns = list(row[:OF_VARIANT])
    columns[NAMES] = dict(columns[NAMES])  # type: ignore[call-overload]
    product = Product.from_db(None, PRODUCT, columns)
    variant = Variant.from_db(None, VARIANT, row[OF_VARIANT:OF_PICTURE]) if row[OF_VARIANT] else None
    if variant is not None:
        variant.product = product
    picture = ProductImage.from_db(None, PICTURE, row[OF_PICTURE:-1]) if row[OF_PICTURE] else None
    return product, variant, picture, str(row[-1])
