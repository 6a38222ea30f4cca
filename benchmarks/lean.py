"""What the shop's pages are measured against: lean complete pages, and a bare view; the addresses beside the shop's.

Lean: the same middleware, at most 4 indexed queries, the same cards, navigation, search box and foot, written as
Django's documentation would, nothing kept from one request to the next. No tax of other countries, no services of
delivery, no filters: what a page of this kind costs at least. Bare: one query and its rows.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.db.models import F, FilteredRelation, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone

from config.urls import handler400, handler500, urlpatterns as of_the_shop
from shop.models import Category, Product, ProductFact, Variant

__all__ = ["handler400", "handler500", "urlpatterns"]
PER_PAGE = 24
# No more than so many hits are counted, or put in order.
MOST = 1000
CARD = (
    "pk", "name", "slug", "price_from_minor", "price_to_minor", "is_available", "department__panel", "first__alt", "first__small",
    "first__large", "first__small_width", "first__small_height", "first__large_width",
)  # fmt: skip
RANKED = f"""
    SELECT product_id FROM (
        SELECT product_id, document FROM lean_words WHERE document @@ plainto_tsquery('simple', %s) LIMIT {MOST}
    ) hits ORDER BY ts_rank(document, plainto_tsquery('simple', %s)) DESC, product_id DESC LIMIT {PER_PAGE}
"""
COUNTED = f"""
    SELECT count(*) FROM (
        SELECT 1 FROM lean_words WHERE document @@ plainto_tsquery('simple', %s) LIMIT {MOST + 1}
    ) hits
"""


def _navigation() -> list[dict[str, object]]:
    return list(Category.objects.filter(parent=None).values("name", "slug"))


def _cards(products) -> list[dict[str, object]]:  # noqa: ANN001  (a queryset with what a card needs)
    first = FilteredRelation("images", condition=Q(images__position=0))
    cards = list(products.annotate(first=first).values(*CARD))
    for card in cards:
        card["price"] = card["price_from_minor"] / 100
    return cards


def _arrival() -> dict[str, object]:
    today = timezone.localdate()
    return {"earliest": today + timedelta(days=3), "latest": today + timedelta(days=6)}


def listed(request: HttpRequest, slug: str) -> HttpResponse:
    """A department or category: its row, 24 cards, their number, the navigation."""
    category = Category.objects.filter(slug=slug).values("id", "name", "parent_id").first()
    if category is None:
        raise Http404
    column = "category_id" if category["parent_id"] else "department_id"
    products = Product.objects.filter(
        **{column: category["id"]}, is_published=True, price_from_minor__isnull=False
    ).order_by("-created_at", "-pk")
    context = {
        "title": category["name"],
        "cards": _cards(products[:PER_PAGE]),
        "count": products[: MOST + 1].count(),
        "departments": _navigation(),
    }
    return render(request, "lean/list.html", context | _arrival())


def found(request: HttpRequest) -> HttpResponse:
    """Full text, the first thousand ranked: the hits, their cards, their number, the navigation."""
    query = request.GET.get("q", "")
    with connection.cursor() as cursor:
        cursor.execute(RANKED, [query, query])
        ids = [pk for (pk,) in cursor.fetchall()]
        cursor.execute(COUNTED, [query])
        count = cursor.fetchone()[0]
    cards = sorted(_cards(Product.objects.filter(pk__in=ids)), key=lambda card: ids.index(card["pk"]))
    context = {"title": query, "cards": cards, "count": count, "departments": _navigation()}
    return render(request, "lean/list.html", context | _arrival())


def shown(request: HttpRequest, slug: str) -> HttpResponse:
    """A product: its row, its variants and pictures, its facts, the navigation."""
    product = (
        Product.objects.filter(slug=slug, is_published=True)
        .values("id", "name", "brand", "description", "department__name", "department__slug", "department__panel")
        .first()
    )
    if product is None:
        raise Http404
    pictures = {
        name: F(f"product__images__{name}") for name in ("large", "small", "alt", "large_width", "large_height")
    }
    rows = list(
        Variant.objects.filter(product=product["id"], is_active=True)
        .order_by("position", "product__images__position")
        .values("sku", "options", "price_minor", "stock_told", **pictures)
    )
    context = {
        "title": product["name"],
        "product": product,
        "chosen": rows[0] | {"price": rows[0]["price_minor"] / 100},
        "pictures": [row for row in rows if row["sku"] == rows[0]["sku"]],
        "variants": list({row["sku"]: row for row in rows}.values()),
        "facts": list(ProductFact.objects.filter(product=product["id"]).values("name", "value")),
        "departments": _navigation(),
    }
    return render(request, "lean/product.html", context | _arrival())


def bare(request: HttpRequest) -> HttpResponse:
    """One query, and a line for each of its rows."""
    rows = Product.objects.filter(department=1, is_published=True, price_from_minor__isnull=False)
    lines = rows.order_by("-created_at", "-pk").values_list("slug", "name", "price_from_minor")[:PER_PAGE]
    items = "".join(f'<li><a href="/p/{slug}/">{name}</a> {price / 100:.2f}</li>' for slug, name, price in lines)
    return HttpResponse(f"<!DOCTYPE html><html lang=en><title>Bare</title><ul>{items}</ul></html>")


urlpatterns = [
    path("lean/c/<slug:slug>/", listed),
    path("lean/p/<slug:slug>/", shown),
    path("lean/search/", found),
    path("lean/bare/", bare),
    *of_the_shop,
]
