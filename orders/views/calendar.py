"""The arrival of an order's parcels, for calendars."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone

from orders.calendar import calendar_of
from orders.models import Order
from shop.languages import speaking


def calendar(request: HttpRequest, token: str) -> HttpResponse:
    """Give an order's parcels as a calendar file, in the order's language, as often as a calendar asks."""
    order = get_object_or_404(Order.objects.by_token(token).exclude(paid_at=None).prefetch_related("lines"))
    with speaking(order.language):
        content = calendar_of(order, now=timezone.now())
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{order.number}.ics"'
    response["X-Robots-Tag"] = "noindex"
    return response
