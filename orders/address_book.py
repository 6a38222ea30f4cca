"""Where a customer had things sent before, so that nothing is typed twice."""

from __future__ import annotations

from orders.models import Order
from shop.models import User

KEPT = ("name", "line1", "line2", "company", "city", "postcode", "region", "country", "phone")


def last_address(user: User, *, country: str) -> dict[str, str]:
    """Return what the newest order of an account to a country was addressed with; empty if there is none."""
    order = Order.objects.filter(user=user, country=country).order_by("-placed_at").only(*KEPT).first()
    return {name: str(getattr(order, name)) for name in KEPT} if order else {}


def last_country(user: User) -> str:
    """Return the country of an account's newest order; empty if there is none."""
    return str(Order.objects.filter(user=user).order_by("-placed_at").values_list("country", flat=True).first() or "")
