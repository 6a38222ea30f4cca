"""The ways to pay that there are."""

from __future__ import annotations

from orders.providers.bank_transfer import BankTransfer
from orders.providers.base import Provider
from orders.providers.stripe import Stripe

PROVIDERS: dict[str, Provider] = {one.name: one for one in (Stripe(), BankTransfer())}


def provider_of(name: str) -> Provider:
    """Return a provider by its name, offered or not: what was paid with it must go on. Raises KeyError."""
    return PROVIDERS[name]


def offered() -> list[Provider]:
    """Return what customers may choose from at the checkout, the first one chosen for them."""
    return [one for one in PROVIDERS.values() if one.is_offered()]
