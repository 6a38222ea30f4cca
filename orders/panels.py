"""What this app shows on pages of others."""

from __future__ import annotations

from django.db import models
from django.http import HttpRequest

from orders.account import account_orders
from shop.panels import Panel


def open_orders(request: HttpRequest, user: models.Model) -> Panel | None:
    """Return the orders that are still under way, for somebody who is about to delete their account."""
    found = list(account_orders(request.user).filter(is_open=True)[:20])
    return Panel("orders/_open_orders.html", {"orders": found}) if found else None
