"""How often one visitor may do what costs us or others something."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

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


def network(request: HttpRequest) -> str:
    """Return the network a request comes from, an IPv4 /24 or an IPv6 /56: whoever has one, has all of it.

    Empty for an address that tells nobody apart (this machine, a house network, a proxy that TRUSTED_PROXIES does
    not count, nonsense): whoever limits networks would else limit all customers together.
    """
    address = _address(visitor(request))
    if address is None or not address.is_global:
        return ""
    return str(ip_network((address, 24 if address.version == 4 else 56), strict=False))


def _address(text: str) -> IPv4Address | IPv6Address | None:
    # Some proxies write the port behind it: 192.0.2.1:4711, [2001:db8::1]:4711.
    bare = text.partition("]")[0].removeprefix("[") if text.startswith("[") else text
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ip_address(bare)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


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
