"""What a visit knows of whoever has just logged in."""

from __future__ import annotations

from django.http import HttpRequest

from orders.address_book import last_country
from shop.actions.addresses import default_address
from shop.models import User
from shop.visitor import has_named_country, remember_country


def bring_country(request: HttpRequest | None, user: User, **_signal: object) -> None:
    """Show the prices of where their goods go, unless another country was named; on ``user_logged_in``.

    That is the address they keep as the first, else the one of their last order.
    """
    if request is not None and hasattr(request, "session") and not has_named_country(request):
        kept = default_address(user)
        remember_country(request, kept.country.code if kept else last_country(user))
