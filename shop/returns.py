"""What sending a thing back means: the terms of a market, and of one product in one line and as data."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from shop.markets import kept_market
from shop.models import DeliveryProfile, Market, Product
from shop.models.texts import worded


@dataclass(frozen=True, slots=True)
class ReturnTerms:
    """Whether a thing may go back, until when, to which country and at whose cost; ``words`` says it to customers."""

    words: str
    days: int
    country: str
    is_free: bool


def policy_of(country: str) -> Market:
    """Return the terms for returns in a country: its market's, kept for a moment; change nothing of them."""
    return kept_market(country)


def days_to_return(country: str) -> int:
    """Return how long things may be sent back there: by the shop's offer or by law, whichever lasts longer."""
    policy = policy_of(country)
    return max(policy.return_days, policy.withdrawal_days)


def return_times(country: str) -> str:
    """Say how long there is to return things and to withdraw, once; empty where neither is possible."""
    policy = policy_of(country)
    facts = {"days": policy.return_days, "withdraw": policy.withdrawal_days}
    if policy.return_days and policy.withdrawal_days:
        return _("%(days)d days to return; %(withdraw)d days to withdraw") % facts
    if policy.return_days:
        return _("%(days)d days to return") % facts
    return _("%(withdraw)d days to withdraw from the contract") % facts if policy.withdrawal_days else ""


def return_terms(product: Product, profile: DeliveryProfile | None, country: str) -> ReturnTerms:
    """Return the terms of a product that is sent from somewhere to a country; 0 days: it cannot go back."""
    if product.not_returnable_reason:
        return ReturnTerms(worded(product.not_returnable_reason), 0, "", is_free=False)
    days = days_to_return(country)
    if not days:
        return ReturnTerms(_("It can go back if it is damaged, wrong or faulty"), 0, "", is_free=False)
    if profile is None or not profile.return_country:
        is_free = profile is not None and profile.returns_paid_by_shop
        words = _("%(days)d days to return, free") if is_free else _("%(days)d days to return")
        return ReturnTerms(words % {"days": days}, days, "", is_free=is_free)
    names = {"days": days, "country": profile.return_country.name}
    if profile.returns_paid_by_shop:
        words = _("%(days)d days to return, free, to %(country)s") % names
    else:
        words = _("%(days)d days to return, to %(country)s; you pay the postage unless it is our fault") % names
    return ReturnTerms(words, days, profile.return_country.code, is_free=profile.returns_paid_by_shop)
