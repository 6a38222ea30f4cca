"""The tracking services' way in: verified on raw bytes, stored once."""

from __future__ import annotations

import re

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from orders.models import IncomingEvent
from suppliers.actions.carrier_inbox import SOURCE
from suppliers.actions.reading import MAKES_NO_SENSE, plain
from suppliers.carriers import tracker_of
from suppliers.outbound import NotStrictJson, strict_json

LARGEST = 1024 * 1024


@csrf_exempt
@require_POST
def carrier_webhook(request: HttpRequest, slug: str) -> HttpResponse:
    """Store what a tracking service tells us, once.

    401 to what it did not sign (also for services that have no key or no webhook secret), 400 to what is no event,
    413 to what is too long, 503 when it cannot be stored, 200 to everything stored, now or before. Their signatures
    do not end: a message that is sent again is known by its id, and an old one moves nothing.
    """
    size = request.headers.get("Content-Length") or "0"
    if not re.fullmatch(r"[0-9]{1,12}", size) or int(size) > LARGEST:
        return HttpResponse(status=413)
    tracker = tracker_of(slug)
    if tracker is None or not tracker.is_genuine(request.headers, request.method or "", request.path, request.body):
        return HttpResponse(status=401)
    try:
        body = plain(strict_json(request.body))
        message = tracker.message(body)
    except (NotStrictJson, *MAKES_NO_SENSE):
        return HttpResponse(status=400)
    try:
        IncomingEvent.objects.store(
            source=f"{SOURCE}{slug}",
            event_id=message.event_id,
            kind=message.kind,
            subject=message.subject[:90],
            body=body,
            due_at=timezone.now(),
        )
    except DatabaseError:
        return HttpResponse(status=503)
    return HttpResponse(status=200)
