"""Texts about the shop, and what search engines read."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from shop.forms import CountryForm
from shop.models import DeliveryProfile
from shop.pricing import remember_country, visitor_country

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


def country(request: HttpRequest) -> HttpResponse:
    """Let a visitor say where things go; all prices and days follow."""
    back = request.POST.get("next") or request.GET.get("next") or "/"
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = "/"
    form = CountryForm(request.POST or None, initial={"country": visitor_country(request)})
    if request.method == "POST" and form.is_valid():
        remember_country(request, form.cleaned_data["country"])
        return redirect(back)
    return render(request, "shop/country.html", {"form": form, "next": back}, status=422 if form.errors else 200)


def robots(request: HttpRequest) -> HttpResponse:
    closed = ("/basket/", "/checkout/", "/orders/", "/account/", "/support/", "/desk/", "/admin/", "/search/")
    lines = [
        "User-agent: *",
        *(f"Disallow: {path}" for path in closed),
        f"Sitemap: {settings.SITE_URL}/sitemap.xml",
        "",
    ]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")
