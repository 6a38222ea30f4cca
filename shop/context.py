"""What every page of the shop window needs."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def shop_window(request: HttpRequest) -> dict[str, object]:
    """Give templates the shop's name."""
    return {"shop_name": settings.SHOP_NAME}
