"""What a visitor has looked at: a few product numbers in a signed cookie of the visit, and nothing about the person."""

from __future__ import annotations

from django.core import signing
from django.http import HttpRequest, HttpResponse

COOKIE = "seen"
SALT = "shop.seen"
MOST = 8


def seen_products(request: HttpRequest) -> list[int]:
    """Return the ids of the products looked at, the latest first; none for a cookie that we did not write."""
    try:
        told = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT)
    except signing.BadSignature:
        return []
    return [pk for pk in told if isinstance(pk, int)][:MOST] if isinstance(told, list) else []


def remember_seen(request: HttpRequest, response: HttpResponse, product_id: int) -> None:
    """Put a product in front of those looked at before. The cookie ends with the browser's session."""
    before = seen_products(request)
    now = [product_id, *(pk for pk in before if pk != product_id)][:MOST]
    if now != before:
        response.set_cookie(
            COOKIE, signing.dumps(now, salt=SALT), secure=request.is_secure(), httponly=True, samesite="Lax"
        )
