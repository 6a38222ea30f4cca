"""Home."""

from __future__ import annotations

from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from shop.cards import cards, for_cards, small_picture
from shop.models import Category, Product, ProductImage
from shop.visitor import terms_of

ON_HOME = 6
NEW_OF_EACH = 2


def home(request: HttpRequest) -> HttpResponse:
    newest = for_cards(Product.objects.filter(pk__in=_newest_of_each())).order_by("-created_at", "-pk")
    context = {"cards": cards(newest, terms_of(request)), "tiles": department_tiles()}
    return render(request, "shop/home.html", context)


def _newest_of_each() -> list[int]:
    """Return the ids of the newest products, at most NEW_OF_EACH of a department, so that all of the shop shows."""
    place = Window(RowNumber(), partition_by="department", order_by=[F("created_at").desc(), F("pk").desc()])
    ranked = Product.objects.on_sale().filter(is_available=True).annotate(place=place)
    newest = ranked.filter(place__lte=NEW_OF_EACH).order_by("place", "-created_at", "-pk")
    return list(newest.values_list("pk", flat=True)[:ON_HOME])


def department_tiles() -> list[dict[str, object]]:
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
