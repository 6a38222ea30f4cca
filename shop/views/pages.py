"""Texts about the shop, and what search engines read."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from shop.customs import import_text
from shop.models import DeliveryProfile
from shop.visitor import country_of

PAGES = {
    "delivery": _("Delivery times and costs"),
    "returns": _("Returns"),
    "about": _("Who sends your parcel"),
    "privacy": _("Privacy"),
    "terms": _("Terms"),
    "imprint": _("Legal details"),
}


def page(request: HttpRequest, slug: str) -> HttpResponse:
    if slug not in PAGES:
        raise Http404
    context: dict[str, object] = {"title": PAGES[slug], "currency": settings.SHOP_CURRENCY}
    if slug == "delivery":
        context["origins"] = _origins(country_of(request))
    elif slug in {"returns", "about"}:
        context["profiles"] = DeliveryProfile.objects.all()
    return render(request, f"shop/pages/{slug}.html", context)


def _origins(country: str) -> list[tuple[DeliveryProfile, str]]:
    """Return the places goods are sent from, each with what to say of duty to visitors of a country."""
    profiles = DeliveryProfile.objects.prefetch_related("zones__services", "zones__countries")
    return [(profile, import_text(profile, country)) for profile in profiles]


def robots(request: HttpRequest) -> HttpResponse:
    closed = ("/basket/", "/checkout/", "/orders/", "/account/", "/support/", "/desk/", "/admin/", "/search/")
    lines = [
        "User-agent: *",
        *(f"Disallow: {path}" for path in closed),
        f"Sitemap: {settings.SITE_URL}/sitemap.xml",
        "",
    ]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")
