"""Write a message down, once; the relay sends it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from notifications.mail import Mail, render
from notifications.models import Notification
from orders.models import Event, Order
from shop.languages import speaking


def announce(
    kind: str,
    key: str,
    mail: Mail,
    *,
    recipient: str,
    order: Order | None,
    event: Event | None,
    language: str = "",
) -> Notification:
    """Record one message to one person, to be sent by the relay.

    ``key`` is ``subject:version``: the same kind and key is one message, whoever asks how often. Call
    it inside the transaction of the reaction. ``language`` is that of its words; empty: the order's.
    """
    language = language or (order.language if order else settings.LANGUAGE_CODE)
    with speaking(language):
        rendered = render(mail)
    row, _new = Notification.objects.get_or_create(
        key=f"{kind}:{key}",
        defaults={
            "kind": kind,
            "order": order,
            "event": event,
            "recipient": recipient,
            "language": language,
            "message_id": message_id(f"{kind}:{key}"),
            "headers": _thread(order),
            "subject": rendered.subject,
            "text": rendered.text,
            "html": rendered.html,
            "due_at": timezone.now(),
        },
    )
    return row


def message_id(key: str) -> str:
    """Return the Message-ID that belongs to a key for ever, so that a repeat is known as one."""
    digest = hashlib.sha256(f"{settings.SECRET_KEY}:{key}".encode()).hexdigest()[:32]
    return f"<{digest}@{_host()}>"


def _thread(order: Order | None) -> Mapping[str, str]:
    # One order, one conversation in the customer's mail program.
    if order is None:
        return {}
    first = f"<order-{hashlib.sha256(order.token.encode()).hexdigest()[:24]}@{_host()}>"
    return {"In-Reply-To": first, "References": first}


def _host() -> str:
    return urlsplit(settings.SITE_URL).hostname or "localhost"
