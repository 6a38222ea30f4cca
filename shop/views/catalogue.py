"""Home."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from shop.card_rows import cards, rows_of
from shop.returns import days_to_return
from shop.shelves import department_tiles, newest_on_home
from shop.visitor import terms_of


def home(request: HttpRequest) -> HttpResponse:
    newest = rows_of(sorted(newest_on_home(), reverse=True))
    terms = terms_of(request)
    context = {
        "cards": cards(newest, terms),
        "tiles": department_tiles(),
        "return_days": days_to_return(terms.country),
    }
    return render(request, "shop/home.html", context)
