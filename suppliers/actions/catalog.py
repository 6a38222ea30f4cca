"""Sync a supplier's catalogue and stock, and write the best offers down to the shop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from orders.actions.reservation import release_told
from shop.actions import catalog
from shop.actions.catalog import CatalogueEntry
from shop.models import Variant
from shop.models.catalogue import Availability, Gate
from shop.money import Money, WrongPrecision, minor_units, parse_cost
from suppliers.actions.pictures import want_pictures
from suppliers.actions.reading import MAKES_NO_SENSE, Garbage, day, moment, whole_number
from suppliers.actions.terms import take_cutoff
from suppliers.adapters import adapter_of
from suppliers.adapters.base import Adapter
from suppliers.models import Offer, OfferStatus, Supplier

Report = Callable[[str], None]
T = TypeVar("T")
BATCH = 200
# What may stand in a row of a feed and does not fit: the row is named and left out.
BAD_ROW = (*MAKES_NO_SENSE, WrongPrecision)


def sync_supplier(supplier: Supplier, *, adapter: Adapter | None = None, report: Report) -> int:
    """Read a supplier's catalogue and stock; return how many items were taken.

    Its pictures are written down and fetched later. Reads only what changed since the last complete walk. A bad row is reported and left out. Talks
    to the network; raises TryLater, Unclear or Refused when the supplier does not answer, and what the adapter's
    ``before_page`` raises before any batch. Safe to repeat, also after it broke off.
    """
    adapter = adapter or adapter_of(supplier)
    account = adapter.account()
    if isinstance(account.get("capabilities"), list):
        Supplier.objects.filter(pk=supplier.pk).update(capabilities=[str(one) for one in account["capabilities"]])
    take_cutoff(supplier, account.get("order_cutoff"))
    walk = adapter.walk("catalog", since=supplier.catalogue_as_of)
    taken, product_ids = 0, set()
    for batch in _batches(walk.items):
        adapter.before_page()
        found = [pk for pk in (_take_item(supplier, item, report) for item in batch) if pk]
        taken += len(found)
        product_ids.update(found)
        report(f"{supplier.name}: {taken} items")
    sync_stock(supplier, adapter=adapter, report=report)
    for some in _batches(sorted(product_ids)):
        adapter.before_page()
        catalog.refresh_texts(some)
    Supplier.objects.filter(pk=supplier.pk).update(catalogue_as_of=walk.as_of[0] if walk.as_of else "")
    return taken


def sync_stock(supplier: Supplier, *, adapter: Adapter | None = None, report: Report) -> int:
    """Read a supplier's stock since the last walk; return how many levels were told."""
    adapter = adapter or adapter_of(supplier)
    walk = adapter.walk("stock", since=supplier.stock_as_of)
    count = 0
    for batch in _batches(walk.items):
        adapter.before_page()
        count += take_stock(supplier, batch, report=report)
    Supplier.objects.filter(pk=supplier.pk).update(stock_as_of=walk.as_of[0] if walk.as_of else "")
    return count


def take_stock(supplier: Supplier, levels: Iterable[dict[str, Any]], *, report: Report) -> int:
    """Write down what a supplier tells of its stock; return how many offers it was about.

    An older message than the one known is left out. Frees reservations that the told number has
    in it already.
    """
    variant_ids: list[int] = []
    for level in levels:
        try:
            told_at = _moment(level["updated_at"])
            fields = {
                "availability": Availability(level["availability"]),
                "stock": None if level.get("quantity") is None else whole_number(level["quantity"]),
                "restock_on": day(level.get("restock_date")),
                "stock_told_at": told_at,
            }
            offer = Offer.objects.filter(supplier=supplier, supplier_sku=str(level["sku"])).first()
        except BAD_ROW as error:
            report(f"{supplier.name}: stock row left out: {type(error).__name__}: {error}")
            continue
        if offer is None or (offer.stock_told_at and offer.stock_told_at > told_at):
            continue
        Offer.objects.filter(pk=offer.pk).update(**fields)
        variant_ids.append(offer.variant_id)
        release_told([offer.variant_id], profile_id=supplier.delivery_profile_id, told_at=told_at)
    write_best_offers(variant_ids)
    return len(variant_ids)


