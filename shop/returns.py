"""What sending a thing back means, in one line and as data."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from shop.models import DeliveryProfile, Product
from shop.models.texts import worded

RETURN_DAYS = 30


@dataclass(frozen=True, slots=True)
class ReturnTerms:
    """Whether a thing may go back, until when, to which country and at whose cost; ``words`` says it to customers."""

    words: str
    days: int
    country: str
    is_free: bool


def return_terms(product: Product, profile: DeliveryProfile | None) -> ReturnTerms:
    """Return the terms of a product that is sent from somewhere; 0 days: it cannot go back."""
    if product.not_returnable_reason:
        return ReturnTerms(worded(product.not_returnable_reason), 0, "", is_free=False)
    if profile is None:
        return ReturnTerms(_("%(days)d days to return") % {"days": RETURN_DAYS}, RETURN_DAYS, "", is_free=False)
    names = {"days": RETURN_DAYS, "country": profile.return_country.name}
    if profile.returns_paid_by_shop:
        words = _("%(days)d days to return, free, to %(country)s") % names
    else:
        words = _("%(days)d days to return, to %(country)s; you pay the postage unless it is our fault") % names
    return ReturnTerms(words, RETURN_DAYS, profile.return_country.code, is_free=profile.returns_paid_by_shop)
