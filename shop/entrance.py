"""What a visitor brings along when they log in."""

from __future__ import annotations

from django.http import HttpRequest

from shop.actions.basket import SESSION_KEY, adopt_basket
from shop.models import User


def bring_basket(request: HttpRequest | None, user: User, **_signal: object) -> None:
    """Merge the guest's basket with the user's; receiver of Django's ``user_logged_in``."""
    if request is None or not hasattr(request, "session"):
        return
    basket = adopt_basket(user, request.session.get(SESSION_KEY))
    if basket is not None:
        request.session[SESSION_KEY] = basket.pk
