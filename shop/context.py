"""What every page of the shop window needs."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Sum
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from shop.actions.basket import SESSION_KEY
from shop.languages import (
    current_language,
    in_language,
    known_languages,
    language_links,
    language_tag,
    social_locale,
    split_language,
)
from shop.models import BasketLine
from shop.register import register_mark
from shop.tree import category_tree
from shop.visitor import terms_of

# What search engines are told to leave alone, in the addresses of the default language.
CLOSED = (
    "/basket/",
    "/checkout/",
    "/orders/",
    "/account/",
    "/support/",
    "/desk/",
    "/admin/",
    "/search/",
    "/back-in-stock/",
)


def _basket_count(request: HttpRequest) -> int:
    if not hasattr(request, "session"):
        # An error page may come before there is one.
        return 0
    if request.session.is_empty():
        # Somebody who has neither a session nor anything in one, as most are who look around.
        return 0
    wanted = BasketLine.objects.filter(is_saved=False)
    basket_id = request.session.get(SESSION_KEY)
    if request.user.is_authenticated:
        wanted = wanted.filter(basket__user=request.user)
    elif basket_id is None:
        return 0
    else:
        wanted = wanted.filter(basket=basket_id, basket__user=None)
    return wanted.aggregate(units=Sum("quantity"))["units"] or 0


def canonical_url(request: HttpRequest) -> str:
    """Return the one address of a page: sorting, filters and options aside, a list's further pages apart."""
    return settings.SITE_URL + request.path + _further(request)


def _further(request: HttpRequest) -> str:
    page = request.GET.get("page", "")
    return f"?page={int(page)}" if page.isascii() and page.isdigit() and 1 < int(page[:6]) < 100_000 else ""


def alternates(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the canonical addresses of the same page in every language, each with what search engines call it.

    None for pages that search engines are told to leave alone, and where the shop speaks one language only.
    """
    _language, page = split_language(request.path)
    if page.startswith(CLOSED) or len(settings.LANGUAGES) < 2:
        return []
    found = [
        (language_tag(code), settings.SITE_URL + in_language(page, code) + _further(request))
        for code in known_languages()
    ]
    # For whoever reads none of them.
    return [*found, ("x-default", found[0][1])]


def shop_window(request: HttpRequest) -> dict[str, object]:
    """Give templates the shop's name, its departments and the basket's count; queries only where they are shown."""
    return {
        "shop_name": settings.SHOP_NAME,
        "departments": SimpleLazyObject(lambda: category_tree().navigation),
        "basket_count": SimpleLazyObject(lambda: _basket_count(request)),
        "price_terms": SimpleLazyObject(lambda: terms_of(request)),
        "canonical_url": canonical_url(request),
        "register_mark": SimpleLazyObject(register_mark) if settings.PHARMACY else None,
        "alternates": SimpleLazyObject(lambda: alternates(request)),
        "language_links": SimpleLazyObject(lambda: language_links(request)),
        "social_locale": social_locale(current_language()),
        "environment_label": _("DEMO") if settings.DEBUG else "",
    }
