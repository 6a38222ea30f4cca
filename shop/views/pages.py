"""Texts about the shop, and what search engines read."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from shop.models import DeliveryProfile

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
    profiles = DeliveryProfile.objects.prefetch_related("rates") if slug in {"delivery", "returns", "about"} else []
    context = {"title": PAGES[slug], "profiles": profiles, "currency": settings.SHOP_CURRENCY}
    return render(request, f"shop/pages/{slug}.html", context)


def robots(request: HttpRequest) -> HttpResponse:
    closed = ("/basket/", "/checkout/", "/orders/", "/account/", "/support/", "/desk/", "/admin/", "/search/")
    lines = [
        "User-agent: *",
        *(f"Disallow: {path}" for path in closed),
        f"Sitemap: {settings.SITE_URL}/sitemap.xml",
        "",
    ]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")
