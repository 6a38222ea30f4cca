"""The suppliers' way in: Standard Webhooks, verified on raw bytes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import time

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from orders.models import IncomingEvent
from suppliers.actions.inbox import subject_of
from suppliers.models import Supplier
from suppliers.outbound import NotStrictJson, strict_json

LARGEST = 512 * 1024
# Seconds a signed message may be old or ahead; older ones could be replayed.
TOLERANCE = 300
SAFE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


@csrf_exempt
@require_POST
def supplier_webhook(request: HttpRequest, slug: str) -> HttpResponse:
    """Store what a supplier tells us, once.

    401 to what it did not sign (also for suppliers we do not have), 400 to what is no event, 413 to
    what is too long, 503 when it cannot be stored, 204 to everything stored, now or before.
    """
    size = request.headers.get("Content-Length") or "0"
    if not re.fullmatch(r"[0-9]{1,12}", size) or int(size) > LARGEST:
        return HttpResponse(status=413)
    secret = Supplier.objects.filter(slug=slug, is_active=True).values_list("webhook_secret", flat=True).first()
    if not is_signed(request, secret or ""):
        return HttpResponse(status=401)
    try:
        body = strict_json(request.body)
        event_id, kind = str(body["id"]), str(body["type"])
    except (NotStrictJson, KeyError, TypeError):
        return HttpResponse(status=400)
    if event_id != request.headers["webhook-id"]:
        return HttpResponse(status=400)
    try:
        IncomingEvent.objects.store(
            source=f"supplier:{slug}",
            event_id=event_id,
            kind=kind[:80],
            subject=subject_of(kind, body),
            body=_without_decimals(body),
            due_at=timezone.now(),
        )
    except DatabaseError:
        return HttpResponse(status=503)
    return HttpResponse(status=204)


def is_signed(request: HttpRequest, secret: str) -> bool:
    """True if the request carries a fresh signature by ``secret`` (``whsec_`` and base64)."""
    message_id = request.headers.get("webhook-id", "")
    sent_at = request.headers.get("webhook-timestamp", "")
    signatures = request.headers.get("webhook-signature", "").split(" ")
    if not secret or not SAFE_ID.match(message_id) or not re.match(r"[0-9]{1,12}\Z", sent_at):
        return False
    if abs(time.time() - int(sent_at)) > TOLERANCE:
        return False
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        return False
    text = f"{message_id}.{sent_at}.".encode() + request.body
    wanted = "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(wanted.encode(), given.encode()) for given in signatures[:10])


def _without_decimals(value: object) -> object:
    if isinstance(value, dict):
        return {str(name): _without_decimals(child) for name, child in value.items()}
    if isinstance(value, list):
        return [_without_decimals(child) for child in value]
    return value if isinstance(value, str | int | bool | None) else str(value)
