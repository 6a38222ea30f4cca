"""Home and product pages."""

from __future__ import annotations

import json

from django.db.models import F, Prefetch, Window
from django.db.models.functions import RowNumber
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _

from shop.actions.basket import most_of
from shop.cards import Picture, cards, for_cards, large_picture, picture_of, small_picture, stock_words
from shop.delivery import Choice
from shop.forms import CountryForm
from shop.models import Category, Product, ProductImage, Variant
from shop.money import Money
from shop.pricing import plan_priced, price_of
from shop.tax import Terms
from shop.visitor import terms_of

ON_HOME = 8
NEW_OF_EACH = 2


def home(request: HttpRequest) -> HttpResponse:
    newest = for_cards(Product.objects.filter(pk__in=_newest_of_each())).order_by("-created_at", "-pk")
    context = {"cards": cards(newest, terms_of(request)), "tiles": _tiles()}
    return render(request, "shop/home.html", context)


def _newest_of_each() -> list[int]:
    """Return the ids of the newest products, at most NEW_OF_EACH of a department, so that all of the shop shows."""
    place = Window(RowNumber(), partition_by="department", order_by=[F("created_at").desc(), F("pk").desc()])
    ranked = Product.objects.on_sale().filter(is_available=True).annotate(place=place)
    newest = ranked.filter(place__lte=NEW_OF_EACH).order_by("place", "-created_at", "-pk")
    return list(newest.values_list("pk", flat=True)[:ON_HOME])


def _tiles() -> list[dict[str, object]]:
    """Return the departments with one picture each; two queries."""
    first = ProductImage.objects.filter(position=0, product__is_published=True, product__is_available=True)
    pictures: dict[int, ProductImage] = {}
    for image in first.select_related("product").order_by("product__created_at", "pk"):
        pictures.setdefault(image.product.department_id, image)
    return [
        {
            "name": department.name,
            "get_absolute_url": department.get_absolute_url(),
            "tint": department.panel,
            "image": small_picture(pictures[department.pk]),
        }
        for department in Category.objects.filter(parent=None)
        if department.pk in pictures
    ]


def product(request: HttpRequest, slug: str) -> HttpResponse:
    variants = Prefetch(
        "variants", Variant.objects.filter(is_active=True).select_related("delivery_profile"), to_attr="offered"
    )
    found = Product.objects.on_sale().select_related("department", "category")
    shown = get_object_or_404(found.prefetch_related(variants, "images", "facts"), slug=slug)
    variant = _chosen(shown, request.GET.get("variant", ""))
    terms = terms_of(request)
    # None: not sent there, as far as anybody knows.
    parcel = next(iter(plan_priced([(variant, 1)], terms, now=timezone.now()).parcels), None)
    images = list(shown.images.all())
    own = [image for image in images if image.variant_id == variant.pk] or images
    main = own[_place(request.GET.get("picture", ""), len(own))] if own else None
    words, level = stock_words(variant)
    context = {
        "product": shown,
        "variant": variant,
        "price": price_of(variant, terms),
        "terms": terms,
        "choices": [_choice(one, picture_of(one, images), variant) for one in shown.offered],
        "axes": ", ".join(variant.options),
        "parcel": parcel,
        "country_name": terms.country_name,
        "country_form": CountryForm(initial={"country": terms.country}, auto_id="to_%s"),
        "stock_words": words,
        "stock_level": level,
        "most": most_of(variant),
        "main": large_picture(main) if main else None,
        "thumbs": [(place, small_picture(image), image is main) for place, image in enumerate(own)],
        "crumbs": [(_("Home"), "/"), (shown.department.name, shown.department.get_absolute_url())],
        "structured": structured_product(
            request, shown, variant, terms, parcel.choices[0] if parcel else None, large_picture(main) if main else None
        ),
        "department": shown.department,
    }
    return render(request, "shop/product.html", context)


def _chosen(shown: Product, sku: str) -> Variant:
    if not shown.offered:
        raise Http404
    asked = next((variant for variant in shown.offered if variant.sku == sku), None)
    return asked or next((variant for variant in shown.offered if variant.is_sellable), shown.offered[0])


def _place(text: str, length: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 and int(text) < length else 0


def _choice(variant: Variant, image: ProductImage | None, chosen: Variant) -> dict[str, object]:
    words, level = stock_words(variant)
    return {
        "sku": variant.sku,
        "label": variant.options_label,
        "is_chosen": variant.pk == chosen.pk,
        "is_gone": level == "gone",
        "stock_words": words,
        "image": small_picture(image),
    }


def structured_product(
    request: HttpRequest,
    shown: Product,
    variant: Variant,
    terms: Terms,
    delivery: Choice | None,
    main: Picture | None,
) -> str:
    """Return the product as JSON-LD (schema.org), safe inside a script element.

    ``delivery`` is how one travels to the visitor's country; None: it is not sent there.
    """
    offer: dict[str, object] = {
        "@type": "Offer",
        "price": price_of(variant, terms).plain,
        "priceCurrency": variant.currency,
        "availability": f"https://schema.org/{'InStock' if variant.is_sellable else 'OutOfStock'}",
        "url": request.build_absolute_uri(shown.get_absolute_url()),
    }
    if delivery is not None:
        cost = {"@type": "MonetaryAmount", "value": Money(delivery.price_minor, variant.currency).plain}
        region = {"@type": "DefinedRegion", "addressCountry": terms.country}
        offer["shippingDetails"] = {
            "@type": "OfferShippingDetails",
            "shippingRate": cost | {"currency": variant.currency},
            "shippingDestination": region,
        }
    facts = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": shown.name,
        "sku": variant.sku,
        "brand": {"@type": "Brand", "name": shown.brand},
        "offers": offer,
    } | ({"image": request.build_absolute_uri(main.url)} if main else {})
    # A "<" inside a text must not end the script element.
    return json.dumps(facts, ensure_ascii=False).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
