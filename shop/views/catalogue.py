"""Home."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from shop.cards import cards, for_cards, small_picture
from shop.models import Category, Listing, Product, ProductImage
from shop.visitor import terms_of

ON_HOME = 6
NEW_OF_EACH = 2


def home(request: HttpRequest) -> HttpResponse:
    newest = for_cards(Product.objects.on_sale().filter(pk__in=_newest_of_each())).order_by("-pk")
    context = {"cards": cards(newest, terms_of(request)), "tiles": department_tiles()}
    return render(request, "shop/home.html", context)


def _in_department() -> QuerySet[Listing]:
    return Listing.objects.filter(department=OuterRef("pk"), is_available=True)


def _newest_of_each() -> list[int]:
    """Return the ids of the newest products, at most NEW_OF_EACH of a department, so that all of the shop shows.

    One query that reads as many rows as it returns, however many products there are.
    """
    newest = _in_department().order_by("-pk").values("pk")
    places = [Subquery(newest[place : place + 1]) for place in range(NEW_OF_EACH)]
    by_place = zip(*Category.objects.filter(parent=None).order_by().values_list(*places), strict=True)
    ranked = [pk for place in by_place for pk in sorted(filter(None, place), reverse=True)]
    return ranked[:ON_HOME]


def department_tiles() -> list[dict[str, object]]:
    """Return the departments that have something, with the picture of their oldest product; two queries."""
    oldest = _in_department().filter(picture__isnull=False).order_by("pk").values("picture")
    stocked = Category.objects.filter(Exists(_in_department()), parent=None)
    departments = list(stocked.annotate(shown=Subquery(oldest[:1])))
    pictures = ProductImage.objects.in_bulk([department.shown for department in departments if department.shown])
    return [
        {
            "name": department.local_name,
            "get_absolute_url": department.get_absolute_url(),
            "tint": department.panel,
            "image": small_picture(pictures.get(department.shown)),
        }
        for department in departments
    ]
