"""Stripe's way in."""

from __future__ import annotations

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from orders import stripe_client
from orders.models import IncomingEvent
from orders.stripe_client import NotSigned

LARGEST = 512 * 1024


@csrf_exempt
@require_POST
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """Store what Stripe tells us, once.

    Answers 400 to what Stripe did not sign, 503 when it cannot be stored (Stripe tells us again,
    for up to three days), and 200 to everything stored, now or before.
    """
    size = request.headers.get("Content-Length") or "0"
    if not size.isdigit() or int(size) > LARGEST:
        return HttpResponseBadRequest()
    try:
        event = stripe_client.verified_event(request.body, request.headers.get("Stripe-Signature", ""))
    except NotSigned:
        return HttpResponseBadRequest()
    try:
        IncomingEvent.objects.store(
            source="stripe", event_id=event.id[:120], kind=event.kind[:80], body=event.body, due_at=timezone.now()
        )
    except DatabaseError:
        return HttpResponse(status=503)
    return HttpResponse()
