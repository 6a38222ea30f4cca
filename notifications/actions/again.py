"""Send a message once more, on a person's wish."""

from __future__ import annotations

from uuid import uuid4

from django.utils import timezone

from notifications.actions.announce import message_id
from notifications.models import Notification, NotificationStatus


def send_message_again(row: Notification) -> Notification:
    """Let a message go out again: one that was not sent as itself, one that was as a message of its own."""
    if row.status != NotificationStatus.SENT:
        waiting = Notification.objects.filter(pk=row.pk).exclude(status=NotificationStatus.SENT)
        waiting.update(status=NotificationStatus.QUEUED, due_at=timezone.now(), failures=0)
        row.refresh_from_db()
        return row
    copy = Notification.objects.get(pk=row.pk)
    # A wilful second copy is a message of its own.
    copy.pk, copy.key = None, f"{row.key}:again-{uuid4().hex[:8]}"
    copy.message_id, copy.status = message_id(copy.key), NotificationStatus.QUEUED
    copy.due_at, copy.failures, copy.sent_at = timezone.now(), 0, None
    copy.save(force_insert=True)
    return copy
