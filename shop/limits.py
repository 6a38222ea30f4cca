"""How often one visitor may do what costs us or others something."""

from __future__ import annotations

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.crypto import salted_hmac


def visitor(request: HttpRequest) -> str:
    """Return the address a request comes from; a proxy is believed only if it is one of ours."""
    if settings.TRUSTED_PROXIES:
        forwarded = request.headers.get("X-Forwarded-For", "").split(",")
        if len(forwarded) >= settings.TRUSTED_PROXIES:
            return forwarded[-settings.TRUSTED_PROXIES].strip()
    return str(request.META.get("REMOTE_ADDR", ""))


def allow(request: HttpRequest, action: str, *, limit: int, seconds: int) -> bool:
    """Count a try and return False once there were more than ``limit`` within ``seconds``.

    Without a cache everybody passes: a limit must not close the shop.
    """
    who = salted_hmac("limits", f"{action}:{visitor(request)}").hexdigest()[:32]
    key = f"limit:{action}:{who}"
    if cache.add(key, 1, seconds):
        return True
    try:
        return cache.incr(key) <= limit
    except ValueError:
        return True
