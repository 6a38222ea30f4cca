"""A product's page as data for search engines (schema.org, JSON-LD), made of what the page itself shows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache

from django.conf import settings
from django.utils.html import strip_tags
from django.utils.text import Truncator
from django.utils.translation import gettext

from shop.gtin import is_global
from shop.models.texts import worded
from shop.money import Money
from shop.product_page import ProductPage
from shop.returns import ReturnTerms

SCHEMA = "https://schema.org"
# Our words for facts to schema.org's, as far as the table of facts has them.
FACTS = {"material": "material", "colour": "color", "color": "color", "size": "size"}
# Descriptions that are kept without their marks; a kilobyte or two each.
MOST_TEXTS = 1_000
SUMMARY_LENGTH = 150
ORIGIN = {"country of making", "country of origin", "made in"}


def as_script(data: object) -> str:
    """Write data as JSON that is safe inside a script element."""
    # A "<" inside a text must not end the script element.
    text = json.dumps(data, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def breadcrumb_data(crumbs: Sequence[tuple[str, str]], name: str) -> dict[str, object]:
    """Return the way to a page: the crumbs it shows (name, path), and its own name at the end."""
    items: list[dict[str, object]] = [
        {"@type": "ListItem", "position": place, "name": str(crumb), "item": settings.SITE_URL + path}
        for place, (crumb, path) in enumerate(crumbs, 1)
    ]
    items.append({"@type": "ListItem", "position": len(items) + 1, "name": name})
    return {"@context": SCHEMA, "@type": "BreadcrumbList", "itemListElement": items}


def product_data(page: ProductPage) -> dict[str, object]:
    """Return a product with the variant that is chosen, its offer, and what buyers say."""
    product, variant = page.product, page.variant
    found: dict[str, object] = {
        "@context": SCHEMA,
        "@type": "Product",
        "name": page.full_name,
        "sku": variant.sku,
        "url": variant_address(page),
        "image": [settings.SITE_URL + shot.widest.url for shot in page.shots],
        "description": _plain(product.local_description),
        "brand": {"@type": "Brand", "name": product.brand} if product.brand else None,
        "gtin": variant.gtin if is_global(variant.gtin) else None,
        "manufacturer": {"@type": "Organization", "name": product.maker.split(",")[0]} if product.maker else None,
        **_fact_data(page),
        "offers": _offer(page),
    }
    if product.rating_count:
        found["aggregateRating"] = {
            "@type": "AggregateRating",
            "ratingValue": product.rating,
            "reviewCount": product.rating_count,
            "bestRating": 5,
            "worstRating": 1,
        }
        found["review"] = [_review(told) for told in product.latest_reviews]
    return {name: value for name, value in found.items() if value not in (None, "", [])}


def variant_address(page: ProductPage) -> str:
    """Return the full address of the page with the variant chosen."""
    return f"{settings.SITE_URL}{page.product.get_absolute_url()}?variant={page.variant.sku}"


def summary_of(html: str) -> str:
    """Return how a description begins, for search engines to show below the name."""
    return Truncator(_plain(html)).chars(SUMMARY_LENGTH)


@lru_cache(maxsize=MOST_TEXTS)
def _plain(html: str) -> str:
    return " ".join(strip_tags(html.replace("<", " <")).split())


def _fact_data(page: ProductPage) -> dict[str, object]:
    found: dict[str, object] = {}
    told = [(key, value) for key, _name, value in page.keyed]
    options = page.variant.options.items()
    told += [(str(axis).casefold(), worded(str(value), about=str(axis))) for axis, value in options]
    for key, value in told:
        if key in FACTS:
            found[FACTS[key]] = value
        elif key in ORIGIN:
            found["countryOfOrigin"] = {"@type": "Country", "name": value}
    if page.variant.weight_grams:
        found["weight"] = {"@type": "QuantitativeValue", "value": page.variant.weight_grams, "unitCode": "GRM"}
    return found


def _offer(page: ProductPage) -> dict[str, object]:
    offer: dict[str, object] = {
        "@type": "Offer",
        "url": variant_address(page),
        "price": page.price.plain,
        "priceCurrency": page.price.currency,
        "availability": f"{SCHEMA}/{_availability(page)}",
        "itemCondition": f"{SCHEMA}/NewCondition",
        "seller": {"@type": "Organization", "name": settings.SHOP_NAME},
    }
    if page.reduction:
        offer["priceSpecification"] = {
            "@type": "UnitPriceSpecification",
            "priceType": f"{SCHEMA}/StrikethroughPrice",
            "price": page.reduction.before.plain,
            "priceCurrency": page.reduction.before.currency,
        }
    if page.parcel is not None:
        offer["shippingDetails"] = _shipping(page)
    if page.variant.delivery_profile is not None:
        offer["hasMerchantReturnPolicy"] = _returns(page.returns, page.terms.country)
    return offer


def _availability(page: ProductPage) -> str:
    if not page.is_sellable:
        return "OutOfStock"
    if page.stock_level == "low":
        return "LimitedAvailability"
    return "MadeToOrder" if page.variant.sellable is None else "InStock"


def _shipping(page: ProductPage) -> list[dict[str, object]]:
    assert page.parcel is not None  # asked for only where there is one
    currency = page.price.currency
    return [
        {
            "@type": "OfferShippingDetails",
            "shippingRate": {
                "@type": "MonetaryAmount",
                "value": Money(choice.price_minor, currency).plain,
                "currency": currency,
            },
            "shippingDestination": {"@type": "DefinedRegion", "addressCountry": page.terms.country},
            "deliveryTime": {
                "@type": "ShippingDeliveryTime",
                "handlingTime": _days(page.variant.handling_min_days, page.variant.handling_max_days),
                "transitTime": _days(
                    choice.service.transit_min_days,
                    # What the page shows has the supplier's margin in it.
                    choice.service.transit_max_days + choice.service.zone.profile.margin_days,
                ),
            },
        }
        for choice in page.parcel.choices
    ]


def _days(least: int, most: int) -> dict[str, object]:
    return {"@type": "QuantitativeValue", "minValue": least, "maxValue": most, "unitCode": "DAY"}


def _returns(terms: ReturnTerms, country: str) -> dict[str, object]:
    policy = {"@type": "MerchantReturnPolicy", "applicableCountry": country}
    if not terms.days:
        return policy | {"returnPolicyCategory": f"{SCHEMA}/MerchantReturnNotPermitted"}
    fees = "FreeReturn" if terms.is_free else "ReturnFeesCustomerResponsibility"
    found = policy | {
        "returnPolicyCategory": f"{SCHEMA}/MerchantReturnFiniteReturnWindow",
        "merchantReturnDays": terms.days,
        "returnMethod": f"{SCHEMA}/ReturnByMail",
        "returnFees": f"{SCHEMA}/{fees}",
    }
    return found | ({"returnPolicyCountry": terms.country} if terms.country else {})


def _review(told: dict[str, object]) -> dict[str, object]:
    return {
        "@type": "Review",
        "author": {"@type": "Person", "name": told["author"] or gettext("A customer")},
        "datePublished": told["on"],
        "reviewRating": {"@type": "Rating", "ratingValue": told["rating"], "bestRating": 5, "worstRating": 1},
    } | {name: value for name, value in (("name", told["title"]), ("reviewBody", told["text"])) if value}