def write_best_offers(variant_ids: Iterable[int]) -> None:
    """Write the best offer of each variant down to the shop. Safe to repeat.

    Best is: can be sold now, then the lowest cost, then the shorter handling time.
    """
    variants = {variant.pk: variant for variant in Variant.objects.filter(pk__in=set(variant_ids))}
    offers: dict[int, list[Offer]] = {pk: [] for pk in variants}
    live = Offer.objects.filter(variant__in=variants, status=OfferStatus.ACTIVE, supplier__is_active=True)
    for offer in live.select_related("supplier__delivery_profile"):
        offers[offer.variant_id].append(offer)
    for pk, variant in variants.items():
        best = min(offers[pk], key=_rank, default=None)
        if best is None:
            catalog.take_off_sale(variant)
        else:
            _write(variant, best)
    catalog.refresh_products({variant.product_id for variant in variants.values()})


def _rank(offer: Offer) -> tuple[bool, int, int, int]:
    gone = offer.availability in {Availability.OUT_OF_STOCK, Availability.DISCONTINUED} or offer.stock == 0
    return gone, offer.unit_cost, offer.handling_max_days, offer.pk


def _write(variant: Variant, offer: Offer) -> None:
    catalog.write_best_offer(
        variant,
        price_minor=retail_minor(offer),
        unit_cost=offer.unit_cost,
        cost_currency=offer.currency,
        availability=Availability(offer.availability),
        stock_told=offer.stock,
        stock_told_at=offer.stock_told_at or timezone.now(),
        restock_on=offer.restock_on,
        handling_min_days=offer.handling_min_days,
        handling_max_days=offer.handling_max_days,
        ships_to=offer.ships_to,
        delivery_profile=offer.supplier.delivery_profile,
    )


