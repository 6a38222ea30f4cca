"""EMAIL_BACKEND: every other mail (sign-up, password) becomes a row too, and no page waits for a mail server."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from notifications.actions.announce import message_id
from notifications.models import Notification
from shop.languages import current_language


class QueueingBackend(BaseEmailBackend):
    """Writes mails down; the relay sends them like all others."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Record each message once per recipient; return how many messages."""
        for message in email_messages:
            html = next((str(body) for body, kind in getattr(message, "alternatives", []) if kind == "text/html"), "")
            for recipient in message.recipients():
                key = f"mail:{uuid4().hex}"
                Notification.objects.create(
                    key=key,
                    kind="mail",
                    recipient=recipient,
                    language=current_language(),
                    message_id=message_id(key),
                    subject=" ".join(message.subject.split())[:250],
                    text=message.body if message.content_subtype == "plain" else "",
                    html=html or (message.body if message.content_subtype == "html" else ""),
                    due_at=timezone.now(),
                )
        return len(email_messages)
