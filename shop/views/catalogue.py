"""Home."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from shop.card_rows import card_rows, cards
from shop.models import Listing
from shop.shelves import department_tiles, newest_on_home
from shop.visitor import terms_of


def home(request: HttpRequest) -> HttpResponse:
    newest = card_rows(Listing.objects.filter(pk__in=newest_on_home()).order_by("-pk"))
    context = {"cards": cards(newest, terms_of(request)), "tiles": department_tiles()}
    return render(request, "shop/home.html", context)