def retail_minor(offer: Offer) -> int:
    """Return the price in the shop, tax included, in minor units of the shop's currency.

    The supplier's recommended price if it is above cost; else cost with the supplier's mark-up,
    rounded up to half a unit.
    """
    cost_minor = offer.unit_cost * 10 ** minor_units(offer.currency) // 10_000
    if offer.recommended_minor and offer.recommended_minor > cost_minor:
        return offer.recommended_minor
    step = 10 ** minor_units(settings.SHOP_CURRENCY) // 2 or 1
    marked_up = cost_minor * (100 + offer.supplier.markup_percent) // 100
    return -(-marked_up // step) * step


def _take_item(supplier: Supplier, item: dict[str, Any], report: Report) -> int | None:
    """Take in one item and return the id of its product; None for one that is reported and left out."""
    try:
        # All of a row or nothing: what no column can hold may show only when it is written.
        with transaction.atomic():
            variant = catalog.put_variant(_entry(item))
            _put_offer(supplier, variant, item)
            # A second supplier's pictures of the same goods would only repeat the first one's.
            if variant.sku == str(item["sku"])[:40]:
                want_pictures(supplier, variant, [str(url) for url in item.get("images") or []])
    except BAD_ROW as error:
        report(f"{supplier.name}: {str(item.get('sku'))[:64]} left out: {type(error).__name__}: {error}")
        return None
    return variant.product_id


# Attributes with a meaning of their own, which stand elsewhere on the page than in the table of facts.
OWN_PLACE = {
    "not returnable": "not_returnable_reason",
    "maker": "maker",
    "eu responsible person": "responsible_person",
    "warning": "warnings",
    "warnings": "warnings",
    "leaflet": "leaflet_url",
    "active ingredient": "active_ingredient",
    "limit reason": "limit_reason",
}


def _entry(item: dict[str, Any]) -> CatalogueEntry:
    price = item.get("recommended_price") or item["cost"]
    facts, placed = _sorted_attributes(item.get("attributes") or {})
    return CatalogueEntry(
        sku=str(item["sku"])[:40],
        group=str(item.get("parent_sku") or item["sku"]),
        name=str(item["name"])[:250],
        description=str(item.get("description") or ""),
        brand=str(item.get("brand") or ""),
        gtin=str(item.get("gtin") or ""),
        category_path=[str(name) for name in item.get("category_path") or []],
        options={str(axis)[:40]: str(value)[:80] for axis, value in (item.get("variant") or {}).items()},
        facts=facts,
        tax_basis_points=_told_rate(item),
        weight_grams=item.get("weight_g"),
        dimensions_mm=_dimensions(item.get("dimensions_mm")),
        max_per_order=int(item.get("max_quantity") or 99),
        not_returnable_reason=placed.get("not_returnable_reason", "")[:200],
        maker=placed.get("maker", ""),
        responsible_person=placed.get("responsible_person", ""),
        warnings=placed.get("warnings", ""),
        leaflet_url=_https(placed.get("leaflet_url", "")),
        active_ingredient=placed.get("active_ingredient", ""),
        limit_reason=placed.get("limit_reason", ""),
        minimum_age=_minimum_age(item.get("regulated")),
        gate=_gate(item.get("regulated")),
        price_minor=Money.parse(str(price["amount"]), str(price["currency"])).minor
        if item.get("recommended_price")
        else 0,
        currency=settings.SHOP_CURRENCY,
    )


def _sorted_attributes(told: dict[str, object]) -> tuple[dict[str, str], dict[str, str]]:
    """Part what goes into the table of facts from what has a place of its own, by the field it goes to."""
    facts, placed = {}, {}
    for name, value in told.items():
        field = OWN_PLACE.get(str(name).strip().casefold())
        if field is None:
            facts[str(name)] = str(value)
        else:
            placed[field] = str(value).strip()
    return facts, placed


def _dimensions(told: object) -> dict[str, int]:
    if not isinstance(told, dict):
        return {}
    # A side of nothing is a side that nobody measured.
    return {side: length for side in ("length", "width", "height") if (length := whole_number(told.get(side) or 0))}


def _https(url: str) -> str:
    return url if url.startswith("https://") and len(url) <= 500 else ""


def _gate(told: object) -> Gate:
    if not isinstance(told, dict):
        return Gate.NONE
    if told.get("prescription_required") is True:
        return Gate.PRESCRIPTION
    return Gate.AGE if told.get("minimum_age") else Gate.NONE


def _minimum_age(told: object) -> int:
    """Return from which age on a thing is sold, as far as that can be an age; 0: from any."""
    age = told.get("minimum_age") if isinstance(told, dict) else None
    return age if isinstance(age, int) and not isinstance(age, bool) and 0 < age < 100 else 0


def _told_rate(item: dict[str, Any]) -> int | None:
    """Return the tax rate a supplier tells, in 1/100 of a percent; None if it tells none."""
    told = item.get("tax_rate")
    return None if told in {None, ""} else parse_cost(str(told)) // 100


def _put_offer(supplier: Supplier, variant: Variant, item: dict[str, Any]) -> Offer:
    recommended, handling = item.get("recommended_price"), item.get("handling_days") or {"min": 0, "max": 1}
    if item["cost"]["currency"] != settings.SHOP_CURRENCY:
        raise WrongPrecision(f"cost in {item['cost']['currency']}, the shop sells in {settings.SHOP_CURRENCY}")
    same = recommended and recommended["currency"] == settings.SHOP_CURRENCY
    fields = {
        "variant": variant,
        "unit_cost": parse_cost(str(item["cost"]["amount"])),
        "currency": str(item["cost"]["currency"]),
        "recommended_minor": Money.parse(str(recommended["amount"]), settings.SHOP_CURRENCY).minor if same else None,
        "status": OfferStatus(item["status"]),
        "handling_min_days": whole_number(handling["min"]),
        "handling_max_days": whole_number(handling["max"]),
        "ships_to": _countries(item.get("ships_to")),
    }
    offer, _new = Offer.objects.update_or_create(supplier=supplier, supplier_sku=str(item["sku"]), defaults=fields)
    return offer


def _countries(told: object) -> list[str] | None:
    """Read the countries an item is sent to; None is everywhere. Raises ValueError for what is no such list."""
    if told is None:
        return None
    if not isinstance(told, list) or not all(isinstance(code, str) and len(code) == 2 for code in told):
        raise ValueError("ships_to is no list of countries")
    return [code.upper() for code in told]


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, BATCH)):
        yield batch


def _moment(text: object) -> datetime:
    found = moment(text)
    if found is None:
        raise Garbage("no point in time")
    return found
