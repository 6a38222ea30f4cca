"""What a visit knows of whoever has just logged in."""

from __future__ import annotations

from django.http import HttpRequest

from orders.address_book import last_country
from shop.models import User
from shop.visitor import has_named_country, remember_country


def bring_country(request: HttpRequest | None, user: User, **_signal: object) -> None:
    """Show the prices of the country the last order went to, unless another was named; on ``user_logged_in``."""
    if request is not None and hasattr(request, "session") and not has_named_country(request):
        remember_country(request, last_country(user))
