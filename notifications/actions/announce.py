"""Write a message down, once; the relay sends it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from notifications import sms
from notifications.actions.choices import correspondent_at, number_for
from notifications.kinds import kind_of
from notifications.links import choices_path, stop_path
from notifications.mail import Mail, WayOut, absolute, render
from notifications.models import Channel, Correspondent, Notification
from notifications.replies import reply_address
from orders.models import Event, Order
from shop.languages import speaking
from support.models import SupplierQuestion, Ticket


def announce(
    kind: str,
    key: str,
    mail: Mail,
    *,
    recipient: str,
    order: Order | None,
    event: Event | None,
    language: str = "",
    ticket: Ticket | None = None,
    question: SupplierQuestion | None = None,
    headers: Mapping[str, str] | None = None,
) -> Notification:
    """Record one message to one person, to be sent by the relay; and a text message, if they want one of this kind.

    ``key`` is ``subject:version``: the same kind and key is one message, whoever asks how often. Call
    it inside the transaction of the reaction. ``language`` is that of its words; empty: the order's.
    An answer to it goes to its ``ticket``, else to its order's; a supplier's to its ``question``. ``headers`` outweigh
    those it has anyway.
    """
    language = language or (order.language if order else settings.LANGUAGE_CODE)
    with speaking(language):
        way_out = way_out_of(correspondent_at(recipient), kind) if kind_of(kind).is_for_customers else WayOut()
        rendered = render(mail, way_out, number=order.number if order else "")
    shared = {"kind": kind, "order": order, "event": event, "language": language, "due_at": timezone.now()}
    row, new = Notification.objects.get_or_create(
        key=f"{kind}:{key}",
        defaults=shared
        | {
            "recipient": recipient,
            "message_id": message_id(f"{kind}:{key}"),
            "headers": {
                **_thread(order),
                **answers_to(question or ticket or order, recipient),
                **way_out.headers,
                **(headers or {}),
            },
            "subject": rendered.subject,
            "text": rendered.text,
            "html": rendered.html,
        },
    )
    if new and order is not None and kind_of(kind).by_sms and sms.is_on():
        _announce_text(f"sms:{kind}:{key}", mail, number_for(kind, recipient), shared)
    return row


def _announce_text(key: str, mail: Mail, number: str, shared: Mapping[str, object]) -> None:
    if number:
        text = {"channel": Channel.SMS, "recipient": number, "message_id": message_id(key), "text": sms.text_of(mail)}
        Notification.objects.get_or_create(key=key, defaults={**shared, **text})


def way_out_of(correspondent: Correspondent, kind: str) -> WayOut:
    """Return where somebody chooses what they are told, and how this kind is stopped where it may be (RFC 8058)."""
    choices_url = absolute(choices_path(correspondent))
    if not kind_of(kind).is_optional:
        return WayOut(choices_url)
    stop_url = absolute(stop_path(correspondent, kind))
    headers = {"List-Unsubscribe": f"<{stop_url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return WayOut(choices_url, stop_url, headers)


def message_id(key: str) -> str:
    """Return the Message-ID that belongs to a key for ever, so that a repeat is known as one."""
    digest = hashlib.sha256(f"{settings.SECRET_KEY}:{key}".encode()).hexdigest()[:32]
    return f"<{digest}@{_host()}>"


def answers_to(about: Order | Ticket | SupplierQuestion | None, recipient: str) -> Mapping[str, str]:
    """Return where somebody answers to a mail, as its header; none for whoever is not whom it is about."""
    email = about.supplier.contact_email if isinstance(about, SupplierQuestion) else about.email if about else ""
    is_theirs = bool(email) and email.lower() == recipient.lower()
    # Where there is no address with a tag, a mail is known again by the one it answers.
    address = (reply_address(about) or next(iter(settings.HELP_ADDRESSES), "")) if is_theirs else ""
    return {"Reply-To": address} if address else {}


def _thread(order: Order | None) -> Mapping[str, str]:
    # One order, one conversation in the customer's mail program.
    if order is None:
        return {}
    first = f"<order-{hashlib.sha256(order.token.encode()).hexdigest()[:24]}@{_host()}>"
    return {"In-Reply-To": first, "References": first}


def _host() -> str:
    return urlsplit(settings.SITE_URL).hostname or "localhost"
