"""Texts about the shop, and what search engines read."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django_countries import countries

from shop.context import CLOSED
from shop.customs import import_text
from shop.forms import CountryForm
from shop.languages import in_language, known_languages
from shop.models import DeliveryProfile
from shop.returns import policy_of
from shop.visitor import country_of, remember_country

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
        code = country_of(request)
        context |= {"country_code": code, "country_name": countries.name(code), "policy": policy_of(code)}
    return render(request, f"shop/pages/{slug}.html", context)


def _origins(country: str) -> list[tuple[DeliveryProfile, str]]:
    """Return the places goods are sent from, each with what to say of duty to visitors of a country."""
    profiles = DeliveryProfile.objects.prefetch_related("zones__services", "zones__countries")
    return [(profile, import_text(profile, country)) for profile in profiles]


def country(request: HttpRequest) -> HttpResponse:
    """Let a visitor say where things go; all prices and days follow."""
    home = reverse("shop:home")
    back = request.POST.get("next") or request.GET.get("next") or home
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = home
    form = CountryForm(request.POST if request.method == "POST" else None, initial={"country": country_of(request)})
    if request.method == "POST" and form.is_valid():
        remember_country(request, form.cleaned_data["country"])
        return redirect(back)
    return render(request, "shop/country.html", {"form": form, "next": back}, status=422 if form.errors else 200)


def robots(request: HttpRequest) -> HttpResponse:
    lines = [
        "User-agent: *",
        *(f"Disallow: {in_language(path, language)}" for language in known_languages() for path in CLOSED),
        f"Sitemap: {settings.SITE_URL}/sitemap.xml",
        "",
    ]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")
