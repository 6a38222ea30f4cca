"""Home, lists and search."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from shop.cards import cards, for_cards, small_picture
from shop.forms import ListForm
from shop.models import Category, Product, ProductImage
from shop.search import clean_query, find_products
from shop.visitor import terms_of

PER_PAGE = 24
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


def category(request: HttpRequest, slug: str) -> HttpResponse:
    shown = get_object_or_404(Category.objects.select_related("parent"), slug=slug)
    within = Q(department=shown) if shown.parent is None else Q(category=shown) | Q(category__parent=shown)
    context = _list_context(request, Product.objects.on_sale().filter(within))
    trail = [(shown.parent.name, shown.parent.get_absolute_url())] if shown.parent else []
    context |= {
        "title": shown.name,
        "department": shown.parent or shown,
        "children": [] if shown.parent else list(shown.children.all()),
        "crumbs": [(_("Home"), "/"), *trail],
    }
    return render(request, "shop/list.html", context)


def search(request: HttpRequest) -> HttpResponse:
    query = clean_query(request.GET.get("q", ""))
    context = _list_context(request, find_products(query))
    context |= {"title": _("Search"), "query": query, "is_search": True}
    return render(request, "shop/list.html", context)


def _list_context(request: HttpRequest, products: QuerySet[Product]) -> dict[str, object]:
    form = ListForm(request.GET)
    ordering = form.ordering()
    if form.cleaned_data.get("available"):
        products = products.filter(is_available=True)
    pages = Paginator(for_cards(products.order_by(*ordering)), PER_PAGE)
    page = pages.get_page(clean_query(request.GET.get("page", "1")))
    kept = request.GET.copy()
    kept.pop("page", None)
    return {
        "list_form": form,
        "page_obj": page,
        "count": pages.count,
        "cards": cards(page.object_list, terms_of(request)),
        "querystring": kept.urlencode().replace("%00", ""),
    }
