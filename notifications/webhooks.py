"""The way in for whoever carries our messages: what became of each, proven genuine, stored once, worked on later."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from email.policy import compat32
from importlib import import_module

from anymail.exceptions import AnymailError
from anymail.signals import AnymailInboundEvent, AnymailTrackingEvent
from anymail.webhooks.base import AnymailBasicAuthMixin, AnymailCoreWebhookView
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseForbidden
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from notifications import sms
from notifications.inbound.machines import help_addresses
from notifications.inbound.stored import store
from orders.models import IncomingEvent

LARGEST = 1024 * 1024
# A mail with photographs, as base64.
LARGEST_MAIL = 36 * 1024 * 1024
# What of a provider's own event says whether a bounce is soft; the rest of it is not kept.
OWN_WORDS = ("Type", "event", "type", "bounce_type", "severity", "bounceType", "bounce_class", "reason")
LONGEST = 300


@csrf_exempt
@require_http_methods(["POST", "HEAD"])
def mail_webhook(request: HttpRequest, provider: str) -> HttpResponse:
    """Store what a mail provider tells us of our mails, each piece of news once.

    ``provider`` is Anymail's name of it (``postmark``, ``mailgun`` …). 404 as long as ANYMAIL_WEBHOOK_SECRET is
    not set, and for providers nobody knows; 400 to what does not prove itself by that secret (and by the
    provider's signature, where its key is set) or cannot be read; 503 when it cannot be stored.
    """
    view = _view_of(provider, ("TrackingWebhookView", "CombinedWebhookView"))
    if request.method == "HEAD":
        # Some providers ask whether there is anybody before they keep an address.
        return HttpResponse()
    if _is_larger(request, LARGEST):
        return HttpResponse(status=413)
    try:
        view.run_validators(request)
        news = view.parse_events(request)
    except (SuspiciousOperation, AnymailError, ImproperlyConfigured, ValueError, KeyError, TypeError, AttributeError):
        # Not proven, or proven and yet nothing that the library can read.
        return HttpResponseBadRequest()
    try:
        _store(f"mail:{provider}", news)
    except DatabaseError:
        return HttpResponse(status=503)
    return HttpResponse()


@csrf_exempt
@require_http_methods(["POST", "HEAD"])
def reply_webhook(request: HttpRequest, provider: str) -> HttpResponse:
    """Store what customers write by mail, each mail once; proven and answered as ``mail_webhook`` does.

    404 also as long as there is no address of ours to write to.
    """
    if not help_addresses():
        raise Http404
    view = _view_of(provider, ("InboundWebhookView", "CombinedWebhookView"))
    if request.method == "HEAD":
        return HttpResponse()
    if _is_larger(request, LARGEST_MAIL):
        return HttpResponse(status=413)
    try:
        # Before anything is read: strangers do not fill our memory.
        AnymailBasicAuthMixin.validate_request(view, request)
        if not request.content_type.startswith("multipart/"):
            # A mail with photographs is larger than what customers may send us; it is kept as Django would.
            request._body = request.read(LARGEST_MAIL)
        view.run_validators(request)
        events = view.parse_events(request)
        mails = [
            (_source_of(event), event.message.envelope_recipient or "")
            for event in events
            if isinstance(event, AnymailInboundEvent)
        ]
    except (SuspiciousOperation, AnymailError, ImproperlyConfigured, ValueError, KeyError, TypeError, AttributeError):
        return HttpResponseBadRequest()
    try:
        for raw, recipient in mails:
            store(raw, source=f"reply:{provider}", envelope=recipient)
    except (DatabaseError, OSError):
        return HttpResponse(status=503)
    return HttpResponse()


def _source_of(event: AnymailInboundEvent) -> bytes:
    """Return a mail's source: as it came, where the provider gives it, else put together from what it tells."""
    try:
        return event.message.as_bytes()
    except (UnicodeError, LookupError, KeyError):
        # A charset that nobody knows, or letters that it does not have.
        return event.message.as_bytes(policy=compat32)


def _is_larger(request: HttpRequest, most: int) -> bool:
    size = request.headers.get("Content-Length") or "0"
    return not re.fullmatch(r"[0-9]{1,12}", size) or int(size) > most


def _view_of(provider: str, endings: tuple[str, ...]) -> AnymailCoreWebhookView:
    if not settings.ANYMAIL.get("WEBHOOK_SECRET") or not re.fullmatch(r"[a-z_]{2,30}", provider):
        raise Http404
    try:
        module = import_module(f"anymail.webhooks.{provider}")
    except ImportError as error:
        raise Http404 from error
    names = (name for name in vars(module) if name.endswith(endings))
    found = [vars(module)[name] for name in names if vars(module)[name].__module__ == module.__name__]
    if not found:
        raise Http404
    try:
        return found[0]()
    except ImproperlyConfigured as error:
        # A provider whose signature is always checked, and whose key nobody has set.
        raise Http404 from error


def _store(source: str, news: Iterable[AnymailTrackingEvent]) -> None:
    for told in news:
        facts = _facts_of(told)
        # Some providers give their news no id; the same news is the same facts.
        same = [told.event_id, str(told.event_type), facts["recipient"]] if told.event_id else facts
        digest = hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()
        IncomingEvent.objects.store(
            source=source,
            event_id=digest[:64],
            kind=str(told.event_type)[:80],
            body=facts,
            due_at=timezone.now(),
        )


def _facts_of(told: AnymailTrackingEvent) -> dict[str, str]:
    own = told.esp_event if hasattr(told.esp_event, "get") else {}
    nested = own.get("event-data") or own.get("data") or {}
    bounce = nested.get("bounce") if hasattr(nested, "get") else {}
    words = [part.get(name) for part in (own, nested, bounce) if hasattr(part, "get") for name in OWN_WORDS]
    metadata = told.metadata if isinstance(told.metadata, dict) else {}
    facts = {
        "at": told.timestamp.isoformat() if told.timestamp else "",
        "recipient": told.recipient or "",
        "carrier_id": told.message_id or "",
        "notification": metadata.get("notification") or "",
        "reject_reason": told.reject_reason or "",
        "own_words": " ".join(word for word in words if isinstance(word, str)),
        "said": told.mta_response or told.description or "",
    }
    # NUL is no text for PostgreSQL.
    return {name: str(value).replace("\x00", "")[:LONGEST] for name, value in facts.items()}


@csrf_exempt
@require_POST
def sms_webhook(request: HttpRequest) -> HttpResponse:
    """Store what Twilio tells us of a text message, each state once.

    404 without an account; 403 to what Twilio has not signed; 503 when it cannot be stored; 204 otherwise.
    """
    if not sms.is_on():
        raise Http404
    if _is_larger(request, LARGEST):
        return HttpResponse(status=413)
    form = {name: str(value) for name, value in request.POST.items()}
    if not sms.is_signed(form, request.headers.get("X-Twilio-Signature", "")):
        return HttpResponseForbidden()
    state, carrier_id = form.get("MessageStatus", ""), form.get("MessageSid", "")
    facts = {
        "carrier_id": carrier_id[:60],
        "recipient": form.get("To", "")[:20],
        "code": form.get("ErrorCode", "")[:10],
    }
    try:
        IncomingEvent.objects.store(
            source="sms:twilio",
            event_id=f"{carrier_id[:60]}:{state[:30]}",
            kind=state[:80],
            body=facts,
            due_at=timezone.now(),
        )
    except DatabaseError:
        return HttpResponse(status=503)
    return HttpResponse(status=204)
