"""Where a visitor wants goods sent to, by which services and at which prices, as far as the visit has told."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings
from django.http import HttpRequest
from django_countries import countries

from shop.tax import Terms, terms_for

SESSION_KEY = "delivery"
# More than any shop has origins; a longer list is nobody's choice.
MOST_CHOICES = 50
LONGEST_CODE = 50


def country_of(request: HttpRequest) -> str:
    """Return the code of the country the visitor buys for; the shop's own until another was named."""
    return str(_told(request).get("country") or settings.SHOP_COUNTRY)


def has_named_country(request: HttpRequest) -> bool:
    """True if this visit has named a country; False while it is only taken for granted."""
    return bool(_told(request).get("country"))


def services_of(request: HttpRequest) -> dict[str, str]:
    """Return the services chosen so far: codes of services by codes of delivery profiles."""
    return dict(_told(request).get("services") or {})


def remember_country(request: HttpRequest, country: str) -> bool:
    """Keep the country for the visit; returns False, and keeps the old one, for a code that is none."""
    if country not in countries.countries:
        return False
    # Also the one that was taken for granted: named is named, and a log-in does not change it.
    if country != _told(request).get("country"):
        request.session[SESSION_KEY] = _told(request) | {"country": country}
        request._terms = None  # type: ignore[attr-defined]
    return True


def terms_of(request: HttpRequest) -> Terms:
    """Return how the visitor's country reads prices, asked for once per request."""
    known = getattr(request, "_terms", None)
    if known is None:
        known = terms_for(country_of(request))
        request._terms = known  # type: ignore[attr-defined]
    return known


def remember_services(request: HttpRequest, chosen: Mapping[str, str]) -> None:
    """Keep the services chosen, beside those chosen before for other origins."""
    kept = {code[:LONGEST_CODE]: service[:LONGEST_CODE] for code, service in list(chosen.items())[:MOST_CHOICES]}
    known = services_of(request)
    merged = dict(list((known | kept).items())[-MOST_CHOICES:])
    if merged != known:
        request.session[SESSION_KEY] = _told(request) | {"services": merged}


def _told(request: HttpRequest) -> dict[str, object]:
    # An error page may come before there is a session.
    return request.session.get(SESSION_KEY, {}) if hasattr(request, "session") else {}
