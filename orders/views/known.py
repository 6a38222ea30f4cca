"""What the checkout knows of a visitor before anything is typed on it."""

from __future__ import annotations

from django.http import HttpRequest

from orders.address_book import last_address
from shop.actions.addresses import address_in
from shop.visitor import country_of

# What was typed on the checkout's form survives a look at the basket and a failed payment.
TYPED_KEY = "checkout"


def known_of(request: HttpRequest) -> dict[str, str]:
    """Return what the form begins with: what was typed in this visit, else a kept address, else the last order's."""
    user, country = request.user, country_of(request)
    known: dict[str, str] = {}
    if user.is_authenticated:
        address = address_in(user, country) or last_address(user, country=country)
        known |= {"email": user.email, "name": user.name} | address
    typed: dict[str, str] = request.session.get(TYPED_KEY, {})
    if not (typed.get("name") or typed.get("line1")):
        # Nobody has been at the address yet, and empty fields must not wipe out a known one.
        typed = {name: text for name, text in typed.items() if text}
    # The country is the one that all pages show prices for.
    return known | typed | {"country": country}
